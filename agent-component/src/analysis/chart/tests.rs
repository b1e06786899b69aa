use super::*;
use crate::analysis::Source;

fn table(text: &str) -> Table {
    let source = Source {
        bytes: text.into(),
        ..Source::default()
    };
    Table::read(&source, "t").unwrap()
}

fn request(kind: ChartKind, x: Option<&str>, y: &[&str], series: Option<&str>) -> ChartRequest {
    ChartRequest {
        x: x.map(Into::into),
        y: y.iter().map(|name| (*name).to_owned()).collect(),
        series: series.map(Into::into),
        ..ChartRequest::new(kind)
    }
}

/// Parses the chart as XML, which fails for anything that is not well-formed.
#[track_caller]
fn elements(chart: &Chart, tag: &str) -> usize {
    let document = roxmltree::Document::parse(&chart.svg).unwrap();
    assert_eq!(
        document.root_element().tag_name().namespace(),
        Some("http://www.w3.org/2000/svg")
    );
    document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", tag)))
        .count()
}

fn texts(chart: &Chart) -> Vec<String> {
    let document = roxmltree::Document::parse(&chart.svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.tag_name().name() == "text");
    texts
        .filter_map(|node| node.text().map(Into::into))
        .collect()
}

const STOCKS: &str = "symbol,date,price\n\
    A,2000-01-01,1\nA,2000-02-01,2\nA,2000-03-01,4\n\
    B,2000-01-01,3\nB,2000-02-01,\nB,2000-03-01,2\n";

#[test]
fn columns_are_chosen() {
    let chart = |kind| draw(&table(STOCKS), &ChartRequest::new(kind)).unwrap();
    assert_eq!(chart(ChartKind::Line).title, "price by date");
    assert_eq!(chart(ChartKind::Bar).title, "price by date");
    assert_eq!(chart(ChartKind::Scatter).title, "price against date");
    let numbers = table("a,b,c\nx,1,2\n");
    let title = |kind| draw(&numbers, &ChartRequest::new(kind)).unwrap().title;
    assert_eq!(title(ChartKind::Bar), "b by a");
    assert_eq!(title(ChartKind::Scatter), "c against b");
    let one = draw(&table("n\n3\n4\n"), &ChartRequest::new(ChartKind::Line)).unwrap();
    assert_eq!(one.title, "n by row");
}

#[test]
fn bars_have_labels_and_lengths() {
    let chart = draw(
        &table("city,n\nOslo,10\nRome,-5\nBern,0\n"),
        &request(ChartKind::Bar, None, &[], None),
    )
    .unwrap();
    // The background and three bars.
    assert_eq!(elements(&chart, "rect"), 4);
    let texts = texts(&chart);
    for label in [
        "n by city",
        "city",
        "n",
        "Oslo",
        "Rome",
        "Bern",
        "10",
        "0",
        "-4",
    ] {
        assert!(
            texts.iter().any(|text| text == label),
            "{label} in {texts:?}"
        );
    }
    assert!(chart.svg.contains("<title>Oslo: 10</title>"));
}

#[test]
fn series_are_told_apart() {
    let stocks = table(STOCKS);
    let chart = draw(
        &stocks,
        &request(ChartKind::Line, Some("date"), &["price"], Some("symbol")),
    )
    .unwrap();
    assert_eq!(
        (elements(&chart, "path"), elements(&chart, "circle")),
        (2, 5)
    );
    assert!(chart.svg.contains("<title>A, 2000-02-01: 2</title>"));
    assert_eq!(chart.notes, ["1 point without a value left out."]);

    let merged = draw(
        &stocks,
        &request(ChartKind::Line, Some("date"), &["price"], None),
    )
    .unwrap();
    assert_eq!(elements(&merged, "circle"), 3);
    assert!(merged.svg.contains("<title>2000-01-01: 2</title>"));
    assert!(merged.notes[1].contains("average"));

    let bars = draw(
        &stocks,
        &request(ChartKind::Bar, Some("date"), &["price"], Some("symbol")),
    )
    .unwrap();
    // The background, two keys and five bars.
    assert_eq!(elements(&bars, "rect"), 8);

    let two = table("day,low,high\n2024-01-01,1,2\n2024-01-02,0,3\n");
    let chart = draw(
        &two,
        &request(ChartKind::Line, None, &["low", "high"], None),
    )
    .unwrap();
    assert_eq!(
        (chart.title.as_str(), elements(&chart, "path")),
        ("low, high by day", 2)
    );
}

