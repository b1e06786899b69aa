use std::fmt::Display;

use super::{ConfigError, Environment, parse};

/// Where a key comes from: a file, or the environment, where Cloud Run puts secrets.
pub(super) struct KeySource {
    /// The key of the setting that names the file.
    pub(super) file: &'static str,
    /// The variable that holds the key itself. There is no flag for it: whoever lists the processes
    /// would read it.
    pub(super) value: &'static str,
}

impl KeySource {
    /// What `parse` makes of the PEM text; none when there is no key.
    pub(super) fn read<T, E: Display>(
        &self,
        file: Option<String>,
        environment: &Environment,
        parse: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        let Self { file: key, value } = *self;
        let parsed = match (parse::given(file), environment.get(value)) {
            (Some(_), Some(_)) => {
                let expected = format!("so is {key}; unset one of them");
                return Err(ConfigError::secret(value, expected));
            }
            (Some(path), None) => {
                let refused = |expected| ConfigError::new(key, path.as_str(), expected);
                let pem = std::fs::read(&path)
                    .map_err(|error| refused(format!("give a file that can be read ({error})")))?;
                parse(&pem).map_err(|error| refused(error.to_string()))?
            }
            (None, Some(pem)) => parse(pem.as_bytes())
                .map_err(|error| ConfigError::secret(value, error.to_string()))?,
            (None, None) => return Ok(None),
        };
        Ok(Some(parsed))
    }

    /// Another setting has no effect without the key.
    pub(super) fn missing_for(&self, key: &str, value: String, purpose: &str) -> ConfigError {
        let Self { file, value: own } = self;
        ConfigError::new(
            key,
            value,
            format!("there is no key to {purpose} with; set {file} or {own}"),
        )
    }
}
