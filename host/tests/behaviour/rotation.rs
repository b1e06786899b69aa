//! Secrets that change while the host runs.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;

use super::client::{get, until};
use super::process::{Host, PATIENCE, binary, message};

/// Waits until the component sees these keys.
async fn sees(host: &Host, lines: &[&str]) {
    let has = |config: &String, line: &&str| config.lines().any(|found| found == *line);
    let config = || async { get(host, "/config").await.text };
    until(config, |config| lines.iter().all(|line| has(config, line))).await;
}

/// Whole, at once: a file that is read while it is written is another one.
fn put(file: &Path, content: &str) {
    let next = file.with_extension("next");
    fs::write(&next, content).unwrap();
    fs::rename(next, file).unwrap();
}

#[tokio::test]
async fn new_requests_see_what_was_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let [token, key, file] = ["token", "key", "attache.toml"].map(|name| folder.path().join(name));
    fs::write(&token, "onyx\n").unwrap();
    fs::write(&key, "first\n").unwrap();
    fs::write(&file, format!("[config]\nkey = {{ file = {key:?} }}\n")).unwrap();
    let host = Host::start_with(
        &["--secrets-reread=0.02"],
        &[
            ("ATTACHE_CONFIG_TOKEN_FILE", token.to_str().unwrap()),
            ("ATTACHE_CONFIG_FILE", file.to_str().unwrap()),
        ],
    );
    sees(&host, &["token=onyx", "key=first"]).await;

    // As Secret Manager's volumes do it, and with the old time of modification.
    let written = fs::metadata(&token).unwrap().modified().unwrap();
    let next = folder.path().join("next");
    fs::write(&next, "topaz\n").unwrap();
    let as_before = fs::File::options().write(true).open(&next).unwrap();
    as_before.set_modified(written).unwrap();
    fs::rename(&next, &token).unwrap();
    put(&key, "second");
    sees(&host, &["token=topaz", "key=second"]).await;

    // What cannot be read keeps its value, with one warning for each time that it begins.
    fs::remove_file(&token).unwrap();
    put(&key, "third");
    host.log_with("keeps its value");
    sees(&host, &["token=topaz", "key=third"]).await;
    put(&token, "quartz");
    sees(&host, &["token=quartz"]).await;
    let entries = host.entries();
    let warnings = entries
        .iter()
        .filter(|entry| message(entry).contains("keeps its value"));
    assert_eq!(warnings.count(), 1);
    for secret in ["onyx", "topaz", "third", "quartz"] {
        let shows = |entry: &serde_json::Value| message(entry).contains(secret);
        assert!(!entries.iter().any(shows), "{secret}");
    }
}

#[tokio::test]
async fn zero_reads_once() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "onyx").unwrap();
    let variables = [("ATTACHE_CONFIG_TOKEN_FILE", token.to_str().unwrap())];
    let host = Host::start_with(&["--secrets-reread=0"], &variables);
    fs::write(&token, "topaz").unwrap();
    sees(&host, &["token=onyx"]).await;
}

/// A server of PostgreSQL as far as the password, which it asks for in the clear. Then it says that it
/// is about to start, so that the client comes again.
fn password_sent_to(server: &TcpListener) -> String {
    let (mut client, _) = server.accept().unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let _start = message_of(&mut client);
    client.write_all(b"R\0\0\0\x08\0\0\0\x03").unwrap();
    client.read_exact(&mut [0]).unwrap();
    let password = message_of(&mut client);
    let starting = b"SFATAL\0VFATAL\0C57P03\0Mnot yet\0\0";
    let length = u32::try_from(starting.len() + 4).unwrap().to_be_bytes();
    let refusal = [b"E", length.as_slice(), starting].concat();
    client.write_all(&refusal).unwrap();
    String::from_utf8_lossy(&password)
        .trim_end_matches('\0')
        .to_owned()
}

fn message_of(client: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    client.read_exact(&mut length).unwrap();
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    client.read_exact(&mut body).unwrap();
    body
}

#[test]
fn a_new_connection_logs_in_with_the_password_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "onyx\n").unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let mut host = binary()
        .args(["dead-letters", "list"])
        .env("DB_HOST", "127.0.0.1")
        .env("DB_PORT", port)
        .env("DB_USER", "me")
        .env("DB_SSLMODE", "disable")
        .env("DB_PASS_FILE", &file)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let first = password_sent_to(&server);
    fs::write(&file, "topaz\n").unwrap();
    // It may have been on its way again before the file was written, but not twice.
    let next = [password_sent_to(&server), password_sent_to(&server)];
    host.kill().unwrap();
    host.wait().unwrap();
    assert_eq!(first, "onyx");
    assert!(next.contains(&"topaz".to_owned()), "{next:?}");
}
