use std::fmt;

use super::shown::without_users;
use crate::agent::AgentName;

/// A value from outside that cannot be used. Its text is one sentence: key, value, what is right.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: String,
    value: Shown,
    expected: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Value(String),
    Missing,
    Secret,
    Unknown,
}

impl ConfigError {
    pub(super) fn new(
        key: impl Into<String>,
        value: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            value: Shown::Value(value.into()),
            expected: expected.into(),
        }
    }

    pub(super) fn missing(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: Shown::Missing,
            expected: expected.into(),
        }
    }

    /// The same of one of several agents.
    pub(super) fn of_agent(self, name: &AgentName) -> Self {
        Self {
            key: format!("{} of agent {name}", self.key),
            ..self
        }
    }

    /// For a value that must not be repeated.
    pub(super) fn secret(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: Shown::Secret,
            expected: expected.into(),
        }
    }

    /// For a key that means nothing.
    pub(super) fn unknown(key: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: Shown::Unknown,
            expected: expected.into(),
        }
    }

    /// What it is about, such as `PORT (--port)`.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The same about a key of another name, whose value `is_hidden`.
    pub(super) fn about(self, key: String, is_hidden: bool) -> Self {
        let value = match self.value {
            Shown::Value(_) if is_hidden => Shown::Secret,
            value => value,
        };
        Self { key, value, ..self }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            value,
            expected,
        } = self;
        match value {
            Shown::Value(value) => write!(f, "{key} is {:?}: {expected}.", without_users(value)),
            Shown::Missing => write!(f, "{key} is not set: {expected}."),
            Shown::Secret => write!(f, "{key} is set: {expected}."),
            Shown::Unknown => write!(f, "{key} is no setting: {expected}."),
        }
    }
}

impl std::error::Error for ConfigError {}
