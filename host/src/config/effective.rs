//! `attache-host config`: what `serve` would run with, and who says so.

use std::fmt;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::shown::{HIDDEN, without_users};
use super::source::{Setting, Source, Sources};
use super::{Config, ConfigError, Environment, Flags, Model, Platform, agents, settings};

/// The flags of `config`.
#[derive(Debug, Args)]
pub struct ConfigFlags {
    /// Those of `serve`.
    #[command(flatten)]
    pub flags: Flags,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Output::Table, value_name = "SHAPE")]
    pub output: Output,
}

/// How the configuration is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// In columns, for people.
    Table,
    /// One JSON object, for programs.
    Json,
}

/// A configuration that `serve` would start with.
#[derive(Debug)]
pub struct Effective {
    settings: Vec<Setting>,
    found: Vec<(String, String)>,
}

impl Effective {
    /// Checks it as `serve` does.
    ///
    /// # Errors
    /// The first value that `serve` would refuse.
    pub fn resolve(
        flags: Flags,
        environment: &Environment,
        sources: &Sources,
    ) -> Result<Self, ConfigError> {
        Self::of(flags, environment, sources).map_err(|error| sources.attribute(error))
    }

    fn of(flags: Flags, environment: &Environment, sources: &Sources) -> Result<Self, ConfigError> {
        let keys = settings::resolve(&flags.agent.config, &flags.tables.config, environment);
        let mut all = sources.0.clone();
        for agent in &flags.tables.agents {
            all.extend(agent.settings());
        }
        for (suffix, value) in environment.with_prefix(agents::PREFIX) {
            let variable = format!("{}{suffix}", agents::PREFIX);
            // Only the component knows which of its keys are secret.
            let is_secret =
                suffix.contains(agents::CONFIG) && !suffix.ends_with(settings::FILE_SUFFIX);
            let (key, source) = (variable.clone(), Source::Environment(variable));
            all.push(Setting::new(
                &key,
                Some(value.to_owned()),
                source,
                is_secret,
            ));
        }
        // First of all what `serve` would say.
        let config = Config::resolve(flags, environment)?;
        all.extend(keys?.into_iter().map(|(key, (value, source))| {
            // Only the component knows which of its keys are secret.
            let (key, value) = (format!("config.{key}"), value.current().as_ref().to_owned());
            Setting::new(&key, Some(value), source, true)
        }));
        let platform = match &config.platform {
            Platform::Plain => "plain".to_owned(),
            Platform::CloudRun { service } => format!("Cloud Run, service {service}"),
        };
        let mut found = vec![
            ("listen".to_owned(), config.listen.to_string()),
            ("platform".to_owned(), platform),
            ("tasks".to_owned(), config.data.to_string()),
        ];
        found.extend(config.agents.iter().map(|agent| {
            let key = match &agent.name {
                Some(name) => format!("model of {name}"),
                None => "model".to_owned(),
            };
            let model = agent.model.as_ref();
            (key, model.map_or("none".to_owned(), Model::to_string))
        }));
        Ok(Self {
            settings: all,
            found,
        })
    }

    /// The text to print, with a line break at its end.
    pub fn shown(&self, output: Output) -> String {
        match output {
            Output::Table => self.to_string(),
            Output::Json => format!("{:#}\n", self.json()),
        }
    }

    fn json(&self) -> Value {
        let settings = self.settings.iter().map(|setting| {
            json!({
                "key": setting.key,
                "value": shown(setting),
                "secret": setting.is_secret,
                "source": setting.source.kind(),
                "from": setting.source.name(),
            })
        });
        let found = self.found.iter();
        let found: Map<_, _> = found
            .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
            .collect();
        json!({"settings": settings.collect::<Vec<_>>(), "found": found})
    }
}

/// The columns, as wide as they need to be. What comes of the settings stands at the end.
impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["KEY".to_owned(), "VALUE".to_owned(), "SOURCE".to_owned()]];
        rows.extend(self.settings.iter().map(|setting| {
            let value = shown(setting).unwrap_or_else(|| "-".to_owned());
            [setting.key.clone(), value, setting.source.to_string()]
        }));
        let found = self.found.iter();
        rows.extend(found.map(|(key, value)| {
            let found = "found out".to_owned();
            [format!("({key})"), value.clone(), found]
        }));
        let width = |of: fn(&[String; 3]) -> &str| {
            let widths = rows.iter().map(|row| of(row).chars().count());
            widths.max().unwrap_or_default()
        };
        let (keys, values) = (width(|[key, ..]| key), width(|[_, value, _]| value));
        for [key, value, source] in &rows {
            writeln!(f, "{key:keys$}  {value:values$}  {source}")?;
        }
        Ok(())
    }
}

/// The value, unless it is secret. A table has one line for each.
fn shown(setting: &Setting) -> Option<String> {
    let value = setting.value.as_ref()?;
    Some(match setting.is_secret {
        true => HIDDEN.to_owned(),
        false => without_users(value).replace(['\n', '\r'], " "),
    })
}
