//! Fields of JSON that others wrote: it may be anything.

use serde_json::Value;

static NOTHING: Value = Value::Null;

/// The field, or null.
pub(crate) fn get<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&NOTHING)
}

/// The field, or null, taken out.
pub(crate) fn take(value: &mut Value, name: &str) -> Value {
    value.get_mut(name).map_or(Value::Null, Value::take)
}

/// Sets a field of an object.
pub(crate) fn set(value: &mut Value, name: &str, field: Value) {
    if let Value::Object(object) = value {
        object.insert(name.to_owned(), field);
    }
}
