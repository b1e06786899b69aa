//! `docs/configuration.md` has a table of every setting, which is written from here: `BLESS=1` with
//! the test below writes it anew.

use std::fmt::Write;

use clap::{Arg, ArgAction, CommandFactory};

use super::Cli;
use super::command_line::key;
use super::variables::{self, VARIABLES};

const BEGIN: &str = "<!-- written by host/src/config/reference.rs -->\n";
const END: &str = "<!-- until here -->\n";

fn is_setting(arg: &&Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version)
}

fn table() -> String {
    let mut table = String::from(
        "| flag | variable | key in a file | default | what it is |\n|---|---|---|---|---|\n",
    );
    let mut add = |flag: &str, variable: &str, in_file: &str, help: &str| {
        let default = variables::default_in(help).unwrap_or_default();
        let what = help.split_once("[default:").map_or(help, |(what, _)| what);
        let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
        // Else a reader's program takes `<KEY>` for a tag, and shows nothing.
        let what = what.replace('<', "\\<");
        let code = |text: &str| match text {
            "" => String::new(),
            text => format!("`{text}`"),
        };
        let (flag, variable, in_file) = (code(flag), code(variable), code(in_file));
        let row = [flag, variable, in_file, default, what]
            .map(|cell| cell.replace('|', "\\|").replace('*', "\\*"));
        writeln!(table, "| {} |", row.join(" | ")).unwrap();
    };
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for arg in serve.get_arguments().filter(is_setting) {
        let help = arg.get_long_help().or(arg.get_help()).unwrap().to_string();
        let flag = arg.get_long().map(|long| format!("--{long}"));
        let flag = flag.as_deref().unwrap_or("COMPONENT");
        match key(arg) {
            "config" => add(flag, "ATTACHE_CONFIG_<KEY>", "[config]", &help),
            "config-file" => add(flag, "ATTACHE_CONFIG_FILE", "", &help),
            key => add(flag, variables::variable(arg).unwrap(), key, &help),
        }
    }
    for variable in &VARIABLES {
        let in_file = variable.key().unwrap_or_default();
        add("", variable.name, &in_file, variable.help);
    }
    table
}

#[test]
fn the_table_of_settings_is_that_of_the_command_line() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let written = format!("{before}{BEGIN}\n{}\n{END}{after}", table());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &written).unwrap();
    } else {
        assert!(
            page == written,
            "docs/configuration.md is out of date; write it anew with BLESS=1"
        );
    }
}

#[test]
fn every_flag_says_what_its_default_is() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for arg in serve.get_arguments().filter(is_setting) {
        let help = arg.get_long_help().or(arg.get_help()).unwrap().to_string();
        let has_one = variables::default_in(&help).is_some();
        assert!(
            has_one || matches!(key(arg), "component" | "config"),
            "{}",
            key(arg)
        );
    }
}

/// Names that sound like a secret are on the list of secrets, or here.
const SOUND_SECRET: [&str; 14] = [
    "ATTACHE_API_KEYS_FILE",
    "ATTACHE_API_KEY_HEADER",
    "ATTACHE_CARD_KEY_FILE",
    "ATTACHE_CARD_KEY_ID",
    "ATTACHE_COMPONENT_KEY",
    "ATTACHE_COMPONENT_KEY_FILE",
    "ATTACHE_CREDENTIALS",
    "ATTACHE_GOOGLE_TOKENINFO_URL",
    "ATTACHE_MODEL_TOKENS_PER_CALLER",
    "ATTACHE_MODEL_TOKENS_PER_TASK",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "ATTACHE_PUSH_KEY_FILE",
    "ATTACHE_PUSH_KEY_ID",
    "ATTACHE_SECRETS_REREAD",
];

#[test]
fn what_sounds_secret_is() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let flags = serve.get_arguments().filter_map(variables::variable);
    let names = flags.chain(VARIABLES.iter().map(|variable| variable.name));
    for name in names.filter(|name| !SOUND_SECRET.contains(name)) {
        let sounds = [
            "KEY",
            "PASS",
            "SECRET",
            "TOKEN",
            "CREDENTIAL",
            "DATABASE_URL",
        ];
        let sounds = sounds.iter().any(|word| name.contains(word));
        assert!(!sounds || variables::is_secret(name), "{name}");
    }
}

#[test]
fn the_help_names_every_variable() {
    let mut command = Cli::command();
    let serve = command.find_subcommand_mut("serve").unwrap();
    let help = serve.render_long_help().to_string();
    for variable in &VARIABLES {
        // DB_PASSWORD is another spelling, and needs no line.
        let is_named = help.contains(variable.name) || variable.name == "DB_PASSWORD";
        assert!(is_named, "{}", variable.name);
    }
}
