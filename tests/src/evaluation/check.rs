//! What an answer is held against.

use serde_json::Value;

use super::{Expectation, Given};

/// Where the analyst's own words end and the SQL begins.
const SQL_USED: &str = "**SQL used**";

impl Given {
    /// Out of a task of A2A 1.0.
    #[must_use]
    pub fn of(task: &Value) -> Self {
        let mut given = Self::default();
        let list =
            |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        for artifact in list(task.get("artifacts")) {
            for part in list(artifact.get("parts")) {
                if let Some(text) = part.get("text").and_then(Value::as_str) {
                    given.text.push_str(text);
                }
                let rows = part.pointer("/data/rows").and_then(Value::as_array);
                if let Some(rows) = rows {
                    let rows = rows.iter().filter_map(|row| row.as_array().cloned());
                    given.rows = Some(rows.collect());
                }
                given.chart |=
                    part.get("mediaType").and_then(Value::as_str) == Some("image/svg+xml");
            }
        }
        for part in list(task.pointer("/status/message/parts")) {
            if let Some(text) = part.get("text").and_then(Value::as_str) {
                given.text.insert(0, '\n');
                given.text.insert_str(0, text);
            }
        }
        given
    }
}

/// A question of the analyst's is an answer, too; a failure is none.
pub(super) fn ended_well(task: &Value) -> Result<(), String> {
    let state = task.pointer("/status/state").and_then(Value::as_str);
    match state {
        Some("TASK_STATE_COMPLETED" | "TASK_STATE_INPUT_REQUIRED") => Ok(()),
        other => Err(format!(
            "the task is {}: {}",
            other.unwrap_or("nowhere"),
            Given::of(task).text.trim()
        )),
    }
}

impl Expectation {
    /// Holds an answer against this.
    ///
    /// # Errors
    /// What is wrong with it, all of it.
    pub fn check(&self, given: &Given) -> Result<(), String> {
        let said = given.text.split(SQL_USED).next().unwrap_or_default();
        let mut faults = Vec::new();
        let there = numbers(said);
        for wanted in &self.numbers {
            if !there.iter().any(|number| number.is(*wanted)) {
                faults.push(format!("the number {wanted} is missing"));
            }
        }
        let lower = said.to_lowercase();
        let has = |word: &String| lower.contains(&word.to_lowercase());
        for word in self.words.iter().filter(|word| !has(word)) {
            faults.push(format!("the word {word:?} is missing"));
        }
        if !self.any_word.is_empty() && !self.any_word.iter().any(has) {
            faults.push(format!("none of the words {:?} is there", self.any_word));
        }
        if let Some(wanted) = &self.result {
            match &given.rows {
                None => faults.push("there is no table".to_owned()),
                Some(rows) if !same_rows(wanted, rows) => {
                    faults.push(format!("the table has {rows:?} instead of {wanted:?}"));
                }
                Some(_) => {}
            }
        }
        let mut whether = |wanted: Option<bool>, there: bool, what: &str| {
            if wanted.is_some_and(|wanted| wanted != there) {
                let said = if there { "there is" } else { "there is no" };
                faults.push(format!("{said} {what}"));
            }
        };
        whether(self.chart, given.chart, "chart");
        whether(self.sql, given.text.contains(SQL_USED), "SQL");
        if faults.is_empty() {
            return Ok(());
        }
        let said: String = said.trim().chars().take(200).collect();
        Err(format!("{}; it says: {said}", faults.join("; ")))
    }
}

/// A number in a text, in each way in which it can be read.
#[derive(Debug)]
struct Written {
    /// Values, and how much each may be off because it was rounded.
    readings: Vec<(f64, f64)>,
}

impl Written {
    fn is(&self, wanted: f64) -> bool {
        let mut readings = self.readings.iter();
        readings.any(|(value, off)| (value - wanted).abs() <= *off)
    }
}

