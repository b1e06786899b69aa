//! The agent card as version 0.3 has it (its section 5.5), made from the 1.0 card.
//!
//! The 1.0 card is the only one that an agent writes. What 0.3 cannot say (tenants, device-code
//! flows, gRPC of 1.0) is left out; so are signatures, which cover the 1.0 form alone.

use serde_json::{Map, Value, json};

use crate::wire::AgentCard;

/// What 0.3 clients expect to read, with its patch number.
const PROTOCOL_VERSION: &str = "0.3.0";

/// The card for a 0.3 client. `supported_interfaces` has to be filled in.
pub fn card(card: &AgentCard) -> Value {
    let mut old = match serde_json::to_value(card) {
        Ok(Value::Object(old)) => old,
        _ => Map::new(),
    };
    let interfaces = interfaces(card);
    let (url, transport) = interfaces.first().copied().unwrap_or(("", "JSONRPC"));
    old.remove("supportedInterfaces");
    old.remove("signatures");
    old.insert("protocolVersion".to_owned(), json!(PROTOCOL_VERSION));
    old.insert("url".to_owned(), json!(url));
    old.insert("preferredTransport".to_owned(), json!(transport));
    let all: Vec<_> = interfaces
        .iter()
        .map(|(url, transport)| json!({ "url": url, "transport": transport }))
        .collect();
    old.insert("additionalInterfaces".to_owned(), Value::Array(all));
    let capabilities = old.get_mut("capabilities").and_then(Value::as_object_mut);
    if let Some(extended) = capabilities.and_then(|c| c.remove("extendedAgentCard")) {
        old.insert("supportsAuthenticatedExtendedCard".to_owned(), extended);
    }
    if let Some(Value::Object(schemes)) = old.remove("securitySchemes") {
        let schemes: Map<_, _> = schemes
            .into_iter()
            .filter_map(|(name, scheme)| Some((name, security_scheme(&scheme)?)))
            .collect();
        old.insert("securitySchemes".to_owned(), Value::Object(schemes));
    }
    requirements(&mut old);
    let skills = old.get_mut("skills").and_then(Value::as_array_mut);
    for skill in skills.into_iter().flatten() {
        skill.as_object_mut().map(requirements);
    }
    Value::Object(old)
}

/// Where a 0.3 client reaches the agent: the interfaces that say so. Without any, the JSON ones: the
/// engine answers both versions at the same URLs. A tenant is nothing that a 0.3 client can send.
fn interfaces(card: &AgentCard) -> Vec<(&str, &str)> {
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for interface in &card.supported_interfaces {
        let found = (interface.url.as_str(), interface.protocol_binding.as_str());
        if !interface.tenant.is_empty() {
            continue;
        } else if is_0_3(&interface.protocol_version) {
            named.push(found);
        } else if interface.protocol_binding != "GRPC" {
            others.push(found);
        }
    }
    if named.is_empty() { others } else { named }
}

fn is_0_3(version: &str) -> bool {
    version == "0.3" || version.starts_with("0.3.")
}

/// `securityRequirements: [{schemes: {name: {list: scopes}}}]` is `security: [{name: scopes}]`.
fn requirements(of: &mut Map<String, Value>) {
    let Some(Value::Array(requirements)) = of.remove("securityRequirements") else {
        return;
    };
    let security: Vec<Value> = requirements
        .iter()
        .map(|requirement| {
            let schemes = requirement.get("schemes").and_then(Value::as_object);
            let scopes = |scopes: &Value| match scopes.get("list") {
                Some(list @ Value::Array(_)) => list.clone(),
                _ => json!([]),
            };
            schemes
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), scopes(value)))
                .collect::<Map<_, _>>()
                .into()
        })
        .collect();
    of.insert("security".to_owned(), Value::Array(security));
}

