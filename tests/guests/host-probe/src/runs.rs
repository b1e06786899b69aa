//! Using the task log.

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::http::types::ResponseOutparam;
use wasip2::io::poll::poll;

use crate::bindings::attache::agent::tasks::{
    Begun, Change, Creation, Error, MessageKey, Opening, Query, Resumption, Run, Snapshot, State,
    TaskLog,
};
use crate::reply::Reply;
use crate::{Target, hooks, sleep, trap};

pub(crate) fn handle(path: &str, target: &Target, out: ResponseOutparam) {
    let id = target.text("id");
    let log = TaskLog::new(&target.text("tenant"));
    match path {
        // Begins a run, holds it for a while, and ends it or leaves it.
        "/runs/begin" => begin(&log, target, out),
        "/runs/take-over" => {
            let opening = Opening::Resume(Resumption {
                task_id: id,
                message: None,
                take_over: true,
                push: None,
            });
            let mut reply = Reply::to(out);
            match log.begin(&opening) {
                Ok(Begun::Started(started)) => {
                    let _ = reply.write("begun\n");
                    let appended = started.run.append(&change(State::Completed, "taken over"));
                    reply.end(&format!("{appended:?}"));
                }
                Ok(Begun::Repeated(task)) => reply.end(&format!("repeated {}", task.id)),
                Err(error) => reply.end(&format!("{error:?}")),
            }
        }
        "/runs/get" => Reply::to(out).end(&match log.get(&id) {
            Ok(task) => format!(
                "{:?} running={} newest={} {}",
                task.state,
                task.running,
                task.newest,
                task.tail
                    .iter()
                    .map(|event| String::from_utf8_lossy(&event.payload).into_owned())
                    .collect::<Vec<_>>()
                    .join(",")
            ),
            Err(error) => format!("{error:?}"),
        }),
        "/runs/list" => {
            let query = Query {
                context_id: None,
                state: None,
                status_since: None,
                after: None,
                page_size: 100,
                include_artifacts: false,
                max_bytes: 1 << 20,
            };
            Reply::to(out).end(&match log.list(&query) {
                Ok(page) => format!("{} of {}", page.tasks.len(), page.total),
                Err(error) => format!("{error:?}"),
            });
        }
        "/runs/watch" => watch(&log, &id, target, out),
        "/runs/cancel" => Reply::to(out).end(&format!("{:?}", log.cancel(&id))),
        "/runs/write-state" => {
            let value = target.text("value").into_bytes();
            Reply::to(out).end(&format!("{:?}", log.write_state(&id, "key", Some(&value))));
        }
        "/runs/read-state" => Reply::to(out).end(&match log.read_state(&id, "key") {
            Ok(Some(value)) => String::from_utf8_lossy(&value).into_owned(),
            other => format!("{other:?}"),
        }),
        _ => Reply::to(out).end("no such path"),
    }
}

fn begin(log: &TaskLog, target: &Target, out: ResponseOutparam) {
    let id = target.text("id");
    let message = Some(target.text("message")).filter(|id| !id.is_empty());
    let mut first = change(State::Working, "begun");
    first.snapshot = Some(Snapshot {
        task: b"{}".to_vec(),
        artifacts: None,
    });
    let opening = Opening::Create(Creation {
        task_id: id.clone(),
        context_id: "context".to_owned(),
        message: message.map(|id| MessageKey {
            id,
            digest: vec![1],
        }),
        first,
        push: hooks::config(target),
    });
    let mut reply = Reply::to(out);
    let run = match log.begin(&opening) {
        Ok(Begun::Started(started)) => started.run,
        Ok(Begun::Repeated(task)) => return reply.end(&format!("repeated {}", task.id)),
        Err(error) => return reply.end(&format!("{error:?}")),
    };
    let _ = reply.write("begun\n");
    if target.text("dispatch") == "1" {
        let placement = run.dispatch(None);
        reply.end(&format!("{placement:?}\n"));
        reply = Reply::closed();
    }
    for number in 0..target.number("events") {
        let _ = run.append(&change(State::Working, &format!("event {number}")));
    }
    let stopped = wait(&run, target.number("ms"));
    match target.text("then").as_str() {
        "trap" => trap(),
        "leave" => reply.end("left"),
        _ => {
            let state = if stopped {
                State::Canceled
            } else {
                State::Completed
            };
            let appended = run.append(&change(state, "ended"));
            reply.end(&format!("{state:?} {appended:?}"));
        }
    }
}

