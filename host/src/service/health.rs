use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, Response};
use serde_json::json;

use super::answer::{Answer, of_json};
use super::reply::ReplyBody;
use crate::tasks::TaskDatabase;

/// The host's own paths. None ends in `z`: Cloud Run keeps such paths for itself.
const PREFIX: &str = "/health/";

/// Answers probes. The component is not asked: a probe that starts an instance measures the load
/// that it adds.
pub(super) struct Health {
    draining: AtomicBool,
    database: TaskDatabase,
}

impl Health {
    pub(super) fn new(database: TaskDatabase) -> Self {
        Self {
            draining: AtomicBool::new(false),
            database,
        }
    }

    pub(super) fn is_health(path: &str) -> bool {
        path.starts_with(PREFIX)
    }

    pub(super) fn begin_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(super) async fn answer(
        &self,
        method: &Method,
        path: &str,
    ) -> Result<Response<ReplyBody>, Answer> {
        match path.strip_prefix(PREFIX) {
            // The process that answers is alive, and has loaded its component.
            Some("live" | "startup") => {}
            Some("ready") if self.is_draining() => {
                return Err(Answer::NotReady("the process is about to end"));
            }
            Some("ready") if !self.database.is_there().await => {
                return Err(Answer::NotReady("the task log does not answer"));
            }
            Some("ready") => {}
            _ => return Err(Answer::NotFound),
        }
        if method != Method::GET && method != Method::HEAD {
            return Err(Answer::MethodNotAllowed);
        }
        Ok(of_json(json!({"status": "ok"})))
    }
}
