//! `wasi:config/store`, answered from the component's variables as Spin does.

use std::collections::BTreeMap;

use super::bindings::wasi::config::store::{Error, Host};
use super::state::State;

/// The values of `[component.<id>.variables]`.
pub(crate) struct Variables(BTreeMap<String, String>);

impl Variables {
    pub(crate) fn new(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }
}

/// Spin's rule for a variable's name: lower case letters, digits and single underscores, beginning
/// with a letter and not ending with an underscore.
pub(crate) fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('_')
        && !name.contains("__")
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Host for State {
    /// A name that is not defined and a name that could never be one are answered alike: with none.
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        Ok(Ok(self.variables.0.get(&key).cloned()))
    }

    async fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        Ok(Ok(self.variables.0.clone().into_iter().collect()))
    }
}
