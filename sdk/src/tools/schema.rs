//! JSON Schemas as models take them: in one piece, of plain keywords.
//!
//! Providers read a subset of JSON Schema each. What all of them read is kept; references are put in
//! place, and what only validators need is left out, so that it costs no tokens.

use crate::tools::json::{get, set};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// How deep a schema is followed. A type that contains itself is cut there.
const MAX_DEPTH: usize = 16;

/// The schema of the arguments `A`.
pub(crate) fn of<A: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    plain(
        settings
            .into_generator()
            .into_root_schema_for::<A>()
            .to_value(),
    )
}

/// The same schema without references and without what models do not take. Always one of an object.
pub(crate) fn plain(schema: Value) -> Value {
    let mut found = simplified(&schema, &schema, 0);
    let is_object = found.get("type").and_then(Value::as_str) == Some("object");
    if !is_object || !found.get("properties").is_some_and(Value::is_object) {
        let description = found.get("description").cloned();
        let properties = found.get("properties").cloned();
        found = json!({ "type": "object", "properties": properties.unwrap_or(json!({})) });
        if let Some(description) = description {
            set(&mut found, "description", description);
        }
    }
    found
}

fn simplified(schema: &Value, root: &Value, depth: usize) -> Value {
    let Value::Object(schema) = schema else {
        // `true`: anything.
        return json!({});
    };
    if depth >= MAX_DEPTH {
        return json!({ "type": "object" });
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let Some(target) = reference.strip_prefix('#').and_then(|at| root.pointer(at)) else {
            return json!({});
        };
        let mut target = simplified(target, root, depth + 1);
        if let Some(description) = schema.get("description") {
            set(&mut target, "description", description.clone());
        }
        return target;
    }
    let below = |schema: &Value| simplified(schema, root, depth + 1);
    let mut plain = Map::new();
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let properties = properties.iter().map(|(name, s)| (name.clone(), below(s)));
                plain.insert("properties".to_owned(), Value::Object(properties.collect()));
            }
            ("items", items @ Value::Object(_)) => {
                plain.insert("items".to_owned(), below(items));
            }
            ("additionalProperties", values @ Value::Object(_)) => {
                plain.insert("additionalProperties".to_owned(), below(values));
            }
            ("type", Value::Array(types)) => {
                // Optional is what is not required.
                let mut types = types.iter().filter(|name| name.as_str() != Some("null"));
                if let (Some(one), None) = (types.next(), types.next()) {
                    plain.insert("type".to_owned(), one.clone());
                }
            }
            ("enum", Value::Array(values)) => {
                let values: Vec<_> = values.iter().filter(|v| !v.is_null()).cloned().collect();
                plain.insert("enum".to_owned(), Value::Array(values));
            }
            ("const", value) => {
                plain.insert("enum".to_owned(), json!([value]));
            }
            ("anyOf" | "oneOf", Value::Array(choices)) => {
                merge(
                    &mut plain,
                    alternatives(choices.iter().map(below).collect()),
                );
            }
            ("allOf", Value::Array(all)) => {
                for part in all {
                    if let Value::Object(part) = below(part) {
                        merge(&mut plain, part);
                    }
                }
            }
            ("format", Value::String(format)) if !KNOWN_FORMATS.contains(&format.as_str()) => {}
            ("default", Value::Null) => {}
            ("description", Value::String(words)) => {
                // What is said of the place goes before what is said of the choices.
                let of_choices = plain.remove("description");
                plain.insert("description".to_owned(), json!(words));
                let of_choices = of_choices.map(|words| ("description".to_owned(), words));
                merge(&mut plain, of_choices.into_iter().collect());
            }
            (keyword, value) if KEPT.contains(&keyword) => {
                plain.insert(keyword.to_owned(), value.clone());
            }
            _ => {}
        }
    }
    // Items are not optional for every provider.
    if plain.get("type").and_then(Value::as_str) == Some("array") && !plain.contains_key("items") {
        plain.insert("items".to_owned(), json!({}));
    }
    if plain.contains_key("enum") && !plain.contains_key("type") {
        plain.insert("type".to_owned(), json!("string"));
    }
    Value::Object(plain)
}

/// Formats of strings; those of numbers are about Rust and not about JSON.
const KNOWN_FORMATS: [&str; 4] = ["date", "date-time", "email", "uri"];
/// Keywords that are taken over as they are.
const KEPT: [&str; 13] = [
    "type",
    "format",
    "required",
    "default",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "pattern",
    "minProperties",
    "maxProperties",
];

