//! Reading the objects of 0.3: either spelling of a name, and an error that says where.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;

pub(super) type Object = Map<String, Value>;

/// Takes a field out, by its name in camelCase or as the proto spells it. `null` is unset.
pub(super) fn take(object: &mut Object, name: &str) -> Option<Value> {
    let camel = object.remove(name).filter(|value| !value.is_null());
    let snake = object.remove(&snake_case(name));
    camel.or(snake).filter(|value| !value.is_null())
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Moves fields that have the same name and meaning in 1.0.
pub(super) fn carry(names: &[&str], from: &mut Object, into: &mut Object) {
    for name in names {
        if let Some(value) = take(from, name) {
            into.insert((*name).to_owned(), value);
        }
    }
}

pub(super) fn object(value: Value, at: &str) -> Result<Object, Error> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(wrong_type(at, "an object", &other)),
    }
}

/// A string; unset is empty.
pub(super) fn string(value: Option<Value>, at: &str) -> Result<String, Error> {
    match value {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong_type(at, "a string", &other)),
    }
}

pub(super) fn wrong_type(at: &str, expected: &str, found: &Value) -> Error {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Error::field(at, format!("must be {expected}, and is {found}"))
}

/// The request of 1.0 that was put together, checked like one that came as such.
pub(super) fn typed<T: DeserializeOwned>(new: Object) -> Result<T, Error> {
    serde_path_to_error::deserialize(Value::Object(new)).map_err(|error| {
        let path = error.path().to_string();
        Error::field(path, error.into_inner().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn either_spelling_and_null_is_unset() {
        let mut object = object(
            json!({"messageId": null, "message_id": "a", "url": "b"}),
            "",
        )
        .unwrap();
        assert_eq!(take(&mut object, "messageId"), Some(json!("a")));
        assert_eq!(take(&mut object, "url"), Some(json!("b")));
        assert_eq!(take(&mut object, "messageId"), None);
    }
}
