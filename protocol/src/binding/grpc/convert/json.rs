//! `google.protobuf.Struct` and `Value` are JSON whose numbers are all doubles. A whole number is an
//! integer again on this side, as every other binding would have it: `42`, not `42.0`.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde::{Deserialize as _, Deserializer};
use serde_json::{Map, Number, Value};

use super::Fault;

/// 2^63: the first double that an `i64` cannot hold.
const TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

pub(super) fn to_map(from: Struct) -> Result<Map<String, Value>, Fault> {
    let mut map = Map::with_capacity(from.fields.len());
    for (key, value) in from.fields {
        let value = to_value(value).map_err(|fault| fault.within(&key))?;
        map.insert(key, value);
    }
    Ok(map)
}

pub(super) fn to_value(from: prost_types::Value) -> Result<Value, Fault> {
    Ok(match from.kind {
        // A value that says nothing is null, as the official SDKs print it.
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::NumberValue(number)) => Value::Number(to_number(number)?),
        Some(Kind::StructValue(object)) => Value::Object(to_map(object)?),
        Some(Kind::ListValue(list)) => {
            let items = list.values.into_iter().enumerate().map(|(index, item)| {
                to_value(item).map_err(|fault| fault.within(&format!("[{index}]")))
            });
            Value::Array(items.collect::<Result<_, _>>()?)
        }
    })
}

fn to_number(number: f64) -> Result<Number, Fault> {
    let whole = number.fract() == 0.0 && (-TOO_LARGE..TOO_LARGE).contains(&number);
    if whole && !(number == 0.0 && number.is_sign_negative()) {
        #[expect(clippy::cast_possible_truncation, reason = "checked above")]
        return Ok(Number::from(number as i64));
    }
    Number::from_f64(number)
        .ok_or_else(|| Fault::new("", format!("{number} is not a number that JSON has")))
}

pub(super) fn from_map(map: Map<String, Value>) -> Struct {
    Struct {
        fields: map
            .into_iter()
            .map(|(key, value)| (key, from_value(value)))
            .collect(),
    }
}

pub(super) fn from_value(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(flag),
        Value::String(text) => Kind::StringValue(text),
        // Every number that serde_json reads is a finite double or an integer.
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::Object(map) => Kind::StructValue(from_map(map)),
        Value::Array(items) => Kind::ListValue(ListValue {
            values: items.into_iter().map(from_value).collect(),
        }),
    };
    prost_types::Value { kind: Some(kind) }
}

/// A `Struct` that is printed as JSON.
pub(in crate::binding::grpc) fn json_struct<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Struct>, D::Error> {
    let map = Option::<Map<String, Value>>::deserialize(deserializer)?;
    Ok(map.map(from_map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(json: &str) -> String {
        let value: Value = serde_json::from_str(json).unwrap();
        to_value(from_value(value)).unwrap().to_string()
    }

    #[test]
    fn numbers_keep_their_look_as_far_as_a_double_can() {
        for json in [
            "42",
            "-42",
            "0",
            "0.5",
            "9007199254740992",
            "-9223372036854775808",
            "null",
            "true",
            "[1,\"a\",{\"b\":[null,2.25]}]",
        ] {
            assert_eq!(there_and_back(json), json);
        }
        assert_eq!(there_and_back("42.0"), "42");
        assert_eq!(there_and_back("-0.0"), "-0.0");
        assert_eq!(there_and_back("1e300"), "1e+300");
        // Not what was sent, and what every protobuf makes of it.
        assert_eq!(there_and_back("9007199254740993"), "9007199254740992");
    }

    #[test]
    fn what_is_no_number_is_refused_where_it_stands() {
        let nan = prost_types::Value {
            kind: Some(Kind::NumberValue(f64::NAN)),
        };
        let list = prost_types::Value {
            kind: Some(Kind::ListValue(ListValue {
                values: vec![prost_types::Value::default(), nan],
            })),
        };
        let object = Struct {
            fields: [("a".to_owned(), list)].into(),
        };
        let fault = to_map(object).unwrap_err().within("metadata");
        assert_eq!(fault.path, "metadata.a[1]");
        assert!(fault.why.contains("NaN"), "{}", fault.why);
    }
}
