//! ListTasks.

use serde_json::{Value, json};

use crate::check::probe::{Probe, members, text};
use crate::check::requirement::requirements;
use crate::check::verdict::{Ended, Seen, holds, skipped, wrong};
use crate::check::wire::Operation;

requirements! {
    "list.own", "3.1.4", Must, "A task of the caller is listed", ["CORE-LIST-001"], Each => own;
    "list.pages", "3.1.4", Must, "A page begins where the one before ended", ["CORE-LIST-002"], Each => pages;
    "list.order", "3.1.4", Must, "The task whose status changed last comes first", ["CORE-LIST-003"], Each => order;
    "list.last-page", "3.1.4", Must, "nextPageToken is there, and empty on the last page", ["CORE-LIST-004"], Each => last_page;
    "list.artifacts", "3.1.4", Must, "Without includeArtifacts there are none", ["CORE-LIST-005"], Each => artifacts;
}

async fn own(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    let page = list(probe, json!({ "contextId": text(&task, "contextId") })).await?;
    let tasks = tasks(&page)?;
    let is_listed = tasks
        .iter()
        .any(|listed| text(listed, "id") == text(&task, "id"));
    holds(is_listed, || {
        format!("{} tasks, and not the one that was begun", tasks.len())
    })?;
    Ok("it is".to_owned())
}

async fn pages(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    // A second one of the same conversation.
    probe
        .send(json!({ "contextId": text(&task, "contextId") }))
        .await
        .ok();
    let page = list(probe, json!({ "pageSize": 1 })).await?;
    let [first] = tasks(&page)? else {
        return wrong(format!("{} tasks on a page of 1", tasks(&page)?.len()));
    };
    let token = text(&page, "nextPageToken");
    if token.is_empty() {
        return skipped("there is one task alone");
    }
    let page = list(probe, json!({ "pageSize": 1, "pageToken": token })).await?;
    let [second] = tasks(&page)? else {
        return wrong("the next page has not one task");
    };
    let ids = [first, second].map(|task| text(task, "id"));
    holds(ids.first() != ids.last(), || {
        "the next page has the same task".to_owned()
    })?;
    Ok("two pages, two tasks".to_owned())
}

async fn order(probe: &Probe<'_>) -> Seen {
    probe.ended_task().await?;
    let page = list(probe, json!({ "pageSize": 20 })).await?;
    let times: Vec<_> = tasks(&page)?
        .iter()
        .filter_map(|task| task.pointer("/status/timestamp")?.as_str())
        .map(comparable)
        .collect();
    if times.len() < 2 {
        return skipped("fewer than two tasks have a time");
    }
    holds(times.is_sorted_by(|newer, older| newer >= older), || {
        "an older status before a newer one".to_owned()
    })?;
    Ok(format!("{} tasks", times.len()))
}

async fn last_page(probe: &Probe<'_>) -> Seen {
    let task = probe.ended_task().await?;
    let page = list(
        probe,
        json!({ "contextId": text(&task, "contextId"), "pageSize": 100 }),
    )
    .await?;
    match page.get("nextPageToken") {
        Some(Value::String(token)) if token.is_empty() => Ok("empty".to_owned()),
        Some(token) => wrong(format!("{token} on the last page")),
        None => wrong("no nextPageToken"),
    }
}

async fn artifacts(probe: &Probe<'_>) -> Seen {
    probe.ended_task().await?;
    let page = list(probe, json!({ "pageSize": 20 })).await?;
    let with = tasks(&page)?
        .iter()
        .filter(|task| task.get("artifacts").is_some())
        .count();
    holds(with == 0, || {
        format!("{with} tasks with the field artifacts")
    })?;
    Ok("none".to_owned())
}

async fn list(probe: &Probe<'_>, params: Value) -> Result<Value, Ended> {
    probe.wire.call(&Operation::List(params)).await?.result()
}

fn tasks(page: &Value) -> Result<&[Value], Ended> {
    match page.get("tasks").and_then(Value::as_array) {
        Some(tasks) => Ok(tasks),
        None => wrong(format!("a page with {}", members(page))),
    }
}

/// Times in UTC, which differ in the length of their fractions.
fn comparable(time: &str) -> String {
    let (seconds, fraction) = time
        .trim_end_matches('Z')
        .split_once('.')
        .unwrap_or((time.trim_end_matches('Z'), ""));
    format!("{seconds}.{fraction:0<9}")
}
