//! `docs/cli.md` is written from the commands as clap has them: `BLESS=1` with the test below writes it
//! anew. And command lines in the documentation are those that clap takes.

#[path = "../tests/docs/pages.rs"]
mod pages;

mod lines;

use std::fmt::Write;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use crate::commands::Arguments;

const BEGIN: &str = "<!-- written by cli/src/reference.rs -->\n";

/// The tool's commands, with what clap adds.
fn tool() -> Command {
    let mut tool = Arguments::command();
    tool.build();
    tool
}

/// What a reader may use: neither hidden nor clap's own.
fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    let shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    command.get_subcommands().filter(shown)
}

fn chapter(command: &Command, path: &str, depth: usize, page: &mut String) {
    let path = format!("{path} {}", command.get_name());
    writeln!(page, "\n{} `{}`\n", "#".repeat(depth), path.trim()).unwrap();
    let about = command.get_long_about().or(command.get_about());
    writeln!(
        page,
        "{}\n",
        escaped(&about.unwrap_or_default().to_string())
    )
    .unwrap();
    if !command.has_subcommands() {
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").split_whitespace();
        writeln!(page, "    {}\n", usage.collect::<Vec<_>>().join(" ")).unwrap();
    }
    arguments(command, |arg| !arg.is_global_set(), page);
    for command in subcommands(command) {
        chapter(command, &path, depth + 1, page);
    }
}

fn arguments(command: &Command, is_meant: impl Fn(&Arg) -> bool, page: &mut String) {
    let is_help = |arg: &Arg| {
        matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
    };
    let shown = |arg: &&Arg| !arg.is_hide_set() && !is_help(arg) && is_meant(arg);
    let mut rows = command.get_arguments().filter(shown).map(row).peekable();
    if rows.peek().is_some() {
        page.push_str("| argument | default | what it is |\n|---|---|---|\n");
        page.extend(rows);
    }
}

fn row(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.unwrap_or_default().to_string();
    let (what, told) = help.split_once("[default:").unwrap_or((&help, ""));
    let mut what = what.trim().to_owned();
    let takes_values = arg.get_action().takes_values();
    let values = arg.get_possible_values();
    let values = values
        .iter()
        .filter(|value| takes_values && !value.is_hide_set());
    let names: Vec<_> = values
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !names.is_empty() && !what.ends_with('.') {
        what.push('.');
    }
    if !names.is_empty() {
        write!(what, " One of {}.", names.join(", ")).unwrap();
    }
    let defaults = arg.get_default_values().iter().filter(|_| takes_values);
    let defaults: Vec<_> = defaults
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    let default = if arg.is_required_set() {
        "required".to_owned()
    } else if told.is_empty() {
        defaults.join(", ")
    } else {
        told.trim().trim_end_matches(']').to_owned()
    };
    let cells = [
        format!("`{}`", name(arg)),
        escaped(&default),
        escaped(&what),
    ];
    format!(
        "| {} |\n",
        cells.map(|cell| cell.replace('|', "\\|")).join(" | ")
    )
}

fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().unwrap_or_default().join(" ");
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let flags = [short, long].into_iter().flatten().collect::<Vec<_>>();
    match (flags.is_empty(), arg.get_action().takes_values()) {
        (true, _) => value,
        (false, true) => format!("{} {value}", flags.join(", ")),
        (false, false) => flags.join(", "),
    }
}

/// Text as it is, on one line, outside of code spans.
fn escaped(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => part.replace('<', "\\<").replace('*', "\\*"),
        _ => part.to_owned(),
    };
    text.split('`')
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("`")
}

fn written() -> String {
    let tool = tool();
    let mut page = String::from(
        "# The tool's commands\n\nWhat `attache --help` says, command by command. Every command takes:\n\n",
    );
    arguments(&tool, Arg::is_global_set, &mut page);
    for command in subcommands(&tool) {
        chapter(command, "attache", 2, &mut page);
    }
    page
}

#[test]
fn the_page_of_commands_is_that_of_the_command_line() {
    let path = pages::workspace().join("docs/cli.md");
    let written = format!("{BEGIN}\n{}", written());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &written).unwrap();
        return;
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == written,
        "docs/cli.md is out of date; write it anew with BLESS=1"
    );
}
