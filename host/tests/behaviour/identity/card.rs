//! What the card says of callers is what is asked of them.

use http::Method;
use serde_json::{Value, json};

use super::api_keys::new;
use super::{ask_with, get_with};
use crate::issuer::{Issuer, Key, now};
use crate::process::{Host, guest};

const CARD: &str = "/.well-known/agent-card.json";

/// An agent that says of itself that it wants something else.
fn declared() -> String {
    json!({
        "name": "Card probe",
        "description": "Shows a card.",
        "version": "1.0.0",
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "s", "name": "Show", "description": "Shows.", "tags": ["card"]}],
        "securitySchemes": {"own": {"mtlsSecurityScheme": {}}},
        "securityRequirements": [{"schemes": {"own": {}}}],
    })
    .to_string()
}

async fn card(host: &Host, version: &str) -> Value {
    let answer = get_with(host, CARD, &[("a2a-version", version)]).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn card_and_enforcement_are_the_same() {
    let issuer = Issuer::start().await;
    let key = Key::p256("key");
    issuer.publish(&[&key]);
    let (url, declared) = (issuer.url(""), declared());
    let (api_key, line) = new("client");
    let host = Host::start_component(
        &guest("card-probe"),
        &[
            ("ATTACHE_CONFIG_CARD", &declared),
            ("ATTACHE_AUTH", "oidc,api-key"),
            ("ATTACHE_OIDC_ISSUER", &url),
            ("ATTACHE_OIDC_AUDIENCE", "agent"),
            ("ATTACHE_API_KEYS", &line),
        ],
    );
    let claims = json!({"iss": url, "sub": "me", "aud": "agent", "exp": now() + 600});
    let bearer = format!("Bearer {}", key.token("ES256", &claims));

    let card_1_0 = card(&host, "1.0").await;
    let schemes = card_1_0["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.len(), 2, "{schemes:?}");
    let requirements = card_1_0["securityRequirements"].as_array().unwrap();
    assert_eq!(requirements.len(), 2);
    // Each of what the card lists is enough, and is what its scheme says.
    for requirement in requirements {
        let (name, _) = requirement["schemes"]
            .as_object()
            .unwrap()
            .iter()
            .next()
            .unwrap();
        let scheme = &schemes[name];
        let header = if let Some(of_key) = scheme.get("apiKeySecurityScheme") {
            assert_eq!(of_key["location"], "header");
            (of_key["name"].as_str().unwrap(), api_key.as_str())
        } else {
            let described = &scheme["openIdConnectSecurityScheme"]["openIdConnectUrl"];
            assert_eq!(*described, issuer.url("/.well-known/openid-configuration"));
            ("authorization", bearer.as_str())
        };
        let answer = get_with(&host, "/tasks", &[("a2a-version", "1.0"), header]).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
    // And nothing less.
    assert_eq!(get_with(&host, "/tasks", &[]).await.status, 401);

    let both = card(&host, "0.3").await;
    assert_eq!(both["securitySchemes"]["apiKey"]["type"], "apiKey");
    assert_eq!(both["securitySchemes"]["oidc"]["type"], "openIdConnect");
    assert_eq!(both["security"], json!([{"oidc": []}, {"apiKey": []}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_and_the_questions_of_browsers_are_public() {
    let (_, line) = new("client");
    let declared = declared();
    let host = Host::start_component(
        &guest("card-probe"),
        &[
            ("ATTACHE_CONFIG_CARD", &declared),
            ("ATTACHE_AUTH", "api-key"),
            ("ATTACHE_API_KEYS", &line),
            ("ATTACHE_PUBLIC_URL", "https://example.com/team/agent"),
        ],
    );
    for path in [
        CARD,
        "/.well-known/agent.json",
        "/team/agent/.well-known/agent-card.json",
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = ask_with(&host, method, path, &[]).await;
            assert_eq!(answer.status, 200, "{path}");
        }
        // A wrong credential is no hindrance where none is needed.
        let answer = get_with(&host, path, &[("x-api-key", "wrong")]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            ask_with(&host, Method::POST, path, &[]).await.status,
            401,
            "{path}"
        );
    }
    let preflight = [
        ("origin", "https://page.example"),
        ("access-control-request-method", "POST"),
    ];
    let answer = ask_with(&host, Method::OPTIONS, "/", &preflight).await;
    assert!(answer.status.is_success(), "{answer:?}");
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get_with(&host, path, &[]).await.status, 200);
    }
    for path in ["/", "/extendedAgentCard", "/tasks", "/v1/card", "/nothing"] {
        assert_eq!(get_with(&host, path, &[]).await.status, 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_authentication_the_card_stays_the_agent_s() {
    let declared = declared();
    let host = Host::start_component(
        &guest("card-probe"),
        &[("ATTACHE_CONFIG_CARD", &declared), ("ATTACHE_AUTH", "none")],
    );
    let card = card(&host, "1.0").await;
    assert_eq!(
        card["securitySchemes"],
        json!({"own": {"mtlsSecurityScheme": {}}})
    );
}
