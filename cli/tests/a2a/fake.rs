//! A server that answers as a test wants, and keeps what it was asked; and a proxy that cuts connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// What came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// JSON-RPC's method.
    pub(crate) fn rpc(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["method"].as_str().unwrap_or_default().to_owned()
    }
}

/// Ends with the test.
pub(crate) struct Fake {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// `answer` writes a whole response, or a part of one: then the connection is closed.
    pub(crate) fn start(answer: impl Fn(&Asked, &str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (own, kept, answer) = (url.clone(), asked.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (own, kept, answer) = (own.clone(), kept.clone(), answer.clone());
                thread::spawn(move || {
                    if let Some(request) = read(&stream) {
                        kept.lock().unwrap().push(request.clone());
                        let _ = (&stream).write_all(answer(&request, &own).as_bytes());
                    }
                });
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A request; none when the peer has nothing to say.
pub(crate) fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let mut asked = Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        ..Asked::default()
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        asked
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = asked
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).ok()?;
    Some(asked)
}

pub(crate) fn response(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

pub(crate) fn json_response(value: &Value) -> String {
    response(
        "200 OK",
        "Content-Type: application/json\r\n",
        &value.to_string(),
    )
}

/// The result of a call in JSON-RPC.
pub(crate) fn rpc_result(result: &Value) -> String {
    json_response(&json!({"jsonrpc": "2.0", "id": 1, "result": result}))
}

/// The beginning of a stream whose end never comes: the connection is closed in the middle.
pub(crate) fn broken_stream(events: &[Value]) -> String {
    let mut response =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_owned();
    for event in events {
        let event = json!({"jsonrpc": "2.0", "id": 1, "result": event});
        let frame = format!("data: {event}\n\n");
        response.push_str(&format!("{:x}\r\n{frame}\r\n", frame.len()));
    }
    response
}

/// A whole stream.
pub(crate) fn stream(events: &[Value]) -> String {
    broken_stream(events) + "0\r\n\r\n"
}

/// A card for an agent at `url`.
pub(crate) fn card(url: &str) -> Value {
    json!({
        "name": "Fake", "description": "Says what it is told.", "version": "1",
        "supportedInterfaces": [{"url": url, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
        "capabilities": {"streaming": true},
        "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "s", "name": "S", "description": "s", "tags": ["t"]}],
    })
}

/// A proxy that closes the first connection on which a stream has brought `frames` events, whatever
/// comes behind them. Returns its URL, and what was asked through it.
pub(crate) fn cutting_proxy(to: &str, frames: usize) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (kept, to) = (asked.clone(), to.trim_start_matches("http://").to_owned());
    let is_cut = Arc::new(Mutex::new(false));
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (kept, to, is_cut) = (kept.clone(), to.clone(), is_cut.clone());
            thread::spawn(move || {
                let Some(request) = read(&client) else { return };
                kept.lock().unwrap().push(request.clone());
                let server = TcpStream::connect(&to).unwrap();
                // One request a connection, so that each is seen.
                write!(
                    &server,
                    "{} {} HTTP/1.1\r\nConnection: close\r\n",
                    request.method, request.path
                )
                .unwrap();
                for (name, value) in request
                    .headers
                    .iter()
                    .filter(|(name, _)| name != "connection")
                {
                    write!(&server, "{name}: {value}\r\n").unwrap();
                }
                write!(&server, "\r\n{}", request.body).unwrap();
                pass(&server, &client, frames, &is_cut);
            });
        }
    });
    (url, asked)
}

fn pass(mut server: &TcpStream, mut client: &TcpStream, frames: usize, is_cut: &Mutex<bool>) {
    let mut passed = Vec::new();
    let mut byte = [0];
    while server.read(&mut byte).is_ok_and(|read| read > 0) {
        if client.write_all(&byte).is_err() {
            return;
        }
        passed.push(byte[0]);
        if !passed.ends_with(b"\n\n") && !passed.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&passed);
        if text.matches("data: ").count() >= frames && text.contains("text/event-stream") {
            let mut is_cut = is_cut.lock().unwrap();
            if !std::mem::replace(&mut *is_cut, true) {
                return;
            }
        }
    }
}
