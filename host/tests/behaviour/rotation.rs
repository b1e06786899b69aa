//! Secrets that change while the host runs.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::client::get;
use super::process::{Host, PATIENCE, binary, message};

/// Waits until the component sees these keys.
async fn sees(host: &Host, lines: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let config = get(host, "/config").await.text;
        if lines
            .iter()
            .all(|line| config.lines().any(|found| found == *line))
        {
            return;
        }
        assert!(Instant::now() < deadline, "{lines:?} are not in {config}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn new_requests_see_what_was_rotated() {
    let folder = tempfile::tempdir().unwrap();
    let [token, key, file] = ["token", "key", "attache.toml"].map(|name| folder.path().join(name));
    fs::write(&token, "one\n").unwrap();
    fs::write(&key, "first\n").unwrap();
    fs::write(&file, format!("[config]\nkey = {{ file = {key:?} }}\n")).unwrap();
    let host = Host::start_with(
        &["--secrets-reread=0.02"],
        &[
            ("ATTACHE_CONFIG_TOKEN_FILE", token.to_str().unwrap()),
            ("ATTACHE_CONFIG_FILE", file.to_str().unwrap()),
        ],
    );
    sees(&host, &["token=one", "key=first"]).await;

    // As Secret Manager's volumes do it, and with the old time of modification.
    let written = fs::metadata(&token).unwrap().modified().unwrap();
    let next = folder.path().join("next");
    fs::write(&next, "two\n").unwrap();
    let as_before = fs::File::options().write(true).open(&next).unwrap();
    as_before.set_modified(written).unwrap();
    fs::rename(&next, &token).unwrap();
    fs::write(&key, "second").unwrap();
    sees(&host, &["token=two", "key=second"]).await;

    // What cannot be read keeps its value, with one warning for each time that it begins.
    fs::remove_file(&token).unwrap();
    fs::write(&key, "third").unwrap();
    host.log_with("keeps its value");
    sees(&host, &["token=two", "key=third"]).await;
    fs::write(&token, "four").unwrap();
    sees(&host, &["token=four"]).await;
    let entries = host.entries();
    let warnings = entries
        .iter()
        .filter(|entry| message(entry).contains("keeps its value"));
    assert_eq!(warnings.count(), 1);
    for secret in ["one", "two", "third", "four"] {
        let shows = |entry: &serde_json::Value| message(entry).contains(secret);
        assert!(!entries.iter().any(shows), "{secret}");
    }
}

#[tokio::test]
async fn zero_reads_once() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "one").unwrap();
    let variables = [("ATTACHE_CONFIG_TOKEN_FILE", token.to_str().unwrap())];
    let host = Host::start_with(&["--secrets-reread=0"], &variables);
    fs::write(&token, "two").unwrap();
    sees(&host, &["token=one"]).await;
}

/// A server of PostgreSQL as far as the password, which it asks for in the clear.
fn password(mut client: TcpStream) -> String {
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut read = |more: usize| {
        let mut length = vec![0; more + 4];
        client.read_exact(&mut length).unwrap();
        let length = u32::from_be_bytes(length[more..].try_into().unwrap());
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).unwrap();
        if more == 0 {
            client.write_all(b"R\0\0\0\x08\0\0\0\x03").unwrap();
        }
        String::from_utf8_lossy(&body)
            .trim_end_matches('\0')
            .to_owned()
    };
    read(0);
    read(1)
}

#[test]
fn a_new_connection_logs_in_with_the_password_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "one\n").unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    let mut host = binary()
        .args(["dead-letters", "list"])
        .env("DB_HOST", "127.0.0.1")
        .env("DB_PORT", port)
        .env("DB_USER", "me")
        .env("DB_SSLMODE", "disable")
        .env("DB_PASS_FILE", &file)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // A connection that is lost is made again.
    let first = password(server.accept().unwrap().0);
    fs::write(&file, "two\n").unwrap();
    let second = loop {
        let sent = password(server.accept().unwrap().0);
        if sent != first {
            break sent;
        }
    };
    host.kill().unwrap();
    host.wait().unwrap();
    assert_eq!((first.as_str(), second.as_str()), ("one", "two"));
}
