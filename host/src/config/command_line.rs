use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::file::{ConfigFile, Entry};
use super::source::{Setting, Source, Sources};
use super::variables::{self, Role, VARIABLES, Variable};
use super::{Cli, ConfigError, Environment, Verb};

/// Flags that no file has: what they would say is what the file is, or a table of it.
const NOT_IN_FILES: [&str; 2] = ["config", "config-file"];
/// Flags that are shown in another way, or say how to show.
const NOT_SHOWN: [&str; 2] = ["config", "output"];

/// What a process is asked for: its command line, completed by what the environment and a
/// configuration file say, in this order.
#[derive(Debug)]
pub struct CommandLine {
    /// What to do.
    pub verb: Verb,
    /// The variables that have no flag, completed by the file.
    pub environment: Environment,
    /// Where each setting came from.
    pub sources: Sources,
}

/// Why a command line cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// It is not one, or asks for help.
    Usage(clap::Error),
    /// A value from outside, a file or a key in it.
    Config(ConfigError),
}

impl From<clap::Error> for Unusable {
    fn from(error: clap::Error) -> Self {
        Self::Usage(error)
    }
}

impl From<ConfigError> for Unusable {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl CommandLine {
    /// Reads `arguments`, of which the first is the program, and the files that they and the
    /// environment name.
    ///
    /// # Errors
    /// [`Unusable`]. What flags mean is checked later.
    pub fn read(
        arguments: impl IntoIterator<Item = OsString>,
        mut environment: Environment,
    ) -> Result<Self, Unusable> {
        let mut arguments: Vec<OsString> = arguments.into_iter().collect();
        // As it stands, so that help and usage are shown before anything else is looked at.
        let all = Cli::command();
        let matches = all.clone().try_get_matches_from(&arguments)?;
        let (command, given, depth) = leaf(&all, &matches);
        if !command
            .get_arguments()
            .any(|arg| arg.get_id() == "config_file")
        {
            return Ok(Self {
                verb: Cli::from_arg_matches(&matches)?.verb,
                environment,
                sources: Sources::default(),
            });
        }

        let path = given.get_one::<String>("config_file");
        let serve = all.find_subcommand("serve").unwrap_or(command);
        let mut from_files = read_secrets(serve, &mut environment)?;
        let mut file = match path.filter(|path| !path.is_empty()) {
            Some(path) => ConfigFile::read(path, &environment)?,
            None => ConfigFile::default(),
        };
        file.check_keys(&known_keys(serve))?;
        for variable in &VARIABLES {
            if let Some(source) = complete(variable, &file, &mut environment)? {
                from_files.insert(variable.name, source);
            }
        }

        let injected = inject(command, given, &file, &environment, &mut arguments, depth);
        // Most often nothing has changed, and the work of a millisecond is done already.
        let (all, matches) = if injected.is_empty() && !has_empty_variables(&all, &environment) {
            (all, matches)
        } else {
            let all = without_empty_variables(all, &environment);
            let matches = all.clone().try_get_matches_from(&arguments)?;
            (all, matches)
        };
        let mut verb = Cli::from_arg_matches(&matches)?.verb;
        let (command, given, _) = leaf(&all, &matches);
        let sources = sources(command, given, &injected, &from_files, &environment);
        if let Some(flags) = verb.flags() {
            flags.tables = std::mem::take(&mut file.tables);
        }
        Ok(Self {
            verb,
            environment,
            sources,
        })
    }
}

impl Verb {
    fn flags(&mut self) -> Option<&mut super::Flags> {
        match self {
            Self::Serve(flags) => Some(flags),
            Self::Config(flags) => Some(&mut flags.flags),
            Self::ApiKey { .. } | Self::Compile(_) | Self::DeadLetters(_) | Self::Health(_) => None,
        }
    }
}

/// The command that was asked for, and how deep it is.
fn leaf<'a>(
    mut command: &'a Command,
    mut matches: &'a ArgMatches,
) -> (&'a Command, &'a ArgMatches, usize) {
    let mut depth = 0;
    while let Some((name, inner)) = matches.subcommand() {
        let Some(sub) = command.find_subcommand(name) else {
            break;
        };
        (command, matches, depth) = (sub, inner, depth + 1);
    }
    (command, matches, depth)
}

