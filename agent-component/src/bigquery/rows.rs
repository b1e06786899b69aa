//! BigQuery's rows into a table of the analyst.

use serde_json::{Map, Value, json};

use super::wire::{Field, Schema};
use crate::analysis::{Cell, Growing, Table, unique};

/// What a result may have, as results of the tables here.
const MAX_ROWS: usize = crate::analysis::MAX_RESULT_ROWS;
const MAX_BYTES: usize = crate::analysis::MAX_RESULT_BYTES;

/// Takes pages of rows.
#[derive(Default)]
pub(super) struct Reading {
    fields: Vec<Field>,
    columns: Vec<Growing>,
    rows: usize,
    bytes: usize,
}

impl Reading {
    pub(super) fn of(schema: Schema) -> Self {
        Self {
            columns: schema.fields.iter().map(|_| Growing::default()).collect(),
            fields: schema.fields,
            ..Self::default()
        }
    }

    /// Adds rows. False when no more fit.
    pub(super) fn add(&mut self, rows: &[Value]) -> bool {
        for row in rows {
            if self.rows == MAX_ROWS || self.bytes > MAX_BYTES {
                return false;
            }
            let cells = row.get("f").and_then(Value::as_array);
            for (place, (field, column)) in self.fields.iter().zip(&mut self.columns).enumerate() {
                let value = cells.and_then(|cells| cells.get(place)?.get("v"));
                self.bytes += push(column, field, value.unwrap_or(&Value::Null));
            }
            self.rows += 1;
        }
        true
    }

    pub(super) fn finish(self) -> Table {
        let names = unique(self.fields.iter().map(|field| field.name.as_str()));
        let columns = self.columns.into_iter().zip(names);
        Table::from_columns(
            "result",
            columns.map(|(column, name)| column.finish(name)).collect(),
        )
    }
}

/// Adds a value to a column; gives how many bytes of text it has.
fn push(column: &mut Growing, field: &Field, value: &Value) -> usize {
    match simple(field, value) {
        Value::Null => column.push(Cell::Missing),
        Value::Bool(value) => column.push(Cell::Boolean(value)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => column.push(Cell::Integer(value)),
            (None, Some(value)) => column.push(Cell::Float(value)),
            (None, None) => column.push(Cell::Missing),
        },
        Value::String(text) => {
            column.push(Cell::Text(&text));
            return text.len();
        }
        nested => {
            let text = nested.to_string();
            column.push(Cell::Text(&text));
            return text.len();
        }
    }
    8
}

/// A value as plain JSON. In BigQuery's form everything simple is a string, a record is
/// `{"f": [{"v": …}]}`, and a list is `[{"v": …}]`.
fn simple(field: &Field, value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    if field.is_repeated() {
        let one = Field {
            mode: None,
            ..field.clone()
        };
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        return items
            .iter()
            .map(|item| simple(&one, item.get("v").unwrap_or(&Value::Null)))
            .collect();
    }
    if matches!(field.kind.as_str(), "RECORD" | "STRUCT") {
        let cells = value.get("f").and_then(Value::as_array);
        let members = field.fields.iter().enumerate().map(|(place, field)| {
            let value = cells.and_then(|cells| cells.get(place)?.get("v"));
            (
                field.name.clone(),
                simple(field, value.unwrap_or(&Value::Null)),
            )
        });
        return Value::Object(members.collect::<Map<_, _>>());
    }
    let Some(text) = value.as_str() else {
        return value.clone();
    };
    match field.kind.as_str() {
        "INTEGER" | "INT64" => text
            .parse::<i64>()
            .map_or_else(|_| json!(text), Value::from),
        "FLOAT" | "FLOAT64" => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => json!(value),
            // JSON has no such number, and neither do sums.
            Ok(value) if value.is_nan() => Value::Null,
            _ => json!(text),
        },
        "NUMERIC" | "BIGNUMERIC" | "DECIMAL" | "BIGDECIMAL" => decimal(text),
        "BOOLEAN" | "BOOL" => match text {
            "true" | "TRUE" | "True" => Value::Bool(true),
            "false" | "FALSE" | "False" => Value::Bool(false),
            other => json!(other),
        },
        "TIMESTAMP" => json!(timestamp(text).unwrap_or_else(|| text.to_owned())),
        "JSON" => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        // BYTES in base64, DATE, DATETIME, TIME, GEOGRAPHY, INTERVAL, RANGE and what is yet to come.
        _ => json!(text),
    }
}

/// A number where a number of 64 bits has all of its digits, else its text.
fn decimal(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return json!(whole);
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && digits <= 15 => json!(value),
        _ => json!(text),
    }
}