/// One of several: nothing is one of them for what is optional, and words are an enumeration.
fn alternatives(choices: Vec<Value>) -> Map<String, Value> {
    let is_null =
        |choice: &Value| get(choice, "type") == "null" || *get(choice, "enum") == json!([]);
    let mut choices: Vec<_> = choices.into_iter().filter(|c| !is_null(c)).collect();
    if choices.len() == 1
        && let Some(Value::Object(only)) = choices.pop()
    {
        return only;
    }
    let words = |choice: &Value| Some(get(choice, "enum").as_array()?.clone());
    let all: Option<Vec<Vec<Value>>> = choices.iter().map(words).collect();
    let Some(all) = all.filter(|all| !all.is_empty()) else {
        return Map::from_iter([("anyOf".to_owned(), Value::Array(choices))]);
    };
    let explained: Vec<_> = choices
        .iter()
        .filter_map(|choice| {
            let name = get(choice, "enum")[0].as_str()?;
            Some(format!("{name}: {}", get(choice, "description").as_str()?))
        })
        .collect();
    let mut one = Map::new();
    one.insert("type".to_owned(), json!("string"));
    if !explained.is_empty() {
        one.insert("description".to_owned(), json!(explained.join(" ")));
    }
    one.insert("enum".to_owned(), Value::Array(all.concat()));
    one
}

/// What is there already stays, but properties come together.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (keyword, value) in from {
        match (into.get_mut(&keyword), value) {
            (None, value) => {
                into.insert(keyword, value);
            }
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (Some(Value::Array(old)), Value::Array(new)) if keyword == "required" => {
                old.extend(new);
            }
            (Some(Value::String(old)), Value::String(new)) if keyword == "description" => {
                old.push(' ');
                old.push_str(&new);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Args {
        /// The statement.
        sql: String,
        limit: Option<u32>,
        /// How it looks.
        kind: Kind,
        #[serde(default)]
        title: Vec<Point>,
        shade: Option<Shade>,
    }

    #[derive(serde::Deserialize, JsonSchema)]
    enum Kind {
        /// Side by side.
        Bar,
        /// One after another.
        Line,
    }

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Shade {
        Dark,
        Light,
    }

    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Point {
        x: f64,
    }

    #[test]
    fn a_schema_is_in_one_piece_and_plain() {
        assert_eq!(
            of::<Args>(),
            json!({
                "type": "object",
                "properties": {
                    "sql": {"description": "The statement.", "type": "string"},
                    "limit": {"type": "integer", "minimum": 0},
                    "kind": {
                        "description": "How it looks. Bar: Side by side. Line: One after another.",
                        "type": "string",
                        "enum": ["Bar", "Line"],
                    },
                    "title": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"x": {"type": "number"}},
                            "required": ["x"],
                        },
                    },
                    "shade": {"type": "string", "enum": ["dark", "light"]},
                },
                "required": ["sql", "kind"],
            })
        );
    }

    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Tree {
        below: Vec<Tree>,
    }

    #[test]
    fn a_type_that_contains_itself_is_cut() {
        let printed = of::<Tree>().to_string();
        assert!(
            !printed.contains("$ref") && !printed.contains("$defs"),
            "{printed}"
        );
        assert!(printed.len() < 4000, "{printed}");
    }

    #[test]
    fn what_servers_write() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "addArguments",
            "type": "object",
            "additionalProperties": false,
            "$defs": {"Unit": {"title": "Unit", "enum": ["m", "ft"], "type": "string"}},
            "properties": {
                "title": {"title": "Title", "type": "string"},
                "unit": {"$ref": "#/$defs/Unit", "description": "Of both."},
                "far": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null},
                "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "strange": {"$ref": "https://elsewhere.example/schema"},
                "anything": true,
            },
            "required": ["title"],
        });
        assert_eq!(
            plain(schema),
            json!({
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "unit": {"enum": ["m", "ft"], "type": "string", "description": "Of both."},
                    "far": {"type": "integer"},
                    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                    "strange": {},
                    "anything": {},
                },
                "required": ["title"],
            })
        );
        for nothing in [json!(null), json!({}), json!({"type": "string"})] {
            assert_eq!(plain(nothing), json!({"type": "object", "properties": {}}));
        }
    }
}