#[test]
fn text_of_the_table_cannot_become_markup() {
    let evil = "name\"'<&>,n\n<script>alert(1)</script>,1\n\"]]><!--&#0;\u{1}\u{FFFF}\",2\n";
    for kind in [ChartKind::Bar, ChartKind::Line] {
        let chart = draw(
            &table(evil),
            &request(kind, Some("name\"'<&>"), &["n"], None),
        )
        .unwrap();
        assert_eq!(elements(&chart, "script"), 0);
        assert!(!chart.svg.contains("<script"));
        assert!(texts(&chart).iter().any(|text| text == "name\"'<&>"));
    }
}

#[test]
fn marks_are_bounded() {
    let rows: String = (0..5_000)
        .map(|i| format!("k{i},{i},{}\n", i % 7))
        .collect();
    let many = table(&format!("k,x,y\n{rows}"));
    let bars = draw(&many, &request(ChartKind::Bar, Some("k"), &["y"], None)).unwrap();
    assert_eq!(elements(&bars, "rect"), MAX_BARS + 1);
    assert!(bars.notes[0].contains("first 60 of 5,000 values"));
    let dots = draw(&many, &request(ChartKind::Scatter, Some("x"), &["y"], None)).unwrap();
    assert!(elements(&dots, "circle") <= MAX_SCATTER_POINTS + 1);
    assert!(dots.notes[0].contains("of 5,000 points"));
    let line = draw(&many, &request(ChartKind::Line, Some("x"), &["y"], None)).unwrap();
    assert!(line.svg.len() < 60_000, "{}", line.svg.len());
    let peak: String = (0..9_999)
        .map(|i| format!("{i},{}\n", if i == 7_777 { 50 } else { 1 }))
        .collect();
    let peak = draw(
        &table(&format!("x,y\n{peak}")),
        &request(ChartKind::Line, None, &["y"], None),
    );
    assert!(texts(&peak.unwrap()).iter().any(|text| text == "50"));
    let series = draw(
        &many,
        &request(ChartKind::Line, Some("x"), &["y"], Some("k")),
    )
    .unwrap();
    assert_eq!(elements(&series, "path"), MAX_SERIES);
    assert!(series.notes[0].contains("first 8 of 5,000 series"));
}

#[test]
fn the_same_table_gives_the_same_bytes() {
    let stocks = table(STOCKS);
    let request = request(ChartKind::Bar, Some("symbol"), &["price"], Some("date"));
    assert_eq!(draw(&stocks, &request), draw(&stocks, &request));
}

#[test]
fn what_cannot_be_drawn_says_why() {
    #[track_caller]
    fn refused(text: &str, request: ChartRequest, part: &str) {
        let error = draw(&table(text), &request).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let bar = |x, y: &[&str]| request(ChartKind::Bar, x, y, None);
    refused("city,n\nA,1\n", bar(Some("citty"), &[]), "mean city?");
    refused(
        "city,n\nA,1\n",
        bar(None, &["price"]),
        "columns are city, n.",
    );
    refused(
        "city,n\nA,1\n",
        bar(None, &["city"]),
        "city is text, but the y axis needs numbers",
    );
    refused("city\nA\n", bar(None, &[]), "no column of numbers");
    refused("city,n\nA,\n", bar(None, &[]), "no column of numbers");
    refused(
        "x,y\n1,\n,2\n",
        request(ChartKind::Scatter, None, &[], None),
        "no row has both",
    );
    refused("x,y\n1,1e305\n2,2\n", bar(None, &["y"]), "too large");
    refused(
        "city,n\nA,1\n",
        request(ChartKind::Scatter, Some("city"), &["n"], None),
        "needs numbers or dates",
    );
}

#[test]
fn awkward_extents_are_drawn() {
    for text in [
        "x,y\n1,0\n1,0\n",
        "x,y\n0,1e-300\n1,2e-300\n",
        "x,y\n-1e299,1e299\n1e299,-1e299\n",
        "x,y\n9007199254740993,1\n9007199254740992,1\n",
        "x,y\n0001-01-01,1\n9999-12-31T23:59:59,2\n",
        "x,y\n2024-01-01T00:00:00.001,1\n2024-01-01T00:00:00.002,2\n",
    ] {
        for kind in [ChartKind::Bar, ChartKind::Line, ChartKind::Scatter] {
            let chart = draw(&table(text), &request(kind, Some("x"), &["y"], None)).unwrap();
            elements(&chart, "text");
            assert!(
                !chart.svg.contains("NaN") && !chart.svg.contains("inf"),
                "{}",
                chart.svg
            );
        }
    }
}
