//! Names of settings and flags of the host are those that it has: `docs/configuration.md`, whose table
//! is generated from the host, knows them.

use std::collections::BTreeSet;

use crate::pages::{pages, workspace};

/// Names that are no settings of the host.
const OTHERS: [&str; 7] = [
    // Of the tool.
    "ATTACHE_HOST_BIN",
    "ATTACHE_SDK_PATH",
    "ATTACHE_SIGN",
    // Of the tests.
    "ATTACHE_GUESTS_DIR",
    "ATTACHE_IMAGE_ROOTFS",
    // Stand for a row of names.
    "ATTACHE_CONFIG_",
    "ATTACHE_AGENT_",
];

/// Flags of the host's other commands, and of `serve` without a setting.
const FLAGS: [&str; 6] = [
    "--all",
    "--cpu",
    "--help",
    "--output",
    "--task",
    "--version",
];

fn is_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

fn settings() -> BTreeSet<String> {
    let page = std::fs::read_to_string(workspace().join("docs/configuration.md")).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| "));
    let cells = rows.flat_map(|row| row.split('|').skip(1).take(2));
    cells
        .map(|cell| cell.trim().trim_matches('`').to_owned())
        .collect()
}

#[test]
fn every_variable_of_the_documentation_exists() {
    let settings = settings();
    let is_known = |name: &str| {
        let own = name.strip_suffix("_FILE").unwrap_or(name);
        settings.contains(name)
            || settings.contains(own)
            || OTHERS.contains(&name)
            || name.starts_with("ATTACHE_CONFIG_")
            || name.starts_with("ATTACHE_AGENT_")
    };
    let mut seen = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        for rest in page.text.split("ATTACHE_").skip(1) {
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let name = format!("ATTACHE_{}", rest.get(..end).unwrap());
            seen += 1;
            // `ATTACHE_…` and the like name no one.
            if end > 0 && !is_known(&name) {
                wrong.push(format!("{}: {name}", page.name()));
            }
        }
    }
    assert!(seen > 100, "only {seen} names were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_flag_of_the_host_in_the_documentation_exists() {
    let settings = settings();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let blocks = page.blocks();
        let lines = blocks.iter().flat_map(|block| &block.lines);
        for line in lines.filter(|line| line.contains("attache-host ")) {
            let of_host = line.split("attache-host ").skip(1).collect::<String>();
            for word in of_host
                .split_whitespace()
                .filter(|word| word.starts_with("--"))
            {
                let flag = word.split('=').next().unwrap();
                seen += 1;
                if !settings.contains(flag) && !FLAGS.contains(&flag) {
                    wrong.push(format!("{}: {line}: {flag}", page.name()));
                }
            }
        }
    }
    assert!(seen > 5, "only {seen} flags were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
