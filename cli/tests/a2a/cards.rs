//! `attache card`.

use std::path::Path;

use serde_json::{Value, json};

use crate::attache::{attache, attache_with};
use crate::fake::{Fake, card, json_response, response};
use crate::servers::{host, make_keys, reference, run_python};

fn file(folder: &Path, name: &str, card: &Value) -> String {
    let path = folder.join(name);
    std::fs::write(&path, card.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_card_is_found_wherever_servers_have_it() {
    let old = json!({"name": "Old", "description": "d", "version": "1", "protocolVersion": "0.2.5",
        "url": "/a2a", "capabilities": {}, "skills": []});
    let fake = Fake::start(move |asked, _| match asked.path.as_str() {
        "/.well-known/agent.json" => json_response(&old),
        // A page where there is nothing.
        _ => response(
            "200 OK",
            "Content-Type: text/html\r\n",
            "<!doctype html><p>Hello",
        ),
    });
    let shown = attache(&["card", "show", &fake.url]).ends(0);
    assert!(shown.out.contains("form         0.3\n"), "{shown:?}");
    // The URL of an interface leads to the card of its server, and that of nothing does not.
    attache(&["card", "show", &format!("{}/a2a", fake.url)]).ends(0);
    attache(&["card", "show", &format!("{}/other", fake.url)])
        .ends(69)
        .complains("another agent");
    attache(&[
        "card",
        "show",
        &format!("{}/.well-known/agent.json", fake.url),
        "-o",
        "json",
    ])
    .ends(0);

    let shown = attache(&["card", "show", &host("hello_agent", &[]).url])
        .ends(0)
        .out;
    for line in [
        "Hello 0.1.0",
        "JSONRPC   1.0",
        "answer, stream, push notifications",
        "Greet: Says hello.",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn an_extended_card_is_asked_for() {
    let reference = reference();
    let public = attache(&["card", "show", &reference.url]).ends(0).out;
    let extended = attache(&["card", "show", "--extended", &reference.url])
        .ends(0)
        .out;
    assert!(!public.contains("For those who ask") && extended.contains("For those who ask"));
    let host = host("hello_agent", &[]);
    attache(&["card", "show", "--extended", &host.url])
        .ends(1)
        .complains("no extended card");
}

#[test]
fn lint_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let good = file(folder.path(), "good.json", &card("https://a.example/"));
    attache(&["card", "lint", &good]).ends(0);
    let mut bad = card("https://a.example/");
    bad["description"] = json!("");
    bad["skills"][0]["tags"] = json!([]);
    bad["defaultInputModes"] = json!(["text"]);
    bad["supportedInterfaces"][0]["protocolBinding"] = json!("SOAP");
    bad["supportedInterfaces"][0]["protocolVersion"] = json!("1.0.1");
    bad["extra"] = json!(1);
    bad["signatures"] = json!([{"protected": "?", "signature": "x"}]);
    let bad = file(folder.path(), "bad.json", &bad);
    let found = attache(&["card", "lint", &bad, "-o", "json"])
        .ends(1)
        .json();
    let says = found["findings"].to_string();
    for member in [
        "description is",
        "skills[0].tags",
        "defaultInputModes[0]",
        "SOAP",
        "1.0.1",
        "extra is",
        "signatures[0]",
    ] {
        assert!(says.contains(member), "{member}: {says}");
    }
    attache(&["card", "lint", "-"])
        .ends(65)
        .complains("not JSON");

    // A server behind a proxy that does not know its URL.
    let fake = Fake::start(|_, _| json_response(&card("https://elsewhere.example/")));
    let said = attache(&["card", "lint", &fake.url]).ends(0);
    assert!(
        said.out.contains("warning: interface 1") && said.out.contains("another origin"),
        "{said:?}"
    );
    attache(&["card", "lint", "--strict", &fake.url]).ends(1);
    for server in [host("hello_agent", &[]), reference()] {
        let said = attache(&["card", "lint", &server.url]).ends(0);
        assert!(!said.out.contains("error:"), "{said:?}");
    }
}

#[test]
fn a_signed_card_verifies_here_and_under_the_host() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in ["ES256", "RS256"] {
        make_keys(folder.path(), algorithm);
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (private, public) = (path("private.pem"), path("public.pem"));
        let unsigned = file(folder.path(), "card.json", &card("https://a.example/"));
        let signed = path("signed.json");
        attache(&[
            "card", "sign", &unsigned, "--key", &private, "--out", &signed,
        ])
        .ends(0);
        let set = attache(&["card", "sign", "--public-key", "--key", &private])
            .ends(0)
            .out;
        std::fs::write(path("keys.json"), set).unwrap();
        for key in [&public, &private, &path("keys.json")] {
            let said = attache(&["card", "verify", &signed, "--key", key]).ends(0);
            assert!(
                said.out.contains(&format!("holds: {algorithm}")),
                "{said:?}"
            );
        }
        attache(&["card", "verify", &signed, "--jwks", &path("keys.json")]).ends(0);

        // The official client finds that it holds, and not for another card.
        let served: Value = serde_json::from_slice(&std::fs::read(&signed).unwrap()).unwrap();
        let fake = Fake::start(move |_, _| json_response(&served));
        run_python("signed_card.py", &[&fake.url, &public]);

        // What the host signs holds by the same key, and not by another.
        let settings = [
            ("ATTACHE_PUBLIC_URL", "https://agent.example"),
            ("ATTACHE_CARD_KEY_FILE", private.as_str()),
            // Its card has the security of both generations, of which the signature covers one.
            ("ATTACHE_AUTH", "api-key"),
            (
                "ATTACHE_API_KEYS",
                "ci:sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
            ),
        ];
        let host = host("hello_agent", &settings);
        attache(&["card", "verify", &host.url, "--key", &public]).ends(0);
        make_keys(folder.path(), algorithm);
        attache(&["card", "verify", &host.url, "--key", &public]).ends(1);

        let mut changed: Value = serde_json::from_slice(&std::fs::read(&signed).unwrap()).unwrap();
        changed["supportedInterfaces"][0]["url"] = json!("https://evil.example/");
        let changed = file(folder.path(), "changed.json", &changed);
        let said = attache(&["card", "verify", &changed, "--key", &path("keys.json")]).ends(1);
        assert!(said.out.contains("was not made over this card"), "{said:?}");
    }
    let unsigned = file(folder.path(), "card.json", &card("https://a.example/"));
    let public = folder.path().join("public.pem");
    let verify = [
        "card",
        "verify",
        &unsigned,
        "--key",
        public.to_str().unwrap(),
    ];
    attache(&verify).ends(1).complains("has no signatures");
    attache(&["card", "sign", &unsigned, "--key", public.to_str().unwrap()])
        .ends(65)
        .complains("PKCS#8");
}

#[test]
fn keys_that_a_card_names_count_only_where_that_place_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    make_keys(folder.path(), "ES256");
    let private = folder.path().join("private.pem");
    let private = private.to_str().unwrap();
    let set = attache(&["card", "sign", "--public-key", "--key", private])
        .ends(0)
        .out;
    let keys = Fake::start(move |_, _| response("200 OK", "", &set));
    let unsigned = file(folder.path(), "card.json", &card("https://a.example/"));
    let wrong = [
        "card", "sign", &unsigned, "--key", private, "--jku", &keys.url,
    ];
    attache(&wrong).ends(64).complains("https");
    let jku = "https://keys.example/set.json";
    let signed = attache(&["card", "sign", &unsigned, "--key", private, "--jku", jku])
        .ends(0)
        .out;
    let said = attache_with(
        &[
            "card",
            "verify",
            "-",
            "--allow-jku",
            "https://other.example",
        ],
        &[],
        &signed,
    )
    .ends(1);
    assert!(
        said.out.contains("--allow-jku https://keys.example"),
        "{said:?}"
    );

    let place = format!("{}/set.json", keys.url);
    attache_with(
        &["card", "verify", "-", "--jwks", &place],
        &[("TOKEN", "x")],
        &signed,
    )
    .ends(0);
    // Keys are public: nobody is told who asks.
    let credentials = [
        "card",
        "verify",
        "-",
        "--jwks",
        &place,
        "--bearer-env",
        "TOKEN",
    ];
    attache_with(&credentials, &[("TOKEN", "x")], &signed).ends(0);
    assert!(
        keys.asked()
            .iter()
            .all(|asked| asked.header("authorization").is_none())
    );
    attache(&["card", "verify", &unsigned]).ends(64);
}

/// A card whose signature says that its key is at `jku`.
fn signed_with(key: &attache_jws::SigningKey, jku: &str) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let mut card = card("https://a.example/");
    let typed = serde_json::from_value(card.clone()).unwrap();
    let form = attache_protocol::canonical_forms(&typed).unwrap().remove(0);
    let header = json!({"alg": key.algorithm(), "kid": key.thumbprint(), "jku": jku});
    let protected = URL_SAFE_NO_PAD.encode(header.to_string());
    let input = format!("{protected}.{}", URL_SAFE_NO_PAD.encode(form));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap());
    card["signatures"] = json!([{"protected": protected, "signature": signature}]);
    card
}

