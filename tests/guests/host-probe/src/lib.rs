//! A component that does what the path of a request says, so that the host's tests can see how the
//! host answers to it. `/health/…` would be a lie: the host answers that by itself.

#![allow(
    clippy::print_stdout,
    reason = "what a component prints is the host's log"
)]

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "generated code: the canonical ABI is made of raw pointers"
)]
mod bindings {
    wit_bindgen::generate!({
        world: "attache:agent/sdk",
        path: "../../../wit",
        with: { "wasi:io/poll@0.2.12": wasip2::io::poll },
        generate_all,
        export_macro_name: "export_worker",
        default_bindings_module: "crate::bindings",
    });
}
mod hooks;
mod outgoing;
mod reply;
mod runs;

use std::io::Write;

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::streams::StreamError;

use reply::Reply;

struct Probe;

/// The path, and the value of each query parameter.
struct Target(String);

impl Target {
    fn path(&self) -> &str {
        self.0
            .split_once('?')
            .map_or(self.0.as_str(), |(path, _)| path)
    }

    fn text(&self, name: &str) -> String {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map_or(String::new(), |(_, value)| value.to_owned())
    }

    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or_default()
    }
}

/// What the host wants to see before it serves anything.
const CARD: &str = r#"{"name":"Probe","description":"Does what a path says.","version":"1",
"supportedInterfaces":[{"url":"http://probe.invalid","protocolBinding":"JSONRPC","protocolVersion":"1.0"}],
"capabilities":{},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"skills":[]}"#;

impl wasip2::exports::http::incoming_handler::Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target(request.path_with_query().unwrap_or_default());
        match target.path() {
            "/.well-known/agent-card.json" => Reply::to(out).end(CARD),
            "/echo" => echo(&request, out),
            "/stream" => stream(&target, out),
            "/sized" => Reply::sized(out, "of known length"),
            "/slow" => {
                println!("slow request {} has begun", target.text("name"));
                runs::wait_for_gate(&target.text("gate"));
                println!("slow request {} is done", target.text("name"));
                Reply::to(out).end("done");
            }
            "/answer-then-work" => {
                Reply::to(out).end("answered");
                sleep(target.number("ms"));
                runs::wait_for_gate(&target.text("gate"));
                println!("work {} is done", target.text("name"));
            }
            "/open-gate" => {
                runs::open_gate(&target.text("gate"));
                Reply::to(out).end("open");
            }
            "/sleep" => {
                sleep(target.number("ms"));
                Reply::to(out).end("slept");
            }
            "/print" => {
                println!("on stdout");
                eprintln!("on stderr");
                print!("without an end");
                let _ = std::io::stdout().flush();
                Reply::to(out).end("printed");
            }
            "/print-json" => {
                println!(r#"{{"severity":"NOTICE","message":"three rows","rows":3}}"#);
                println!(r#"{{"message":"forged","logging.googleapis.com/trace":"t","time":"1"}}"#);
                println!("sent authorization: Bearer s3cret-t0ken");
                Reply::to(out).end("printed");
            }
            "/journey" => journey(&target, out),
            "/events" => {
                let mut reply = Reply::events(out);
                runs::wait_for_gate(&target.text("gate"));
                let _ = reply.write("data: first\n\n");
                runs::wait_for_gate(&target.text("then"));
                reply.finish();
            }
            "/trap-before" => trap(),
            "/trap-after" => {
                let mut reply = Reply::to(out);
                let _ = reply.write("begun");
                runs::wait_for_gate(&target.text("gate"));
                trap();
            }
            "/silent" => drop(out),
            "/spin" => {
                println!("spinning");
                let mut count = 0_u64;
                while target.number("rounds") == 0 || count < target.number("rounds") {
                    count = std::hint::black_box(count + 1);
                }
                Reply::to(out).end("counted");
            }
            "/memory" => {
                let bytes = vec![1_u8; usize::try_from(target.number("bytes")).unwrap_or(0)];
                Reply::to(out).end(&format!("{}", std::hint::black_box(bytes).len()));
            }
            "/body" => body(&request, out),
            "/config" => {
                let keys = bindings::wasi::config::store::get_all().unwrap_or_default();
                let lines: Vec<_> = keys.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
                Reply::to(out).end(&lines.join("\n"));
            }
            "/usage" => {
                let said = (0..target.number("times").max(1)).map(|_| usage(&target));
                Reply::to(out).end(&said.collect::<Vec<_>>().join("\n"));
            }
            "/caller" => Reply::to(out).end(&caller()),
            "/environment" => {
                let names: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
                let folders = std::fs::read_dir("/").map_or(0, Iterator::count);
                let sockets = std::net::TcpStream::connect("127.0.0.1:1").is_ok();
                Reply::to(out).end(&format!("{names:?} {folders} {sockets}"));
            }
            "/fetch" => Reply::to(out).end(&outgoing::fetch(
                &target.text("url"),
                target.number("first_byte_ms"),
            )),
            path if path.starts_with("/calls/") => outgoing::handle(path, &target, out),
            path if path.starts_with("/hooks/") => hooks::handle(path, &target, out),
            path if path.starts_with("/runs/") => runs::handle(path, &target, out),
            _ => Reply::to(out).end("ok"),
        }
    }
}

