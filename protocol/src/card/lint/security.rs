//! The security of a card (section 4.5), which an agent writes as JSON: every member is looked at.

use serde_json::{Map, Value};

use super::Faults;

/// What a member may hold.
enum Kind {
    Text,
    Url,
    Flag,
    /// Where an API key goes.
    Location,
    /// A scope, and what it allows.
    Scopes,
    /// Exactly one way to get a token.
    Flows,
}

struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
    }
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
    }
}

/// One of several members, each with its own fields.
type Choices = [(&'static str, &'static [Field])];

const SCHEMES: &Choices = &[
    (
        "apiKeySecurityScheme",
        &[
            optional("description", Kind::Text),
            required("location", Kind::Location),
            required("name", Kind::Text),
        ],
    ),
    (
        "httpAuthSecurityScheme",
        &[
            optional("description", Kind::Text),
            required("scheme", Kind::Text),
            optional("bearerFormat", Kind::Text),
        ],
    ),
    (
        "oauth2SecurityScheme",
        &[
            optional("description", Kind::Text),
            required("flows", Kind::Flows),
            optional("oauth2MetadataUrl", Kind::Url),
        ],
    ),
    (
        "openIdConnectSecurityScheme",
        &[
            optional("description", Kind::Text),
            required("openIdConnectUrl", Kind::Url),
        ],
    ),
    ("mtlsSecurityScheme", &[optional("description", Kind::Text)]),
];

const FLOWS: &Choices = &[
    (
        "authorizationCode",
        &[
            required("authorizationUrl", Kind::Url),
            required("tokenUrl", Kind::Url),
            optional("refreshUrl", Kind::Url),
            required("scopes", Kind::Scopes),
            optional("pkceRequired", Kind::Flag),
        ],
    ),
    (
        "clientCredentials",
        &[
            required("tokenUrl", Kind::Url),
            optional("refreshUrl", Kind::Url),
            required("scopes", Kind::Scopes),
        ],
    ),
    (
        "deviceCode",
        &[
            required("deviceAuthorizationUrl", Kind::Url),
            required("tokenUrl", Kind::Url),
            optional("refreshUrl", Kind::Url),
            required("scopes", Kind::Scopes),
        ],
    ),
    (
        "implicit",
        &[
            required("authorizationUrl", Kind::Url),
            optional("refreshUrl", Kind::Url),
            required("scopes", Kind::Scopes),
        ],
    ),
    (
        "password",
        &[
            required("tokenUrl", Kind::Url),
            optional("refreshUrl", Kind::Url),
            required("scopes", Kind::Scopes),
        ],
    ),
];

/// `securitySchemes`.
pub(super) fn schemes(schemes: &Map<String, Value>, faults: &mut Faults) {
    for (name, scheme) in schemes {
        let path = format!("securitySchemes.{name}");
        if name.trim().is_empty() {
            faults.add("securitySchemes", "has a scheme without a name");
        }
        if scheme.get("type").is_some_and(Value::is_string) {
            faults.add(
                &path,
                "is in the form of 0.3: write {\"httpAuthSecurityScheme\": {…}}, or another member \
                 of 1.0, instead of \"type\"",
            );
            continue;
        }
        one_of(&path, scheme, SCHEMES, faults);
    }
}

/// `securityRequirements` of the card or of a skill: alternatives, each a set of declared schemes.
pub(super) fn requirements(
    path: &str,
    requirements: &[Value],
    declared: &Map<String, Value>,
    faults: &mut Faults,
) {
    for (index, requirement) in requirements.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let Some(members) = object(&path, requirement, faults) else {
            continue;
        };
        unknown(&path, members, &["schemes"], faults);
        let path = format!("{path}.schemes");
        let Some(schemes) = members.get("schemes") else {
            faults.add(&path, "is required");
            continue;
        };
        for (name, scopes) in object(&path, schemes, faults).into_iter().flatten() {
            let path = format!("{path}.{name}");
            if !declared.contains_key(name) {
                faults.add(&path, "is not declared in securitySchemes");
            }
            let Some(members) = object(&path, scopes, faults) else {
                continue;
            };
            unknown(&path, members, &["list"], faults);
            match members.get("list") {
                None => {}
                Some(Value::Array(scopes)) => {
                    for (index, scope) in scopes.iter().enumerate() {
                        text(&format!("{path}.list[{index}]"), scope, faults);
                    }
                }
                Some(_) => faults.add(&format!("{path}.list"), "must be a list of scopes"),
            }
        }
    }
}

/// An object with exactly one of these members.
fn one_of(path: &str, value: &Value, choices: &Choices, faults: &mut Faults) {
    let Some(members) = object(path, value, faults) else {
        return;
    };
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    if members.len() != 1 {
        let given: Vec<_> = members.keys().map(String::as_str).collect();
        let given = if given.is_empty() {
            "none".to_owned()
        } else {
            given.join(" and ")
        };
        let names = names.join(", ");
        return faults.add(
            path,
            format!("must have exactly one of {names}, and has {given}"),
        );
    }
    for (name, value) in members {
        let path = format!("{path}.{name}");
        match choices.iter().find(|(choice, _)| choice == name) {
            Some((_, fields)) => all_of(&path, value, fields, faults),
            None => faults.add(
                &path,
                format!("is unknown: give one of {}", names.join(", ")),
            ),
        }
    }
}

/// An object with these members and no others.
fn all_of(path: &str, value: &Value, fields: &[Field], faults: &mut Faults) {
    let Some(members) = object(path, value, faults) else {
        return;
    };
    let names: Vec<_> = fields.iter().map(|field| field.name).collect();
    unknown(path, members, &names, faults);
    for field in fields {
        let path = format!("{path}.{}", field.name);
        match members.get(field.name) {
            None if field.required => faults.add(&path, "is required"),
            None => {}
            Some(value) => of_kind(&path, value, &field.kind, faults),
        }
    }
}

fn of_kind(path: &str, value: &Value, kind: &Kind, faults: &mut Faults) {
    match kind {
        Kind::Text => text(path, value, faults),
        Kind::Url => match value.as_str() {
            Some(url) => faults.url(path, url),
            None => faults.add(path, "must be an absolute http or https URL"),
        },
        Kind::Flag => {
            if !value.is_boolean() {
                faults.add(path, "must be true or false");
            }
        }
        Kind::Location => {
            if !matches!(value.as_str(), Some("query" | "header" | "cookie")) {
                faults.add(path, format!("is {value}: give query, header or cookie"));
            }
        }
        Kind::Scopes => {
            for (scope, description) in object(path, value, faults).into_iter().flatten() {
                if scope.is_empty() {
                    faults.add(path, "has a scope without a name");
                }
                if !description.is_string() {
                    faults.add(&format!("{path}.{scope}"), "must be a text: what it allows");
                }
            }
        }
        Kind::Flows => one_of(path, value, FLOWS, faults),
    }
}

fn object<'a>(path: &str, value: &'a Value, faults: &mut Faults) -> Option<&'a Map<String, Value>> {
    let object = value.as_object();
    if object.is_none() {
        faults.add(path, "must be an object");
    }
    object
}

fn text(path: &str, value: &Value, faults: &mut Faults) {
    match value.as_str() {
        Some(text) => faults.text(path, text),
        None => faults.add(path, "must be a text"),
    }
}

fn unknown(path: &str, members: &Map<String, Value>, known: &[&str], faults: &mut Faults) {
    for name in members.keys() {
        if !known.contains(&name.as_str()) {
            faults.add(
                &format!("{path}.{name}"),
                format!("is unknown: {path} has {}", known.join(", ")),
            );
        }
    }
}
