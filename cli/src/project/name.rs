//! The name of a new agent, which becomes that of a folder, a package and a service.

use std::fmt;
use std::str::FromStr;

/// Cloud Run takes names of services up to 49 characters.
const LONGEST: usize = 49;
/// Names that cargo refuses for packages, or that make a crate shadow another one.
const TAKEN: [&str; 12] = [
    "alloc",
    "attache-sdk",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "proc-macro",
    "serde",
    "std",
    "test",
    "tests",
];
/// Words of Rust, which no crate can be called.
const KEYWORDS: [&str; 42] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "type",
];

/// A name such as `word-counter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// As Rust writes it: `word_counter`.
    pub(crate) fn for_crate(&self) -> String {
        self.0.replace('-', "_")
    }

    /// For people: `Word counter`.
    pub(crate) fn title(&self) -> String {
        let words = self.0.replace('-', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    /// # Errors
    /// A sentence that says what the name would have to be.
    fn from_str(name: &str) -> Result<Self, String> {
        if name.is_empty() {
            return Err("a name has at least one letter".to_owned());
        }
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(
                "a name is no path: give the folder with --path, as in `attache new hello --path \
                 agents/hello`"
                    .to_owned(),
            );
        }
        let wrong = name.chars().find(|letter| {
            !(letter.is_ascii_lowercase() || letter.is_ascii_digit() || *letter == '-')
        });
        if let Some(wrong) = wrong {
            return Err(format!(
                "{wrong:?} cannot be in a name, which has lower-case letters, digits and hyphens{}",
                suggestion(name)
            ));
        }
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err("a name begins with a letter".to_owned());
        }
        if name.ends_with('-') || name.contains("--") {
            return Err("each hyphen stands between two letters or digits".to_owned());
        }
        if name.len() > LONGEST {
            return Err(format!(
                "it has {} characters, and Cloud Run takes {LONGEST}",
                name.len()
            ));
        }
        if KEYWORDS.contains(&name) {
            return Err(format!("{name:?} is a word of Rust; try \"{name}-agent\""));
        }
        if TAKEN.contains(&name) {
            return Err(format!(
                "{name:?} is taken by Rust or cargo; try \"{name}-agent\""
            ));
        }
        Ok(Self(name.to_owned()))
    }
}

/// The nearest name that would do, where there is one.
fn suggestion(name: &str) -> String {
    let words: Vec<_> = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words
        .join("-")
        .parse::<Name>()
        .map(|better| format!("; try \"{better}\""))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_serves_every_purpose() {
        let name: Name = "word-counter-2".parse().expect("a name");
        assert_eq!(name.for_crate(), "word_counter_2");
        assert_eq!(name.title(), "Word counter 2");
    }

    #[test]
    fn what_is_no_name_is_told_what_would_be() {
        for (wrong, said) in [
            ("", "at least one letter"),
            ("Word Counter", "try \"word-counter\""),
            ("wörter", "'ö' cannot be"),
            ("../up", "no path"),
            ("2fast", "begins with a letter"),
            ("a--b", "hyphen"),
            ("a-", "hyphen"),
            ("async", "a word of Rust"),
            ("test", "taken"),
            (&"a".repeat(50), "50 characters"),
        ] {
            let error = wrong.parse::<Name>().expect_err(wrong);
            assert!(error.contains(said), "{wrong:?}: {error}");
        }
    }
}
