//! The manifest's text, with a line for each of its values.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, OPEN, TABLES};
use crate::failure::{Exit, Failure};

/// Less alike than this is another word, not a slip.
const ALIKE: f64 = 0.75;

/// A manifest being read.
pub(super) struct Document<'a> {
    path: &'a str,
    text: &'a str,
    root: DeTable<'a>,
}

impl<'a> Document<'a> {
    /// # Errors
    /// It is no TOML, or has a key that means nothing.
    pub(super) fn parse(path: &'a str, text: &'a str) -> Result<Self, Failure> {
        let root = DeTable::parse(text).map_err(|why| {
            let line = line(text, &why.span().unwrap_or_default());
            let said = why.message().replace('\n', ", ");
            Failure::new(Exit::Data, format!("{path}:{line} is not TOML: {said}"))
        })?;
        let document = Self {
            path,
            text,
            root: root.into_inner(),
        };
        document.check_keys()?;
        Ok(document)
    }

    fn check_keys(&self) -> Result<(), Failure> {
        let tables: Vec<_> = TABLES.iter().map(|(name, _)| *name).collect();
        for (key, value) in &self.root {
            let table = key.get_ref().as_ref();
            let at = self.at(&key.span());
            if !tables.contains(&table) {
                let sentence = format!("{at}: {table} is no table of a manifest");
                return Err(Failure::new(Exit::Data, sentence).remedy(nearest(table, &tables)));
            }
            let Some(inner) = value.get_ref().as_table() else {
                let sentence = format!("{at}: {table} is a table: write [{table}]");
                return Err(Failure::new(Exit::Data, sentence));
            };
            if OPEN.contains(&table) {
                continue;
            }
            let known: Vec<_> = KEYS
                .iter()
                .filter(|key| key.table == table)
                .map(|key| key.name)
                .collect();
            for key in inner.keys() {
                let name = key.get_ref().as_ref();
                if !known.contains(&name) {
                    let at = self.at(&key.span());
                    let sentence = format!("{at}: [{table}] has no key {name}");
                    return Err(Failure::new(Exit::Data, sentence).remedy(nearest(name, &known)));
                }
            }
        }
        Ok(())
    }

    /// Whether there is this table.
    pub(super) fn has(&self, table: &str) -> bool {
        self.table(table).is_some()
    }

    /// A text that says something.
    pub(super) fn text(&self, table: &str, name: &str) -> Result<Option<String>, Failure> {
        match self.value(table, name).map(Spanned::get_ref) {
            None => Ok(None),
            Some(DeValue::String(text)) if text.trim().is_empty() => {
                Err(self.wrong(table, name, "it is empty; leave it out instead"))
            }
            Some(DeValue::String(text)) => Ok(Some(text.to_string())),
            Some(_) => Err(self.wrong(table, name, "give a text in quotes")),
        }
    }

    /// A text without which there is nothing to do.
    pub(super) fn required(&self, table: &str, name: &str) -> Result<String, Failure> {
        self.text(table, name)?.ok_or_else(|| {
            let example = KEYS
                .iter()
                .find(|key| key.table == table && key.name == name);
            let example = example.map_or("\"...\"", |key| key.example);
            Failure::new(Exit::Data, format!("{}: [{table}] needs {name}", self.path))
                .remedy(format!("Write, for example, {name} = {example}"))
        })
    }

    /// One of a few words; the first is what holds without it.
    pub(super) fn one_of(
        &self,
        table: &str,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Failure> {
        let Some(said) = self.text(table, name)? else {
            return Ok(None);
        };
        let found = words.iter().find(|word| **word == said);
        found
            .map(|word| Some(*word))
            .ok_or_else(|| self.wrong(table, name, &format!("give one of {}", words.join(", "))))
    }

    /// True or false.
    pub(super) fn flag(&self, table: &str, name: &str) -> Result<Option<bool>, Failure> {
        match self.value(table, name).map(Spanned::get_ref) {
            None => Ok(None),
            Some(DeValue::Boolean(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(table, name, "give true or false")),
        }
    }

    /// A whole number.
    pub(super) fn number(
        &self,
        table: &str,
        name: &str,
        within: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, Failure> {
        let number = match self.value(table, name).map(Spanned::get_ref) {
            None => return Ok(None),
            Some(DeValue::Integer(number)) => {
                u32::from_str_radix(number.as_str(), number.radix()).ok()
            }
            Some(_) => None,
        };
        match number.filter(|number| within.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(
                table,
                name,
                &format!(
                    "give a whole number from {} to {}",
                    within.start(),
                    within.end()
                ),
            )),
        }
    }

    /// A number or a text that is one, such as 0.5.
    pub(super) fn decimal(&self, table: &str, name: &str) -> Result<Option<String>, Failure> {
        match self
            .value(table, name)
            .map(|value| text_of(value.get_ref()))
        {
            None => Ok(None),
            Some(Some(text)) if text.parse::<f64>().is_ok() => Ok(Some(text)),
            Some(_) => Err(self.wrong(table, name, "give a number")),
        }
    }

    /// A number that may be written as a text, such as a project's.
    pub(super) fn digits(&self, table: &str, name: &str) -> Result<Option<String>, Failure> {
        let said = match self.value(table, name).map(Spanned::get_ref) {
            None => return Ok(None),
            Some(DeValue::Integer(number)) => number.as_str().to_owned(),
            Some(DeValue::String(text)) => text.to_string(),
            Some(_) => String::new(),
        };
        if said.is_empty() || said.len() > 20 || !said.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.wrong(
                table,
                name,
                "give the number, which is not the id: gcloud projects describe PROJECT \
                 --format='value(projectNumber)'",
            ));
        }
        Ok(Some(said))
    }

