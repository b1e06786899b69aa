//! Credentials that the host adds and the component does not see.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::Call;
use crate::client::{get, until};
use crate::elsewhere::Elsewhere;
use crate::process::{Host, run};

const OPEN: [&str; 3] = [
    "--allow-outbound",
    "127.0.0.1:*",
    "--outbound-allow-private",
];
const ACCESS_TOKEN: &str = "ya29.of-the-service";
const INTERNAL: &str = "ErrorCode::InternalError";

/// A metadata server: its address.
async fn metadata() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: Request<Incoming>| async move {
                let target = request.uri().path_and_query().unwrap().as_str();
                let text = match target.split_once("audience=") {
                    Some((_, audience)) => id_token(audience),
                    None if target.contains("scopes=") => token("scoped"),
                    None => token(ACCESS_TOKEN),
                };
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(text)))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    address
}

fn token(value: &str) -> String {
    format!(r#"{{"access_token":"{value}","expires_in":3599,"token_type":"Bearer"}}"#)
}

fn id_token(audience: &str) -> String {
    let claims = format!(r#"{{"aud":"{audience}","exp":4102444800}}"#);
    format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))
}

/// A host with these rules; `{}` in one is the origin of `target`.
fn start(target: &Elsewhere, rules: &str, metadata: &str) -> Host {
    let origin = target.url("");
    let rules = rules.replace("{}", &origin);
    let arguments = [&OPEN[..], &["--credentials", &rules]].concat();
    Host::start_with(
        &arguments,
        &[
            ("GCE_METADATA_HOST", metadata),
            ("KEY", "s3cret"),
            ("ATTACHE_SECRETS_REREAD", "0.1"),
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn google_is_called_as_the_service_and_the_component_does_not_see_how() {
    let target = Elsewhere::start().await;
    let other = Elsewhere::start().await;
    let host = start(&target, "{}=google-access-token", &metadata().await);
    let forged = "authorization: Bearer forged\nx-goog-api-key: forged\nx-goog-user-project: f";
    let answer = Call::one(&target.url("/a"))
        .headers(forged)
        .from(&host)
        .await;
    assert!(answer.ends_with("reached /a"), "{answer}");
    assert!(!answer.contains(ACCESS_TOKEN), "{answer}");
    assert!(
        answer.contains("> authorization: Bearer forged"),
        "{answer}"
    );
    assert_eq!(
        target.header("authorization").unwrap(),
        format!("Bearer {ACCESS_TOKEN}")
    );
    assert_eq!(target.header("x-goog-api-key"), None);
    assert_eq!(target.header("x-goog-user-project"), None);

    // To another origin nothing is added, and what the component says is its own.
    Call::one(&other.url("/")).headers(forged).from(&host).await;
    assert_eq!(other.header("authorization").unwrap(), "Bearer forged");
    assert_eq!(other.header("x-goog-api-key").unwrap(), "forged");
    Call::one(&other.url("/")).from(&host).await;
    assert_eq!(other.header("authorization"), None);
    // Nor where a redirect leads.
    let away = target.url(&format!("/to/{}", other.url("/")));
    Call::one(&away).with("follow", 1).from(&host).await;
    assert_eq!(other.header("authorization"), None);
    assert!(!format!("{:?}", host.entries()).contains(ACCESS_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_for_the_scopes_and_audiences_of_their_rules() {
    let target = Elsewhere::start().await;
    let metadata = metadata().await;
    let sent = async |rule: &str| {
        let host = start(&target, rule, &metadata);
        Call::one(&target.url("/")).from(&host).await;
        target.header("authorization").unwrap()
    };
    assert_eq!(
        sent("{}=google-access-token:bigquery").await,
        "Bearer scoped"
    );
    let audience = |sent: String| {
        let claims = sent.split('.').nth(1).unwrap().to_owned();
        let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
        String::from_utf8(claims).unwrap()
    };
    let origin = format!("http%3A%2F%2F127%2E0%2E0%2E1%3A{}", target.address.port());
    let claims = audience(sent("{}=google-id-token").await);
    assert!(claims.contains(&origin), "{claims}");
    let claims = audience(sent("{}=google-id-token:abc").await);
    assert!(claims.contains(r#""aud":"abc"#), "{claims}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_does_not_leave_without_its_credential() {
    let target = Elsewhere::start().await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = closed.local_addr().unwrap().to_string();
    drop(closed);
    let host = start(&target, "{}=google-access-token", &nobody);
    let answer = Call::one(&target.url("/secret-path")).from(&host).await;
    assert!(answer.contains(INTERNAL), "{answer}");
    let entry = host.log_with("because its credential could not be got");
    let message = entry["message"].as_str().unwrap();
    assert!(message.contains("metadata server"), "{message}");
    assert!(!message.contains("secret-path"), "{message}");
    assert_eq!(target.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_into_its_header() {
    let target = Elsewhere::start().await;
    let host = start(&target, "{}=header:X-Api-Key:env:KEY", "127.0.0.1:1");
    let forged = "x-api-key: forged\nauthorization: Bearer forged\nx-mine: 1";
    let answer = Call::one(&target.url("/"))
        .headers(forged)
        .from(&host)
        .await;
    assert!(!answer.contains("s3cret"), "{answer}");
    let values: Vec<_> = target
        .headers()
        .get_all("x-api-key")
        .iter()
        .cloned()
        .collect();
    assert_eq!(values, ["s3cret"]);
    assert_eq!(target.header("authorization"), None);
    assert_eq!(target.header("x-mine").unwrap(), "1");
    assert!(!format!("{:?}", host.entries()).contains("s3cret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_file_may_be_replaced() {
    let target = Elsewhere::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "first\n").unwrap();
    let rule = format!("{{}}=header:X-Api-Key:file:{}", file.display());
    let host = start(&target, &rule, "127.0.0.1:1");
    let sent = || async {
        Call::one(&target.url("/")).from(&host).await;
        target.header("x-api-key").unwrap()
    };
    assert_eq!(sent().await, "first");
    let next = folder.path().join("next");
    std::fs::write(&next, "second\n").unwrap();
    std::fs::rename(next, file).unwrap();
    until(sent, |sent| sent == "second").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_callers_token_is_passed_on_and_without_one_nothing_is_sent() {
    let target = Elsewhere::start().await;
    let host = start(&target, "{}=caller", "127.0.0.1:1");
    let call = Call::one(&target.url("/"));
    call.called_with(&host, &[("authorization", "Bearer of-alice")])
        .await;
    assert_eq!(target.header("authorization").unwrap(), "Bearer of-alice");
    let before = target.connections();
    assert_eq!(call.from(&host).await, "ErrorCode::HttpRequestDenied");
    host.log_with("the credential of the caller is to be sent");
    assert_eq!(target.connections(), before);
    assert!(!format!("{:?}", host.entries()).contains("of-alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_does_not_open_what_the_policy_keeps_closed() {
    let target = Elsewhere::start().await;
    let rule = format!("{}=google-access-token", target.url(""));
    let arguments = ["--outbound-allow-private", "--credentials", &rule];
    let host = Host::start_with(&arguments, &[("GCE_METADATA_HOST", "127.0.0.1:1")]);
    let answer = Call::one(&target.url("/")).from(&host).await;
    assert_eq!(answer, "ErrorCode::HttpRequestDenied");
    assert_eq!(target.connections(), 0);
}

#[test]
fn a_rule_that_cannot_hold_ends_the_start() {
    let secret = "--credentials=https://a.test=s3cret";
    let component = crate::process::compiled_probe().to_str().unwrap();
    let output = run(&["serve", component, secret], &[]);
    assert_eq!(output.status.code(), Some(64));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("ATTACHE_CREDENTIALS (--credentials)"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_asked_as_the_service_and_the_component_sees_no_token() {
    let target = Elsewhere::start().await;
    let other = Elsewhere::start().await;
    let metadata = metadata().await;
    let base = target.url("");
    let host = Host::start_with(
        &["--allow-outbound", &other.address.to_string()],
        &[
            ("GCE_METADATA_HOST", &metadata),
            ("GOOGLE_CLOUD_PROJECT", "my-project"),
            ("GOOGLE_VERTEX_BASE_URL", &base),
        ],
    );
    let answer = Call::one(&target.url("/v1/projects")).from(&host).await;
    assert!(answer.ends_with("reached /v1/projects"), "{answer}");
    let sent = target.header("authorization").unwrap();
    assert_eq!(sent, format!("Bearer {ACCESS_TOKEN}"));
    // Of private addresses only this one is named.
    let refused = Call::one(&other.url("/")).from(&host).await;
    assert_eq!(refused, "ErrorCode::HttpRequestDenied");
    let config = get(&host, "/config").await.text;
    for line in [
        "model_provider=vertex",
        "model=gemini-3.5-flash",
        &format!("model_base_url={base}"),
        "google_cloud_project=my-project",
        "google_cloud_location=global",
    ] {
        assert!(
            config.lines().any(|found| found == line),
            "{line}: {config}"
        );
    }
    let environment = get(&host, "/environment").await.text;
    let headers = get(&host, "/echo").await.text;
    let log = format!("{:?}", host.entries());
    for seen in [answer, config, environment, headers, log] {
        assert!(!seen.contains(ACCESS_TOKEN), "{seen}");
    }
    host.log_with("model: gemini-3.5-flash by Vertex AI");
}
