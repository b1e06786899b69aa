//! The parser's way into the builder.

use std::fmt;

use serde::Deserialize as _;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::builder::{Builder, RowKind};
use crate::analysis::table::column::Cell;

/// Objects deeper than this inside a row stay JSON text.
const MAX_DEPTH: usize = 4;

/// Reads an array of rows.
pub(super) struct Rows<'b>(pub(super) &'b mut Builder);

/// Reads one row: an object, an array, or the value of an only column.
pub(super) struct Row<'b>(pub(super) &'b mut Builder);

/// Reads one column from top to bottom: an array, or an object from row numbers to values.
pub(super) struct WholeColumn<'b> {
    pub(super) builder: &'b mut Builder,
    pub(super) column: usize,
}

/// A value somewhere in a table.
struct Node<'b> {
    builder: &'b mut Builder,
    place: Place,
}

enum Place {
    /// A row of its own.
    Row,
    /// A member of a row, called after its path.
    Member { path: String, depth: usize },
    /// The next value of a column.
    Column(usize),
}

impl Node<'_> {
    fn cell<E: Error>(self, cell: Cell<'_>) -> Result<(), E> {
        match self.place {
            Place::Row => {
                self.builder.begin_row(RowKind::Value)?;
                self.builder.put("value", cell)?;
                self.builder.end_row()
            }
            Place::Member { path, .. } => self.builder.put(&path, cell),
            Place::Column(column) => self.builder.append(column, cell),
        }
    }
}

fn members<'de, A: MapAccess<'de>>(
    builder: &mut Builder,
    prefix: &str,
    depth: usize,
    mut map: A,
) -> Result<(), A::Error> {
    while let Some(key) = map.next_key::<String>()? {
        let path = if prefix.is_empty() {
            key
        } else {
            format!("{prefix}_{key}")
        };
        let place = Place::Member { path, depth };
        map.next_value_seed(Node {
            builder: &mut *builder,
            place,
        })?;
    }
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        match self.place {
            Place::Row => {
                self.builder.begin_row(RowKind::Object)?;
                members(self.builder, "", 1, map)?;
                self.builder.end_row()
            }
            Place::Member { path, depth } if depth < MAX_DEPTH => {
                members(self.builder, &path, depth + 1, map)
            }
            _ => {
                let value = Value::deserialize(MapAccessDeserializer::new(map))?;
                self.cell(Cell::Text(&value.to_string()))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        let values = Vec::<Value>::deserialize(SeqAccessDeserializer::new(seq))?;
        match self.place {
            Place::Row => self.builder.array(&values),
            _ => self.cell(Cell::Text(&Value::from(values).to_string())),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.cell(Cell::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.cell(Cell::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.cell(Cell::Integer(value)),
            // As text no digit is lost.
            Err(_) => self.cell(Cell::Text(&value.to_string())),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.cell(Cell::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.cell(Cell::Text(value))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.cell(Cell::Missing)
    }
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Node {
            builder: self.0,
            place: Place::Row,
        }
        .deserialize(deserializer)
    }
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(Row(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for WholeColumn<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WholeColumn<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the values of a column")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        loop {
            let place = Place::Column(self.column);
            let node = Node {
                builder: &mut *self.builder,
                place,
            };
            if values.next_element_seed(node)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_key::<IgnoredAny>()?.is_some() {
            let place = Place::Column(self.column);
            values.next_value_seed(Node {
                builder: &mut *self.builder,
                place,
            })?;
        }
        Ok(())
    }
}
