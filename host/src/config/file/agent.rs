use std::collections::BTreeMap;

use super::{Entry, Key, Parsed, Place, Reader, dashed};
use crate::config::source::{Setting, Source};
use crate::config::{ConfigError, nearest, settings};
use crate::secret::Secret;

/// `[agents.NAME]`: what one of several agents has of its own.
#[derive(Debug)]
pub struct AgentTable {
    name: String,
    place: Place,
    entries: BTreeMap<String, Entry>,
    config: BTreeMap<String, Entry>,
}

impl AgentTable {
    pub(super) fn read(
        name: &Key<'_>,
        value: &Parsed<'_>,
        reader: &Reader<'_>,
    ) -> Result<Self, ConfigError> {
        let place = reader.place(&name.span());
        let name = name.get_ref().as_ref();
        let path = format!("agents.{name}");
        if !is_name(name) {
            return Err(ConfigError::new(
                format!("the name of an agent in {place}"),
                name,
                "use at most 63 small letters, digits and '-'",
            ));
        }
        let (mut entries, mut config) = (BTreeMap::new(), BTreeMap::new());
        for (key, value) in reader.table(&path, &place, value)? {
            if key.get_ref().as_ref() == "config" {
                let (path, place) = (format!("{path}.config"), reader.place(&key.span()));
                let table = reader.table(&path, &place, value)?;
                let given = reader.entries(&format!("{path}."), table, str::to_owned)?;
                config = settings::of_table(given)?;
            } else {
                reader.add(&mut entries, &format!("{path}."), key, value, dashed)?;
            }
        }
        Ok(Self {
            name: name.to_owned(),
            place,
            entries,
            config,
        })
    }

    /// Its name: 1 to 63 of `a-z0-9-`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the table begins.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The config keys for its component, from `[agents.NAME.config]`.
    pub fn config(&self) -> BTreeMap<String, Secret> {
        let entries = self.config.iter();
        entries
            .map(|(key, entry)| (key.clone(), entry.secret()))
            .collect()
    }

    /// What it says of `key`, a flag's long name.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The text of `key`, as a flag would have it.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(Entry::text)
    }

    /// What it says, by key.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        entries.map(|(key, entry)| (key.as_str(), entry))
    }

    /// What it says, with where.
    pub(in crate::config) fn settings(&self) -> impl Iterator<Item = Setting> {
        let entries = self.entries.iter().map(|(key, entry)| {
            let key = format!("agents.{}.{key}", self.name);
            Setting::new(&key, Some(entry.text()), Source::of_entry(entry), false)
        });
        let config = self.config.iter().map(|(key, entry)| {
            let key = format!("agents.{}.config.{key}", self.name);
            Setting::new(&key, Some(entry.text()), Source::of_entry(entry), true)
        });
        entries.chain(config)
    }

    /// How errors call `key`: `agents.NAME.KEY in FILE:LINE`; of a key that is missing the line is
    /// the table's.
    pub fn named(&self, key: &str) -> String {
        let named = || format!("agents.{}.{key} in {}", self.name, self.place);
        self.get(key).map_or_else(named, Entry::named)
    }

    /// Refuses keys that are not `known`.
    ///
    /// # Errors
    /// The first of them, and the known key that is nearest to it.
    pub fn check_keys(&self, known: &[&str]) -> Result<(), ConfigError> {
        for (key, entry) in &self.entries {
            if !known.contains(&key.as_str()) {
                let or = format!("an agent has {}", known.join(", "));
                return Err(ConfigError::unknown(
                    entry.named(),
                    nearest::hint(key, known, &or),
                ));
            }
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
