use super::*;

/// docs/deploy.md has a table of every key; `BLESS=1` writes it anew.
#[test]
fn the_table_of_keys_is_in_the_documentation() {
    use std::fmt::Write as _;
    let mut table = String::new();
    for (name, what) in TABLES {
        let _ = write!(
            table,
            "\n### `[{name}]`\n\n{what}\n\n| key | default | what it is |\n|---|---|---|\n"
        );
        for key in KEYS.iter().filter(|key| key.table == name) {
            let _ = writeln!(table, "| `{}` | {} | {} |", key.name, key.default, key.what);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        "<!-- written by cli/src/manifest/tests.rs -->\n",
        "\n<!-- until here -->",
    );
    let (before, rest) = text.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(found, table, "BLESS=1 writes it anew");
    }
}

/// The host reads these from files, and shows none of them.
#[test]
fn the_host_has_the_same_secrets() {
    let host = include_str!("../../../host/src/config/variables.rs");
    let list = host
        .split("const SECRET: [&str; ")
        .nth(1)
        .unwrap()
        .split("];")
        .next()
        .unwrap();
    let names: Vec<_> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(names, settings::SECRET);
}

/// The tables that are not the reader's.
#[test]
fn every_key_has_a_table_and_a_word() {
    for key in KEYS {
        assert!(
            TABLES.iter().any(|(name, _)| *name == key.table),
            "{}",
            key.name
        );
        assert!(key.what.ends_with('.'), "{}", key.name);
    }
}
