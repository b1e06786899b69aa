use super::*;

fn source(name: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source {
        name: Some(name.into()),
        media_type: None,
        bytes: bytes.into(),
    }
}

fn table(name: &str, bytes: impl Into<Vec<u8>>) -> Table {
    Table::read(&source(name, bytes), "t").unwrap()
}

#[track_caller]
fn refused(name: &str, bytes: impl Into<Vec<u8>>, parts: &[&str]) {
    let error = Table::read(&source(name, bytes), "t")
        .unwrap_err()
        .to_string();
    for part in parts {
        assert!(error.contains(part), "{error:?} does not contain {part:?}");
    }
}

fn columns(table: &Table) -> Vec<(&str, Kind)> {
    table
        .columns()
        .iter()
        .map(|column| (column.name(), column.kind()))
        .collect()
}

#[test]
fn csv_with_every_kind() {
    let table = table(
        "a.csv",
        "\u{feff}city,n,price,on,day,at,zip\r\n\
         Oslo,1,1.5,true,2024-01-31,2024-01-31 10:00,00501\r\n\
         \"New\nYork, \"\"NY\"\"\",,NA,FALSE,2024-02-01,2024-02-01 11:30,10001\r\n",
    );
    assert_eq!(
        columns(&table),
        [
            ("city", Kind::Text),
            ("n", Kind::Integer),
            ("price", Kind::Float),
            ("on", Kind::Boolean),
            ("day", Kind::Date),
            ("at", Kind::Timestamp),
            ("zip", Kind::Text),
        ]
    );
    assert_eq!(
        table.to_json(10),
        json!({
            "columns": ["city", "n", "price", "on", "day", "at", "zip"],
            "rows": [
                ["Oslo", 1, 1.5, true, "2024-01-31", "2024-01-31T10:00:00", "00501"],
                ["New\nYork, \"NY\"", null, null, false, "2024-02-01", "2024-02-01T11:30:00", "10001"],
            ],
            "rowCount": 2,
        })
    );
}

#[test]
fn other_delimiters_are_found() {
    let of = |bytes: &str| {
        let table = Table::read(
            &Source {
                bytes: bytes.into(),
                ..Source::default()
            },
            "t",
        )
        .unwrap();
        table.to_json(9)["rows"].clone()
    };
    assert_eq!(of("a;b\n1,5;x,y\n2;z"), json!([[1.5, "x,y"], [2.0, "z"]]));
    assert_eq!(of("a\tb\n1\t2"), json!([[1, 2]]));
    assert_eq!(of("a|b\n1|2"), json!([[1, 2]]));
    assert_eq!(of("sep=;\na;b\n1;2"), json!([[1, 2]]));
    assert_eq!(of("a\n1\n2"), json!([[1], [2]]));
    assert_eq!(of("a,\"b;c;d\"\n1,\"2;3;4\""), json!([[1, "2;3;4"]]));
}

#[test]
fn without_a_header_columns_are_numbered() {
    let table = table("a.csv", "1,2\n3,4\n");
    assert_eq!(
        columns(&table),
        [("column_1", Kind::Integer), ("column_2", Kind::Integer)]
    );
    assert_eq!(table.rows(), 2);
}

#[test]
fn names_are_unique_and_never_empty() {
    let table = table("a.csv", "a,A,, b \n1,2,3,4\n");
    let names: Vec<_> = table.columns().iter().map(Column::name).collect();
    assert_eq!(names, ["a", "A_2", "column_3", "b"]);
    assert_eq!(table.column("B").unwrap().cell(0), Cell::Integer(4));
}

