//! Whether what is there is what is wanted.

use serde_json::Value;

/// Where what is `found` is not as it is `wanted`: a field that nobody asked for is no difference, for
/// Google adds its own. Nothing if it is the same.
pub(super) fn difference(wanted: &Value, found: &Value) -> Option<String> {
    at("", wanted, found)
}

fn at(place: &str, wanted: &Value, found: &Value) -> Option<String> {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().find_map(|(key, value)| {
            let place = format!("{place}.{key}");
            match found.get(key) {
                Some(found) => at(&place, value, found),
                // What is left out is empty.
                None if *value == Value::Bool(false) || *value == 0 || *value == "" => None,
                None => Some(place),
            }
        }),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let pairs = wanted.iter().zip(found).enumerate();
            pairs
                .into_iter()
                .find_map(|(n, (wanted, found))| at(&format!("{place}[{n}]"), wanted, found))
        }
        (Value::String(wanted), Value::String(found)) if place.ends_with(".limits.cpu") => {
            (milli(wanted) != milli(found)).then(|| place.to_owned())
        }
        (Value::Number(wanted), Value::Number(found)) => {
            (wanted.as_f64() != found.as_f64()).then(|| place.to_owned())
        }
        _ => (wanted != found).then(|| place.to_owned()),
    }
    .map(|place| place.trim_start_matches('.').to_owned())
}

/// Processors in thousandths: `1` is `1000m`.
fn milli(cpu: &str) -> Option<i64> {
    let number = match cpu.strip_suffix('m') {
        Some(milli) => milli.parse::<f64>().ok()?,
        None => cpu.parse::<f64>().ok()? * 1000.0,
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "nobody has 2^53 processors"
    )]
    Some(number.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_google_adds_is_no_difference() {
        let found = json!({"spec": {"a": 1, "generation": 4}, "status": {}, "cpu": {"limits": {"cpu": "1000m"}}});
        assert_eq!(
            difference(
                &json!({"spec": {"a": 1.0}, "cpu": {"limits": {"cpu": "1"}}}),
                &found
            ),
            None
        );
        assert_eq!(difference(&json!({"spec": {"b": false}}), &found), None);
        assert_eq!(
            difference(&json!({"spec": {"a": 2}}), &found).as_deref(),
            Some("spec.a")
        );
        assert_eq!(
            difference(&json!({"spec": {"b": true}}), &found).as_deref(),
            Some("spec.b")
        );
        assert_eq!(
            difference(
                &json!({"l": [{"x": 1}, {"x": 2}]}),
                &json!({"l": [{"x": 1}, {"x": 3}]})
            )
            .as_deref(),
            Some("l[1].x")
        );
        assert_eq!(
            difference(&json!({"l": [1]}), &json!({"l": [1, 2]})).as_deref(),
            Some("l")
        );
    }
}
