//! `attache-host health`, which health checks of containers call.

use std::net::TcpListener;
use std::process::Output;

use super::process::{Host, run};

fn asked(host: &str, port: u16) -> (Option<i32>, String) {
    let port = port.to_string();
    let output: Output = run(&["health"], &[("PORT", &port), ("ATTACHE_HOST", host)]);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[test]
fn it_says_whether_a_host_is_ready() {
    let host = Host::start(&[]);
    let port = host.address.port();
    // Where it listens on every address it is asked on this machine's own.
    for address in ["127.0.0.1", "0.0.0.0", ""] {
        assert_eq!(asked(address, port), (Some(0), String::new()), "{address}");
    }
}

#[test]
fn it_says_why_a_host_is_not_ready() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let (status, said) = asked("127.0.0.1", port);
    assert_eq!(status, Some(69), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = other.accept().unwrap();
        let _ = stream.read(&mut [0; 256]).unwrap();
        let answer = b"HTTP/1.1 503 Service Unavailable\r\n\r\nthe task log does not answer";
        stream.write_all(answer).unwrap();
    });
    let (status, said) = asked("127.0.0.1", port);
    answering.join().unwrap();
    assert_eq!(status, Some(69), "{said}");
    assert!(said.contains("503") && said.contains("task log"), "{said}");
}

#[test]
fn what_cannot_be_asked_is_named() {
    let (status, said) = asked("example.com", 8080);
    assert_eq!(status, Some(64), "{said}");
    assert!(
        said.contains("ATTACHE_HOST") && said.contains("example.com"),
        "{said}"
    );
}
