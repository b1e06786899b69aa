//! Names of tables and columns.

use std::collections::HashSet;

/// Longer names are cut: a name is repeated in every answer.
const MAX_NAME: usize = 120;

/// Words that SQL would read as something else when they stand for a table.
const RESERVED: [&str; 44] = [
    "add",
    "all",
    "alter",
    "and",
    "as",
    "between",
    "by",
    "case",
    "check",
    "commit",
    "create",
    "default",
    "delete",
    "distinct",
    "drop",
    "else",
    "except",
    "exists",
    "from",
    "group",
    "having",
    "in",
    "index",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "limit",
    "not",
    "null",
    "on",
    "or",
    "order",
    "select",
    "set",
    "table",
    "then",
    "to",
    "union",
    "update",
    "values",
    "when",
    "where",
];

/// The name of a table after its file or URL path; none when nothing usable is left.
pub(super) fn from_file(file: &str) -> Option<String> {
    let base = file.rsplit(['/', '\\']).next()?;
    let stem = match base.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => base,
    };
    let mut name = String::with_capacity(stem.len());
    for character in stem.trim().chars().take(MAX_NAME) {
        match character {
            c if c.is_alphanumeric() || c == '_' => name.push(c),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    let name = name.trim_matches('_');
    let first = name.chars().next()?;
    if first.is_numeric() || RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        return Some(format!("t_{name}"));
    }
    // The engine keeps these names to itself.
    if name
        .get(..7)
        .is_some_and(|head| head.eq_ignore_ascii_case("sqlite_"))
    {
        return Some(format!("t_{name}"));
    }
    Some(name.to_owned())
}

/// Column names without blanks around them, none empty and none twice, whatever the case.
pub(crate) fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .enumerate()
        .map(|(index, name)| {
            let name: String = name
                .trim()
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .take(MAX_NAME)
                .collect();
            let base = if name.is_empty() {
                format!("column_{}", index + 1)
            } else {
                name
            };
            let mut candidate = base.clone();
            let mut number = 2;
            while !taken.insert(candidate.to_lowercase()) {
                candidate = format!("{base}_{number}");
                number += 1;
            }
            candidate
        })
        .collect()
}

/// Names are the same whatever their case, as in SQL.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other) || one.to_lowercase() == other.to_lowercase()
}

/// A name as people type it in a question: letters and digits, in lower case.
pub(in crate::analysis) fn matching_key(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_named_after_its_file() {
        for (file, name) in [
            ("sales.csv", Some("sales")),
            ("/data/2024 Sales (final).tsv", Some("t_2024_Sales_final")),
            ("C:\\temp\\flights-200k.json", Some("flights_200k")),
            ("order.csv", Some("t_order")),
            ("größe.csv", Some("größe")),
            ("archive.2024.csv", Some("archive_2024")),
            (".csv", Some("csv")),
            ("sqlite_schema.csv", Some("t_sqlite_schema")),
            ("---.csv", None),
            ("", None),
        ] {
            assert_eq!(from_file(file).as_deref(), name, "{file}");
        }
    }

    #[test]
    fn column_names_are_made_unique() {
        let names = ["a", "A", "", " b ", "a_2", "", "a"];
        assert_eq!(
            unique(names.into_iter()),
            ["a", "A_2", "column_3", "b", "a_2_2", "column_6", "a_3"]
        );
    }
}
