//! The manifest that `--init` writes: every key, with what it is.

use std::fmt::Write as _;

use super::keys::{KEYS, TABLES};

/// Keys that are no comment: what every service needs.
const SET: [(&str, &str); 3] = [("agent", "name"), ("agent", "image"), ("service", "region")];
/// Tables that hold even when empty.
const ALWAYS: [&str; 5] = ["agent", "service", "env", "config", "secrets"];

/// A commented manifest for an agent of this name.
pub(crate) fn initial(name: &str, region: &str) -> String {
    let mut text = String::from(
        "# What `attache deploy cloud-run` deploys. What is commented out shows an example; the comment\n\
         # says what holds without it. See docs/deploy.md.\n",
    );
    for (table, what) in TABLES {
        let mark = if ALWAYS.contains(&table) { "" } else { "# " };
        let _ = write!(text, "\n{}\n{mark}[{table}]\n", commented(what));
        for key in KEYS.iter().filter(|key| key.table == table) {
            let mut example = key.example.replace("hello", name);
            if key.name == "region" {
                example = format!("{region:?}");
            }
            if key.name == "image" {
                example = example.replace("us-central1", region);
            }
            let default = match key.default {
                "" | "required" => String::new(),
                default => format!(" Default: {default}."),
            };
            let what = format!("{}{default}", key.what);
            let line = match (SET.contains(&(table, key.name)), key.name) {
                (true, name) => format!("{name} = {example}"),
                (false, "NAME") => example,
                (false, name) => format!("# {name} = {example}"),
            };
            let _ = write!(text, "{}\n{line}\n", commented(&what));
        }
    }
    text
}

/// As comment lines of a readable width.
fn commented(what: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in what.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|line| line.chars().count() + word.chars().count() > 98);
        if full {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n")
}
