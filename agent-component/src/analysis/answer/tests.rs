use super::*;
use crate::analysis::Source;

fn table(name: &str, text: &str) -> Table {
    let source = Source {
        bytes: text.into(),
        ..Source::default()
    };
    Table::read(&source, name).unwrap()
}

fn cars() -> Table {
    table(
        "cars",
        "Name,Miles_per_Gallon,Origin,Year,count\n\
         a,10,USA,1970-01-01,1\nb,20,Europe,1971-01-01,2\nc,,USA,1971-06-01,3\nd,30,Europe,1970-07-01,4\n",
    )
}

fn stocks() -> Table {
    table(
        "stocks",
        "symbol,date,price\nA,Jan 1 2000,1\nB,Jan 1 2000,3\nA,Feb 1 2000,2\nB,Feb 1 2000,\nA,Mar 1 2001,9\n",
    )
}

fn ask(question: &str) -> Answer {
    answer(question, &[stocks(), cars()]).unwrap_or_else(|problem| panic!("{question}: {problem}"))
}

#[track_caller]
fn sql(question: &str, expected: &str) {
    assert_eq!(ask(question).sql.as_deref(), Some(expected), "{question}");
}

#[track_caller]
fn not_understood(question: &str) {
    match answer(question, &[stocks(), cars()]) {
        Err(Problem::NeedQuestionDetail(_)) => {}
        other => panic!("{question}: {other:?}"),
    }
}

#[test]
fn simple_questions_become_sql() {
    sql(
        "What is the average miles per gallon by origin?",
        "SELECT Origin, AVG(Miles_per_Gallon) AS \"average Miles_per_Gallon\" FROM cars \
         GROUP BY Origin ORDER BY 1",
    );
    sql(
        "mean price",
        "SELECT AVG(price) AS \"average price\" FROM stocks",
    );
    sql("how many rows", "SELECT COUNT(*) AS count_2 FROM cars");
    sql(
        "How many rows are there in stocks?",
        "SELECT COUNT(*) AS count FROM stocks",
    );
    sql(
        "how many cars are there",
        "SELECT COUNT(*) AS count_2 FROM cars",
    );
    sql(
        "number of rows per symbol",
        "SELECT symbol, COUNT(*) AS count FROM stocks GROUP BY symbol ORDER BY 1",
    );
    sql(
        "count of distinct symbol",
        "SELECT COUNT(DISTINCT symbol) AS \"distinct symbol\" FROM stocks",
    );
    sql(
        "sum of count by Origin, please",
        "SELECT Origin, SUM(count) AS \"sum count\" FROM cars GROUP BY Origin ORDER BY 1",
    );
    sql(
        "min and max price by symbol and year",
        "SELECT symbol, CAST(strftime('%Y', date) AS INTEGER) AS year, MIN(price) AS \"minimum price\", \
         MAX(price) AS \"maximum price\" FROM stocks \
         GROUP BY symbol, CAST(strftime('%Y', date) AS INTEGER) ORDER BY 1, 2",
    );
    sql(
        "median price for each month",
        "SELECT strftime('%Y-%m-01', date) AS month, MEDIAN(price) AS \"median price\" FROM stocks \
         GROUP BY strftime('%Y-%m-01', date) ORDER BY 1",
    );
    sql(
        "top 2 rows by price",
        "SELECT * FROM stocks WHERE price IS NOT NULL ORDER BY price DESC LIMIT 2",
    );
    sql(
        "top 1 symbol by total price",
        "SELECT symbol, SUM(price) AS \"sum price\" FROM stocks GROUP BY symbol \
         ORDER BY 2 DESC, 1 LIMIT 1",
    );
    sql(
        "distinct symbols",
        "SELECT symbol, COUNT(*) AS count FROM stocks GROUP BY symbol ORDER BY 1",
    );
}

#[test]
fn answers_are_right_and_show_their_sql() {
    let answer = ask("average miles per gallon by origin");
    assert_eq!(answer.title, "average Miles_per_Gallon by Origin");
    let table = answer.table.unwrap();
    assert_eq!(
        table["columns"],
        serde_json::json!(["Origin", "average Miles_per_Gallon"])
    );
    assert_eq!(
        table["rows"],
        serde_json::json!([["Europe", 25.0], ["USA", 10.0]])
    );
    for part in ["| Europe |", "25 |", "```sql\nSELECT Origin"] {
        assert!(answer.text.contains(part), "{}", answer.text);
    }
    assert_eq!(answer.svg, None);
}

