//! Whatever is sent, the analyst answers or says why not: no input makes it panic.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use agent_component::analysis::{
    ChartKind, ChartRequest, Details, Profile, Source, Table, answer, draw, extract_sql, query,
    split_message,
};
use proptest::prelude::*;

fn source(name: &str, bytes: Vec<u8>) -> Source {
    Source {
        name: Some(name.to_owned()),
        media_type: None,
        bytes,
    }
}

/// Reads a table and uses all of it.
fn exercise(source: &Source) {
    let Ok(table) = Table::read(source, "t") else {
        return;
    };
    assert!(table.rows() > 0 && !table.columns().is_empty());
    assert!(
        table
            .columns()
            .iter()
            .all(|column| column.len() == table.rows())
    );
    let mut names: Vec<_> = table
        .columns()
        .iter()
        .map(|c| c.name().to_lowercase())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), table.columns().len(), "names are unique");
    let profile = Profile::of(&table);
    for column in &profile.columns {
        assert!(column.missing + column.distinct <= table.rows());
        if let Some(Details::Numbers(n)) = &column.details {
            let (min, max) = (n.min.as_f64().unwrap(), n.max.as_f64().unwrap());
            assert!(
                min <= n.p25 && n.p25 <= n.p50 && n.p50 <= n.p75 && n.p75 <= max,
                "{n:?}"
            );
        }
    }
    profile.to_string();
    profile.to_json();
    for kind in [ChartKind::Bar, ChartKind::Line, ChartKind::Scatter] {
        if let Ok(chart) = draw(&table, &ChartRequest::new(kind)) {
            roxmltree::Document::parse(&chart.svg).unwrap();
            assert!(!chart.svg.contains("NaN"), "{}", chart.svg);
        }
    }
}

/// Text that often is nearly a table.
fn nearly_csv() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        "[a-z]{0,4}",
        "-?[0-9]{1,20}",
        "-?[0-9]{0,3}\\.[0-9]{0,3}(e[0-9]{1,3})?",
        "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(T[0-9]{2}:[0-9]{2})?",
        "[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}",
        "\"[a-z,;\n\"]{0,5}\"?",
        "\\PC{0,4}",
        Just("NA".to_owned()),
        Just("true".to_owned()),
    ];
    let line = prop::collection::vec(field, 1..5);
    (
        prop::collection::vec(line, 1..8),
        prop::sample::select(vec![",", ";", "\t", "|"]),
    )
        .prop_map(|(lines, delimiter)| {
            lines
                .iter()
                .map(|line| line.join(delimiter))
                .collect::<Vec<_>>()
                .join("\n")
        })
}

/// A table whose lines agree, with numbers that strain a scale.
fn table_of_numbers() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-5_i64..5).prop_map(|number| number.to_string()),
        Just(String::new()),
    ];
    prop::collection::vec((number.clone(), number, "[a-c]"), 1..20).prop_map(|rows| {
        rows.iter().fold("x,y,k\n".to_owned(), |text, (x, y, k)| {
            text + &format!("{x},{y},{k}\n")
        })
    })
}