    /// Texts, or one.
    pub(super) fn texts(&self, table: &str, name: &str) -> Result<Option<Vec<String>>, Failure> {
        let wrong = || {
            self.wrong(
                table,
                name,
                "give a list of texts, such as [\"one\", \"two\"]",
            )
        };
        let said = match self.value(table, name).map(Spanned::get_ref) {
            None => return Ok(None),
            Some(DeValue::String(text)) => {
                text.split(',').map(|part| part.trim().to_owned()).collect()
            }
            Some(DeValue::Array(items)) => {
                let text = |item: &Spanned<DeValue<'_>>| match item.get_ref() {
                    DeValue::String(text) => Ok(text.trim().to_owned()),
                    _ => Err(wrong()),
                };
                items.iter().map(text).collect::<Result<Vec<_>, _>>()?
            }
            Some(_) => return Err(wrong()),
        };
        if said.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(Some(said))
    }

    /// The values of a table whose keys are the reader's, in their order there.
    pub(super) fn entries(&self, table: &str) -> Vec<(&str, &DeValue<'a>)> {
        self.table(table).map(in_order).unwrap_or_default()
    }

    /// Texts by name, of a table below a table, or of a table.
    pub(super) fn pairs(
        &self,
        table: &str,
        name: Option<&str>,
    ) -> Result<Vec<(String, String)>, Failure> {
        let entries = match name {
            None => self.entries(table),
            Some(name) => match self.value(table, name).map(Spanned::get_ref) {
                None => Vec::new(),
                Some(DeValue::Table(inner)) => in_order(inner),
                Some(_) => return Err(self.wrong(table, name, "give texts by name")),
            },
        };
        entries
            .into_iter()
            .map(|(key, value)| match text_of(value) {
                Some(text) => Ok((key.to_owned(), text)),
                None => Err(self.wrong(
                    table,
                    name.unwrap_or(key),
                    "give a text, a number, true or false",
                )),
            })
            .collect()
    }

    /// That a value cannot be used, and why.
    pub(super) fn wrong(&self, table: &str, name: &str, why: &str) -> Failure {
        let Some(value) = self.value(table, name) else {
            let path = self.path;
            return Failure::new(Exit::Data, format!("{path}: {table}.{name}: {why}"));
        };
        let said = self.text.get(value.span()).unwrap_or_default();
        let shown: String = said.chars().take(80).collect();
        let at = self.at(&value.span());
        Failure::new(
            Exit::Data,
            format!("{at}: {table}.{name} is {shown}: {why}"),
        )
    }

    /// The same of a value that may hold a secret, and is not shown.
    pub(super) fn hushed(&self, table: &str, name: &str, why: &str) -> Failure {
        let at = self
            .value(table, name)
            .map_or_else(|| self.path.to_owned(), |value| self.at(&value.span()));
        Failure::new(Exit::Data, format!("{at}: {table}.{name}: {why}"))
    }

    fn table(&self, table: &str) -> Option<&DeTable<'a>> {
        let mut all = self.root.iter();
        all.find(|(key, _)| key.get_ref() == table)?
            .1
            .get_ref()
            .as_table()
    }

    fn value(&self, table: &str, name: &str) -> Option<&Spanned<DeValue<'a>>> {
        let mut all = self.table(table)?.iter();
        Some(all.find(|(key, _)| key.get_ref() == name)?.1)
    }

    fn at(&self, span: &Range<usize>) -> String {
        format!("{}:{}", self.path, line(self.text, span))
    }
}

/// A text, or what one would write as one.
pub(super) fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn in_order<'t, 'a>(table: &'t DeTable<'a>) -> Vec<(&'t str, &'t DeValue<'a>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let plain = entries.into_iter();
    plain
        .map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
        .collect()
}

fn line(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start)
        .unwrap_or_default()
        .matches('\n')
        .count()
        + 1
}

fn nearest(given: &str, known: &[&str]) -> String {
    let alike = known
        .iter()
        .map(|known| (strsim::jaro_winkler(given, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match alike {
        Some((_, known)) => format!("The nearest is {known}."),
        None => format!("There are {}.", known.join(", ")),
    }
}
