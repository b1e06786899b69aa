//! Every parser of the crate that a client reaches, with what it is fed.

use attache_protocol::wire::AgentCard;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::{Value, json};

use crate::drive::{Got, TASK};
use crate::generate::{self, Rng};

/// A parser, and how it is reached.
pub struct Surface {
    pub name: &'static str,
    pub feed: Feed,
}

/// How a parser is reached.
pub enum Feed {
    /// By a request. The check says what is wrong with the answer.
    Request(
        fn(&mut Rng) -> Request<Vec<u8>>,
        fn(&Got) -> Result<(), String>,
    ),
    /// By a call.
    Call(fn(&mut Rng)),
}

macro_rules! surfaces {
    ($($name:literal: $make:expr => $check:expr;)*) => {
        vec![$(Surface { name: $name, feed: Feed::Request($make, $check) }),*]
    };
}

pub fn all() -> Vec<Surface> {
    let mut all = surfaces! {
        "JSON-RPC envelope": envelope => json_rpc;
        "JSON-RPC SendMessage": |rng| params(rng, "SendMessage", &send()) => json_rpc;
        "JSON-RPC SendStreamingMessage": |rng| params(rng, "SendStreamingMessage", &send()) => json_rpc;
        "JSON-RPC GetTask": |rng| params(rng, "GetTask", &get_task()) => json_rpc;
        "JSON-RPC ListTasks": |rng| params(rng, "ListTasks", &list_tasks()) => json_rpc;
        "JSON-RPC CancelTask": |rng| params(rng, "CancelTask", &json!({"id": "t", "metadata": {"a": [1]}, "tenant": "x"})) => json_rpc;
        "JSON-RPC SubscribeToTask": |rng| params(rng, "SubscribeToTask", &json!({"id": TASK, "tenant": ""})) => json_rpc;
        "JSON-RPC Create push config": |rng| params(rng, "CreateTaskPushNotificationConfig", &webhook()) => json_rpc;
        "JSON-RPC Get push config": |rng| params(rng, "GetTaskPushNotificationConfig", &json!({"taskId": TASK, "id": "c"})) => json_rpc;
        "JSON-RPC List push configs": |rng| params(rng, "ListTaskPushNotificationConfigs", &json!({"taskId": TASK, "pageSize": 2, "pageToken": "YQ"})) => json_rpc;
        "JSON-RPC Delete push config": |rng| params(rng, "DeleteTaskPushNotificationConfig", &json!({"taskId": TASK, "id": "c"})) => json_rpc;
        "JSON-RPC GetExtendedAgentCard": |rng| params(rng, "GetExtendedAgentCard", &json!({"tenant": "x"})) => json_rpc;
        "HTTP+JSON paths": paths => http_json;
        "HTTP+JSON queries": queries => http_json;
        "HTTP+JSON body of a message": |rng| body(rng, "/message:send", &send()) => http_json;
        "HTTP+JSON body of a cancel": |rng| body(rng, "/tasks/t:cancel", &json!({"metadata": {"a": "b"}})) => http_json;
        "HTTP+JSON body of a webhook": |rng| body(rng, &format!("/tasks/{TASK}/pushNotificationConfigs"), &webhook()) => http_json;
        "A2A-Version": |rng| header(rng, "a2a-version", &["1.0", "0.3", "1.0.7", "99.0", "abc", ""]) => http_json;
        "A2A-Extensions": |rng| header(rng, "a2a-extensions", &["urn:a, urn:b", "https://example.com/ext/v1", ","]) => http_json;
        "Last-Event-ID": last_event_id => json_rpc;
        "Accept and Content-Type": media_types => any_json;
        "Host and forwarding headers": hosts => card;
        "If-None-Match": |rng| {
            let mut request = get("/.well-known/agent-card.json");
            request.headers_mut().insert("if-none-match", value(generate::text(rng, &["*", "\"abc\"", "W/\"abc\", \"d\""])));
            request
        } => card;
        "Page tokens": page_tokens => json_rpc;
        "Webhook URLs": webhook_urls => json_rpc;
    };
    all.push(Surface {
        name: "Card lint",
        feed: Feed::Call(lint),
    });
    all
}