/// JSON that often is nearly a table.
fn nearly_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f32>().prop_map(|value| value.to_string()),
        "\"[a-z0-9 -]{0,10}\"",
        "[\\[\\]{},:\"a]{0,4}",
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = prop::sample::select(vec!["a", "b", "data", "columns", "rows", "0", "1"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec((key, inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Words of SQL in any order.
fn nearly_sql() -> impl Strategy<Value = String> {
    let words = vec![
        "SELECT",
        "FROM",
        "t",
        "WHERE",
        "GROUP BY",
        "ORDER BY",
        "LIMIT",
        "HAVING",
        "x",
        "y",
        "k",
        "*",
        ",",
        "(",
        ")",
        "COUNT",
        "AVG",
        "SUM",
        "=",
        "<",
        "1",
        "2.5",
        "'a'",
        "\"x\"",
        "NULL",
        "AND",
        "OR",
        "NOT",
        "IN",
        "AS",
        "JOIN",
        "ON",
        "LEFT",
        "UNION",
        "WITH",
        "OVER",
        "PARTITION BY",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "DISTINCT",
        "||",
        "-",
        "/",
        "%",
        ";",
        "BETWEEN",
        "LIKE",
        "strftime",
        "'%Y'",
        "CAST",
        "INTEGER",
        "rowid",
        "EXISTS",
        "VALUES",
        "OFFSET",
        "[",
        "]",
        "?",
        "MEDIAN",
        "percentile",
        "group_concat",
        "json_extract",
        "'$.a'",
        "row_number",
        "lag",
        "ROWS",
    ];
    prop::collection::vec(prop::sample::select(words), 1..14).prop_map(|words| words.join(" "))
}

/// A query that is mostly valid, with odd expressions.
fn query_of_expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "x",
        "y",
        "k",
        "1",
        "0",
        "-1",
        "2.5",
        "'a'",
        "''",
        "NULL",
        "9223372036854775807",
        "1e308",
    ]);
    let expression = leaf
        .prop_map(str::to_owned)
        .prop_recursive(4, 24, 3, |inner| {
            let binary = prop::sample::select(vec![
                "+", "-", "*", "/", "%", "||", "=", "<", "AND", "OR", "IS", "LIKE", "&", "|", "<<",
                ">>",
            ]);
            let unary = prop::sample::select(vec![
                "abs",
                "sum",
                "avg",
                "min",
                "max",
                "count",
                "total",
                "median",
                "stddev",
                "length",
                "upper",
                "round",
                "typeof",
                "hex",
                "date",
                "strftime",
                "sqrt",
                "ln",
                "json",
                "trim",
                "coalesce",
                "substr",
                "printf",
                "char",
                "group_concat",
                "percentile",
                "-",
                "NOT ",
            ]);
            prop_oneof![
                (inner.clone(), binary, inner.clone())
                    .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
                (unary.clone(), inner.clone()).prop_map(|(name, of)| format!("{name}({of})")),
                (unary, inner.clone(), inner.clone())
                    .prop_map(|(name, one, other)| format!("{name}({one}, {other})")),
                (inner.clone(), inner.clone(), inner.clone()).prop_map(|(when, then, or)| format!(
                    "CASE WHEN {when} THEN {then} ELSE {or} END"
                )),
                (inner.clone(), inner)
                    .prop_map(|(of, by)| format!("sum({of}) OVER (PARTITION BY k ORDER BY {by})")),
            ]
        });
    (expression.clone(), expression.clone(), expression, 0..4).prop_map(
        |(one, two, three, form)| match form {
            0 => format!("SELECT {one}, {two} FROM t WHERE {three}"),
            1 => format!("SELECT {one} AS a, {two} FROM t GROUP BY {three} ORDER BY 1"),
            2 => format!("SELECT {one} FROM t ORDER BY {two} LIMIT 3"),
            _ => format!("SELECT DISTINCT {one} FROM t UNION SELECT {two} FROM t"),
        },
    )
}

fn small_table() -> Table {
    let text = "x,y,k,day\n1,2.5,a,2024-01-01\n2,,b,2024-02-01\n-3,4,,2024-03-01\n,1,a,\n";
    Table::read(&source("t.csv", text.into()), "t").unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for name in ["a.csv", "a.tsv", "a.json", "a"] {
            exercise(&source(name, bytes.clone()));
        }
    }

    #[test]
    fn any_text_as_delimited(text in nearly_csv()) {
        exercise(&source("a", text.into_bytes()));
    }

    #[test]
    fn any_numbers(text in table_of_numbers()) {
        exercise(&source("a.csv", text.into_bytes()));
    }

    #[test]
    fn any_text_as_json(text in nearly_json()) {
        exercise(&source("a.json", text.into_bytes()));
    }

    #[test]
    fn any_message(text in prop_oneof!["\\PC{0,120}", nearly_csv(), nearly_json(), "[a-z,|`\n{\\[\":1]{0,80}"]) {
        let message = split_message(&text);
        if let Some(table) = message.table {
            exercise(&table);
        }
        extract_sql(&text);
    }

    #[test]
    fn any_question(text in prop_oneof![
        "\\PC{0,80}",
        nearly_sql(),
        "((bar|line|scatter|chart|average|sum|count|of|by|and|top|3|x|y|k|day|year|rows|distinct|how|many|profile) ){0,8}",
    ]) {
        // A question is understood or not; either way there is something to say.
        match answer(&text, &[small_table()]) {
            Ok(answer) => assert!(!answer.text.is_empty() && !answer.title.is_empty()),
            Err(problem) => assert!(!problem.to_string().is_empty()),
        }
    }

    #[test]
    fn any_query(sql in prop_oneof![nearly_sql(), query_of_expressions()]) {
        match query(&sql, &[small_table()]) {
            Ok(result) => drop(result.to_json()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn sums_and_counts_are_those_of_the_values(
        values in prop::collection::vec(prop::option::of(-1_000_000_i64..1_000_000), 1..50),
    ) {
        let lines: Vec<_> = values.iter().map(|v| v.map_or("NA".into(), |v| v.to_string())).collect();
        let text = format!("n\n{}\n", lines.join("\n"));
        let table = Table::read(&source("t.csv", text.into_bytes()), "t").unwrap();
        let present: Vec<i64> = values.iter().flatten().copied().collect();
        if !present.is_empty() {
            let result = query("SELECT COUNT(*), COUNT(n), SUM(n), MIN(n), MAX(n) FROM t", &[table]);
            let expected = serde_json::json!([[
                values.len(), present.len(), present.iter().sum::<i64>(),
                present.iter().min(), present.iter().max(),
            ]]);
            assert_eq!(result.unwrap().to_json()["rows"], expected);
        }
    }
}