#[test]
fn a_trusted_place_is_asked_for_the_key_and_does_not_lead_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    make_keys(folder.path(), "ES256");
    let pem = std::fs::read(folder.path().join("private.pem")).unwrap();
    let key = attache_jws::SigningKey::parse(&pem).unwrap();
    let set = json!({"keys": [key.public_jwk(&key.thumbprint())]});
    let keys = Fake::start(move |_, _| json_response(&set));
    let signed = signed_with(&key, &format!("{}/keys.json", keys.url)).to_string();
    let verify = |origin: &str| {
        attache_with(
            &["card", "verify", "-", "--allow-jku", origin],
            &[],
            &signed,
        )
    };
    let said = verify(&keys.url).ends(0);
    assert!(said.out.contains("holds: ES256"), "{said:?}");
    verify("http://127.0.0.1:1").ends(1);
    assert_eq!(keys.asked().len(), 1);

    // A redirect would make any place a trusted one.
    let to = keys.url.clone();
    let open = Fake::start(move |_, _| {
        response("302 Found", &format!("Location: {to}/keys.json\r\n"), "")
    });
    let signed = signed_with(&key, &format!("{}/keys.json", open.url)).to_string();
    let verify = ["card", "verify", "-", "--allow-jku", &open.url];
    attache_with(&verify, &[], &signed)
        .ends(77)
        .complains("redirects to");
    assert_eq!(keys.asked().len(), 1);
}