#[test]
fn charts_become_sql_and_svg() {
    #[track_caller]
    fn chart(question: &str, title: &str, expected: &str) {
        let answer = ask(question);
        assert_eq!(answer.sql.as_deref(), Some(expected), "{question}");
        assert_eq!(answer.title, title);
        roxmltree::Document::parse(&answer.svg.unwrap()).unwrap();
    }
    chart(
        "Bar chart of average miles per gallon by origin",
        "average Miles_per_Gallon by Origin",
        "SELECT Origin, AVG(Miles_per_Gallon) AS \"average Miles_per_Gallon\" FROM cars \
         GROUP BY Origin ORDER BY 2 DESC, 1",
    );
    chart(
        "plot price over date per symbol",
        "average price by date and symbol",
        "SELECT date, symbol, AVG(price) AS \"average price\" FROM stocks GROUP BY date, symbol \
         ORDER BY 1, 2",
    );
    chart(
        "line chart of stocks",
        "average price by date and symbol",
        "SELECT date, symbol, AVG(price) AS \"average price\" FROM stocks GROUP BY date, symbol \
         ORDER BY 1, 2",
    );
    chart(
        "bar chart of Origin",
        "count_2 by Origin",
        "SELECT Origin, COUNT(*) AS count_2 FROM cars GROUP BY Origin ORDER BY 2 DESC, 1",
    );
    chart(
        "draw a scatter plot of count vs Miles per Gallon by origin",
        "count against Miles_per_Gallon",
        "SELECT Miles_per_Gallon, count, Origin FROM cars WHERE Miles_per_Gallon IS NOT NULL AND \
         count IS NOT NULL",
    );
    chart(
        "scatter",
        "count against Miles_per_Gallon",
        "SELECT Miles_per_Gallon, count FROM cars WHERE Miles_per_Gallon IS NOT NULL AND \
         count IS NOT NULL",
    );
    chart(
        "line chart of total price by year",
        "sum price by year",
        "SELECT CAST(strftime('%Y', date) AS INTEGER) AS year, SUM(price) AS \"sum price\" \
         FROM stocks GROUP BY CAST(strftime('%Y', date) AS INTEGER) ORDER BY 1",
    );
}

#[test]
fn sql_in_the_message_is_run_and_drawn_if_asked() {
    let answer = ask("Please run SELECT symbol, SUM(price) AS total FROM stocks GROUP BY symbol");
    assert_eq!(
        answer.table.unwrap()["rows"],
        serde_json::json!([["A", 12], ["B", 3]])
    );
    assert_eq!((answer.title.as_str(), answer.svg), ("Query result", None));

    let answer =
        ask("Bar chart:\n```sql\nSELECT symbol, SUM(price) AS total FROM stocks GROUP BY 1\n```");
    assert_eq!(answer.title, "total by symbol");
    assert!(answer.svg.unwrap().contains("<title>A: 12</title>"));

    let problem = super::answer("SELECT prise FROM stocks", &[stocks()]).unwrap_err();
    let Problem::Failed(sentence) = problem else {
        panic!("{problem:?}")
    };
    assert!(sentence.contains("mean price?"), "{sentence}");
}

#[test]
fn profiles_rows_and_columns() {
    for question in [
        "",
        "  ",
        "profile",
        "Describe the data, please",
        "summary of stocks",
        "stocks",
    ] {
        let tables = [stocks()];
        let answer = answer(question, &tables).unwrap();
        assert_eq!(answer.title, "Profile of stocks", "{question}");
        assert_eq!(answer.table.unwrap()["rows"], 5);
    }
    assert_eq!(ask("profile").title, "Profile of stocks, cars");
    assert_eq!(ask("profile cars").title, "Profile of cars");
    let one = ask("describe price");
    assert_eq!(one.table.unwrap()["columns"].as_array().unwrap().len(), 1);

    assert_eq!(
        ask("first 2 rows of stocks").table.unwrap()["rows"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    for question in [
        "head",
        "show rows",
        "preview",
        "show me the first rows",
        "top 10",
        "sample",
    ] {
        assert_eq!(ask(question).title, "First 4 rows of cars", "{question}");
    }
    for question in [
        "columns",
        "what columns are there?",
        "list the column names of cars",
        "schema",
    ] {
        let answer = ask(question);
        assert_eq!(answer.title, "Columns of cars", "{question}");
        assert!(answer.text.contains("- Year (date)"));
    }
}

#[test]
fn nothing_is_silently_ignored() {
    for question in [
        "average price by symbol in 2000",
        "average price where symbol is A",
        "Which symbol is the best?",
        "average weight",
        "price by symbol",
        "bar chart of price by symbol, only A",
        "delete everything",
        "hello",
        "top price",
        "sum and count by symbol",
        "the price of symbol",
    ] {
        not_understood(question);
    }
}

#[test]
fn help_uses_the_names_of_the_table() {
    let Err(Problem::NeedQuestionDetail(help)) = answer("average prise in 2000", &[stocks()])
    else {
        panic!("understood");
    };
    for part in [
        "“average prise in 2000”",
        "mean nothing to me: prise.",
        "Did you mean price?",
        "`average price by symbol`",
        "`SELECT symbol, AVG(price) FROM stocks GROUP BY symbol`",
        "`line chart of price by date`",
        "symbol (text), date (date), price (integer).",
    ] {
        assert!(help.contains(part), "{help}");
    }
    // Every example is understood.
    for example in help
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.strip_suffix('`'))
    {
        answer(example, &[stocks()]).unwrap();
    }
}

#[test]
fn what_is_missing_is_asked_for() {
    let Err(Problem::NeedTable(ask)) = answer("average price", &[]) else {
        panic!("answered")
    };
    assert!(ask.contains("Send me a table"));
    let Err(Problem::Failed(why)) = answer("average symbol", &[stocks()]) else {
        panic!("answered")
    };
    assert!(why.contains("symbol is text"), "{why}");
    let Err(Problem::Failed(why)) = answer("count by year", &[table("t", "a,b\nx,1\n")]) else {
        panic!("answered")
    };
    assert!(why.contains("no column of dates"), "{why}");
}
