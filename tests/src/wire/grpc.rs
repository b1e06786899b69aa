//! Calls of gRPC, by the official Python library.
//!
//! What is under test reads and writes protobuf by itself; a corpus that did so with the same code
//! would only show that it agrees with itself. So requests and answers are ProtoJSON here, and
//! `tests/clients/python/grpc_calls.py` turns them into bytes and back. It is started once for a
//! server, as Python takes longer to begin than all the calls together.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::case::Request;
use crate::clients::python;

/// No case waits for anything that takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The script, for one server.
pub(super) struct Calls {
    asked: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Ends with this value.
    _script: Child,
}

/// What came back.
#[derive(Deserialize)]
pub(super) struct Answer {
    /// The metadata before the first message; of a call that is read on it was there before.
    pub(super) head: Vec<(String, String)>,
    pub(super) messages: Vec<Value>,
    /// Absent when the call was left open.
    pub(super) end: Option<End>,
}

/// How a call ended.
#[derive(Deserialize)]
pub(super) struct End {
    /// The name of the status.
    pub(super) code: String,
    pub(super) message: String,
    /// The google.rpc.Status with its details.
    pub(super) status: Option<Value>,
    pub(super) trailers: Vec<(String, String)>,
}

impl Answer {
    /// The text at a JSON pointer in the first message.
    pub(super) fn capture(&self, pointer: &str) -> Option<String> {
        match self.messages.first()?.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

impl Calls {
    pub(super) fn start(base: &str) -> Result<Self, String> {
        let script = python().map_err(|e| e.to_string())?;
        let mut script = Command::from(script)
            .args(["grpc_calls.py", base])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("cannot run grpc_calls.py: {e}"))?;
        let pipes = script.stdin.take().zip(script.stdout.take());
        let (asked, answers) = pipes.ok_or("grpc_calls.py has no pipes")?;
        Ok(Self {
            asked,
            answers: BufReader::new(answers).lines(),
            _script: script,
        })
    }

    /// Makes a call and reads its answer, to its end or as many messages as are asked for. The
    /// latter stays open under `name`, for a step that reads the rest.
    pub(super) async fn call(&mut self, name: &str, request: &Request) -> Result<Answer, String> {
        let asked = match &request.rest_of {
            Some(open) => json!({ "rest_of": open }),
            None => json!({
                "name": name,
                "method": method(&request.line)?,
                "metadata": metadata(request)?,
                "request": request.body,
                "messages": request.events,
            }),
        };
        let mut answer = self.ask(&asked).await?;
        if let Some(Value::String(fault)) = answer.get_mut("fault").map(Value::take) {
            return Err(fault);
        }
        serde_json::from_value(answer).map_err(|e| format!("grpc_calls.py answered: {e}"))
    }

    /// Leaves every call that is still open.
    pub(super) async fn leave(&mut self) -> Result<(), String> {
        self.ask(&json!({ "leave": true })).await.map(drop)
    }

    async fn ask(&mut self, asked: &Value) -> Result<Value, String> {
        let lost = |e: std::io::Error| format!("grpc_calls.py is gone: {e}");
        let run = async {
            let line = format!("{asked}\n");
            self.asked.write_all(line.as_bytes()).await.map_err(lost)?;
            self.answers.next_line().await.map_err(lost)
        };
        let line = timeout(PATIENCE, run)
            .await
            .map_err(|_| format!("no whole answer within {PATIENCE:?}"))??
            .ok_or("grpc_calls.py ended; what it said is on stderr")?;
        serde_json::from_str(&line).map_err(|e| format!("grpc_calls.py said {line:?}: {e}"))
    }
}

/// Other names never leave the library, which calls that the answer of a server.
fn metadata(request: &Request) -> Result<&[(String, String)], String> {
    let upper = |name: &str| name.bytes().any(|b| b.is_ascii_uppercase());
    match request.headers.iter().find(|(name, _)| upper(name)) {
        Some((name, _)) => Err(format!("metadata {name:?} has to be in lower case")),
        None => Ok(&request.headers),
    }
}

fn method(line: &str) -> Result<&str, String> {
    if line.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(line);
    }
    Err(format!("{line:?} is no name of a method"))
}