/// How a file and the table of settings call an argument.
pub(super) fn key(arg: &Arg) -> &str {
    arg.get_long().unwrap_or(arg.get_id().as_str())
}

/// The secrets in files of their own.
fn read_secrets(
    serve: &Command,
    environment: &mut Environment,
) -> Result<BTreeMap<&'static str, Source>, ConfigError> {
    let mut sources = BTreeMap::new();
    for name in variables::readable_from_files(serve) {
        if let Some(secret) = environment.named_file(name)? {
            environment.set(name, &secret);
            let file = secret.file().unwrap_or(std::path::Path::new(""));
            let source = Source::FileOf {
                variable: format!("{name}_FILE"),
                file: file.display().to_string(),
            };
            sources.insert(name, source);
        }
    }
    Ok(sources)
}

fn known_keys(serve: &Command) -> Vec<String> {
    let flags = serve.get_arguments().map(key);
    let flags = flags.filter(|key| !NOT_IN_FILES.contains(key) && *key != "help");
    let variables = VARIABLES.iter().filter_map(Variable::key);
    flags.map(str::to_owned).chain(variables).collect()
}

/// Sets a variable that has no flag to what the file says, when the environment says nothing.
fn complete(
    variable: &Variable,
    file: &ConfigFile,
    environment: &mut Environment,
) -> Result<Option<Source>, ConfigError> {
    let entry = variable.key().and_then(|key| file.settings.get(&key));
    let Some(entry) = entry else {
        return Ok(None);
    };
    if variables::is_secret(variable.name) && entry.elsewhere().is_none() {
        return Err(ConfigError::secret(
            entry.named(),
            "a secret should not stand in this file; say where it is: { file = \"/path\" } or \
             { env = \"NAME\" }",
        ));
    }
    if environment.get(variable.name).is_some() {
        return Ok(None);
    }
    environment.set(variable.name, &entry.secret());
    Ok(Some(Source::of_entry(entry)))
}

/// Puts on the command line what only the file says. Returns which entries it put there.
fn inject<'a>(
    command: &Command,
    given: &ArgMatches,
    file: &'a ConfigFile,
    environment: &Environment,
    arguments: &mut Vec<OsString>,
    depth: usize,
) -> BTreeMap<String, &'a Entry> {
    let mut injected = BTreeMap::new();
    let mut flags = Vec::new();
    for arg in command.get_arguments() {
        let Some(entry) = file.settings.get(key(arg)) else {
            continue;
        };
        if is_given(arg, given, environment) {
            continue;
        }
        injected.insert(key(arg).to_owned(), entry);
        let Some(long) = arg.get_long() else {
            if !arguments.iter().any(|argument| argument == "--") {
                arguments.push("--".into());
            }
            arguments.push(entry.text().into());
            continue;
        };
        match arg.get_action() {
            ArgAction::SetTrue => {
                if entry.text() == "true" {
                    flags.push(format!("--{long}"));
                }
            }
            ArgAction::Append => {
                let texts = entry.texts().into_iter();
                flags.extend(texts.map(|text| format!("--{long}={text}")));
            }
            _ => flags.push(format!("--{long}={}", entry.text())),
        }
    }
    // Right behind the command, where no `--` can be before them.
    let at = arguments.len().min(depth + 1);
    arguments.splice(at..at, flags.into_iter().map(OsString::from));
    injected
}

