use serde_json::json;

use super::*;
use crate::wire::{AgentInterface, AgentProvider};

fn card() -> AgentCard {
    AgentCard::new("Hello", "Greets.", "1.0.0").skill(AgentSkill::new("a", "A", "Does a.", &["t"]))
}

/// The faults of a good card after this change.
fn faults(change: impl FnOnce(&mut AgentCard)) -> Vec<String> {
    let mut card = card();
    change(&mut card);
    lint(&card)
}

/// The faults of a security scheme named `s`.
fn of_scheme(scheme: serde_json::Value) -> Vec<String> {
    faults(|card| {
        card.security_schemes.insert("s".to_owned(), scheme);
    })
}

#[test]
fn a_good_card_has_no_faults() {
    let all = faults(|card| {
        card.provider = Some(AgentProvider {
            url: "https://example.com".to_owned(),
            organization: "Example".to_owned(),
        });
        card.documentation_url = Some("http://localhost:8080/docs".to_owned());
        card.default_input_modes = [
            "text/csv; charset=utf-8",
            "image/*",
            "application/vnd.a+json",
        ]
        .map(str::to_owned)
        .to_vec();
        card.security_schemes = json!({
            "key": {"apiKeySecurityScheme": {"location": "cookie", "name": "k"}},
            "http": {"httpAuthSecurityScheme": {"scheme": "Bearer", "bearerFormat": "JWT"}},
            "oidc": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://g.example/o"}},
            "mtls": {"mtlsSecurityScheme": {}},
            "oauth": {"oauth2SecurityScheme": {"flows": {"deviceCode": {
                "deviceAuthorizationUrl": "https://g.example/d",
                "tokenUrl": "https://g.example/t",
                "scopes": {},
            }}}},
        })
        .as_object()
        .cloned()
        .unwrap();
        card.security_requirements = vec![
            json!({"schemes": {"key": {}, "http": {"list": []}}}),
            json!({"schemes": {}}),
        ];
        card.skills[0].security_requirements =
            vec![json!({"schemes": {"oauth": {"list": ["read"]}}})];
    });
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn what_is_required_is_missed_by_name() {
    assert_eq!(
        lint(&AgentCard::default()),
        [
            "name is required",
            "description is required",
            "version is required",
            "defaultInputModes is required: give at least one",
            "defaultOutputModes is required: give at least one",
            "skills is required: give at least one",
        ]
    );
    let empty = faults(|card| card.skills = vec![AgentSkill::default()]);
    assert_eq!(
        empty,
        [
            "skills[0].id is required",
            "skills[0].name is required",
            "skills[0].description is required",
            "skills[0].tags is required: give at least one",
        ]
    );
    let empty = faults(|card| card.provider = Some(AgentProvider::default()));
    assert_eq!(
        empty,
        [
            "provider.organization is required",
            "provider.url is required"
        ]
    );
}

#[test]
fn skills_are_told_apart_and_say_something() {
    let twice = faults(|card| card.skills.push(card.skills[0].clone()));
    assert_eq!(twice, [r#"skills[1].id is "a", as skills[0].id is"#]);
    let blank = faults(|card| {
        card.skills[0].tags.push(" ".to_owned());
        card.skills[0].examples.push(String::new());
        card.skills[0].output_modes.push("text".to_owned());
    });
    assert_eq!(
        blank,
        [
            "skills[0].tags[1] is required",
            "skills[0].examples[0] is required",
            r#"skills[0].outputModes[0] is "text": give a media type such as "text/plain""#,
        ]
    );
}

#[test]
fn urls_and_uris_are_absolute() {
    for url in [
        "example.com",
        "/docs",
        "ftp://example.com",
        "https://",
        "https://u:p@example.com",
    ] {
        let found = faults(|card| card.icon_url = Some(url.to_owned()));
        let expected = format!("iconUrl is {url:?}: give an absolute http or https URL");
        assert_eq!(found, [expected]);
    }
    let extension = |uri: &str| AgentExtension {
        uri: uri.to_owned(),
        ..AgentExtension::default()
    };
    let found = faults(|card| {
        card.capabilities.extensions = ["urn:a", "", "no uri", "urn:a"].map(extension).into();
    });
    assert_eq!(
        found,
        [
            "capabilities.extensions[1].uri is required",
            "capabilities.extensions[2].uri is \"no uri\": give a URI such as \
             \"https://example.com/ext/v1\"",
            r#"capabilities.extensions[3].uri is "urn:a", which is declared twice"#,
        ]
    );
}

#[test]
fn what_the_engine_fills_in_is_left_to_it() {
    let found = faults(|card| card.supported_interfaces = vec![AgentInterface::default()]);
    assert_eq!(
        found,
        ["supportedInterfaces is filled in when the card is served: leave it empty"]
    );
}

#[test]
fn a_scheme_is_of_exactly_one_kind() {
    let kinds = "apiKeySecurityScheme, httpAuthSecurityScheme, oauth2SecurityScheme, \
                 openIdConnectSecurityScheme, mtlsSecurityScheme";
    assert_eq!(
        of_scheme(json!({})),
        [format!(
            "securitySchemes.s must have exactly one of {kinds}, and has none"
        )]
    );
    assert_eq!(
        of_scheme(json!({"mtlsSecurityScheme": {}, "httpAuthSecurityScheme": {}})),
        [format!(
            "securitySchemes.s must have exactly one of {kinds}, and has mtlsSecurityScheme and \
             httpAuthSecurityScheme"
        )]
    );
    assert_eq!(
        of_scheme(json!({"bearer": {}})),
        [format!(
            "securitySchemes.s.bearer is unknown: give one of {kinds}"
        )]
    );
    assert_eq!(
        of_scheme(json!([])),
        ["securitySchemes.s must be an object"]
    );
    let old = of_scheme(json!({"type": "http", "scheme": "bearer"}));
    assert!(old[0].starts_with("securitySchemes.s is in the form of 0.3"));
}

#[test]
fn the_fields_of_a_scheme_are_named_with_their_path() {
    let scheme = of_scheme(
        json!({"oauth2SecurityScheme": {"flows": {"authorizationCode": {
            "authorizationUrl": "https://g.example/auth",
            "scopes": {"openid": 1},
            "pkceRequired": "yes",
            "tokenURL": "https://g.example/token",
        }}}}),
    );
    let flow = "securitySchemes.s.oauth2SecurityScheme.flows.authorizationCode";
    assert_eq!(
        scheme,
        [
            format!(
                "{flow}.tokenURL is unknown: {flow} has authorizationUrl, tokenUrl, refreshUrl, \
                 scopes, pkceRequired"
            ),
            format!("{flow}.tokenUrl is required"),
            format!("{flow}.scopes.openid must be a text: what it allows"),
            format!("{flow}.pkceRequired must be true or false"),
        ]
    );
    assert_eq!(
        of_scheme(json!({"apiKeySecurityScheme": {"location": "body", "name": ""}})),
        [
            r#"securitySchemes.s.apiKeySecurityScheme.location is "body": give query, header or cookie"#,
            "securitySchemes.s.apiKeySecurityScheme.name is required",
        ]
    );
    assert_eq!(
        of_scheme(json!({"openIdConnectSecurityScheme": {"openIdConnectUrl": "/o"}})),
        [
            "securitySchemes.s.openIdConnectSecurityScheme.openIdConnectUrl is \"/o\": give an \
             absolute http or https URL"
        ]
    );
    let flows = of_scheme(json!({"oauth2SecurityScheme": {"flows": {}}}));
    assert_eq!(
        flows,
        [
            "securitySchemes.s.oauth2SecurityScheme.flows must have exactly one of \
             authorizationCode, clientCredentials, deviceCode, implicit, password, and has none"
        ]
    );
}

#[test]
fn requirements_name_declared_schemes() {
    let found = faults(|card| {
        card.security_schemes
            .insert("key".to_owned(), json!({"mtlsSecurityScheme": {}}));
        card.security_requirements = vec![
            json!({"schemes": {"other": {"list": []}}}),
            json!({"key": ["a"]}),
            json!({"schemes": {"key": ["a"]}}),
        ];
        card.skills[0].security_requirements =
            vec![json!({"schemes": {"key": {"list": [1, "a"]}}})];
    });
    assert_eq!(
        found,
        [
            "securityRequirements[0].schemes.other is not declared in securitySchemes",
            "securityRequirements[1].key is unknown: securityRequirements[1] has schemes",
            "securityRequirements[1].schemes is required",
            "securityRequirements[2].schemes.key must be an object",
            "skills[0].securityRequirements[0].schemes.key.list[0] must be a text",
        ]
    );
}
