use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use serde_json::json;

use super::super::config::CloudRunConfig;
use super::*;

const URL: &str = "https://agent-1.europe-west1.run.app";

fn on_cloud_run() -> AuthConfig {
    AuthConfig {
        cloud_run: Some(CloudRunConfig {
            audiences: Vec::new(),
            keys: "https://keys.invalid/".parse().unwrap(),
        }),
        leeway: Duration::from_secs(10),
        ..AuthConfig::default()
    }
}

/// A token as Cloud Run leaves it.
fn checked(audience: &str) -> String {
    let claims = json!({
        "iss": "accounts.google.com", "sub": "7", "aud": audience, "exp": u32::MAX,
    });
    let parts =
        [json!({"alg": "RS256"}), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{}.SIGNATURE_REMOVED_BY_GOOGLE", parts.join("."))
}

async fn admit(config: AuthConfig, headers: &[(&str, &str)]) -> (Result<Caller, Denied>, Parts) {
    let mut request = Request::get("/tasks");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut head, ()) = request.body(()).unwrap().into_parts();
    let authenticator = Authenticator::new(
        config,
        Some(&format!("{URL}/agents/one")),
        &Network::default(),
    )
    .unwrap();
    (authenticator.admit(&mut head).await, head)
}

#[tokio::test]
async fn a_token_that_is_not_the_platform_s_is_kept_for_calls_in_the_caller_s_name() {
    let users = ("authorization", "Bearer ya29.user");
    let (caller, head) = admit(AuthConfig::default(), &[users]).await;
    let caller = caller.unwrap();
    assert_eq!((caller.owner(), caller.bearer()), ("", Some("ya29.user")));
    assert!(head.headers.contains_key("authorization"));

    let platforms = format!("Bearer {}", checked(URL));
    let serverless = ("x-serverless-authorization", platforms.as_str());
    let (caller, head) = admit(on_cloud_run(), &[serverless, users]).await;
    let caller = caller.unwrap();
    assert_eq!(caller.owner(), "https://accounts.google.com|7");
    assert_eq!(caller.bearer(), Some("ya29.user"));
    assert!(head.headers.is_empty(), "{:?}", head.headers);

    let alone = ("authorization", platforms.as_str());
    let (caller, head) = admit(on_cloud_run(), &[alone]).await;
    let caller = caller.unwrap();
    assert_eq!(caller.owner(), "https://accounts.google.com|7");
    assert_eq!(caller.bearer(), None);
    assert!(head.headers.is_empty(), "{:?}", head.headers);
}

#[tokio::test]
async fn cloud_run_s_tokens_are_for_the_service_and_not_for_a_path_of_it() {
    let elsewhere = format!("Bearer {}", checked("https://other.run.app"));
    let (refused, _) = admit(on_cloud_run(), &[("authorization", &elsewhere)]).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.denial, Denial::Unauthenticated);
    assert_eq!(refused.message, Flaw::Audience.to_string());
    assert!(Authenticator::new(on_cloud_run(), None, &Network::default()).is_err());
}