/// Whether the command line or the environment has an argument, by any of its names.
fn is_given(arg: &Arg, given: &ArgMatches, environment: &Environment) -> bool {
    let by_another_name = VARIABLES
        .iter()
        .filter(|variable| matches!(variable.role, Role::For(flag) if flag == key(arg)))
        .any(|variable| environment.get(variable.name).is_some());
    by_another_name
        || match given.value_source(arg.get_id().as_str()) {
            Some(ValueSource::CommandLine) => true,
            Some(ValueSource::EnvVariable) => is_set(arg, environment),
            _ => false,
        }
}

fn is_set(arg: &Arg, environment: &Environment) -> bool {
    variables::variable(arg).is_some_and(|name| environment.get(name).is_some())
}

/// Whether the command has read a variable that does not count.
fn has_empty_variables(command: &Command, environment: &Environment) -> bool {
    let is_empty = |arg: &Arg| {
        arg.get_env()
            .is_some_and(|name| std::env::var_os(name).is_some())
            && !is_set(arg, environment)
    };
    command.get_arguments().any(is_empty)
        || command
            .get_subcommands()
            .any(|command| has_empty_variables(command, environment))
}

/// Container tools write empty variables; what is empty is not set.
fn without_empty_variables(command: Command, environment: &Environment) -> Command {
    let names: Vec<_> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let command = command.mut_args(|arg| match is_set(&arg, environment) {
        true => arg,
        false => arg.env(None::<&'static str>),
    });
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |sub| without_empty_variables(sub, environment))
    })
}

/// Where everything came from that the command reads.
fn sources(
    command: &Command,
    given: &ArgMatches,
    injected: &BTreeMap<String, &Entry>,
    from_files: &BTreeMap<&str, Source>,
    environment: &Environment,
) -> Sources {
    let is_setting = |arg: &&Arg| {
        !NOT_SHOWN.contains(&key(arg))
            && !matches!(arg.get_action(), ArgAction::Help | ArgAction::Version)
    };
    let flags = command.get_arguments().filter(is_setting).map(|arg| {
        let id = arg.get_id().as_str();
        let variable = variables::variable(arg).unwrap_or_default();
        let raw = given.get_raw(id).into_iter().flatten();
        let raw: Vec<_> = raw.map(|text| text.to_string_lossy()).collect();
        let value = (!raw.is_empty()).then(|| raw.join(","));
        let (value, source) = match (injected.get(key(arg)), given.value_source(id)) {
            (Some(entry), _) => (value, Source::of_entry(entry)),
            (None, Some(ValueSource::CommandLine)) => (value, Source::Flag(flag(arg))),
            (None, Some(ValueSource::EnvVariable)) => {
                (value, Source::Environment(variable.to_owned()))
            }
            (None, _) => (default(arg).or(value), Source::Default),
        };
        Setting::new(key(arg), value, source, variables::is_secret(variable))
    });
    // What is another name for something, or not for people to set, matters when it is set.
    let is_shown = |variable: &&Variable| {
        variable.role == Role::Own || environment.get(variable.name).is_some()
    };
    let variables = VARIABLES.iter().filter(is_shown).map(|variable| {
        let (value, source) = match (
            from_files.get(variable.name),
            environment.get(variable.name),
        ) {
            (Some(source), value) => (value.map(str::to_owned), source.clone()),
            (None, Some(value)) => {
                let source = Source::Environment(variable.name.to_owned());
                (Some(value.to_owned()), source)
            }
            (None, None) => (variables::default_in(variable.help), Source::Default),
        };
        let is_secret = variables::is_secret(variable.name);
        Setting::new(variable.name, value, source, is_secret)
    });
    Sources(flags.chain(variables).collect())
}

fn flag(arg: &Arg) -> String {
    arg.get_long()
        .map_or_else(|| "COMPONENT".to_owned(), |long| format!("--{long}"))
}

fn default(arg: &Arg) -> Option<String> {
    let help = arg.get_long_help().or(arg.get_help())?;
    variables::default_in(&help.to_string())
}

#[cfg(test)]
mod tests;
