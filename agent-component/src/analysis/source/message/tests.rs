use super::*;

fn split(text: &str) -> (String, Option<String>) {
    let message = split_message(text);
    let table = message
        .table
        .map(|table| String::from_utf8(table.bytes).unwrap());
    (message.question, table)
}

#[track_caller]
fn check(text: &str, question: &str, table: Option<&str>) {
    assert_eq!(
        split(text),
        (question.to_owned(), table.map(str::to_owned)),
        "{text}"
    );
}

#[test]
fn a_question_with_lines_of_fields() {
    let table = Some("city,price\nA,1\nB,2");
    check(
        "Average price by city?\n\ncity,price\nA,1\nB,2",
        "Average price by city?",
        table,
    );
    check(
        "Average price, please:\ncity,price\nA,1\nB,2\n",
        "Average price, please:",
        table,
    );
    check(
        "city,price\nA,1\nB,2\nWhat is the mean?",
        "What is the mean?",
        table,
    );
    check(
        "Sorted by city, please\ncity,price\nA,1\nB,2",
        "Sorted by city, please",
        table,
    );
    check(
        "city,price\r\nA,1\r\nB,2\r\n",
        "",
        Some("city,price\r\nA,1\r\nB,2"),
    );
    check(",a\n0,x\n1,y", "", Some(",a\n0,x\n1,y"));
    check("a;b\n\"x;y\";2", "", Some("a;b\n\"x;y\";2"));
    check("a\tb\n1\t2", "", Some("a\tb\n1\t2"));
}

#[test]
fn a_table_with_one_bad_line_is_still_a_table() {
    let table = "a,b\n1,2\n3,4,5\n6,7";
    check(table, "", Some(table));
}

#[test]
fn prose_is_not_a_table() {
    for prose in [
        "Hello, dear agent\nplease compute, if you can\nthe sum, thanks",
        "profile it",
        "SELECT a, b\nFROM t, u",
        "SELECT a,b\nFROM t,u\nWHERE a=1",
        "with x as (select 1),\ny as (select 2)\nselect * from x, y",
        "",
        "One, two.",
        "A list [1, 2] and {braces}",
    ] {
        check(prose, prose.trim(), None);
    }
}

#[test]
fn fenced_blocks() {
    check(
        "Mean of b?\n```csv\na,b\n1,2\n```\nThanks",
        "Mean of b?\nThanks",
        Some("a,b\n1,2\n"),
    );
    check("```\na,b\n1,2\n```", "", Some("a,b\n1,2"));
    check("```json\n[{\"a\":1}]\n```", "", Some("[{\"a\":1}]\n"));
    check("```csv\na,b\n1,2", "", Some("a,b\n1,2"));
    let sql = "```sql\nSELECT a,b\nFROM t,u\n```";
    check(sql, sql, None);
    check(
        "```sql\nSELECT 1\n```\n```csv\nx\n1\n```",
        "```sql\nSELECT 1\n```",
        Some("x\n1\n"),
    );
}

#[test]
fn json_in_a_message() {
    check(
        "Mean? [{\"a\": 1}, {\"a\": 2}] thanks",
        "Mean?\nthanks",
        Some("[{\"a\": 1}, {\"a\": 2}]"),
    );
    check("{\"data\":[[1,2]]}", "", Some("{\"data\":[[1,2]]}"));
    check(
        "profile\n{\"a\":1}\n{\"a\":2}\n",
        "profile",
        Some("{\"a\":1}\n{\"a\":2}"),
    );
    check("[[\"a\"],[1]]", "", Some("[[\"a\"],[1]]"));
    check(
        "the object {\"a\":1} alone",
        "the object {\"a\":1} alone",
        None,
    );
    check(
        "mean of\n[{\"a\":1},\n{\"a\":}\n]",
        "mean of",
        Some("[{\"a\":1},\n{\"a\":}\n]"),
    );
}

#[test]
fn markdown_tables_become_csv() {
    check(
        "What is the sum?\n\n| city | n |\n|:-----|--:|\n| A, B | 1 |\n| C\\|D | 2 |\n\nThanks",
        "What is the sum?\nThanks",
        Some("city,n\n\"A, B\",1\nC|D,2\n"),
    );
}

#[test]
fn a_whole_table_is_told_from_a_message() {
    assert!(looks_like_table("a,b\n1,2"));
    assert!(!looks_like_table("mean?\na,b\n1,2"));
    assert!(!looks_like_table("mean?"));
}
