//! What pages point to is there.

use std::collections::BTreeSet;

use crate::pages::{Page, pages, workspace};

/// The targets of `[text](target)` and `src="target"` in the prose, code spans left out.
fn targets(page: &Page) -> Vec<String> {
    let prose = page.prose().join("\n");
    let outside: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("code");
    let mut targets = Vec::new();
    for (begin, end) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        for rest in outside.split(begin).skip(1) {
            targets.extend(rest.split(end).next().map(str::to_owned));
        }
    }
    targets
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for target in targets(&page) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let path = match file {
                "" => page.path.clone(),
                file => page.path.parent().unwrap().join(file),
            };
            if !path.exists() {
                wrong.push(format!("{}: {target}: there is no such file", page.name()));
            } else if !anchor.is_empty() {
                let anchors = Page::read(path).anchors();
                if !anchors.iter().any(|known| known == anchor) {
                    wrong.push(format!(
                        "{}: {target}: there is no such heading",
                        page.name()
                    ));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} links were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_page_is_a_chapter() {
    let docs = workspace().join("docs");
    let summary = Page::read(docs.join("SUMMARY.md"));
    let chapters: BTreeSet<_> = targets(&summary).into_iter().collect();
    let there: BTreeSet<_> = pages()
        .iter()
        .filter_map(|page| page.path.strip_prefix(&docs).ok())
        .map(|path| path.display().to_string())
        .filter(|path| path != "SUMMARY.md")
        .collect();
    assert_eq!(
        chapters, there,
        "chapters of docs/SUMMARY.md, and pages in docs/"
    );
}