/// Microseconds since the epoch (`1408452095220000`), or seconds as a float (`1.408452095E9`), as
/// `2014-08-19T12:41:35Z`.
fn timestamp(text: &str) -> Option<String> {
    let micros = if text.contains(['.', 'E', 'e']) {
        let seconds: f64 = text.parse().ok()?;
        let micros = (seconds * 1e6).round();
        (micros.abs() < 9e18).then_some(micros as i64)?
    } else {
        text.parse::<i64>().ok()?
    };
    let (days, rest) = (
        micros.div_euclid(86_400_000_000),
        micros.rem_euclid(86_400_000_000),
    );
    let (year, month, day) = civil(days);
    let (seconds, fraction) = (rest / 1_000_000, rest % 1_000_000);
    let mut spelled = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if fraction != 0 {
        spelled.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    spelled.push('Z');
    Some(spelled)
}

/// The day of the Gregorian calendar, so many days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years, beginning on 1 March: leap days are the last of their year then.
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Kind;

    fn read(schema: Value, rows: Value) -> Table {
        let schema: Schema = serde_json::from_value(schema).unwrap();
        let mut reading = Reading::of(schema);
        assert!(reading.add(rows.as_array().unwrap()));
        reading.finish()
    }

    #[test]
    fn every_type_has_its_place() {
        let kinds = [
            ("STRING", json!("text"), json!("text")),
            ("BYTES", json!("AAE="), json!("AAE=")),
            (
                "INTEGER",
                json!("-9007199254740993"),
                json!(-9_007_199_254_740_993_i64),
            ),
            ("FLOAT", json!("1.5"), json!(1.5)),
            ("FLOAT64", json!("NaN"), json!(null)),
            ("FLOAT64", json!("-Infinity"), json!("-Infinity")),
            ("BOOLEAN", json!("true"), json!(true)),
            ("NUMERIC", json!("12.50"), json!(12.5)),
            (
                "BIGNUMERIC",
                json!("0.12345678901234567890"),
                json!("0.12345678901234567890"),
            ),
            ("DATE", json!("2024-02-29"), json!("2024-02-29")),
            (
                "TIMESTAMP",
                json!("1.408452095E9"),
                json!("2014-08-19T12:41:35Z"),
            ),
            (
                "TIMESTAMP",
                json!("1408452095220000"),
                json!("2014-08-19T12:41:35.220Z"),
            ),
            (
                "TIMESTAMP",
                json!("-1"),
                json!("1969-12-31T23:59:59.999999Z"),
            ),
            (
                "DATETIME",
                json!("2024-02-29T01:02:03"),
                json!("2024-02-29T01:02:03"),
            ),
            ("TIME", json!("01:02:03"), json!("01:02:03")),
            ("GEOGRAPHY", json!("POINT(1 2)"), json!("POINT(1 2)")),
            ("JSON", json!("{\"a\": 1}"), json!("{\"a\":1}")),
            ("INTERVAL", json!("0-1 0 0:0:0"), json!("0-1 0 0:0:0")),
            ("STRING", json!(null), json!(null)),
        ];
        for (kind, given, wanted) in kinds {
            let schema = json!({ "fields": [{ "name": "c", "type": kind }] });
            let table = read(schema, json!([{ "f": [{ "v": given }] }]));
            assert_eq!(table.to_json(1)["rows"][0][0], wanted, "{kind} {given}");
        }
    }

    #[test]
    fn records_and_lists_become_json() {
        let schema = json!({ "fields": [
            { "name": "id", "type": "INTEGER", "mode": "REQUIRED" },
            { "name": "tags", "type": "STRING", "mode": "REPEATED" },
            { "name": "lines", "type": "RECORD", "mode": "REPEATED", "fields": [
                { "name": "sku", "type": "STRING" }, { "name": "n", "type": "INTEGER" },
            ] },
        ] });
        let rows = json!([
            { "f": [
                { "v": "1" },
                { "v": [{ "v": "a" }, { "v": "b" }] },
                { "v": [{ "v": { "f": [{ "v": "x" }, { "v": "2" }] } }] },
            ] },
            { "f": [{ "v": "2" }, { "v": [] }, { "v": [] }] },
        ]);
        let table = read(schema, rows);
        let json = table.to_json(10);
        assert_eq!(
            json["rows"][0],
            json!([1, "[\"a\",\"b\"]", "[{\"sku\":\"x\",\"n\":2}]"])
        );
        assert_eq!(json["rows"][1], json!([2, "[]", "[]"]));
        assert_eq!(table.columns()[0].kind(), Kind::Integer);
    }

    #[test]
    fn a_row_that_is_cut_short_lacks_values_and_no_more() {
        let schema = json!({ "fields": [{ "name": "a", "type": "DATE" }, { "name": "a" }] });
        let table = read(schema, json!([{ "f": [{ "v": "2024-01-01" }] }, 7]));
        let names: Vec<_> = table.columns().iter().map(|c| c.name()).collect();
        assert_eq!((names.len(), table.rows()), (2, 2));
        assert_ne!(names[0], names[1]);
        assert_eq!(table.columns()[0].kind(), Kind::Date);
    }

    #[test]
    fn days_far_away_are_right() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-719_162), (1, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(2_932_896), (9999, 12, 31));
    }
}
