use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::ConfigError;
use crate::secret::Secret;

/// A copy of the process environment. Variables whose name or value is not UTF-8 are left out.
#[derive(Default, Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    /// Those of them whose value stands in a file.
    in_files: BTreeMap<String, Secret>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// The value of a variable that is set and not empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.variables
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of a variable that is set and not empty, which changes when it came from a file and
    /// is followed there.
    pub fn secret(&self, key: &str) -> Option<Secret> {
        let in_file = self.in_files.get(key).cloned();
        in_file.or_else(|| self.get(key).map(Secret::given))
    }

    /// Gives a variable a value, which may be one in a file.
    pub(super) fn set(&mut self, key: &str, value: &Secret) {
        let text = value.current().as_ref().to_owned();
        self.variables.insert(key.to_owned(), text);
        if value.file().is_some() {
            self.in_files.insert(key.to_owned(), value.clone());
        }
    }

    /// The text that `KEY_FILE` says where to find, when it is set.
    ///
    /// # Errors
    /// When there is none, or `KEY` is set too.
    pub(super) fn named_file(&self, key: &str) -> Result<Option<Secret>, ConfigError> {
        let variable = format!("{key}_FILE");
        let Some(path) = self.get(&variable) else {
            return Ok(None);
        };
        if self.get(key).is_some() {
            let expected = format!("so is {variable}; unset one of them");
            return Err(ConfigError::secret(key, expected));
        }
        match Secret::in_file(Path::new(path)) {
            Ok(secret) => Ok(Some(secret)),
            Err(why) => Err(ConfigError::new(
                variable,
                path,
                format!("give a file {why}"),
            )),
        }
    }

    /// The variables whose names begin with `prefix`, without it.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.variables
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())))
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            in_files: BTreeMap::new(),
        }
    }
}

/// Without values, some of which are secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}
