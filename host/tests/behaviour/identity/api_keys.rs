//! Keys that the operator hands out.

use std::fs;
use std::path::Path;

use super::{challenges, get_with, message};
use crate::client::until;
use crate::process::{Host, run};

/// A new key, and its line.
pub(super) fn new(name: &str) -> (String, String) {
    let output = run(&["api-key", name], &[]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let mut lines = said.lines();
    let mut word = |label| {
        lines
            .next()
            .unwrap()
            .strip_prefix(label)
            .unwrap()
            .to_owned()
    };
    (word("key:  "), word("line: "))
}

fn host(file: &Path, variables: &[(&str, &str)]) -> Host {
    let file = file.to_str().unwrap();
    let mut all = vec![("ATTACHE_AUTH", "api-key"), ("ATTACHE_API_KEYS_FILE", file)];
    all.extend(variables);
    Host::start_with(&[], &all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_known_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let (one, line) = new("one");
    let (two, in_variable) = new("two");
    fs::write(&file, format!("# who\n{line}\n")).unwrap();
    let host = host(&file, &[("ATTACHE_API_KEYS", &in_variable)]);
    for (key, name) in [(&one, "one"), (&two, "two")] {
        let known = get_with(&host, "/caller", &[("x-api-key", key)]).await;
        let expected = format!("issuer=api-key subject={name} email= scopes=");
        assert_eq!(known.text, expected);
    }
    let headers = [("X-API-Key", one.as_str()), ("authorization", "Bearer own")];
    let echoed = get_with(&host, "/echo", &headers).await.text;
    assert!(!echoed.contains("x-api-key"), "{echoed}");
    // The agent may have a use of its own for what is not the host's.
    assert!(echoed.contains("authorization: Bearer own"), "{echoed}");

    let nothing = get_with(&host, "/caller", &[]).await;
    assert_eq!(nothing.status, 401);
    let expected = r#"ApiKey realm="attache", header="X-API-Key""#;
    assert_eq!(challenges(&nothing), [expected]);
    for bad in ["", "attache_x", line.as_str(), &line[11..]] {
        let refused = get_with(&host, "/caller", &[("x-api-key", bad)]).await;
        assert_eq!(refused.status, 401, "{bad:?}");
        assert_eq!(message(&refused), "the API key is not known");
        assert!(challenges(&refused)[0].contains("invalid_token"));
    }
    let twice = [("x-api-key", one.as_str()), ("x-api-key", two.as_str())];
    assert_eq!(get_with(&host, "/caller", &twice).await.status, 401);
    let log = format!("{:?}", host.entries());
    assert!(!log.contains(&one) && !log.contains(&line), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_without_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    let (old, old_line) = new("old");
    let (new, new_line) = new("new");
    fs::write(&file, &old_line).unwrap();
    let host = host(&file, &[("ATTACHE_API_KEY_HEADER", "X-Agent-Key")]);
    let status = async |key: &str| {
        let headers = [("x-agent-key", key)];
        get_with(&host, "/caller", &headers).await.status
    };
    assert_eq!(status(&old).await, 200);
    assert_eq!(status(&new).await, 401);

    fs::write(&file, format!("{old_line}\n{new_line}")).unwrap();
    until(|| status(&new), |status| *status == 200).await;
    assert_eq!(status(&old).await, 200);

    // What cannot be read changes nothing.
    fs::write(&file, "nonsense").unwrap();
    until(
        || status("unknown"),
        |_| {
            host.entries()
                .iter()
                .any(|e| e.to_string().contains("the keys from before stay"))
        },
    )
    .await;
    assert_eq!(status(&new).await, 200);

    fs::write(&file, &new_line).unwrap();
    until(|| status(&old), |status| *status == 401).await;
    assert_eq!(status(&new).await, 200);
}

#[test]
fn a_name_is_one_word() {
    let output = run(&["api-key", "two words"], &[]);
    assert_eq!(output.status.code(), Some(64));
    assert!(output.stdout.is_empty());
}
