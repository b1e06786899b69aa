//! Whether the queue of Cloud Tasks is there, and may be used.

use super::Subject;
use super::finding::Finding;
use super::subject::{not_read, text};
use crate::google::{Api, Request};

const CHECK: &str = "queue";

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let Some(queue) = subject.variable("ATTACHE_TASKS_QUEUE") else {
        return Vec::new();
    };
    let Subject {
        project, region, ..
    } = subject;
    let full = match queue.starts_with("projects/") {
        true => queue.to_owned(),
        false => format!("projects/{project}/locations/{region}/queues/{queue}"),
    };
    let short = full.rsplit('/').next().unwrap_or_default();
    let place = full.split('/').nth(3).unwrap_or(region);
    let on = |verb: &str| {
        format!("gcloud tasks queues {verb} {short} --location={place} --project={project}")
    };
    let mut found = Vec::new();
    match subject
        .google
        .find(&Request::get(Api::CloudTasks, format!("v2/{full}")))
        .await
    {
        Ok(Some(kept)) if matches!(text(&kept, "/state"), "RUNNING" | "") => {}
        Ok(Some(kept)) => {
            let sentence = format!(
                "queue {short} is {}: nothing goes on after a response",
                text(&kept, "/state")
            );
            found.push(Finding::error(CHECK, sentence, on("resume")));
        }
        Ok(None) => {
            let sentence = format!("there is no queue {full}");
            found.push(Finding::error(CHECK, sentence, on("create")));
        }
        Err(error) => found.push(not_read("the queue", error.into())),
    }
    let may = [
        "roles/cloudtasks.enqueuer",
        "roles/cloudtasks.admin",
        "roles/owner",
        "roles/editor",
    ];
    if !subject.account_has(&may) {
        let sentence = format!("{} may put nothing into queue {short}", subject.account());
        found.push(Finding::error(
            CHECK,
            sentence,
            subject.grant("roles/cloudtasks.enqueuer"),
        ));
    }
    found
}
