//! What Google's products put in front of an agent, or hand it.

use serde_json::{Value, json};

use super::{caller, challenges, get_with, message, with_token};
use crate::collector::Collector;
use crate::elsewhere::Elsewhere;
use crate::issuer::{Issuer, Key, now, unsigned};
use crate::outbound::Call;
use crate::process::{Host, compiled_probe, run};

const IAP_AUDIENCE: &str = "/projects/1/locations/europe-west1/services/agent";
const URL: &str = "https://agent-1.europe-west1.run.app";

fn google_claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": "https://accounts.google.com", "sub": "1234", "aud": URL, "exp": now() + 600,
        "email": "caller@project.iam.gserviceaccount.com", "email_verified": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// What Cloud Run makes of a token that it has checked.
fn checked(changes: Value) -> String {
    let header = json!({"alg": "RS256", "kid": "google", "typ": "JWT"});
    format!(
        "{}.SIGNATURE_REMOVED_BY_GOOGLE",
        unsigned(&header, &google_claims(changes))
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn google_is_an_issuer_with_two_spellings_and_one_name() {
    let google = Issuer::start().await;
    let key = Key::rsa("google");
    google.publish(&[&key]);
    let host = Host::start_with(
        &[],
        &[
            ("ATTACHE_AUTH", "oidc"),
            ("ATTACHE_OIDC_ISSUER", "google"),
            ("ATTACHE_OIDC_AUDIENCE", URL),
            ("ATTACHE_GOOGLE_CERTS_URL", &google.url("/keys")),
        ],
    );
    for spelling in ["https://accounts.google.com", "accounts.google.com"] {
        let token = key.token("RS256", &google_claims(json!({"iss": spelling})));
        assert_eq!(
            caller(&host, &token).await,
            "issuer=https://accounts.google.com subject=1234 \
             email=caller@project.iam.gserviceaccount.com scopes="
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_iap_its_assertion_counts_and_no_other_header() {
    let google = Issuer::start().await;
    let (key, rsa) = (Key::p256("iap"), Key::rsa("rsa"));
    google.publish(&[&key, &rsa]);
    let host = Host::start_with(
        &[],
        &[
            ("ATTACHE_AUTH", "iap"),
            ("ATTACHE_IAP_AUDIENCE", IAP_AUDIENCE),
            ("ATTACHE_IAP_JWKS_URL", &google.url("/keys")),
        ],
    );
    let claims = |audience: &str| {
        json!({
            "iss": "https://cloud.google.com/iap", "sub": "accounts.google.com:42",
            "aud": audience, "exp": now() + 600, "email": "me@example.com",
        })
    };
    let pretended = (
        "x-goog-authenticated-user-email",
        "accounts.google.com:admin@example.com",
    );
    let good = key.token("ES256", &claims(IAP_AUDIENCE));
    let headers = [("x-goog-iap-jwt-assertion", good.as_str()), pretended];
    assert_eq!(
        get_with(&host, "/caller", &headers).await.text,
        "issuer=https://cloud.google.com/iap subject=accounts.google.com:42 email=me@example.com \
         scopes="
    );
    let echoed = get_with(&host, "/echo", &headers).await.text;
    assert!(!echoed.contains("x-goog"), "{echoed}");

    assert_eq!(get_with(&host, "/caller", &[pretended]).await.status, 401);
    for bad in [
        key.token(
            "ES256",
            &claims("/projects/1/locations/europe-west1/services/other"),
        ),
        rsa.token("RS256", &claims(IAP_AUDIENCE)),
        Key::p256("iap").token("ES256", &claims(IAP_AUDIENCE)),
        "garbage".to_owned(),
    ] {
        let headers = [("x-goog-iap-jwt-assertion", bad.as_str())];
        let answer = get_with(&host, "/caller", &headers).await;
        assert_eq!(answer.status, 401, "{bad}");
        assert!(challenges(&answer)[0].contains("invalid_token"));
        // A token where the proxy would have taken it is no assertion.
        assert_eq!(with_token(&host, "/caller", &good).await.status, 401);
    }
}

fn on_cloud_run<'a>(variables: &[(&'a str, &'a str)]) -> Host {
    let mut all = vec![
        ("K_SERVICE", "agent"),
        ("GCE_METADATA_HOST", "127.0.0.1:1"),
        ("ATTACHE_CLOUD_RUN_AUDIENCE", URL),
    ];
    all.extend(variables);
    Host::start_with(&[], &all)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cloud_run_checked_is_believed_when_that_was_asked_for() {
    let google = Issuer::start().await;
    let key = Key::rsa("google");
    google.publish(&[&key]);
    let certs = google.url("/keys");
    let host = on_cloud_run(&[
        ("ATTACHE_AUTH", "cloud-run-iam"),
        ("ATTACHE_GOOGLE_CERTS_URL", &certs),
    ]);
    let known = "issuer=https://accounts.google.com subject=1234 \
                 email=caller@project.iam.gserviceaccount.com scopes=";
    let bearer = |token: &str| format!("Bearer {token}");
    assert_eq!(caller(&host, &checked(json!({}))).await, known);
    let signed = key.token("RS256", &google_claims(json!({})));
    assert_eq!(caller(&host, &signed).await, known);
    let serverless = bearer(&checked(json!({})));
    // The other header is not what Cloud Run looked at, nor is it the host's to judge here.
    let headers = [
        ("x-serverless-authorization", serverless.as_str()),
        ("authorization", "Bearer the-users-own"),
    ];
    assert_eq!(get_with(&host, "/caller", &headers).await.text, known);
    let echoed = get_with(&host, "/echo", &headers).await.text;
    assert!(!echoed.contains("authorization"), "{echoed}");

    for bad in [
        checked(json!({"aud": "https://other.run.app"})),
        checked(json!({"exp": now() - 60})),
        checked(json!({"iss": "https://issuer.example"})),
        checked(json!({"sub": null})),
        Key::rsa("google").token("RS256", &google_claims(json!({}))),
        "ya29.opaque".to_owned(),
    ] {
        assert_eq!(
            with_token(&host, "/caller", &bad).await.status,
            401,
            "{bad}"
        );
        let bad = bearer(&bad);
        let headers = [("x-serverless-authorization", bad.as_str())];
        assert_eq!(
            get_with(&host, "/caller", &headers).await.status,
            401,
            "{bad}"
        );
    }
}

#[test]
fn without_cloud_run_or_a_url_there_is_no_such_mode() {
    let probe = compiled_probe().to_str().unwrap();
    let auth = ("ATTACHE_AUTH", "cloud-run-iam");
    let output = run(&["serve", probe], &[auth, ("PORT", "0")]);
    assert_eq!(output.status.code(), Some(64));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("K_SERVICE is not set"), "{complaint}");

    let output = run(
        &["serve", probe, "--data-dir", ":memory:"],
        &[
            auth,
            ("PORT", "0"),
            ("ATTACHE_HOST", "127.0.0.1"),
            ("K_SERVICE", "agent"),
            ("GCE_METADATA_HOST", "127.0.0.1:1"),
        ],
    );
    assert_eq!(output.status.code(), Some(69));
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(log.contains("ATTACHE_CLOUD_RUN_AUDIENCE"), "{log}");
}

fn token_info(changes: Value) -> Value {
    let mut info = json!({
        "aud": "client", "azp": "client", "sub": "42", "expires_in": "3000",
        "scope": "openid https://www.googleapis.com/auth/bigquery",
        "email": "me@example.com", "email_verified": "true",
    });
    for (name, value) in changes.as_object().unwrap() {
        info[name] = value.clone();
    }
    info
}

const USER: &str = "issuer=https://accounts.google.com subject=42 email=me@example.com \
                    scopes=openid,https://www.googleapis.com/auth/bigquery";

#[tokio::test(flavor = "multi_thread")]
async fn google_is_asked_once_about_an_access_token() {
    let google = Issuer::start().await;
    google.page("/tokeninfo", 200, token_info(json!({})));
    let url = google.url("/tokeninfo");
    let host = Host::start_with(
        &[],
        &[
            ("ATTACHE_AUTH", "google-access-token"),
            ("ATTACHE_GOOGLE_CLIENT_ID", "other, client"),
            ("ATTACHE_GOOGLE_TOKENINFO_URL", &url),
        ],
    );
    let callers: Vec<_> = (0..10).map(|_| caller(&host, "ya29.c.one")).collect();
    for known in futures_util::future::join_all(callers).await {
        assert_eq!(known, USER);
    }
    assert_eq!(google.asked_for("/tokeninfo"), 1);
    let echoed = with_token(&host, "/echo", "ya29.c.one").await.text;
    assert!(!echoed.contains("ya29"), "{echoed}");

    let cases = [
        (
            "another audience",
            200,
            token_info(json!({"aud": "stranger"})),
        ),
        ("another audience", 200, token_info(json!({"aud": null}))),
        ("scope openid", 200, token_info(json!({"sub": null}))),
        ("has expired", 200, token_info(json!({"expires_in": "0"}))),
        ("does not know", 400, json!({"error": "invalid_token"})),
    ];
    for (number, (why, status, info)) in cases.into_iter().enumerate() {
        google.page("/tokeninfo", status, info);
        let (before, token) = (google.asked_for("/tokeninfo"), format!("ya29.bad{number}"));
        for _ in 0..3 {
            let answer = with_token(&host, "/caller", &token).await;
            assert_eq!(answer.status, 401, "{why}");
            assert!(message(&answer).contains(why), "{answer:?}");
        }
        assert_eq!(google.asked_for("/tokeninfo"), before + 1, "{why}");
    }

    google.page("/tokeninfo", 500, json!({}));
    let answer = with_token(&host, "/caller", "ya29.new").await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(caller(&host, "ya29.c.one").await, USER);
    google.page("/tokeninfo", 200, token_info(json!({})));
    assert_eq!(caller(&host, "ya29.new").await, USER);
    assert!(!format!("{:?}", host.entries()).contains("ya29"));

    let jwt = Key::p256("k").token("ES256", &google_claims(json!({})));
    let refused = with_token(&host, "/caller", &jwt).await;
    assert!(
        message(&refused).contains("opaque access token"),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domain_of_an_access_token_is_that_of_its_account() {
    let google = Issuer::start().await;
    google.page("/tokeninfo", 200, token_info(json!({})));
    google.page("/userinfo", 200, json!({"sub": "42", "hd": "example.com"}));
    let (info, user) = (google.url("/tokeninfo"), google.url("/userinfo"));
    let host = Host::start_with(
        &[],
        &[
            ("ATTACHE_AUTH", "google-access-token"),
            ("ATTACHE_GOOGLE_CLIENT_ID", "client"),
            ("ATTACHE_GOOGLE_TOKENINFO_URL", &info),
            ("ATTACHE_GOOGLE_USERINFO_URL", &user),
            ("ATTACHE_AUTH_ALLOW", "@example.com"),
        ],
    );
    assert_eq!(caller(&host, "ya29.employee").await, USER);
    // An address at the domain is not an account of it.
    google.page("/userinfo", 200, json!({"sub": "42"}));
    assert_eq!(
        with_token(&host, "/caller", "ya29.private").await.status,
        403
    );
    google.page("/userinfo", 200, json!({"sub": "7", "hd": "example.com"}));
    assert_eq!(with_token(&host, "/caller", "ya29.mixed").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_comes_before_the_service_that_calls_for_them() {
    let google = Issuer::start().await;
    google.page("/tokeninfo", 200, token_info(json!({})));
    let url = google.url("/tokeninfo");
    let host = on_cloud_run(&[
        ("ATTACHE_AUTH", "cloud-run-iam,google-access-token"),
        ("ATTACHE_GOOGLE_CLIENT_ID", "client"),
        ("ATTACHE_GOOGLE_TOKENINFO_URL", &url),
    ]);
    let platform = format!("Bearer {}", checked(json!({})));
    let platform = ("x-serverless-authorization", platform.as_str());
    let user = ("authorization", "Bearer ya29.user");
    assert_eq!(
        get_with(&host, "/caller", &[platform, user]).await.text,
        USER
    );
    let alone = get_with(&host, "/caller", &[platform]).await.text;
    assert!(alone.contains("subject=1234"), "{alone}");
    // Cloud Run looked at the other header: this one is made up.
    let forged = format!("Bearer {}", checked(json!({"sub": "admin"})));
    let forged = get_with(&host, "/caller", &[platform, ("authorization", &forged)]).await;
    assert_eq!(forged.status, 401, "{forged:?}");
    // A bad credential is refused, whatever else is there.
    google.page("/tokeninfo", 400, json!({}));
    let bad = ("authorization", "Bearer ya29.bad");
    assert_eq!(
        get_with(&host, "/caller", &[platform, bad]).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_own_token_goes_to_the_origin_that_is_configured_and_is_seen_nowhere_else() {
    const TOKEN: &str = "ya29.of-the-user";
    let google = Issuer::start().await;
    let collector = Collector::start().await;
    let (bigquery, other) = (Elsewhere::start().await, Elsewhere::start().await);
    let rule = format!("{}=caller", bigquery.url(""));
    let certs = google.url("/keys");
    let collected = collector.url();
    let host = on_cloud_run(&[
        ("ATTACHE_AUTH", "cloud-run-iam"),
        ("ATTACHE_GOOGLE_CERTS_URL", &certs),
        ("ATTACHE_ALLOW_OUTBOUND", "127.0.0.1:*"),
        ("ATTACHE_OUTBOUND_ALLOW_PRIVATE", "1"),
        ("ATTACHE_CREDENTIALS", &rule),
        ("ATTACHE_MODEL", "none"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collected),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("RUST_LOG", "debug"),
    ]);
    let platform = format!("Bearer {}", checked(json!({})));
    let users = format!("Bearer {TOKEN}");
    let headers = [
        ("x-serverless-authorization", platform.as_str()),
        ("authorization", users.as_str()),
    ];
    let mut seen = Vec::new();
    for path in ["/echo", "/config", "/environment", "/caller"] {
        seen.push(get_with(&host, path, &headers).await.text);
    }
    get_with(&host, "/runs/begin?id=one", &headers).await;
    seen.push(get_with(&host, "/runs/get?id=one", &headers).await.text);
    for server in [&bigquery, &other] {
        let call = Call::one(&server.url("/query"));
        seen.push(call.called_with(&host, &headers).await);
    }
    assert_eq!(bigquery.header("authorization").unwrap(), users);
    assert_eq!(bigquery.header("x-serverless-authorization"), None);
    assert!(!format!("{:?}", other.headers()).contains(TOKEN));
    assert_eq!(other.header("authorization"), None);
    collector.span(|span| span.name == "guest").await;
    seen.push(format!("{:?}", host.entries()));
    let spans = collector.spans();
    seen.extend(spans.iter().map(|span| format!("{:?}", span.attributes)));
    for seen in seen {
        assert!(!seen.contains(TOKEN), "{seen}");
    }
}