#[test]
fn a_card_converts_between_generations() {
    let host = host("hello_agent", &[]);
    let old = attache(&["card", "convert", &host.url, "--to", "0.3"])
        .ends(0)
        .json();
    assert_eq!(
        (&old["protocolVersion"], &old["preferredTransport"]),
        (&json!("0.3.0"), &json!("JSONRPC"))
    );
    assert!(old.get("supportedInterfaces").is_none());
    let new = attache_with(
        &["card", "convert", "-", "--to", "1.0"],
        &[],
        &old.to_string(),
    )
    .ends(0);
    let new = new.complains("stay those of 0.3").json();
    assert_eq!(new["supportedInterfaces"][0]["protocolVersion"], "0.3");
    assert!(new.get("url").is_none());
    // The converted card still leads to the agent.
    let folder = tempfile::tempdir().unwrap();
    let linted = file(folder.path(), "new.json", &new);
    attache(&["card", "lint", &linted]).ends(0);
}

#[test]
fn gemini_enterprise_gets_a_card_that_it_can_use_or_a_reason() {
    let local = host("hello_agent", &[]);
    let said = attache(&["card", "convert", &local.url, "--to", "gemini-enterprise"]).ends(65);
    said.complains("which Google cannot reach");
    attache(&["card", "lint", "--gemini-enterprise", &local.url]).ends(1);

    let deployed = host(
        "hello_agent",
        &[("ATTACHE_PUBLIC_URL", "https://hello.run.app")],
    );
    let card = attache(&[
        "card",
        "convert",
        &deployed.url,
        "--to",
        "gemini-enterprise",
    ])
    .ends(0)
    .json();
    let members: Vec<_> = card
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        [
            "protocolVersion",
            "name",
            "description",
            "url",
            "version",
            "capabilities",
            "skills",
            "defaultInputModes",
            "defaultOutputModes",
            "preferredTransport",
        ]
    );
    assert_eq!(card["url"], "https://hello.run.app/");
    assert_eq!(card["preferredTransport"], "JSONRPC");
}