fn send() -> Value {
    json!({
        "tenant": "t",
        "message": {
            "messageId": "m1", "contextId": "c", "taskId": "", "role": "ROLE_USER",
            "parts": [
                {"text": "hello", "metadata": {"k": 1}},
                {"raw": "aGVsbG8=", "mediaType": "image/png", "filename": "a.png"},
                {"url": "https://example.com/a"},
                {"data": {"n": 42, "deep": [[1, {"x": null}]]}},
            ],
            "metadata": {"urn:x": {"y": 1.5}}, "extensions": ["urn:optional"], "referenceTaskIds": ["a"],
        },
        "configuration": {
            "acceptedOutputModes": ["text/plain"], "historyLength": 3, "returnImmediately": false,
            "taskPushNotificationConfig": {"url": "https://example.com", "authentication": {"scheme": "Bearer", "credentials": "x"}},
        },
        "metadata": {"a": true},
    })
}

fn get_task() -> Value {
    json!({"id": TASK, "historyLength": 1, "tenant": ""})
}

fn list_tasks() -> Value {
    json!({
        "contextId": "c", "status": "TASK_STATE_WORKING", "pageSize": 10, "pageToken": "MTphYg",
        "historyLength": 2, "statusTimestampAfter": "2026-11-21T08:30:00.123Z", "includeArtifacts": true,
    })
}

fn webhook() -> Value {
    json!({
        "taskId": TASK, "id": "c", "url": "https://example.com/hook?a=b", "token": "t",
        "authentication": {"scheme": "Bearer", "credentials": "abc"}, "tenant": "",
    })
}

// --- requests ------------------------------------------------------------------------------------

/// The target of a request whose own is none to the `http` crate, and so to any server.
pub const UNPARSED: &str = "/not-a-target";

pub fn request(method: Method, target: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    let uri: Uri = format!("http://agent.test{target}")
        .parse()
        .unwrap_or_else(|_| Uri::from_static(UNPARSED));
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("a2a-version", HeaderValue::from_static("1.0"));
    request
}

fn get(target: &str) -> Request<Vec<u8>> {
    request(Method::GET, target, Vec::new())
}

fn envelope(rng: &mut Rng) -> Request<Vec<u8>> {
    let body = if rng.once_in(3) {
        generate::noise(rng)
    } else {
        let valid =
            json!({"jsonrpc": "2.0", "id": "a1", "method": "GetTask", "params": get_task()});
        generate::json(rng, &valid)
    };
    request(Method::POST, "/", body)
}

/// Only the parameters are tampered with, so each of them reaches its own parser.
fn params(rng: &mut Rng, method: &str, valid: &Value) -> Request<Vec<u8>> {
    let mut body =
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":"#).into_bytes();
    body.extend(generate::json(rng, valid));
    body.push(b'}');
    request(Method::POST, "/", body)
}

fn body(rng: &mut Rng, path: &str, valid: &Value) -> Request<Vec<u8>> {
    let body = if rng.once_in(6) {
        generate::noise(rng)
    } else {
        generate::json(rng, valid)
    };
    request(Method::POST, path, body)
}

fn paths(rng: &mut Rng) -> Request<Vec<u8>> {
    let valid = [
        "/tasks/a%2Fb:cancel",
        "/acme/tasks/x/pushNotificationConfigs/y",
        "/message:send",
        "/acme/message:stream",
        "/tasks",
        "/extendedAgentCard",
        "/tasks/x:subscribe",
        "/.well-known/agent-card.json",
    ];
    let method = [
        Method::GET,
        Method::POST,
        Method::DELETE,
        Method::PUT,
        Method::PATCH,
    ][rng.below(5)]
    .clone();
    let target = target(&generate::text(rng, &valid));
    request(method, &target, b"{}".to_vec())
}

