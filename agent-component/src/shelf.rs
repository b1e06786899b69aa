//! The tables of a conversation, kept in the task log between turns as they were sent.
//!
//! Sources are kept rather than parsed tables: they are smaller, and a newer parser reads them better.

use attache_sdk::{Context, Failure};
use serde::{Deserialize, Serialize};

use crate::analysis::Source;

/// Where the list of sources is kept; the bytes of each have a key of their own beside it.
const INDEX: &str = "tables";
/// How many tables a conversation may hold: each is read anew for every question.
const MAX_SOURCES: usize = 16;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Entry {
    key: String,
    name: Option<String>,
    media_type: Option<String>,
    /// The message that brought it, and which of its tables it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<(String, usize)>,
}

/// The sources of one conversation, oldest first.
#[derive(Debug, Default)]
pub struct Shelf {
    entries: Vec<Entry>,
    sources: Vec<Source>,
    added: Vec<usize>,
    message_id: String,
    /// A run that was lost may have put tables of the same message here.
    again: bool,
}

impl Shelf {
    /// What the conversation has so far.
    ///
    /// # Errors
    /// When the task log cannot be reached.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let empty = Self {
            message_id: context.message().message_id.clone(),
            again: context.is_resumed(),
            ..Self::default()
        };
        let Some(index) = context.state(INDEX)? else {
            return Ok(empty);
        };
        let entries: Vec<Entry> = serde_json::from_slice(&index)?;
        let mut sources = Vec::with_capacity(entries.len());
        for entry in &entries {
            sources.push(Source {
                name: entry.name.clone(),
                media_type: entry.media_type.clone(),
                bytes: context.state(&entry.key)?.unwrap_or_default(),
            });
        }
        Ok(Self {
            entries,
            sources,
            ..empty
        })
    }

    /// Puts a source on the shelf. One with the name of another takes its place, and so does one that
    /// a lost run put there before.
    ///
    /// # Errors
    /// A sentence, when the shelf is full.
    pub fn add(&mut self, source: Source) -> Result<(), String> {
        let from = Some((self.message_id.clone(), self.added.len()));
        let same = |entry: &Entry| match (&entry.name, &source.name) {
            (Some(old), Some(new)) if old.eq_ignore_ascii_case(new) => true,
            _ => self.again && entry.from == from,
        };
        let place = self.entries.iter().position(same);
        let place = place.unwrap_or(self.entries.len());
        if place >= MAX_SOURCES {
            return Err(format!(
                "This conversation already holds {MAX_SOURCES} tables. Begin another one, or send \
                 a table under the name of one that it can replace."
            ));
        }
        let entry = Entry {
            key: format!("table-{place}"),
            name: source.name.clone(),
            media_type: source.media_type.clone(),
            from,
        };
        match (self.entries.get_mut(place), self.sources.get_mut(place)) {
            (Some(old_entry), Some(old_source)) => (*old_entry, *old_source) = (entry, source),
            _ => {
                self.entries.push(entry);
                self.sources.push(source);
            }
        }
        self.added.push(place);
        Ok(())
    }

    /// Everything on the shelf.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Keeps what was added for the next turn.
    ///
    /// # Errors
    /// When a limit of the task log is reached or it cannot be reached.
    pub fn keep(&self, context: &Context) -> Result<(), Failure> {
        if self.added.is_empty() {
            return Ok(());
        }
        for place in &self.added {
            if let (Some(entry), Some(source)) =
                (self.entries.get(*place), self.sources.get(*place))
            {
                context.set_state(&entry.key, Some(&source.bytes))?;
            }
        }
        context.set_state(INDEX, Some(&serde_json::to_vec(&self.entries)?))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: Option<&str>, bytes: &str) -> Source {
        Source {
            name: name.map(str::to_owned),
            media_type: None,
            bytes: bytes.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_table_of_the_same_name_takes_the_place_of_the_older_one() {
        let mut shelf = Shelf::default();
        shelf.add(source(Some("a.csv"), "1")).unwrap();
        shelf.add(source(None, "2")).unwrap();
        shelf.add(source(Some("A.CSV"), "3")).unwrap();
        let bytes: Vec<_> = shelf.sources().iter().map(|s| s.bytes.clone()).collect();
        assert_eq!(bytes, [b"3".to_vec(), b"2".to_vec()]);
    }

    #[test]
    fn a_second_run_on_a_message_adds_nothing_twice() {
        let run = |shelf: &mut Shelf| {
            shelf.add(source(None, "1")).unwrap();
            shelf.add(source(Some("a.csv"), "2")).unwrap();
            shelf.add(source(None, "3")).unwrap();
        };
        let mut shelf = Shelf {
            message_id: "m".to_owned(),
            ..Shelf::default()
        };
        shelf.add(source(None, "0")).unwrap();
        shelf.message_id = "n".to_owned();
        shelf.added.clear();
        run(&mut shelf);
        assert_eq!(shelf.sources().len(), 4);
        (shelf.again, shelf.added) = (true, Vec::new());
        run(&mut shelf);
        let bytes: Vec<_> = shelf.sources().iter().map(|s| s.bytes[0]).collect();
        assert_eq!(bytes, b"0123");
    }

    #[test]
    fn a_full_shelf_says_so() {
        let mut shelf = Shelf::default();
        for _ in 0..MAX_SOURCES {
            shelf.add(source(None, "x")).unwrap();
        }
        assert!(
            shelf
                .add(source(None, "x"))
                .unwrap_err()
                .contains("16 tables")
        );
    }
}
