mod pulse;

use http::{Method, Response};
use serde_json::json;

use super::answer::{Answer, of_json, to_read};
use super::reply::ReplyBody;
use crate::life::{Life, Stage};
use crate::tasks::TaskDatabase;
use pulse::Pulse;

/// The host's own paths. None ends in `z`: Cloud Run keeps such paths for itself.
const PREFIX: &str = "/health/";

/// Answers probes. The component is not asked: a probe that starts an instance measures the load
/// that it adds.
pub(super) struct Health {
    database: TaskDatabase,
    pulse: Pulse,
}

impl Health {
    pub(super) fn new(database: TaskDatabase) -> Self {
        Self {
            database,
            pulse: Pulse::default(),
        }
    }

    pub(super) fn is_health(path: &str) -> bool {
        path.starts_with(PREFIX)
    }

    pub(super) async fn answer(
        &self,
        life: &Life,
        method: &Method,
        path: &str,
    ) -> Result<Response<ReplyBody>, Answer> {
        match path.strip_prefix(PREFIX) {
            // Nobody listens before the component was rehearsed and the schema of the task log is
            // there, so whoever is answered has both.
            Some("live" | "startup") => {}
            Some("ready") if life.is_at(Stage::Draining) => {
                return Err(Answer::NotReady("the process is about to end"));
            }
            Some("ready") if !self.has_database().await => {
                return Err(Answer::NotReady("the task log does not answer"));
            }
            Some("ready") => {}
            _ => return Err(Answer::NotFound),
        }
        to_read(method, of_json(json!({"status": "ok"})))
    }

    async fn has_database(&self) -> bool {
        self.pulse
            .felt(async || self.database.is_there().await)
            .await
    }
}