/// Begins a task and completes it.
pub(crate) fn complete(id: &str) -> String {
    let mut first = change(State::Working, "begun");
    first.snapshot = Some(Snapshot {
        task: b"{}".to_vec(),
        artifacts: None,
    });
    let opening = Opening::Create(Creation {
        task_id: id.to_owned(),
        context_id: "context".to_owned(),
        message: None,
        first,
        push: None,
    });
    match TaskLog::new("").begin(&opening) {
        Ok(Begun::Started(started)) => {
            let appended = started.run.append(&change(State::Completed, "ended"));
            format!("{appended:?} ")
        }
        other => format!("{:?} ", other.err()),
    }
}

/// Waits until another request opens this gate; instances share nothing but the task log. A gate
/// without a name is open.
pub(crate) fn wait_for_gate(name: &str) {
    let log = TaskLog::new("gates");
    while !name.is_empty() && !matches!(log.read_state(name, "open"), Ok(Some(_))) {
        sleep(5);
    }
}

pub(crate) fn open_gate(name: &str) {
    let _ = TaskLog::new("gates").write_state(name, "open", Some(b"1"));
}

/// Waits until the run should stop, or for a time. True when it should stop.
fn wait(run: &Run, ms: u64) -> bool {
    let watch = run.watch();
    let timer = subscribe_duration(ms * 1_000_000);
    poll(&[&watch, &timer]);
    run.stopping()
}

/// Writes each event as it comes, until the run has ended.
fn watch(log: &TaskLog, id: &str, target: &Target, out: ResponseOutparam) {
    let mut reply = Reply::to(out);
    let mut after = target.number("after");
    loop {
        let pollable = match log.watch(id, after) {
            Ok(pollable) => pollable,
            Err(error) => return reply.end(&format!("{error:?}")),
        };
        pollable.block();
        let progress = match log.events(id, after) {
            Ok(progress) => progress,
            Err(error) => return reply.end(&format!("{error:?}")),
        };
        for event in progress.events {
            after = event.number;
            let text = String::from_utf8_lossy(&event.payload).into_owned();
            if reply.write(&format!("{}:{text}\n", event.number)).is_err() {
                return;
            }
        }
        if !progress.running {
            return reply.end(&format!("{:?}\n", progress.state));
        }
    }
}

pub(crate) fn resume(tenant: String, task_id: String) -> Result<(), String> {
    println!("resuming {task_id}");
    println!("{task_id} belongs to {}", crate::caller());
    if task_id.starts_with("unwilling") {
        return Err("this one I do not resume".to_owned());
    }
    let log = TaskLog::new(&tenant);
    let opening = Opening::Resume(Resumption {
        task_id: task_id.clone(),
        message: None,
        take_over: false,
        push: None,
    });
    match log.begin(&opening) {
        Ok(Begun::Started(started)) => {
            if task_id.starts_with("doomed") {
                trap();
            }
            sleep(10);
            let state = if started.run.stopping() {
                State::Canceled
            } else {
                State::Completed
            };
            let appended: Result<u64, Error> = started.run.append(&change(state, "resumed"));
            appended.map(drop).map_err(|error| format!("{error:?}"))
        }
        other => Err(format!("{:?}", other.err())),
    }
}

fn change(state: State, text: &str) -> Change {
    let now = wasip2::clocks::wall_clock::now();
    Change {
        events: vec![text.as_bytes().to_vec()],
        state,
        status_time: now.seconds * 1000 + u64::from(now.nanoseconds / 1_000_000),
        snapshot: None,
        checkpoint: None,
    }
}
