//! An agent that does what no agent should. What that is, is said by the path of a request, or by
//! the text of a message where a task has to be there; everything else it answers like any agent, so
//! that it can be started at all.

#![allow(
    clippy::print_stdout,
    reason = "what a component prints is the host's log"
)]

mod greed;
mod reach;
mod reply;
mod response;

use attache_sdk::bindings::attache::agent::tasks::TaskLog;
use attache_sdk::bindings::exports::attache::agent::worker;
use attache_sdk::wasip2::clocks::monotonic_clock::subscribe_duration;
use attache_sdk::wasip2::exports::http::incoming_handler;
use attache_sdk::wasip2::http::types::{IncomingRequest, ResponseOutparam};
use attache_sdk::{Agent, AgentCard, AgentSkill, Artifact, Context, Failure, Outcome, serve};

use reply::Reply;

struct Hostile;

impl Agent for Hostile {
    fn card(&self) -> AgentCard {
        AgentCard::new("Hostile", "Does what no agent should.", "1.0.0").skill(AgentSkill::new(
            "harm",
            "Harm",
            "Does what a message says.",
            &["test"],
        ))
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let text = context.text();
        if text != "trap" {
            context.artifact(Artifact::text("begun", "begun")).await;
            context.flush().await;
        }
        match text.as_str() {
            "trap" | "trap after an event" => trap(),
            "loop" => greed::spin(),
            "use up the log" => {
                let log = TaskLog::new("");
                while log.list(&greed::everything()).is_ok() {}
                context.artifact(Artifact::text("more", "more")).await;
            }
            _ => {}
        }
        Ok(Outcome::completed())
    }
}

impl incoming_handler::Guest for Hostile {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/well" => Reply::to(out).end("well"),
            "/trap-before" => trap(),
            "/trap-after" => {
                let mut reply = Reply::of_type(out, query);
                let _ = reply.write("begun");
                trap();
            }
            "/loop" => greed::spin(),
            "/spin-after-response" => {
                Reply::to(out).end("answered");
                greed::spin();
            }
            "/sleep-after-response" => {
                Reply::to(out).end("answered");
                sleep();
            }
            "/slow-head" => sleep(),
            "/memory" => greed::memory(),
            "/deep-recursion" => {
                let depth = greed::recurse(1);
                Reply::to(out).end(&depth.to_string());
            }
            "/resource-flood" => greed::resources(),
            "/log-flood" => {
                greed::logs();
                Reply::to(out).end("printed");
            }
            "/store-flood" => {
                let answer = greed::store();
                Reply::to(out).end(&answer);
            }
            "/silent-body" => {
                let mut reply = Reply::of_type(out, query);
                let _ = reply.write("begun");
                sleep();
            }
            "/endless-body" => response::endless(Reply::of_type(out, query)),
            "/boast" => Reply::with(out, &[("content-length", "1000000000000")]).end("little"),
            "/header-flood" => response::many_headers(out),
            "/header-bulk" => response::large_headers(out),
            "/header-bomb" => response::endless_headers(),
            "/trailer-flood" => response::trailers(out),
            "/ten-thousand-calls" => Reply::to(out).end(&reach::call_often(query)),
            "/metadata" => Reply::to(out).end(&reach::metadata()),
            "/other-owners" => Reply::to(out).end(&reach::task_of_another(query)),
            "/forged-caller" => Reply::to(out).end(&reach::caller()),
            _ => serve::handle(Self, request, out),
        }
    }
}

impl worker::Guest for Hostile {
    fn run(tenant: String, task_id: String) -> Result<(), String> {
        serve::resume(Self, &tenant, &task_id)
    }

    fn notification(tenant: String, task_id: String, version: String) -> Result<Vec<u8>, String> {
        serve::notification(Self, &tenant, &task_id, &version)
    }
}

fn trap() -> ! {
    std::process::abort()
}

/// Longer than any test.
fn sleep() {
    subscribe_duration(3_600_000_000_000).block();
}

#[allow(unsafe_code, reason = "generated: exports of the canonical ABI")]
mod component {
    use super::Hostile;
    attache_sdk::wasip2::http::proxy::export!(Hostile with_types_in attache_sdk::wasip2);
    attache_sdk::bindings::export_worker!(Hostile with_types_in attache_sdk::bindings);
}