impl bindings::exports::attache::agent::worker::Guest for Probe {
    fn run(tenant: String, task_id: String) -> Result<(), String> {
        runs::resume(tenant, task_id)
    }

    fn notification(_: String, _: String, protocol_version: String) -> Result<Vec<u8>, String> {
        Err(format!("the probe does not speak {protocol_version}"))
    }
}

/// Tells the host of one question to a model and one call of a tool, if it may ask.
fn usage(target: &Target) -> String {
    use bindings::attache::agent::usage::{ModelCall, ToolCall, asked, called, may_ask};
    let task_id = Some(target.text("task"));
    if let Err(sentence) = may_ask(task_id.as_deref()) {
        return sentence;
    }
    let url = target.text("fetch");
    if !url.is_empty() {
        let _ = outgoing::fetch(&url, 0);
    }
    asked(&ModelCall {
        provider: "gcp.gemini".to_owned(),
        model: target.text("model"),
        task_id: task_id.clone(),
        input_tokens: target.number("tokens"),
        cached_tokens: 1,
        output_tokens: 2,
        thought_tokens: 1,
        duration: 1500,
        first_piece: Some(300),
        error: Some(target.text("error")).filter(|error| !error.is_empty()),
    });
    called(&ToolCall {
        name: "look".to_owned(),
        kind: "function".to_owned(),
        task_id,
        duration: 20,
        failed: false,
    });
    "told".to_owned()
}

/// Who calls, as far as the host tells.
fn caller() -> String {
    let Some(caller) = bindings::attache::agent::caller::identify() else {
        return "anonymous".to_owned();
    };
    format!(
        "issuer={} subject={} email={} scopes={}",
        caller.issuer,
        caller.subject,
        caller.email.unwrap_or_default(),
        caller.scopes.join(",")
    )
}

fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let mut lines = vec![
        format!("method={:?}", request.method()),
        format!("target={}", request.path_with_query().unwrap_or_default()),
        format!("authority={}", request.authority().unwrap_or_default()),
    ];
    for (name, value) in request.headers().entries() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    Reply::to(out).end(&lines.join("\n"));
}

/// What a request of an agent does: a line in the log, a task, a call of another service.
fn journey(target: &Target, out: ResponseOutparam) {
    println!("the journey begins");
    let mut reply = Reply::to(out);
    let _ = reply.write(&runs::complete(&target.text("id")));
    reply.end(&outgoing::fetch(&target.text("url"), 0));
}

fn stream(target: &Target, out: ResponseOutparam) {
    let mut reply = Reply::to(out);
    for number in 0..target.number("count") {
        if reply.write(&format!("data: {number}\n\n")).is_err() {
            println!("the reader of {} left", target.text("name"));
            return;
        }
        sleep(target.number("ms"));
        let gate = target.text("gate");
        if !gate.is_empty() {
            runs::wait_for_gate(&format!("{gate}{number}"));
        }
    }
    reply.finish();
}

fn body(request: &IncomingRequest, out: ResponseOutparam) {
    println!("reading the body");
    let Ok(body) = request.consume() else { return };
    let Ok(stream) = body.stream() else { return };
    let mut length = 0;
    let ended = loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => length += bytes.len(),
            Err(StreamError::Closed) => break "whole",
            Err(StreamError::LastOperationFailed(_)) => break "broken",
        }
    };
    drop(stream);
    println!("read {length} bytes, {ended}");
    Reply::to(out).end(&format!("{length} {ended}"));
}

fn sleep(ms: u64) {
    subscribe_duration(ms * 1_000_000).block();
}

fn trap() -> ! {
    std::process::abort()
}

#[allow(unsafe_code, reason = "generated: exports of the canonical ABI")]
mod component {
    use super::Probe;
    wasip2::http::proxy::export!(Probe with_types_in wasip2);
    crate::bindings::export_worker!(Probe with_types_in crate::bindings);
}