#[test]
fn utf_16_is_read() {
    let bytes: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain("a,b\nü,1\n".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(table("a.csv", bytes).to_json(1)["rows"], json!([["ü", 1]]));
}

#[test]
fn ragged_lines_are_named() {
    refused(
        "sales.csv",
        "a,b,c\n1,2,3\n\n4,5\n",
        &["sales.csv", "line 4 has 2 fields", "header has 3", "`,`"],
    );
    refused("a.csv", "a,b\n1\n", &["line 2 has 1 field,"]);
    refused(
        "a.csv",
        "a,b\n1,2\n\"3,4\n5,6\n",
        &["line 3 has 1 field", "double quote"],
    );
    refused(
        "a.tsv",
        "a\tb\n1\t2\t3\n",
        &["line 2 has 3 fields", "`tab`"],
    );
    refused("a.csv", "sep=;\na;b\n1;2;3\n", &["line 3 has 3 fields"]);
    refused(
        "a.json",
        "[[\"a\",\"b\"],[1,2],[3]]",
        &["row 2 has 1 values", "2 columns"],
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    refused("a.csv", "", &["a.csv", "empty"]);
    refused("a.csv", " \n ", &["empty"]);
    refused("a.csv", "a,b\n", &["header (a, b) but no rows"]);
    refused(
        "a.csv",
        b"a,b\nx,\xFF\n".to_vec(),
        &["line 2 (byte 6)", "0xFF", "UTF-8"],
    );
    refused("a.parquet", b"PAR1\0\0".to_vec(), &["Parquet"]);
    refused(
        "a.csv",
        vec![b'a'; MAX_BYTES + 1],
        &["33554433 bytes", "32 MiB"],
    );
    refused(
        "a.csv",
        format!("{}\n", "a,".repeat(MAX_COLUMNS)),
        &["1001 columns"],
    );
    refused("a.csv", "a\n".repeat(MAX_ROWS + 2), &["1000000 rows"]);
    refused(
        "a.csv",
        format!("{}x\n", "a,".repeat(799)).repeat(10_002),
        &["8000000 values"],
    );
    refused("a.json", "[]", &["empty"]);
    refused("a.json", "[{}]", &["objects are empty"]);
    refused(
        "a.json",
        "[{\"a\":1},\n{\"a\":}]",
        &["line 2, column 6", "expected value"],
    );
    refused("a.json", "[{\"a\": NaN}]", &["column 8", "write null"]);
    refused(
        "a.json",
        "[{\"a\":1},2]",
        &["row 2 is a single value", "an object was expected"],
    );
    refused("a.json", "{\"a\":1}\n\n  {\"a\" 1}", &["line 3, column 8"]);
    refused(
        "a.json",
        "{\"a\":[1],\n\"b\":[1,2]}",
        &["a has 1 values, but b has 2"],
    );
    refused("a.json", "7", &["single value 7"]);
    refused(
        "a.json",
        "{\"columns\":[\"a\"],\"rows\":[]}",
        &["(a) but no rows"],
    );
    refused(
        "a.json",
        "{\"n\":0,\n\"data\":[[1],\n[1,2]]}",
        &["line 3", "row 2 has 2 values"],
    );
}

#[test]
fn json_in_every_shape() {
    let rows = json!([[1, "x"], [2, null]]);
    for text in [
        r#"[{"a":1,"b":"x"},{"b":null,"a":2}]"#,
        r#"[{"a":1,"b":"x"},{"a":2}]"#,
        "{\"a\":1,\"b\":\"x\"}\n{\"a\":2}\n",
        r#"[["a","b"],[1,"x"],[2,null]]"#,
        r#"{"data":[{"a":1,"b":"x"},{"a":2}],"total":2}"#,
        r#"{"values":[["a","b"],[1,"x"],[2,null]]}"#,
        r#"{"a":[1,2],"b":["x",null]}"#,
        r#"{"a":{"0":1,"1":2},"b":{"0":"x","1":null}}"#,
        r#"{"columns":["a","b"],"index":[0,1],"data":[[1,"x"],[2,null]]}"#,
        r#"{"columns":["a","b"],"rows":[[1,"x"],[2,null]],"rowCount":2}"#,
    ] {
        let table = table("a.json", text);
        assert_eq!(
            columns(&table),
            [("a", Kind::Integer), ("b", Kind::Text)],
            "{text}"
        );
        assert_eq!(table.to_json(9)["rows"], rows, "{text}");
    }
    assert_eq!(
        table("a.json", "[1,2.5,null]").to_json(9)["rows"],
        json!([[1.0], [2.5], [null]])
    );
    assert_eq!(
        table("a.json", "[[1,2],[3,4]]").to_json(9)["columns"],
        json!(["column_1", "column_2"])
    );
}

#[test]
fn json_keeps_every_digit() {
    let table = table(
        "a.json",
        r#"[{"i":9223372036854775807,"u":18446744073709551615,"f":0.1,"a":1,"a":2}]"#,
    );
    assert_eq!(
        table.to_json(1)["rows"],
        json!([[9223372036854775807_i64, "18446744073709551615", 0.1, 2]])
    );
}

#[test]
fn objects_in_rows_become_columns() {
    let table = table(
        "a.json",
        r#"[{"user":{"name":"Ann","tags":["a","b"]},"n":1},{"user":null,"n":2},{"n":3}]"#,
    );
    assert_eq!(
        table.to_json(9),
        json!({
            "columns": ["user_name", "user_tags", "n", "user"],
            "rows": [
                ["Ann", "[\"a\",\"b\"]", 1, null],
                [null, null, 2, null],
                [null, null, 3, null],
            ],
            "rowCount": 3,
        })
    );
}

#[test]
fn tables_of_a_conversation() {
    let sources = [
        source("sales.csv", "a\n1\n"),
        Source {
            bytes: b"a\n2\n".to_vec(),
            ..Source::default()
        },
        source("Sales.CSV", "a\n3\n"),
        Source {
            bytes: b"a\n4\n".to_vec(),
            ..Source::default()
        },
    ];
    let tables = Table::read_all(&sources).unwrap();
    let found: Vec<_> = tables
        .iter()
        .map(|t| (t.name(), t.to_json(1)["rows"][0][0].clone()))
        .collect();
    assert_eq!(
        found,
        [
            ("table1", json!(2)),
            ("Sales", json!(3)),
            ("table2", json!(4))
        ]
    );
}
