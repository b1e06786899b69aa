//! A right server that is made wrong in one place at a time: the check that is about it has to fail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::report;
use crate::server::Server;

/// In answers to requests that contain `asked`, `from` becomes `to`, head and body alike.
#[derive(Clone, Copy)]
struct Fault {
    check: &'static str,
    asked: &'static str,
    from: &'static str,
    to: &'static str,
}

fn faults() -> impl Iterator<Item = Fault> {
    let lines = include_str!("faults.tsv").lines();
    lines.filter(|line| !line.starts_with('#')).map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let [check, asked, from, to] = fields[..] else {
            panic!("four fields: {line}");
        };
        Fault {
            check,
            asked,
            from,
            to,
        }
    })
}

#[test]
fn each_fault_is_found() {
    let server = Server::host("tck_agent.wasm", &[]);
    let right = report(&[&server.url]);
    assert_eq!(right["passes"], true, "{right:#}");
    let mut unseen = Vec::new();
    for fault in faults() {
        let url = relay(server.address().to_owned(), fault);
        let report = report(&[&url, "--only", fault.check, "--timeout", "5"]);
        let rows = report["checks"].as_array().expect("rows");
        let is_found = rows
            .iter()
            .any(|row| row["id"] == fault.check && row["verdict"] == "failed");
        if !is_found {
            unseen.push(format!("{}: {report:#}", fault.check));
        }
    }
    assert!(unseen.is_empty(), "not found: {}", unseen.join("\n"));
}

/// A server on a free port that hands requests on, and changes answers. It ends with the test.
fn relay(upstream: String, fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let upstream = upstream.clone();
            thread::spawn(move || hand_on(stream, &upstream, fault));
        }
    });
    url
}

fn hand_on(mut client: TcpStream, upstream: &str, fault: Fault) -> Option<()> {
    let (head, body) = read(&mut client)?;
    let mut server = TcpStream::connect(upstream).ok()?;
    // One request on each connection, so that an answer ends where the connection does.
    let asked = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    server.write_all(asked.as_bytes()).ok()?;
    server.write_all(&body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (mut said, mut text) = answer
        .split_once("\r\n\r\n")
        .map(|(head, body)| (head.to_owned(), body.to_owned()))?;
    if said.to_lowercase().contains("transfer-encoding: chunked") {
        text = of_chunks(&text);
    }
    let request = format!("{head}{}", String::from_utf8_lossy(&body));
    if request.contains(fault.asked) {
        said = said.replace(fault.from, fault.to);
        text = text.replace(fault.from, fault.to);
    }
    let lines: Vec<_> = said
        .split("\r\n")
        .filter(|line| {
            let line = line.to_lowercase();
            !["transfer-encoding:", "content-length:", "connection:"]
                .iter()
                .any(|name| line.starts_with(name))
        })
        .collect();
    let length = text.len();
    let head = format!(
        "{}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n",
        lines.join("\r\n")
    );
    client.write_all(head.as_bytes()).ok()?;
    client.write_all(text.as_bytes()).ok()
}

fn read(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn of_chunks(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        whole.push_str(&rest[..size]);
        text = rest[size..].trim_start_matches("\r\n");
    }
    whole
}
