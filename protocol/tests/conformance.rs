//! `docs/conformance.md` names a test for every requirement: each of these tests exists.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A row of a table of requirements.
struct Row<'a> {
    line: usize,
    section: &'a str,
    requirement: &'a str,
    level: &'a str,
    shown_by: &'a str,
}

fn workspace() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().expect("the workspace").to_owned()
}

fn table() -> String {
    let path = workspace().join("docs/conformance.md");
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The rows below headers that begin with `| § |`.
fn rows(text: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut within = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("| § |") {
            within = true;
            continue;
        }
        within &= line.starts_with('|');
        if !within || line.starts_with("|--") || line.starts_with("| --") {
            continue;
        }
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [section, requirement, level, shown_by, _reading] = cells[..] else {
            panic!(
                "line {} has {} cells, not 5: {line}",
                number + 1,
                cells.len()
            );
        };
        rows.push(Row {
            line: number + 1,
            section,
            requirement,
            level,
            shown_by,
        });
    }
    rows
}

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// A test in a file, or a case of the wire corpus.
fn is_reference(text: &str) -> bool {
    let is_case =
        text.starts_with("tests/wire/") && [".http", ".grpc"].iter().any(|e| text.ends_with(e));
    let is_test = [".rs::", ".py::", ".mjs::"]
        .iter()
        .any(|e| text.contains(e));
    (is_test || is_case) && !text.contains('…')
}

/// True when the file has a test of this name: a function with a test attribute in Rust (one of the
/// suite that every store runs needs none), a function in Python and JavaScript.
fn has_test(path: &str, source: &str, name: &str) -> bool {
    if path.ends_with(".py") {
        return source.contains(&format!("def {name}("));
    }
    if path.ends_with(".mjs") {
        return source.contains(&format!("function {name}("));
    }
    let lines: Vec<_> = source.lines().collect();
    let starts = [format!("fn {name}("), format!("fn {name}<")];
    lines.iter().enumerate().any(|(index, line)| {
        let found = starts.iter().find_map(|start| line.find(start));
        let is_it = found.is_some_and(|at| !line[..at].contains("//"));
        let above = lines[..index].iter().rev();
        let attributes = above.take_while(|l| l.trim_start().starts_with(['#', '/']));
        let is_test = attributes.clone().any(|l| {
            let attribute = l.trim_start();
            attribute.starts_with("#[test]") || attribute.contains("::test")
        });
        is_it && (is_test || path.starts_with("task-store/src/suite/"))
    })
}

#[test]
fn every_requirement_names_a_test_that_exists() {
    let text = table();
    let mut faults = Vec::new();
    for row in rows(&text) {
        let shown = quoted(row.shown_by).into_iter().any(is_reference);
        if !shown && row.shown_by != "deployment" {
            faults.push(format!(
                "line {} names no test: {}",
                row.line, row.requirement
            ));
        }
    }
    // Readings and the text around the tables mention tests as well.
    let mut sources: HashMap<&str, String> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        for reference in quoted(line).into_iter().filter(|q| is_reference(q)) {
            let (path, name) = reference.split_once("::").unwrap_or((reference, ""));
            let source = sources
                .entry(path)
                .or_insert_with(|| fs::read_to_string(workspace().join(path)).unwrap_or_default());
            if source.is_empty() {
                faults.push(format!("line {number}: there is no file {path}"));
            } else if !name.is_empty() && !has_test(path, source, name) {
                faults.push(format!("line {number}: {path} has no test {name}"));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "docs/conformance.md\n{}",
        faults.join("\n")
    );
}

#[test]
fn every_row_is_whole() {
    let text = table();
    let rows = rows(&text);
    assert!(rows.len() > 100, "only {} rows were found", rows.len());
    let levels = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"];
    for row in &rows {
        assert!(
            levels.contains(&row.level),
            "line {}: {:?}",
            row.line,
            row.level
        );
        assert!(
            !row.section.is_empty() && !row.requirement.is_empty(),
            "line {}",
            row.line
        );
    }
    let deployment = rows.iter().filter(|r| r.shown_by == "deployment").count();
    assert!(
        deployment <= 20,
        "{deployment} rows are left to the deployment"
    );
}
