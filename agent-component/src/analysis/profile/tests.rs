use super::*;
use crate::analysis::Source;

fn profile(text: &str) -> Profile {
    let source = Source {
        bytes: text.into(),
        ..Source::default()
    };
    Profile::of(&Table::read(&source, "t").unwrap())
}

fn numbers(column: &ColumnProfile) -> &Numbers {
    let Some(Details::Numbers(numbers)) = &column.details else {
        panic!("{column:?}")
    };
    numbers
}

#[test]
fn numbers_are_those_of_pandas() {
    // pandas.Series([1, 2, 3, 4, 10, None]).describe()
    let profile = profile("n,f\n1,0.5\n2,\n3,1.5\n4,2.5\n10,4\nNA,-1\n");
    let n = &profile.columns[0];
    assert_eq!((n.missing, n.distinct), (1, 5));
    let figures = numbers(n);
    assert_eq!((&figures.min, &figures.max), (&json!(1), &json!(10)));
    assert_eq!(
        (figures.p25, figures.p50, figures.p75, figures.mean),
        (2.0, 3.0, 4.0, 4.0)
    );
    assert_eq!(figures.stddev, Some(12.5_f64.sqrt()));

    // pandas.Series([0.5, 1.5, 2.5, 4, -1]).describe()
    let figures = numbers(&profile.columns[1]);
    assert_eq!((&figures.min, &figures.max), (&json!(-1.0), &json!(4.0)));
    assert_eq!(
        (figures.p25, figures.p50, figures.p75, figures.mean),
        (0.5, 1.5, 2.5, 1.5)
    );
    assert!((figures.stddev.unwrap() - 1.903_943_28).abs() < 1e-8);
}

#[test]
fn quantiles_lie_between_two_values() {
    // numpy.quantile([1, 2, 3, 4], [.25, .5, .75])
    let profile = profile("n\n4\n1\n3\n2\n");
    let figures = numbers(&profile.columns[0]);
    assert_eq!((figures.p25, figures.p50, figures.p75), (1.75, 2.5, 3.25));
}

#[test]
fn a_single_value_has_no_deviation() {
    let profile = profile("n\n7\n");
    let figures = numbers(&profile.columns[0]);
    assert_eq!(
        (figures.mean, figures.stddev, figures.p25),
        (7.0, None, 7.0)
    );
    assert_eq!(profile.to_json()["columns"][0]["stddev"], Value::Null);
}

#[test]
fn large_integers_keep_their_sum() {
    let profile = profile("n\n9223372036854775807\n9223372036854775807\n");
    let column = &profile.columns[0];
    assert_eq!(numbers(column).mean, 9_223_372_036_854_775_807_f64);
    assert_eq!(numbers(column).max, json!(i64::MAX));
    assert_eq!(column.distinct, 1);
}

#[test]
fn small_numbers_are_not_lost_beside_large_ones() {
    let profile = profile("n\n1e100\n1.0\n-1e100\n1.0\n");
    assert_eq!(numbers(&profile.columns[0]).mean, 0.5);
}

#[test]
fn text_dates_and_booleans() {
    let profile = profile(
        "city,day,on,none\nB,2024-03-01,true,\nA,2024-01-01,false,\nB,,true,\nC,2024-02-01,,\nA,2024-02-01,true,\n",
    );
    assert_eq!(
        profile.to_json(),
        json!({"table": "t", "rows": 5, "columns": [
            {"name": "city", "type": "text", "missing": 0, "distinct": 3, "top": [
                {"value": "A", "count": 2}, {"value": "B", "count": 2}, {"value": "C", "count": 1}]},
            {"name": "day", "type": "date", "missing": 1, "distinct": 3,
             "min": "2024-01-01", "max": "2024-03-01"},
            {"name": "on", "type": "boolean", "missing": 1, "distinct": 2, "top": [
                {"value": "true", "count": 3}, {"value": "false", "count": 1}]},
            {"name": "none", "type": "text", "missing": 5, "distinct": 0},
        ]})
    );
}

#[test]
fn a_profile_reads_well() {
    let text = profile("city,price\nOslo,1.5\nRome,2\nOslo,\n").to_string();
    assert_eq!(
        text,
        "Table `t`: 3 rows, 2 columns.\n\
         \n\
         | column | type  | missing | distinct | min |   p25 | median |   p75 | max | mean |   stddev |\n\
         | ------ | ----- | ------: | -------: | --: | ----: | -----: | ----: | --: | ---: | -------: |\n\
         | price  | float |       1 |        2 | 1.5 | 1.625 |   1.75 | 1.875 |   2 | 1.75 | 0.353553 |\n\
         \n\
         | column | type | missing | distinct | values             |\n\
         | ------ | ---- | ------: | -------: | ------------------ |\n\
         | city   | text |       0 |        2 | Oslo (2), Rome (1) |\n"
    );
}
