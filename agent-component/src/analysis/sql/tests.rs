use super::*;
use crate::analysis::{Kind, Source};

fn table(name: &str, text: &str) -> Table {
    let source = Source {
        bytes: text.into(),
        ..Source::default()
    };
    Table::read(&source, name).unwrap()
}

fn sales() -> Table {
    table(
        "sales",
        "City,n,price,paid,day,Unit Price\n\
         Oslo,1,1.5,true,2024-01-31,10\n\
         Rome,2,,false,2024-02-01,20\n\
         Oslo,4,2.5,true,2024-02-15,30\n\
         ,,4,,2023-12-31,\n",
    )
}

#[track_caller]
fn check(sql: &str, columns: serde_json::Value, rows: serde_json::Value) {
    let result = query(
        sql,
        &[sales(), table("cities", "city,pop\nOslo,700\nBern,130\n")],
    );
    let json = result
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
        .to_json();
    assert_eq!(
        (&json["columns"], &json["rows"]),
        (&columns, &rows),
        "{sql}"
    );
}

#[track_caller]
fn refused(sql: &str, parts: &[&str]) {
    let error = query(sql, &[sales(), table("cities", "city,pop\nOslo,700\n")]).unwrap_err();
    let error = error.to_string();
    for part in parts {
        assert!(
            error.contains(part),
            "{sql}: {error:?} does not contain {part:?}"
        );
    }
}

#[test]
fn aggregates_skip_missing_values_and_averages_are_not_cut() {
    check(
        "SELECT City, COUNT(*) AS rows, COUNT(n), SUM(n), AVG(n) AS mean, MIN(price), MAX(price) \
         FROM sales GROUP BY City ORDER BY City",
        json!([
            "City",
            "rows",
            "COUNT(n)",
            "SUM(n)",
            "mean",
            "MIN(price)",
            "MAX(price)"
        ]),
        json!([
            [null, 1, 0, null, null, 4.0, 4.0],
            ["Oslo", 2, 2, 5, 2.5, 1.5, 2.5],
            ["Rome", 1, 1, 2, 2.0, null, null],
        ]),
    );
}

#[test]
fn the_sql_that_analysts_write() {
    check(
        "select CITY, N from SALES where price > 1.5 order by n desc",
        json!(["City", "n"]),
        json!([["Oslo", 4], [null, null]]),
    );
    check(
        "SELECT \"Unit Price\", [Unit Price], `Unit Price` FROM sales LIMIT 1",
        json!(["Unit Price", "Unit Price_2", "Unit Price_3"]),
        json!([[10, 10, 10]]),
    );
    check(
        "SELECT City FROM sales GROUP BY City HAVING COUNT(*) > 1",
        json!(["City"]),
        json!([["Oslo"]]),
    );
    check(
        "SELECT c.city, SUM(s.n) FROM cities c LEFT JOIN sales s ON s.City = c.city \
         GROUP BY c.city ORDER BY 1",
        json!(["city", "SUM(s.n)"]),
        json!([["Bern", null], ["Oslo", 5]]),
    );
    check(
        "SELECT * FROM cities NATURAL JOIN (SELECT 'Oslo' AS city)",
        json!(["city", "pop"]),
        json!([["Oslo", 700]]),
    );
    check(
        "WITH m AS (SELECT City, AVG(n) a FROM sales GROUP BY City) SELECT a FROM m \
         WHERE a > (SELECT AVG(n) FROM sales) ORDER BY a",
        json!(["a"]),
        json!([[2.5]]),
    );
    check(
        "SELECT City, RANK() OVER (ORDER BY n DESC) r FROM sales WHERE n > 1 ORDER BY r",
        json!(["City", "r"]),
        json!([["Oslo", 1], ["Rome", 2]]),
    );
    check(
        "SELECT CASE WHEN n > 1 THEN 'many' ELSE 'few' END k, COUNT(*) c FROM sales \
         GROUP BY k ORDER BY k",
        json!(["k", "c"]),
        json!([["few", 2], ["many", 2]]),
    );
    check(
        "SELECT City FROM sales WHERE n = 1 UNION SELECT city FROM cities ORDER BY 1",
        json!(["City"]),
        json!([["Bern"], ["Oslo"]]),
    );
    check(
        "SELECT strftime('%Y-%m', day) m, SUM(n) FROM sales WHERE n IS NOT NULL GROUP BY m",
        json!(["m", "SUM(n)"]),
        json!([["2024-01", 1], ["2024-02", 6]]),
    );
    check(
        "SELECT DISTINCT City FROM sales WHERE City LIKE 'o%' AND n BETWEEN 1 AND 4 \
         AND n IN (1, 4)",
        json!(["City"]),
        json!([["Oslo"]]),
    );
    check(
        "SELECT MEDIAN(n), ROUND(STDDEV(n), 4), COUNT(DISTINCT City) FROM sales",
        json!(["MEDIAN(n)", "ROUND(STDDEV(n), 4)", "COUNT(DISTINCT City)"]),
        json!([[2.0, 1.5275, 2]]),
    );
    check(
        "SELECT 7/2, 7/2.0, 1/0",
        json!(["7/2", "7/2.0", "1/0"]),
        json!([[3, 3.5, null]]),
    );
    check(
        "SELECT COUNT(*) FROM sales;",
        json!(["COUNT(*)"]),
        json!([[4]]),
    );
    check(
        "VALUES (1, 'a')",
        json!(["column1", "column2"]),
        json!([[1, "a"]]),
    );
}