fn queries(rng: &mut Rng) -> Request<Vec<u8>> {
    let valid = [
        "contextId=c&status=TASK_STATE_WORKING&pageSize=10&pageToken=MTphYg",
        "historyLength=2&statusTimestampAfter=2026-11-21T08%3A30%3A00Z&includeArtifacts=true",
        "context_id=a+b&status=2",
        "A2A-Version=1.0",
    ];
    let query = target(&generate::text(rng, &valid));
    let query = query.trim_start_matches('/');
    let path = [
        "/tasks",
        "/tasks/x",
        "/acme/tasks",
        "/tasks/x/pushNotificationConfigs",
    ][rng.below(4)];
    get(&format!("{path}?{query}"))
}

fn header(rng: &mut Rng, name: &'static str, valid: &[&str]) -> Request<Vec<u8>> {
    let mut request = get("/tasks");
    let text = generate::text(rng, valid);
    request.headers_mut().insert(name, value(text));
    if rng.once_in(4) {
        request
            .headers_mut()
            .append(name, value(generate::text(rng, valid)));
    }
    request
}

fn last_event_id(rng: &mut Rng) -> Request<Vec<u8>> {
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "method": "SubscribeToTask", "params": {"id": TASK}});
    let mut request = request(Method::POST, "/", body.to_string().into_bytes());
    let text = generate::text(rng, &["1", "0", " 2 ", "99999", "abc"]);
    request.headers_mut().insert("last-event-id", value(text));
    request
}

fn media_types(rng: &mut Rng) -> Request<Vec<u8>> {
    let valid = [
        "application/json",
        "application/a2a+json; charset=utf-8",
        "text/plain",
        "*/*;q=0.1, application/json",
        "application/vnd.x+json",
    ];
    let (path, body) = match rng.below(3) {
        0 => ("/", r#"{"jsonrpc":"2.0","id":1,"method":"ListTasks"}"#),
        1 => ("/message:send", "not JSON"),
        _ => ("/message:send", "{}"),
    };
    let mut request = request(Method::POST, path, body.into());
    for name in ["content-type", "accept"] {
        let text = generate::text(rng, &valid);
        request.headers_mut().insert(name, value(text));
    }
    request
}

fn hosts(rng: &mut Rng) -> Request<Vec<u8>> {
    let mut request = get("/.well-known/agent-card.json");
    *request.uri_mut() = Uri::from_static("/.well-known/agent-card.json");
    let valid = [
        "agent.example.com",
        "h:8080",
        "[::1]:80",
        "0.0.0.0:1",
        "https",
        "a.example, b",
    ];
    for name in ["host", "x-forwarded-host", "x-forwarded-proto", "forwarded"] {
        if rng.once_in(2) {
            let text = generate::text(rng, &valid);
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), value(text));
        }
    }
    request
}

fn page_tokens(rng: &mut Rng) -> Request<Vec<u8>> {
    let token = generate::text(
        rng,
        &["MTc5MDAwMDAwMDAwMTphYg", "MTphYg", "YWJj", "OjE", ""],
    );
    let token = String::from_utf8_lossy(&token).into_owned();
    let (method, params) = if rng.once_in(2) {
        ("ListTasks", json!({"pageToken": token, "pageSize": 2}))
    } else {
        (
            "ListTaskPushNotificationConfigs",
            json!({"taskId": TASK, "pageToken": token}),
        )
    };
    call(method, &params)
}

fn webhook_urls(rng: &mut Rng) -> Request<Vec<u8>> {
    let valid = [
        "https://example.com/hook?a=b#c",
        "http://user:secret@[::1]:99999/",
        "http://0x7f.1/",
        "https://xn--bcher-kva.example",
        "ftp://x",
    ];
    let url = String::from_utf8_lossy(&generate::text(rng, &valid)).into_owned();
    let token = String::from_utf8_lossy(&generate::noise(rng)).into_owned();
    call(
        "CreateTaskPushNotificationConfig",
        &json!({"taskId": TASK, "id": "c", "url": url, "token": token}),
    )
}

