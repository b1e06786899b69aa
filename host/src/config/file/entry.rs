use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::config::{ConfigError, Environment};
use crate::secret::Secret;

const EXPECTED: &str = "give a text, a number, true or false, a list of these, or where a secret is: \
     { file = \"/path\" } or { env = \"NAME\" }";

/// A place in a configuration file, as editors take it: `FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A key of a configuration file and what it stands for.
#[derive(Debug, Clone)]
pub struct Entry {
    key: String,
    place: Place,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Texts(Vec<String>),
    Elsewhere { at: String, secret: Secret },
}

impl Entry {
    pub(super) fn read(
        key: String,
        place: Place,
        value: &DeValue<'_>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let named = || format!("{key} in {place}");
        let texts = |found: Option<Vec<String>>| {
            let expected = || ConfigError::secret(named(), EXPECTED);
            found.map(Value::Texts).ok_or_else(expected)
        };
        let value = match value {
            DeValue::Array(values) => {
                texts(values.iter().map(|value| text(value.get_ref())).collect())?
            }
            DeValue::Table(table) => elsewhere(table, &named(), environment)?,
            value => texts(text(value).map(|text| vec![text]))?,
        };
        Ok(Self { key, place, value })
    }

    /// How errors call it: `max-body in FILE:LINE`.
    pub fn named(&self) -> String {
        format!("{} in {}", self.key, self.place)
    }

    /// Where it stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Its text; a list has commas between its values, as on the command line.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Texts(texts) => texts.join(","),
            Value::Elsewhere { secret, .. } => secret.current().as_ref().to_owned(),
        }
    }

    /// The values of a list; of anything else its text.
    pub fn texts(&self) -> Vec<String> {
        match &self.value {
            Value::Texts(texts) => texts.clone(),
            Value::Elsewhere { .. } => vec![self.text()],
        }
    }

    /// Its text, which changes when it stands in a file of its own that does.
    pub fn secret(&self) -> Secret {
        match &self.value {
            Value::Texts(_) => Secret::given(&self.text()),
            Value::Elsewhere { secret, .. } => secret.clone(),
        }
    }

    /// Where it really stands, when that is not here: then it is not to be shown.
    pub fn elsewhere(&self) -> Option<&str> {
        match &self.value {
            Value::Texts(_) => None,
            Value::Elsewhere { at, .. } => Some(at),
        }
    }

    /// That its value cannot be used, and what would be right.
    pub fn refused(&self, expected: impl Into<String>) -> ConfigError {
        let is_hidden = self.elsewhere().is_some();
        ConfigError::new("", self.text(), expected).about(self.named(), is_hidden)
    }
}

fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// `{ file = "/path" }` or `{ env = "NAME" }`.
fn elsewhere(
    table: &DeTable<'_>,
    named: &str,
    environment: &Environment,
) -> Result<Value, ConfigError> {
    let mut keys = table.iter();
    let (Some((key, value)), None) = (keys.next(), keys.next()) else {
        return Err(ConfigError::secret(named, EXPECTED));
    };
    match (key.get_ref().as_ref(), value.get_ref().as_str()) {
        ("file", Some(path)) => match Secret::in_file(Path::new(path)) {
            Ok(secret) => Ok(Value::Elsewhere {
                at: path.to_owned(),
                secret,
            }),
            Err(why) => Err(ConfigError::new(named, path, format!("give a file {why}"))),
        },
        ("env", Some(name)) => match environment.get(name) {
            Some(text) => Ok(Value::Elsewhere {
                at: format!("environment {name}"),
                secret: Secret::given(text),
            }),
            None => Err(ConfigError::new(
                named,
                name,
                "set that variable, or name another",
            )),
        },
        _ => Err(ConfigError::secret(named, EXPECTED)),
    }
}