#[test]
fn booleans_and_dates_come_back_as_they_are() {
    let sales = [sales()];
    let result = query(
        "SELECT paid, day, NOT paid AS p FROM sales WHERE paid ORDER BY n",
        &sales,
    );
    let table = result.unwrap().table;
    let kinds: Vec<_> = table.columns().iter().map(|column| column.kind()).collect();
    assert_eq!(kinds, [Kind::Boolean, Kind::Date, Kind::Integer]);
    assert_eq!(table.to_json(1)["rows"], json!([[true, "2024-01-31", 0]]));
}

#[test]
fn names_with_quotes_are_loaded() {
    let tables = [table("t", "\"a \"\"b\"\"\",c\n1,2\n")];
    let result = query("SELECT \"a \"\"b\"\"\" FROM t", &tables).unwrap();
    assert_eq!(result.to_json()["rows"], json!([[1]]));
    assert_eq!(quoted("a \"b\""), "\"a \"\"b\"\"\"");
}

#[test]
fn unknown_names_are_answered_with_the_known_ones() {
    refused(
        "SELECT prise FROM sales",
        &[
            "no column `prise`",
            "mean price?",
            "The columns of sales",
            "City, n, price, paid, day, \"Unit Price\".",
        ],
    );
    refused("SELECT \"nope\" FROM sales", &["no column `nope`"]);
    refused(
        "SELECT s.nope FROM sales s",
        &["no column `nope`", "The columns of sales"],
    );
    refused(
        "SELECT n FROM sale",
        &["no table `sale`", "mean sales?", "sales, cities"],
    );
    refused(
        "SELECT year(day) FROM sales",
        &["no function `year`", "strftime('%Y', day)"],
    );
    assert_eq!(
        query("SELECT 1 FROM t", &[]).unwrap_err().to_string(),
        "There is no table `t`. No table has been sent yet."
    );
}

#[test]
fn only_one_query_is_run() {
    for sql in [
        "INSERT INTO sales VALUES (1)",
        "DROP TABLE sales",
        "DELETE FROM sales",
        "PRAGMA table_info(sales)",
        "ATTACH 'x' AS y",
        "EXPLAIN SELECT 1",
        "TRUNCATE TABLE sales",
        "CREATE TABLE x (a)",
        "BEGIN",
    ] {
        refused(sql, &["only read"]);
    }
    refused("SELECT 1; SELECT 2", &["at a time"]);
    refused("SELECT 1; DROP TABLE sales", &["at a time"]);
    refused("", &["no SQL"]);
    refused(";", &["no SQL"]);
    refused("SELECT n FROM", &["not valid", "ends too early"]);
    refused("SELECT n FRUM sales WHERE", &["not valid", "sales"]);
    refused(
        "SELECT n FROM sales WHERE MEDIAN(n) > 1",
        &["misuse of aggregate function median()"],
    );
    refused(
        "SELECT n FROM sales WHERE AVG(n) > 1",
        &["misuse of aggregate"],
    );
    refused("SELECT zeroblob(1000000000)", &["zeroblob"]);
    refused(
        &format!("SELECT '{}'", "x".repeat(MAX_SQL_BYTES)),
        &["20000 fit"],
    );
    refused(
        &format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500)),
        &["nested too deeply"],
    );
    refused(
        "SELECT SUM(n * 9223372036854775807) OVER (), abs(-9223372036854775808) FROM sales",
        &["failed: integer overflow"],
    );
}

#[test]
fn results_are_bounded() {
    let tables = [table("t", &format!("n\n{}", "1\n".repeat(300)))];
    let result = query("SELECT a.n FROM t a, t b", &tables).unwrap();
    assert_eq!(
        (result.table.rows(), result.truncated),
        (MAX_RESULT_ROWS, true)
    );
    assert!(result.to_text(1).contains("cut after 10,000 rows"));

    let result = query_within("SELECT n FROM t", &tables, 300, MAX_QUERY_TIME).unwrap();
    assert_eq!((result.table.rows(), result.truncated), (300, false));
}

#[test]
fn a_query_without_end_is_stopped() {
    let endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) \
                   SELECT COUNT(*) FROM r";
    let error = query_within(endless, &[], 10, Duration::from_millis(200)).unwrap_err();
    assert_eq!(error, SqlError::TooSlow);
}

#[test]
fn sql_is_found_in_a_message() {
    for (text, sql) in [
        ("SELECT 1", Some("SELECT 1")),
        (
            "Please run select n from sales",
            Some("select n from sales"),
        ),
        (
            "Run this:\n```sql\nSELECT n\nFROM sales\n```\nThanks",
            Some("SELECT n\nFROM sales"),
        ),
        ("```\nselect n from sales\n```", Some("select n from sales")),
        ("```csv\na,b\n1,2\n```", None),
        (
            "bar chart of SELECT a, b FROM t",
            Some("SELECT a, b FROM t"),
        ),
        (
            "SELECT a\nFROM t\n\nThank you very much!",
            Some("SELECT a\nFROM t"),
        ),
        ("SELECT a\nFROM t\nas a bar chart", Some("SELECT a\nFROM t")),
        ("SELECT ';' FROM t; thanks", Some("SELECT ';' FROM t")),
        ("SELECT 1; DROP TABLE t", Some("SELECT 1; DROP TABLE t")),
        (
            "WITH x AS (SELECT 1 a) SELECT a FROM x",
            Some("WITH x AS (SELECT 1 a) SELECT a FROM x"),
        ),
        ("SELECT FROM t WHERE", Some("SELECT FROM t WHERE")),
        ("select a, from t", Some("select a, from t")),
        ("DROP TABLE t", Some("DROP TABLE t")),
        ("Select a chart with bars", None),
        ("Please select the best ones from this table.", None),
        ("Compare this with that", None),
        ("update the chart", None),
        ("average price by city", None),
        ("selected values", None),
        ("", None),
    ] {
        assert_eq!(extract_sql(text).as_deref(), sql, "{text}");
    }
}