/// A oneof member of 1.0 is told by `type` in 0.3, as OpenAPI has it.
fn security_scheme(scheme: &Value) -> Option<Value> {
    let (member, fields) = scheme.as_object()?.iter().next()?;
    let mut fields = fields.as_object()?.clone();
    let kind = match member.as_str() {
        "apiKeySecurityScheme" => {
            let location = fields.remove("location").unwrap_or_else(|| json!("header"));
            fields.insert("in".to_owned(), location);
            "apiKey"
        }
        "httpAuthSecurityScheme" => "http",
        "oauth2SecurityScheme" => {
            if let Some(flows) = fields.get_mut("flows").and_then(Value::as_object_mut) {
                // Neither the flow nor the field is known to 0.3.
                flows.remove("deviceCode");
                for flow in flows.values_mut().filter_map(Value::as_object_mut) {
                    flow.remove("pkceRequired");
                }
            }
            "oauth2"
        }
        "openIdConnectSecurityScheme" => "openIdConnect",
        "mtlsSecurityScheme" => "mutualTLS",
        _ => return None,
    };
    let mut old = Map::from_iter([("type".to_owned(), json!(kind))]);
    old.extend(fields);
    Some(Value::Object(old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{AgentInterface, AgentProvider, AgentSkill};

    fn interface(url: &str, binding: &str, version: &str, tenant: &str) -> AgentInterface {
        AgentInterface {
            url: url.to_owned(),
            protocol_binding: binding.to_owned(),
            protocol_version: version.to_owned(),
            tenant: tenant.to_owned(),
        }
    }

    fn agent() -> AgentCard {
        let mut card = AgentCard::new("Hello", "Says hello.", "1.0.0").skill(AgentSkill::new(
            "hello",
            "Hello",
            "Says hello.",
            &["greeting"],
        ));
        card.supported_interfaces = vec![
            interface("https://a.example/", "JSONRPC", "1.0", ""),
            interface("https://a.example", "HTTP+JSON", "1.0", ""),
            interface("https://a.example", "GRPC", "1.0", ""),
        ];
        card
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_whole_of_a_card() {
        let mut new = agent();
        new.provider = Some(AgentProvider {
            url: "https://example.com".to_owned(),
            organization: "Example".to_owned(),
        });
        new.documentation_url = Some("https://example.com/docs".to_owned());
        new.capabilities.streaming = Some(true);
        new.capabilities.push_notifications = Some(false);
        new.capabilities.extended_agent_card = Some(true);
        let expected = json!({
            "name": "Hello",
            "description": "Says hello.",
            "provider": {"url": "https://example.com", "organization": "Example"},
            "version": "1.0.0",
            "documentationUrl": "https://example.com/docs",
            "capabilities": {"streaming": true, "pushNotifications": false},
            "defaultInputModes": ["text/plain"],
            "defaultOutputModes": ["text/plain"],
            "skills": [{
                "id": "hello",
                "name": "Hello",
                "description": "Says hello.",
                "tags": ["greeting"],
            }],
            "protocolVersion": "0.3.0",
            "url": "https://a.example/",
            "preferredTransport": "JSONRPC",
            "additionalInterfaces": [
                {"url": "https://a.example/", "transport": "JSONRPC"},
                {"url": "https://a.example", "transport": "HTTP+JSON"},
            ],
            "supportsAuthenticatedExtendedCard": true,
        });
        assert_eq!(card(&new), expected);
    }

    #[test]
    fn interfaces_of_0_3_come_before_guesses() {
        let mut new = agent();
        new.supported_interfaces.extend([
            interface("https://a.example/t", "JSONRPC", "0.3", "t"),
            interface("https://a.example/old", "HTTP+JSON", "0.3", ""),
            interface("https://a.example/old/", "JSONRPC", "0.3.0", ""),
            interface("https://a.example/older/", "JSONRPC", "0.30", ""),
        ]);
        let old = card(&new);
        assert_eq!(old["url"], "https://a.example/old");
        assert_eq!(old["preferredTransport"], "HTTP+JSON");
        let urls = old["additionalInterfaces"].as_array().unwrap().iter();
        let urls: Vec<_> = urls.map(|i| i["url"].as_str().unwrap()).collect();
        assert_eq!(urls, ["https://a.example/old", "https://a.example/old/"]);
    }

    #[test]
    fn security_is_spelled_as_in_openapi() {
        let mut new = agent();
        new.security_schemes = object(json!({
            "key": {"apiKeySecurityScheme": {"description": "A key.", "location": "query", "name": "k"}},
            "bearer": {"httpAuthSecurityScheme": {"scheme": "Bearer", "bearerFormat": "JWT"}},
            "google": {"oauth2SecurityScheme": {
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "https://g.example/auth",
                        "tokenUrl": "https://g.example/token",
                        "scopes": {"openid": "Who you are"},
                        "pkceRequired": true,
                    },
                },
                "oauth2MetadataUrl": "https://g.example/meta",
            }},
            "device": {"oauth2SecurityScheme": {"flows": {"deviceCode": {}}}},
            "oidc": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://g.example/oidc"}},
            "mtls": {"mtlsSecurityScheme": {}},
            "unknown": {"quantumSecurityScheme": {}},
        }));
        new.security_requirements = vec![
            json!({"schemes": {"google": {"list": ["openid"]}, "key": {}}}),
            json!({"schemes": {"mtls": {"list": []}}}),
        ];
        let old = card(&new);
        let expected = json!({
            "key": {"type": "apiKey", "description": "A key.", "name": "k", "in": "query"},
            "bearer": {"type": "http", "scheme": "Bearer", "bearerFormat": "JWT"},
            "google": {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": "https://g.example/auth",
                        "tokenUrl": "https://g.example/token",
                        "scopes": {"openid": "Who you are"},
                    },
                },
                "oauth2MetadataUrl": "https://g.example/meta",
            },
            "device": {"type": "oauth2", "flows": {}},
            "oidc": {"type": "openIdConnect", "openIdConnectUrl": "https://g.example/oidc"},
            "mtls": {"type": "mutualTLS"},
        });
        assert_eq!(old["securitySchemes"], expected);
        let security = json!([{"google": ["openid"], "key": []}, {"mtls": []}]);
        assert_eq!(old["security"], security);
        assert!(old.get("securityRequirements").is_none());
    }
}
