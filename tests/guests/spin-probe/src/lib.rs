//! A component that does what a request tells it to, for tests of what is around components.
//!
//! `POST /script` runs the steps of a JSON array, one after the other, in one instance, and answers
//! with their results ([`script`]). The other paths show how requests and responses travel
//! ([`travel`]).

mod bindings;
mod json;
mod script;
mod travel;

use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// The component.
struct Probe;

impl wasip2::exports::http::incoming_handler::Guest for Probe {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        if path == "/script" {
            script::serve(&request, out);
        } else {
            travel::serve(path, query, &request, out);
        }
    }
}

impl bindings::exports::attache::agent::worker::Guest for Probe {
    fn run(tenant: String, task_id: String) -> Result<(), String> {
        Err(format!("the probe resumes nothing: {tenant:?} {task_id:?}"))
    }

    fn notification(_: String, _: String, protocol_version: String) -> Result<Vec<u8>, String> {
        Err(format!("the probe does not speak {protocol_version}"))
    }
}
