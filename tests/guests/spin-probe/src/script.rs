//! Steps against the task log.
//!
//! A step is an object with an `op`; its result is `{"ok": …}` or `{"err": …}`. Runs are kept under
//! the name in `run` (or one without a name) until `drop`, or until the script ends.

use std::collections::HashMap;

use serde_json::{Value, json};
use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::poll::poll;

use crate::bindings::attache::agent::caller;
use crate::bindings::attache::agent::tasks::{Begun, Placement, Run, TaskLog};
use crate::bindings::wasi::config::store;
use crate::json::{
    Failure, change, failure, number, opening, optional_text, page, progress, query, task, text,
};
use crate::travel::{answer, read_body};

const MILLISECOND: u64 = 1_000_000;

pub(crate) fn serve(request: &IncomingRequest, out: ResponseOutparam) {
    let steps: Vec<Value> = match read_body(request)
        .and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string()))
    {
        Ok(steps) => steps,
        Err(error) => return answer(out, 400, error.as_bytes()),
    };
    let mut out = Some(out);
    let mut script = Script::default();
    let mut results = Vec::new();
    for step in &steps {
        // The rest of the script goes on after the response.
        if optional_text(step, "op").as_deref() == Some("respond") {
            if let Some(out) = out.take() {
                answer(
                    out,
                    200,
                    Value::from(results.clone()).to_string().as_bytes(),
                );
            }
            continue;
        }
        results.push(match script.step(step) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "err": error }),
        });
    }
    if let Some(out) = out {
        answer(out, 200, Value::from(results).to_string().as_bytes());
    }
}

#[derive(Default)]
struct Script {
    logs: HashMap<String, TaskLog>,
    runs: HashMap<String, Run>,
}

impl Script {
    fn log(&mut self, step: &Value) -> &TaskLog {
        let tenant = optional_text(step, "tenant").unwrap_or_default();
        self.logs
            .entry(tenant)
            .or_insert_with_key(|tenant| TaskLog::new(tenant))
    }

    fn run(&self, step: &Value) -> Result<&Run, Failure> {
        self.runs
            .get(&name(step))
            .ok_or_else(|| json!("no such run"))
    }

    fn step(&mut self, step: &Value) -> Result<Value, Failure> {
        match text(step, "op")?.as_str() {
            "begin" => self.begin(step),
            "append" => Ok(json!(
                self.run(step)?.append(&change(step)?).map_err(failure)?
            )),
            "stopping" => Ok(json!(self.run(step)?.stopping())),
            "wait-stopping" => self.wait_stopping(step),
            "dispatch" => Ok(json!(
                match self.run(step)?.dispatch(None).map_err(failure)? {
                    Placement::Here => "here",
                    Placement::Elsewhere => "elsewhere",
                }
            )),
            "drop" => Ok(json!(self.runs.remove(&name(step)).is_some())),
            "get" => Ok(task(
                &self.log(step).get(&text(step, "task")?).map_err(failure)?,
            )),
            "list" => Ok(page(&self.log(step).list(&query(step)?).map_err(failure)?)),
            "events" => Ok(progress(
                &self
                    .log(step)
                    .events(&text(step, "task")?, number(step, "after").unwrap_or(0))
                    .map_err(failure)?,
            )),
            "wait-events" => self.wait_events(step),
            "cancel" => {
                let id = text(step, "task")?;
                self.log(step).cancel(&id).map_err(failure)?;
                Ok(Value::Null)
            }
            "read-state" => {
                let (context, key) = (text(step, "context")?, text(step, "key")?);
                let value = self.log(step).read_state(&context, &key).map_err(failure)?;
                Ok(json!(value.map(|value| {
                    String::from_utf8_lossy(&value).into_owned()
                })))
            }
            "await-state" => self.await_state(step),
            "write-state" => {
                let (context, key) = (text(step, "context")?, text(step, "key")?);
                let value = optional_text(step, "value").map(String::into_bytes);
                self.log(step)
                    .write_state(&context, &key, value.as_deref())
                    .map_err(failure)?;
                Ok(Value::Null)
            }
            "caller" => Ok(json!(caller::identify().map(|identity| identity.subject))),
            "config" => match store::get(&text(step, "key")?) {
                Ok(value) => Ok(json!(value)),
                Err(error) => Err(json!(format!("{error:?}"))),
            },
            "sleep" => {
                let time = number(step, "ms").unwrap_or(0);
                monotonic_clock::subscribe_duration(time * MILLISECOND).block();
                Ok(Value::Null)
            }
            "print" => {
                eprintln!("{}", text(step, "text")?);
                Ok(Value::Null)
            }
            "trap" => std::process::abort(),
            other => Err(json!(format!("{other:?} is no step"))),
        }
    }

    fn begin(&mut self, step: &Value) -> Result<Value, Failure> {
        let opening = opening(step)?;
        match self.log(step).begin(&opening).map_err(failure)? {
            Begun::Started(started) => {
                self.runs.insert(name(step), started.run);
                let found = started.task.as_ref().map(task);
                Ok(match started.checkpoint {
                    None => json!({ "started": found }),
                    Some(left) => {
                        let left = String::from_utf8_lossy(&left);
                        json!({ "started": found, "checkpoint": left })
                    }
                })
            }
            Begun::Repeated(found) => Ok(json!({ "repeated": task(&found) })),
        }
    }

    /// Until another request has written the value.
    fn await_state(&mut self, step: &Value) -> Result<Value, Failure> {
        let (context, key) = (text(step, "context")?, text(step, "key")?);
        let limit = monotonic_clock::now() + deadline(step);
        while monotonic_clock::now() < limit {
            let value = self.log(step).read_state(&context, &key).map_err(failure)?;
            if value.is_some() {
                return Ok(Value::Null);
            }
            monotonic_clock::subscribe_duration(10 * MILLISECOND).block();
        }
        Err(json!(format!("nobody wrote {key:?}")))
    }

    /// Polls the run's pollable beside a timer's: both have to be of the same type for that.
    fn wait_stopping(&self, step: &Value) -> Result<Value, Failure> {
        let run = self.run(step)?;
        let limit = monotonic_clock::subscribe_duration(deadline(step));
        loop {
            let watch = run.watch();
            let ready = poll(&[&watch, &limit]);
            if run.stopping() {
                return Ok(json!(true));
            }
            if ready.contains(&1) {
                return Ok(json!(false));
            }
        }
    }

    fn wait_events(&mut self, step: &Value) -> Result<Value, Failure> {
        let id = text(step, "task")?;
        let after = number(step, "after").unwrap_or(0);
        let limit = monotonic_clock::subscribe_duration(deadline(step));
        let log = self.log(step);
        let mut polls = 0;
        loop {
            let watch = log.watch(&id, after).map_err(failure)?;
            let ready = poll(&[&watch, &limit]);
            polls += 1;
            let found = log.events(&id, after).map_err(failure)?;
            if !found.events.is_empty() || !found.running || ready.contains(&1) {
                let mut value = progress(&found);
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("polls".to_owned(), json!(polls));
                }
                return Ok(value);
            }
        }
    }
}

fn name(step: &Value) -> String {
    optional_text(step, "run").unwrap_or_default()
}

fn deadline(step: &Value) -> u64 {
    number(step, "ms").unwrap_or(30_000) * MILLISECOND
}
