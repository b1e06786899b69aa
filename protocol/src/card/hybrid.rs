//! One document for both generations of clients: the 1.0 card, and beside its members those of 0.3.

use serde_json::{Map, Value};

use super::v0_3;
use crate::wire::AgentCard;

/// The 1.0 form of `card` with the members of 0.3 beside it.
///
/// Nothing of 1.0 is changed, so a signature over the 1.0 members holds. A security scheme becomes the
/// union of its two spellings.
pub(super) fn hybrid(card: &AgentCard) -> Value {
    let mut both = serde_json::to_value(card).unwrap_or_default();
    merge(&mut both, v0_3::card(card));
    let schemes = both
        .get_mut("securitySchemes")
        .and_then(Value::as_object_mut);
    for scheme in schemes.into_iter().flat_map(Map::values_mut) {
        keep_flows(scheme);
    }
    both
}

/// Adds what is missing, at every depth. Lists are matched by position: both forms come from one card.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(&name) {
                    Some(present) => merge(present, value),
                    None => {
                        into.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(into), Value::Array(from)) if into.len() == from.len() => {
            for (into, from) in into.iter_mut().zip(from) {
                merge(into, from);
            }
        }
        _ => {}
    }
}

/// Some readers of 1.0 take the 0.3 spelling where they find both. The flows then have to be complete,
/// with what 0.3 did not know: PKCE and device codes.
fn keep_flows(scheme: &mut Value) {
    let flows = scheme.pointer("/oauth2SecurityScheme/flows").cloned();
    if let (Some(flows), Some(scheme)) = (flows, scheme.as_object_mut()) {
        scheme.insert("flows".to_owned(), flows);
    }
}