pub fn call(method: &str, params: &Value) -> Request<Vec<u8>> {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    request(Method::POST, "/", body.to_string().into_bytes())
}

fn lint(rng: &mut Rng) {
    let valid = json!({
        "name": "A", "description": "b", "version": "1.0.0", "documentationUrl": "https://example.com",
        "supportedInterfaces": [{"url": "https://a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
        "provider": {"url": "https://a", "organization": "b"},
        "capabilities": {"streaming": true, "extensions": [{"uri": "urn:x", "required": true, "params": {"a": 1}}]},
        "securitySchemes": {"k": {"apiKeySecurityScheme": {"location": "header", "name": "X"}}},
        "securityRequirements": [{"schemes": {"k": {"list": []}}}],
        "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
        "skills": [{"id": "s", "name": "S", "description": "d", "tags": ["t"], "examples": ["e"]}],
    });
    if let Ok(card) = serde_json::from_slice::<AgentCard>(&generate::json(rng, &valid)) {
        let _ = attache_protocol::lint(&card);
    }
}

/// What a server hands on as a header's value has no control characters.
fn value(mut bytes: Vec<u8>) -> HeaderValue {
    for byte in &mut bytes {
        if (*byte < 32 && *byte != b'\t') || *byte == 127 {
            *byte = b' ';
        }
    }
    HeaderValue::from_bytes(&bytes).unwrap()
}

/// What a server hands on as a target is made of the characters of RFC 3986.
fn target(bytes: &[u8]) -> String {
    let mut target = String::from("/");
    let bytes = bytes.strip_prefix(b"/").unwrap_or(bytes);
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/:%._~!$&'()*+,;=@-".contains(byte) {
            target.push(char::from(*byte));
        } else {
            target.push_str(&format!("%{byte:02x}"));
        }
    }
    target
}

// --- answers -------------------------------------------------------------------------------------

/// One JSON-RPC response, and never our fault.
fn json_rpc(got: &Got) -> Result<(), String> {
    if got.streamed {
        return Ok(());
    }
    let answer = parsed(got)?;
    let error = answer.get("error");
    if answer["jsonrpc"] != "2.0" || answer.get("result").is_some() == error.is_some() {
        return Err("is no JSON-RPC response".to_owned());
    }
    match error.map(|e| {
        (
            e["code"].as_i64(),
            e["message"].as_str(),
            e["data"].as_array(),
        )
    }) {
        None => Ok(()),
        Some((Some(code), Some(message), Some(_))) if code != -32603 && !message.is_empty() => {
            Ok(())
        }
        Some(_) => Err("blames the server".to_owned()),
    }
}

/// One AIP-193 error or a success, and never our fault.
fn http_json(got: &Got) -> Result<(), String> {
    if got.status.is_server_error() {
        return Err("blames the server".to_owned());
    }
    if got.streamed {
        return Ok(());
    }
    let answer = parsed(got)?;
    if got.status.is_success() {
        return Ok(());
    }
    let error = answer.get("error").unwrap_or(&answer);
    if error["message"].as_str().is_none_or(str::is_empty) {
        return Err("has no sentence".to_owned());
    }
    Ok(())
}

fn any_json(got: &Got) -> Result<(), String> {
    parsed(got).map(drop)
}

/// The card, nothing new, or a sentence that its address is not known.
fn card(got: &Got) -> Result<(), String> {
    match got.status.as_u16() {
        304 => Ok(()),
        200 | 400 | 500 => parsed(got).map(drop),
        _ => Err("is not what the card's path answers".to_owned()),
    }
}

fn parsed(got: &Got) -> Result<Value, String> {
    let json = |headers: &HeaderMap| {
        headers
            .get("content-type")
            .is_some_and(|v| v.to_str().is_ok_and(|v| v.ends_with("json")))
    };
    if !json(&got.headers) {
        return Err("is not typed as JSON".to_owned());
    }
    serde_json::from_slice(&got.body).map_err(|e| format!("is not JSON ({e})"))
}
