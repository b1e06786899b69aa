use super::*;
use crate::analysis::{ChartKind, Source};

fn table(name: &str, csv: &str) -> Table {
    let source = Source {
        name: Some(format!("{name}.csv")),
        media_type: None,
        bytes: csv.as_bytes().to_vec(),
    };
    Table::read(&source, name).unwrap()
}

fn bench() -> Workbench {
    Workbench::new(vec![
        table("shops", "shop,city\n1,Rome\n2,Oslo\n"),
        table(
            "sales",
            "shop,day,amount\n1,2024-01-01,10\n2,2024-01-02,30\n1,2024-02-01,5\n",
        ),
    ])
}

fn arguments<A: serde::de::DeserializeOwned>(json: Value) -> A {
    serde_json::from_value(json).unwrap()
}

#[test]
fn tables_are_listed_with_types_and_a_sample() {
    let listed = bench().list_tables();
    assert_eq!(listed["tables"][0]["table"], "shops");
    assert_eq!(listed["tables"][1]["rowCount"], 3);
    assert_eq!(
        listed["tables"][1]["columns"][1],
        json!({ "name": "day", "type": "date" })
    );
    assert_eq!(
        listed["tables"][1]["sample"][0],
        json!([1, "2024-01-01", 10])
    );
    let none = Workbench::default().list_tables();
    assert!(none["note"].as_str().unwrap().contains("no table"));
}

#[test]
fn a_profile_is_of_the_table_and_columns_that_are_named() {
    let bench = bench();
    let all = bench.profile_table(&arguments(json!({}))).unwrap();
    assert_eq!(all["table"], "sales");
    let asked = arguments(json!({ "table": "SALES", "columns": "Amount" }));
    let one = bench.profile_table(&asked).unwrap();
    assert_eq!(one["columns"].as_array().unwrap().len(), 1);
    assert_eq!(one["columns"][0]["max"], 30);
    let wrong = bench.profile_table(&arguments(json!({ "table": "sale" })));
    let wrong = wrong.unwrap_err();
    assert!(wrong.contains("Did you mean sales?"), "{wrong}");
    let wrong = bench.profile_table(&arguments(json!({ "columns": ["amnt"] })));
    let wrong = wrong.unwrap_err();
    assert!(wrong.contains("Did you mean amount?"), "{wrong}");
}

#[test]
fn sql_gives_rows_and_is_remembered_once() {
    let bench = bench();
    let sql = "SELECT city, SUM(amount) AS total FROM sales JOIN shops USING (shop) GROUP BY city;";
    let run = |sql: &str| {
        bench.run_sql(&RunSql {
            sql: sql.to_owned(),
        })
    };
    let rows = run(sql).unwrap();
    assert_eq!(
        rows["columns"][1],
        json!({ "name": "total", "type": "integer" })
    );
    assert_eq!(rows["rowCount"], 2);
    assert!(rows.get("note").is_none());
    run("SELECT 1").unwrap();
    run(sql).unwrap();
    let wrong = run("SELECT amont FROM sales").unwrap_err();
    assert!(wrong.contains("Did you mean amount?"), "{wrong}");
    assert!(run("DELETE FROM sales").is_err());
    let work = bench.work();
    let ran: Vec<_> = work.statements.iter().map(|s| s.sql.as_str()).collect();
    assert_eq!(ran, ["SELECT 1", sql.trim_end_matches(';')]);
    assert_eq!(
        work.table.as_ref().unwrap()["columns"],
        json!(["city", "total"])
    );
    let answer = work.answer("Oslo sold 30.");
    assert!(
        answer
            .text
            .starts_with("Oslo sold 30.\n\n**SQL used**\n\n```sql\n-- SQLite\nSELECT 1\n")
    );
    assert!(answer.sql.unwrap().ends_with("GROUP BY city"));
}

