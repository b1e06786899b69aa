//! The shapes in which JSON holds a table.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::analysis::table::error::{Fault, clip};

/// A table, as slices of the text that holds it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    /// `[{…}, …]`, or an array of arrays whose first one may hold the names.
    Rows(&'a str),
    /// `{"columns": ["a", "b"], "rows": [[1, 2], …]}`
    NamedRows { names: Vec<String>, rows: &'a str },
    /// `{"a": [1, 2], "b": [3, 4]}`, or `{"a": {"0": 1, "1": 2}}` as pandas writes a frame.
    Columns(Vec<(String, &'a str)>),
    /// `{"a": 1, "b": 2}`: one row.
    One(&'a str),
}

/// Members that hold the rows of an object, the likeliest first.
const ROWS: [&str; 7] = [
    "data", "values", "rows", "records", "items", "results", "features",
];

impl<'a> Shape<'a> {
    pub(super) fn of(raw: &'a str) -> Result<Self, Fault> {
        if is_array(raw) {
            return Ok(Self::Rows(raw));
        }
        if !raw.starts_with('{') {
            return Err(shape(&format!("it is the single value {}", clip(raw, 40))));
        }
        let Members(members) =
            serde_json::from_str(raw).map_err(|error| shape(&error.to_string()))?;
        let member = |name: &str| {
            members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, raw)| *raw)
        };
        let array = |name: &&str| member(name).filter(|raw| is_array(raw));
        if let Some(names) = member("columns").and_then(column_names)
            && let Some(rows) = ["rows", "data", "values"].iter().find_map(array)
        {
            return Ok(Self::NamedRows { names, rows });
        }
        let arrays: Vec<_> = members.iter().filter(|(_, raw)| is_array(raw)).collect();
        let only_arrays = arrays.len() == members.len() && !arrays.is_empty();
        let of_values = arrays
            .iter()
            .all(|(_, raw)| !matches!(inside(raw), Some('{' | '[')));
        if only_arrays && of_values && arrays.len() > 1 {
            return Ok(Self::Columns(members));
        }
        if let Some(rows) = ROWS.iter().find_map(array) {
            return Ok(Self::Rows(rows));
        }
        let of_objects: Vec<_> = arrays
            .iter()
            .filter(|(_, raw)| inside(raw) == Some('{'))
            .collect();
        match of_objects.as_slice() {
            [(_, rows)] => return Ok(Self::Rows(rows)),
            [] => {}
            several => {
                let names = listed(several.iter().map(|(name, _)| name.as_str()));
                return Err(shape(&format!(
                    "it holds several arrays of rows ({names}); send one"
                )));
            }
        }
        if only_arrays {
            return Ok(Self::Columns(members));
        }
        if !members.is_empty() && members.iter().all(|(_, raw)| is_keyed_column(raw)) {
            return Ok(Self::Columns(members));
        }
        if members.is_empty() || members.iter().any(|(_, raw)| raw.starts_with(['{', '['])) {
            let names = listed(members.iter().map(|(name, _)| name.as_str()));
            return Err(shape(&format!(
                "it is an object without rows (members: {names})"
            )));
        }
        Ok(Self::One(raw))
    }
}

fn shape(reason: &str) -> Fault {
    Fault::Shape {
        reason: reason.to_owned(),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        clip(&names.join(", "), 200)
    }
}

fn is_array(raw: &str) -> bool {
    raw.starts_with('[')
}

/// The first character of the first value inside an array.
fn inside(raw: &str) -> Option<char> {
    raw.chars().skip(1).find(|c| !c.is_whitespace())
}

/// `["a", "b"]` or `[{"name": "a"}, …]`
fn column_names(raw: &str) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Name {
        Plain(String),
        Described { name: String },
    }
    let names: Vec<Name> = serde_json::from_str(raw).ok()?;
    let names: Vec<_> = names
        .into_iter()
        .map(|name| match name {
            Name::Plain(name) | Name::Described { name } => name,
        })
        .collect();
    (!names.is_empty()).then_some(names)
}

/// An object whose members are the numbers of rows.
fn is_keyed_column(raw: &str) -> bool {
    let Some(inside) = raw.strip_prefix('{') else {
        return false;
    };
    let Some(key) = inside.trim_start().strip_prefix('"') else {
        return false;
    };
    let digits = key.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && key.as_bytes().get(digits) == Some(&b'"')
}

/// The members of an object, in order, their values unparsed.
struct Members<'a>(Vec<(String, &'a str)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((name, value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_told_apart() {
        let of = |raw| Shape::of(raw).unwrap();
        assert_eq!(of("[1]"), Shape::Rows("[1]"));
        assert_eq!(of(r#"{"data":[1],"n":2}"#), Shape::Rows("[1]"));
        assert_eq!(
            of(r#"{"type":"x","things":[{"a":1}]}"#),
            Shape::Rows(r#"[{"a":1}]"#)
        );
        assert_eq!(
            of(r#"{"columns":["a"],"index":[0],"data":[[1]]}"#),
            Shape::NamedRows {
                names: vec!["a".into()],
                rows: "[[1]]"
            }
        );
        assert_eq!(
            of(r#"{"columns":[{"name":"a"}],"rows":[[1]]}"#),
            Shape::NamedRows {
                names: vec!["a".into()],
                rows: "[[1]]"
            }
        );
        assert_eq!(
            of(r#"{"data":[1],"values":[2]}"#),
            Shape::Columns(vec![("data".into(), "[1]"), ("values".into(), "[2]")])
        );
        assert_eq!(
            of(r#"{"a":[1]}"#),
            Shape::Columns(vec![("a".into(), "[1]")])
        );
        assert_eq!(
            of(r#"{"a": {"0":1}}"#),
            Shape::Columns(vec![("a".into(), r#"{"0":1}"#)])
        );
        assert_eq!(of(r#"{"a":1}"#), Shape::One(r#"{"a":1}"#));
    }

    #[test]
    fn what_is_not_a_table_says_what_it_is() {
        let reason = |raw| Shape::of(raw).unwrap_err().to_string();
        assert!(reason("12").contains("the single value 12"));
        assert!(reason("{}").contains("members: none"));
        assert!(reason(r#"{"a":{"b":{}}}"#).contains("members: a"));
        assert!(reason(r#"{"nodes":[{}],"links":[{}]}"#).contains("(nodes, links)"));
    }
}
