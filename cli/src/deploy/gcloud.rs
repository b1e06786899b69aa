//! The gcloud lines that steps stand for.

use std::fmt;

/// Stands for the project's number where it was not looked up.
pub(crate) const NUMBER: &str = "${PROJECT_NUMBER}";
/// Lines are broken before they are longer than this.
const WIDTH: usize = 100;

/// A command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    words: Vec<String>,
    /// What makes the line unnecessary if it succeeds.
    unless: Option<Vec<String>>,
    /// What stands before it: where its standard input comes from.
    input: Option<String>,
}

impl Line {
    pub(super) fn gcloud<const N: usize>(words: [&str; N]) -> Self {
        let words = std::iter::once("gcloud")
            .chain(words)
            .map(str::to_owned)
            .collect();
        Self {
            words,
            unless: None,
            input: None,
        }
    }

    #[must_use]
    pub(super) fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    #[must_use]
    pub(super) fn flag(self, name: &str, value: &str) -> Self {
        self.word(&format!("--{name}={value}"))
    }

    #[must_use]
    pub(super) fn unless(mut self, line: Self) -> Self {
        self.unless = Some(line.words);
        self
    }

    /// `input` is a command whose output it reads.
    #[must_use]
    pub(super) fn input(mut self, input: &str) -> Self {
        self.input = Some(input.to_owned());
        self
    }

    /// The line as a script has it, which may run twice.
    pub(super) fn in_script(&self) -> String {
        match &self.unless {
            Some(unless) => format!("{} >/dev/null 2>&1 ||\n  {self}", joined(unless)),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(input) = &self.input {
            write!(f, "{input} | ")?;
        }
        f.write_str(&joined(&self.words))
    }
}

fn joined(words: &[String]) -> String {
    let mut text = String::new();
    let mut width = 0;
    for word in words {
        let word = quoted(word);
        if width + word.len() > WIDTH && width > 0 {
            text.push_str(" \\\n    ");
            width = 4;
        } else if width > 0 {
            text.push(' ');
        }
        width += word.len() + 1;
        text.push_str(&word);
    }
    text
}

/// As a shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&b);
    if word.contains(NUMBER) {
        let escaped = word.replace('\\', "\\\\").replace('"', "\\\"");
        return format!("\"{escaped}\"");
    }
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    // gcloud's reader looks for --flag='value', not for '--flag=value'.
    match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") && flag.bytes().all(is_plain) => {
            format!("{flag}={}", quoted(value))
        }
        _ => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(quoted("--member=user:a@b.c"), "--member=user:a@b.c");
        assert_eq!(
            quoted("--display-name=My agent"),
            "--display-name='My agent'"
        );
        assert_eq!(quoted("it's; rm -rf $HOME"), r"'it'\''s; rm -rf $HOME'");
        assert_eq!(quoted(""), "''");
        assert_eq!(
            quoted("--m=s-${PROJECT_NUMBER}@x"),
            "\"--m=s-${PROJECT_NUMBER}@x\""
        );
    }
}
