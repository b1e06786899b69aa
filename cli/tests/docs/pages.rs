//! What is read of a page: its fenced and indented blocks, its links and its headings.

#![allow(
    dead_code,
    reason = "the tests of the tool's own crate use a part of it"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// A page of the documentation.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A block of code: its info string (empty when it is indented) and its lines.
pub(crate) struct Block {
    pub(crate) info: String,
    pub(crate) lines: Vec<String>,
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md and everything in docs/.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![workspace().join("README.md")];
    let mut folders = vec![workspace().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(Page::read).collect()
}

impl Page {
    pub(crate) fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    /// As messages name it.
    pub(crate) fn name(&self) -> String {
        let inside = self.path.strip_prefix(workspace()).unwrap();
        inside.display().to_string()
    }

    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut lines = self.text.lines().peekable();
        let mut after_blank = true;
        while let Some(line) = lines.next() {
            if let Some((fence, info)) = fence(line) {
                let inside = lines.by_ref().take_while(|line| line.trim() != fence);
                blocks.push(Block {
                    info: info.to_owned(),
                    lines: inside.map(str::to_owned).collect(),
                });
            } else if after_blank && line.starts_with("    ") {
                let mut block = vec![line.trim_start().to_owned()];
                while let Some(next) = lines.next_if(|next| next.starts_with("    ")) {
                    block.push(next.trim_start().to_owned());
                }
                blocks.push(Block {
                    info: String::new(),
                    lines: block,
                });
            }
            after_blank = line.is_empty();
        }
        blocks
    }

    /// The lines that are no block.
    pub(crate) fn prose(&self) -> Vec<&str> {
        let mut prose = Vec::new();
        let mut open: Option<&str> = None;
        for line in self.text.lines() {
            match (open, fence(line)) {
                (Some(end), _) if line.trim() == end => open = None,
                (None, Some((begin, _))) => open = Some(begin),
                (None, None) => prose.push(line),
                (Some(_), _) => {}
            }
        }
        prose
    }

    /// The anchors of its headings, as GitHub and mdBook make them.
    pub(crate) fn anchors(&self) -> Vec<String> {
        let headings = self.prose().into_iter().filter_map(|line| {
            let text = line.trim_start_matches('#');
            (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim())
        });
        let mut anchors: Vec<String> = Vec::new();
        for heading in headings {
            let kept = heading
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let anchor: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let again = anchors.iter().filter(|known| **known == anchor).count();
            anchors.push(match again {
                0 => anchor,
                again => format!("{anchor}-{again}"),
            });
        }
        anchors
    }
}

fn fence(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let info = line.trim_start_matches('`');
    let fence = line.get(..line.len() - info.len())?;
    (fence.len() > 2 && !info.contains('`')).then_some((fence, info.trim()))
}
