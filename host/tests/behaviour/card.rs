use std::fs;
use std::process::Output;

use http::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use super::client::{Answer, Protocol, empty, exchange, request, send, whole};
use super::process::{Host, binary, guest, run};

const CARD: &str = "/.well-known/agent-card.json";

fn good_card() -> Value {
    json!({
        "name": "Card probe",
        "description": "Zeigt eine Karte für 0 €.",
        "version": "1.0.0",
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "s", "name": "Show", "description": "Shows.", "tags": ["card"]}],
    })
}

/// Starts the probe with this card, which does not succeed.
fn refused(card: &str) -> Output {
    let probe = guest("card-probe");
    run(
        &["serve", probe.to_str().unwrap()],
        &[
            ("PORT", "0"),
            ("ATTACHE_DATA_DIR", ":memory:"),
            ("ATTACHE_CONFIG_CARD", card),
        ],
    )
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn serving(card: &Value, environment: &[(&str, &str)]) -> Host {
    let card = card.to_string();
    let mut variables = vec![("ATTACHE_CONFIG_CARD", card.as_str())];
    variables.extend(environment);
    Host::start_component(&guest("card-probe"), &variables)
}

async fn ask(host: &Host, method: Method, headers: &[(&str, &str)]) -> Answer {
    let mut asked = request(host, Protocol::Http1, CARD).method(method);
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    let asked = asked.body(empty()).unwrap();
    whole(send(host.address, Protocol::Http1, asked).await.unwrap()).await
}

fn key() -> String {
    let rng = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

#[test]
fn a_wrong_card_ends_the_start_with_the_name_of_the_field() {
    let path = "securitySchemes.google.oauth2SecurityScheme.flows.authorizationCode.tokenUrl";
    let without_skills = {
        let mut card = good_card();
        card["skills"] = json!([]);
        card.to_string()
    };
    for (card, fault) in [
        ("", format!("{path} is required.")),
        (
            &without_skills,
            "skills is required: give at least one.".to_owned(),
        ),
    ] {
        let output = refused(card);
        assert_eq!(output.status.code(), Some(65), "{output:?}");
        let said = format!(
            "{}{}",
            said(&output),
            String::from_utf8_lossy(&output.stdout)
        );
        let sentence = format!("card_probe.wasm: The agent's card is not valid: {fault}");
        assert!(said.contains(&sentence), "{said}");
    }
}

#[test]
fn a_wrong_card_is_not_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.cwasm");
    let output = binary()
        .arg("compile")
        .arg(guest("card-probe"))
        .arg("-o")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    assert!(said(&output).contains("authorizationCode.tokenUrl is required."));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_card_holds_for_a_deployment() {
    let host = serving(&good_card(), &[]);
    let card = ask(&host, Method::GET, &[]).await;
    assert_eq!(card.headers["vary"], "A2A-Version");
    let (etag, date) = (&card.headers["etag"], &card.headers["last-modified"]);
    for (name, value) in [("if-none-match", etag), ("if-modified-since", date)] {
        let again = ask(&host, Method::GET, &[(name, value.to_str().unwrap())]).await;
        assert_eq!((again.status.as_u16(), &*again.text), (304, ""), "{name}");
        assert_eq!(again.headers["etag"], *etag);
    }
    let head = ask(&host, Method::HEAD, &[]).await;
    assert_eq!((head.status.as_u16(), &*head.text), (200, ""));
    for name in ["etag", "last-modified", "content-type", "content-length"] {
        assert_eq!(head.headers[name], card.headers[name], "{name}");
    }
    let posted = ask(&host, Method::POST, &[]).await;
    assert_eq!(posted.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_ask_what_it_may_send() {
    let host = serving(&good_card(), &[]);
    for protocol in [Protocol::Http1, Protocol::H2c] {
        let card = "/.well-known/agent-card.json";
        let answer = exchange(&host, protocol, card, Method::OPTIONS, empty()).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (204, ""));
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert!(!answer.headers.contains_key("content-length"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_stays_with_its_card() {
    let key = key();
    let host = serving(
        &good_card(),
        &[
            ("ATTACHE_CARD_KEY", &key),
            ("ATTACHE_PUBLIC_URL", "https://agent.example"),
        ],
    );
    let first = ask(&host, Method::GET, &[("a2a-version", "1.0")]).await;
    let again = ask(&host, Method::GET, &[("a2a-version", "1.0")]).await;
    assert_eq!(first.text, again.text);
    let card: Value = serde_json::from_str(&first.text).unwrap();
    assert_eq!(card["signatures"].as_array().unwrap().len(), 1);
    // Another form of the card is another card.
    let hybrid = ask(&host, Method::GET, &[]).await;
    let hybrid: Value = serde_json::from_str(&hybrid.text).unwrap();
    assert_ne!(hybrid["signatures"], card["signatures"]);
    // The same key after a new start signs anew; what a client has stays good.
    let etag = first.headers["etag"].to_str().unwrap();
    let restarted = serving(
        &good_card(),
        &[
            ("ATTACHE_CARD_KEY", &key),
            ("ATTACHE_PUBLIC_URL", "https://agent.example"),
        ],
    );
    let headers = [("a2a-version", "1.0"), ("if-none-match", etag)];
    assert_eq!(ask(&restarted, Method::GET, &headers).await.status, 304);
}

#[test]
fn a_key_that_cannot_be_used_ends_the_start_with_64_and_is_not_repeated() {
    let probe = guest("card-probe");
    let probe = probe.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    fs::write(&file, "hidden").unwrap();
    let file = file.to_str().unwrap();
    let key = key();
    let url = ("ATTACHE_PUBLIC_URL", "https://agent.example");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (
            &[("ATTACHE_CARD_KEY_FILE", "/dev/null/key"), url],
            "can be read",
        ),
        (
            &[("ATTACHE_CARD_KEY_FILE", file), url],
            "give a private key in PEM",
        ),
        (
            &[("ATTACHE_CARD_KEY", "hidden"), url],
            "ATTACHE_CARD_KEY is set: give a private key",
        ),
        (
            &[("ATTACHE_CARD_KEY", &key)],
            "ATTACHE_PUBLIC_URL (--public-url) is not set",
        ),
        (
            &[("ATTACHE_CARD_KEY_ID", "k"), url],
            "there is no key to sign cards with",
        ),
        (
            &[
                ("ATTACHE_CARD_KEY", &key),
                ("ATTACHE_CARD_JKU", "http://a.example"),
                url,
            ],
            r#"ATTACHE_CARD_JKU (--card-jku) is "http://a.example": give the https URL"#,
        ),
    ];
    for (environment, sentence) in cases {
        let output = run(&["serve", probe], environment);
        assert_eq!(output.status.code(), Some(64), "{environment:?}");
        let said = said(&output);
        assert!(said.contains(sentence), "{said} lacks {sentence}");
        assert!(!said.contains("hidden"), "{said}");
        assert!(!said.contains(key.lines().nth(1).unwrap()), "{said}");
    }
}