#[test]
fn what_a_model_is_shown_is_bounded_and_says_so() {
    let long = "x".repeat(500);
    let mut csv = String::from("n,text\n");
    for row in 0..300 {
        csv.push_str(&format!("{row},{long}\n"));
    }
    let bench = Workbench::new(vec![table("big", &csv)]);
    let run = |sql: &str| {
        bench
            .run_sql(&RunSql {
                sql: sql.to_owned(),
            })
            .unwrap()
    };
    let numbers = run("SELECT n FROM big");
    assert_eq!(numbers["rows"].as_array().unwrap().len(), MAX_TOOL_ROWS);
    assert!(
        numbers["note"]
            .as_str()
            .unwrap()
            .contains("first 200 of 300 rows")
    );
    let texts = run("SELECT * FROM big");
    assert!(texts.to_string().len() < MAX_TOOL_BYTES + 1_000);
    let note = texts["note"].as_str().unwrap();
    assert!(note.contains("cut after 200 characters"), "{note}");
    // The user gets all of it.
    let all = bench.work().table.unwrap();
    assert_eq!(all["rows"].as_array().unwrap().len(), 300);

    let wide: Vec<_> = (0..900).map(|n| format!("a_long_name_{n}")).collect();
    let bench = Workbench::new(
        (0..16)
            .map(|n| table(&format!("t{n}"), &format!("{0}\n{0}\n", wide.join(","))))
            .collect(),
    );
    let listed = bench.list_tables().to_string();
    assert!(listed.len() < 2 * MAX_TOOL_BYTES, "{}", listed.len());
    let profile = bench.profile_table(&ProfileTable::default()).unwrap();
    assert!(profile["note"].as_str().unwrap().contains("of 900 columns"));
}

#[test]
fn charts_are_kept_for_the_answer() {
    let bench = bench();
    let told = bench.draw_chart(&arguments(json!({
        "kind": "bar", "sql": "SELECT shop, SUM(amount) AS total FROM sales GROUP BY shop",
        "x": "shop", "y": "total", "title": "Sales by shop",
    })));
    let told = told.unwrap();
    assert_eq!(told["title"], "Sales by shop");
    assert!(!told.to_string().contains("<svg"));
    let asked = arguments(json!({ "kind": "line", "table": "sales", "x": "day", "y": ["amount"] }));
    bench.draw_chart(&asked).unwrap();
    let wrong = bench.draw_chart(&arguments(json!({ "kind": "bar", "y": "amont" })));
    assert!(wrong.unwrap_err().contains("amount"));
    let work = bench.work();
    assert_eq!((work.charts.len(), work.statements.len()), (2, 1));
    assert!(work.answer("").svg.unwrap().contains("<svg"));
    bench.draw_chart(&asked).unwrap();
    bench.draw_chart(&asked).unwrap();
    assert!(bench.draw_chart(&asked).unwrap_err().contains("at most 4"));
    assert_eq!(asked.kind, ChartKind::Line);
}

#[test]
fn a_result_from_elsewhere_becomes_a_table() {
    let bench = bench();
    let result = table("result", "region,total\nEU,7\nUS,9\n");
    let told = bench.take_result("BigQuery", "SELECT region FROM `p.d.t`", &result, true);
    assert_eq!(told["table"], "bigquery1");
    assert!(told["note"].as_str().unwrap().contains("more than 2 rows"));
    let sql = "SELECT MAX(total) AS most FROM bigquery1".to_owned();
    assert_eq!(bench.run_sql(&RunSql { sql }).unwrap()["rows"][0][0], 9);
    let used = bench.work().sql_used().unwrap();
    assert!(
        used.contains("-- BigQuery\nSELECT region FROM `p.d.t`\n"),
        "{used}"
    );
}

#[test]
fn the_schema_says_what_each_argument_is() {
    let schema = serde_json::to_value(schemars::schema_for!(DrawChart)).unwrap();
    assert_eq!(schema["properties"]["y"]["type"], "array");
    assert_eq!(schema["required"], json!(["kind"]));
    let text = schema.to_string();
    assert!(
        text.contains("scatter") && text.contains("The column across."),
        "{text}"
    );
    assert!(schema["description"].as_str().unwrap().contains("run_sql"));
}

#[test]
fn instructions_name_the_tables_and_what_else_there_is() {
    let tables = [table("odd name", "a\n1\n")];
    let text = instructions(&tables, Offer::default());
    assert!(text.contains("\"odd name\" (1 rows)") && !text.contains("BigQuery"));
    let datasets = ["sales".to_owned()];
    let offer = Offer {
        bigquery: Some(&datasets),
        bigquery_limit: Some("1 GiB"),
    };
    let text = instructions(&[], offer);
    assert!(text.contains("none yet") && text.contains("1 GiB") && text.contains("sales"));
}
