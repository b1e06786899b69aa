//! Each `attache …` in a block of the documentation is taken by clap, and each in a sentence names
//! commands and flags that there are.

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _};

use super::pages::{Page, pages as all_pages};
use super::tool;
use crate::commands::Arguments;

/// The commands in a line of a shell that begin with `attache`, as their words.
fn of_shell(line: &str) -> Vec<Vec<String>> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let Some(words) = shlex::split(line) else {
        return Vec::new();
    };
    let ends = |word: &String| {
        matches!(
            word.as_str(),
            "&&" | "||" | "|" | ";" | "&" | ">" | "2>" | "<"
        )
    };
    words
        .split(ends)
        .map(|command| {
            let is_assignment = |word: &&String| {
                word.split_once('=').is_some_and(|(name, _)| {
                    name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
                })
            };
            let command = command.iter().skip_while(is_assignment);
            command
                .map(|word| word.trim_end_matches(';').to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|command| command.first().is_some_and(|word| word == "attache"))
        .collect()
}

/// The lines of the page's blocks, those that go on put together.
fn lines(page: &Page) -> Vec<String> {
    let mut lines = Vec::new();
    for block in page.blocks() {
        let whole = block.lines.join("\n").replace("\\\n", " ");
        lines.extend(whole.lines().map(|line| line.trim().to_owned()));
    }
    lines
}

/// The pages that people write: usage in the generated one is no command line.
fn pages() -> impl Iterator<Item = Page> {
    let pages = all_pages().into_iter();
    pages.filter(|page| page.name() != "docs/cli.md")
}

/// What a placeholder stands for.
fn filled(word: &str) -> String {
    match word {
        "URL" => "https://agent.example".to_owned(),
        "COMPONENT" => "agent.wasm".to_owned(),
        word => word.replace('…', "0").replace("PROJECT", "project"),
    }
}

#[test]
fn every_command_line_of_the_documentation_is_one() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for line in lines(&page) {
            for words in of_shell(&line) {
                seen += 1;
                let words = words.iter().filter(|word| *word != "…" && *word != "...");
                let said =
                    Arguments::command().try_get_matches_from(words.map(|word| filled(word)));
                let kind = said.err().map(|error| (error.kind(), error.to_string()));
                match kind {
                    None | Some((ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _)) => {}
                    Some((_, why)) => {
                        let why = why.lines().next().unwrap_or_default().to_owned();
                        wrong.push(format!("{}: {line}: {why}", page.name()));
                    }
                }
            }
        }
    }
    assert!(seen > 0, "no command lines were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is wrong with `attache WORDS`: the first word that is neither a command nor one's flag.
fn stranger(words: &str) -> Option<String> {
    let tool = tool();
    let mut command = &tool;
    let words = words.split_whitespace().skip(1);
    // What follows is another program's.
    let words = words.take_while(|word| *word != "--");
    let mut words = words.peekable();
    while let Some(next) = words.peek().and_then(|word| command.find_subcommand(word)) {
        command = next;
        words.next();
    }
    let has = |command: &Command, flag: &str| {
        command
            .get_arguments()
            .any(|arg| arg.get_long() == Some(flag))
    };
    // A word in small letters is a command where there are commands.
    let first = words
        .peek()
        .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    if let Some(first) = first.filter(|first| command.has_subcommands() && !first.starts_with('-'))
    {
        return Some((*first).to_owned());
    }
    let flags = words.filter_map(|word| word.strip_prefix("--"));
    let flags = flags.map(|flag| flag.split('=').next().unwrap_or_default());
    flags
        .filter(|flag| !flag.is_empty() && !has(command, flag))
        .map(str::to_owned)
        .next()
}

#[test]
fn every_command_that_a_sentence_names_is_one() {
    let mut wrong = Vec::new();
    for page in pages() {
        let prose = page.prose().join("\n");
        let code = prose.split('`').skip(1).step_by(2);
        for span in code.filter(|span| span.starts_with("attache ")) {
            if let Some(word) = stranger(span) {
                wrong.push(format!("{}: `{span}`: {word}", page.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
