//! What a command line becomes.

use serde_json::{Value, json};

use crate::attache::{attache, attache_with};
use crate::fake::{Fake, card, json_response, rpc_result};

/// An agent that shows what it was sent.
fn echo() -> Fake {
    Fake::start(|asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => {
            let request: Value = serde_json::from_str(&asked.body).unwrap();
            let part = json!({"data": request["params"]});
            rpc_result(
                &json!({"message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [part]}}),
            )
        }
    })
}

#[test]
fn words_files_data_and_standard_input_become_parts() {
    let (fake, folder) = (echo(), tempfile::tempdir().unwrap());
    let file = folder.path().join("numbers.csv");
    std::fs::write(&file, "a,b\n").unwrap();
    let path = file.to_str().unwrap();
    let typed = format!("{path};application/x-own");
    let arguments = [
        "send",
        &fake.url,
        "-",
        "--file",
        path,
        "--file",
        &typed,
        "--data",
        "[1, null]",
        "--file-url",
        "https://files.example/x.pdf",
        "--context",
        "c",
        "--reference",
        "t0",
        "--accept",
        "text/plain,image/png",
        "--history-length",
        "3",
        "--no-wait",
        "--tenant",
        "acme",
        "--message-id",
        "m1",
        "--extension",
        "urn:one",
    ];
    let params = attache_with(&arguments, &[], "from a pipe\n")
        .ends(0)
        .json();
    let name = "numbers.csv";
    assert_eq!(
        params,
        json!({
            "tenant": "acme",
            "message": {
                "messageId": "m1", "contextId": "c", "role": "ROLE_USER", "referenceTaskIds": ["t0"],
                "parts": [
                    {"text": "from a pipe"},
                    {"raw": "YSxiCg==", "filename": name, "mediaType": "text/csv"},
                    {"raw": "YSxiCg==", "filename": name, "mediaType": "application/x-own"},
                    {"url": "https://files.example/x.pdf", "mediaType": "application/pdf"},
                    {"data": [1, null], "mediaType": "application/json"},
                ],
            },
            "configuration": {
                "acceptedOutputModes": ["text/plain", "image/png"], "historyLength": 3,
                "returnImmediately": true,
            },
        })
    );
    let asked = fake.asked();
    let call = asked.last().unwrap();
    assert_eq!(call.header("a2a-version"), Some("1.0"));
    assert_eq!(call.header("a2a-extensions"), Some("urn:one"));
}

#[test]
fn what_cannot_be_said_is_said_before_anything_is_sent() {
    let fake = echo();
    for (arguments, status, why) in [
        (&[][..], 64, "there is nothing to send"),
        (
            &["--file", "/no/such/file"],
            66,
            "/no/such/file cannot be read",
        ),
        (&["--data", "{"], 65, "--data is not JSON"),
        (&["--file-url", "x"], 64, "is no URL"),
    ] {
        attache(&[&["send", &fake.url][..], arguments].concat())
            .ends(status)
            .complains(why);
    }
    assert!(fake.asked().is_empty());
    attache(&["send", "agent.example", "hi"])
        .ends(64)
        .complains("give a URL such as");
    attache(&["send", "https://a:b@agent.example", "hi"])
        .ends(64)
        .complains("list of processes");
}
