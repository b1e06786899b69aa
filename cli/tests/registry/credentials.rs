//! Credentials come from where users have them, open the registry, and go nowhere else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::front::{Front, Manner, TOKEN};
use super::store::{PASSWORD, Registry, USER};
use super::tool::Desk;

fn basic() -> String {
    format!("Basic {}", auth())
}

fn auth() -> String {
    STANDARD.encode(format!("{USER}:{PASSWORD}"))
}

#[test]
fn a_password_is_found_where_docker_has_it_and_where_the_user_gives_it() {
    let (registry, desk) = (Registry::start_closed(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    let reference = registry.reference("hello:1");
    let push = ["push", agent.to_str().unwrap(), &reference];
    let none = desk.tool(&push);
    none.refused(77, "it wants credentials, and there are none for it");
    none.refused(77, &format!("docker login {}", registry.address));

    let given = [push.as_slice(), &["--username", USER, "--password-stdin"]].concat();
    let wrong = desk.tool_with(&given, &[], "a wrong secret");
    wrong.refused(77, "the credentials for it do not open it");
    assert!(!wrong.stderr.contains("a wrong secret"));
    let pushed = desk.tool_with(&given, &[], &format!("{PASSWORD}\n"));
    assert_eq!(pushed.status, 0, "{}", pushed.stderr);

    let pull = ["pull", &reference, "--force"];
    desk.docker(&json!({"auths": {&registry.address: {"auth": auth()}}}));
    assert_eq!(desk.tool(&pull).status, 0);

    // A program keeps it.
    desk.program(
        "docker-credential-tests",
        &format!(
            "[ \"$1\" = get ] && [ \"$(cat)\" = '{}' ] || {{ echo 'credentials not found in native \
             keychain'; exit 1; }}\necho '{{\"Username\": \"{USER}\", \"Secret\": \"{PASSWORD}\"}}'",
            registry.address
        ),
    );
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", desk.path("bin").display());
    desk.docker(&json!({"credsStore": "tests"}));
    let pulled = desk.tool_with(&pull, &[("PATH", &path)], "");
    assert_eq!(pulled.status, 0, "{}", pulled.stderr);
    desk.docker(&json!({"credHelpers": {&registry.address: "is-not-there"}}));
    desk.tool(&pull)
        .refused(77, "docker-credential-is-not-there gave nothing");

    desk.put(
        "docker/config.json",
        r#"{"auths": {"a": {"auth": "hidden"}}"#,
    );
    let damaged = desk.tool(&pull);
    damaged.refused(65, "config.json: it is not Docker's configuration");
    assert!(!damaged.stderr.contains("hidden"));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_fetched_by_dockers_protocol() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let front = Front::start(&registry, Manner::Token { basic: basic() }).await;
    let agent = desk.agent("hello-agent", "one");
    let reference = front.reference("hello:1");
    let push = ["push", agent.to_str().unwrap(), &reference];
    desk.tool(&push)
        .refused(77, "its token service refuses the credentials");
    desk.docker(&json!({"auths": {&front.address: {"auth": auth()}}}));
    let pushed = desk.tool(&push);
    assert_eq!(pushed.status, 0, "{}", pushed.stderr);
    assert_eq!(desk.tool(&["pull", &reference]).status, 0);
    for asked in front.asked() {
        let Some(authorization) = asked.authorization else {
            continue;
        };
        // The password goes to the token service, and the token to the registry.
        match asked.path == "/token" {
            true => assert_eq!(authorization, basic()),
            false => assert_eq!(authorization, format!("Bearer {TOKEN}")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_nowhere_else() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    desk.push(&agent, &registry.reference("hello:1"), &[]);

    // A way that is not encrypted, to another machine.
    let realm = "http://tokens.invalid/token".to_owned();
    let front = Front::start(&registry, Manner::TokenFrom(realm)).await;
    desk.docker(&json!({"auths": {&front.address: {"auth": auth()}}}));
    let refused = desk.tool(&["pull", &front.reference("hello:1")]);
    refused.refused(
        69,
        "tokens.invalid, which is not encrypted and not followed",
    );

    // Content elsewhere, behind a redirect: it is read, and nothing is shown there.
    let storage = Front::start(&registry, Manner::Plain).await;
    let blobs = Front::start(&registry, Manner::BlobsAt(storage.address.clone())).await;
    let closed = Front::start_before(&blobs.address, Manner::Token { basic: basic() }).await;
    desk.docker(&json!({"auths": {&closed.address: {"auth": auth()}}}));
    let pulled = desk.tool(&["pull", &closed.reference("hello:1")]);
    assert_eq!(pulled.status, 0, "{}", pulled.stderr);
    let asked = storage.asked();
    assert!(
        asked
            .iter()
            .any(|asked| asked.path.contains("/blobs/sha256:"))
    );
    assert!(
        asked.iter().all(|asked| asked.authorization.is_none()),
        "{asked:?}"
    );
}