fn numbers(text: &str) -> Vec<Written> {
    let mut found = Vec::new();
    let mut token = String::new();
    for c in text.chars().chain([' ']) {
        // Thousands stand apart by commas, points, apostrophes or narrow spaces.
        if c.is_ascii_digit()
            || (!token.is_empty() && matches!(c, '.' | ',' | '\'' | '\u{a0}' | '\u{202f}'))
        {
            token.push(c);
        } else if !token.is_empty() {
            let bare = token.trim_end_matches(|c: char| !c.is_ascii_digit());
            let readings = [('.', ','), (',', '.')].into_iter();
            let readings = readings.filter_map(|(point, comma)| reading(bare, point, comma));
            found.push(Written {
                readings: readings.collect(),
            });
            token.clear();
        }
    }
    found
}

fn reading(token: &str, point: char, comma: char) -> Option<(f64, f64)> {
    let apart = |c: char| c == comma || matches!(c, '\'' | '\u{a0}' | '\u{202f}');
    let plain: String = token
        .chars()
        .filter(|c| !apart(*c))
        .map(|c| if c == point { '.' } else { c })
        .collect();
    let value: f64 = plain.parse().ok()?;
    let decimals = plain
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let decimals = i32::try_from(decimals).ok()?;
    Some((value, 0.5 * 10_f64.powi(-decimals) + 1e-9))
}

fn same_rows(wanted: &[Vec<Value>], given: &[Vec<Value>]) -> bool {
    let mut left: Vec<&Vec<Value>> = given.iter().collect();
    wanted.len() == given.len()
        && wanted.iter().all(|row| {
            let place = left.iter().position(|other| same_row(row, other));
            place.map(|place| left.swap_remove(place)).is_some()
        })
}

fn same_row(one: &[Value], other: &[Value]) -> bool {
    let same = |(a, b): (&Value, &Value)| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-6 * a.abs().max(1.0),
        _ => a == b,
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(expectation: Value, given: &Given) -> Result<(), String> {
        let expectation: Expectation = serde_json::from_value(expectation).unwrap();
        expectation.check(given)
    }

    fn says(text: &str) -> Given {
        Given {
            text: text.to_owned(),
            ..Given::default()
        }
    }

    #[test]
    fn numbers_are_found_as_people_write_them() {
        for text in [
            "1,234.5 EUR",
            "**1.234,50**",
            "1234.5.",
            "about 1,235",
            "1\u{202f}234.5",
        ] {
            assert_eq!(
                check(json!({ "numbers": [1234.5] }), &says(text)),
                Ok(()),
                "{text}"
            );
        }
        for text in ["1,233", "12345", "none", "\n**SQL used**\n1234.5"] {
            let said = check(json!({ "numbers": [1234.5] }), &says(text));
            assert!(said.unwrap_err().contains("1234.5 is missing"), "{text}");
        }
    }

    #[test]
    fn a_wrong_answer_is_told_in_full() {
        let given = Given {
            text: "Rome".to_owned(),
            rows: Some(vec![vec![json!(1)]]),
            chart: false,
        };
        let wanted = json!({ "words": ["Oslo"], "result": [[2]], "chart": true, "sql": true });
        let said = check(wanted, &given).unwrap_err();
        for part in [
            "\"Oslo\"",
            "instead of",
            "there is no chart",
            "there is no SQL",
        ] {
            assert!(said.contains(part), "{said}");
        }
        let wanted =
            json!({ "any_word": ["Oslo", "rome"], "result": [[1.000_000_1]], "chart": false });
        assert_eq!(check(wanted, &given), Ok(()));
    }

    #[test]
    fn rows_may_come_in_any_order() {
        let given = Given {
            rows: Some(vec![
                vec![json!("b"), json!(2)],
                vec![json!("a"), json!(1.0)],
            ]),
            ..Given::default()
        };
        assert_eq!(
            check(json!({ "result": [["a", 1], ["b", 2]] }), &given),
            Ok(())
        );
        assert!(check(json!({ "result": [["a", 1], ["a", 1]] }), &given).is_err());
        assert!(check(json!({ "result": [["a", 1]] }), &given).is_err());
    }
}
