//! ListTasks (section 3.1.4): the order, the pages, and what a listing leaves out.

use std::rc::Rc;

use serde_json::json;

use super::*;

async fn list(world: &Rc<World>, params: Value) -> Value {
    rpc(world, "ListTasks", params).await["result"].clone()
}

fn ids(page: &Value) -> Vec<&str> {
    let tasks = page["tasks"].as_array().unwrap().iter();
    tasks.map(|task| task["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_task_whose_status_changed_last_comes_first() {
    let world = Rc::new(World::default());
    let first = send(&world, "m1", "ask").await;
    let second = send(&world, "m2", "ask").await;
    let id = |task: &Value| task["id"].as_str().unwrap().to_owned();
    let page = list(&world, json!({})).await;
    assert_eq!(ids(&page), [id(&second), id(&first)]);
    let mut more = message("m3", "x");
    more["taskId"] = first["id"].clone();
    rpc(&world, "SendMessage", json!({ "message": more })).await;
    let page = list(&world, json!({})).await;
    assert_eq!(ids(&page), [id(&first), id(&second)]);
}

#[tokio::test]
async fn every_field_of_the_answer_is_always_there() {
    let world = Rc::new(World::default());
    let empty = json!({"tasks": [], "nextPageToken": "", "pageSize": 50, "totalSize": 0});
    assert_eq!(list(&world, json!({})).await, empty);
    assert_eq!(ask(&world, get("/tasks")).await.json(), empty);
    send(&world, "m1", "x").await;
    let last = list(&world, json!({"pageSize": 1})).await;
    assert_eq!(last["nextPageToken"], "", "no token leads to an empty page");
}

/// A cursor, not an offset: what arrives meanwhile does not shift the pages.
#[tokio::test]
async fn a_page_begins_where_the_one_before_ended() {
    let world = Rc::new(World::default());
    for n in 0..4 {
        send(&world, &format!("m{n}"), "x").await;
    }
    let whole = list(&world, json!({})).await;
    let first = list(&world, json!({"pageSize": 2})).await;
    send(&world, "later", "x").await;
    let token = &first["nextPageToken"];
    let second = list(&world, json!({"pageSize": 2, "pageToken": token})).await;
    assert_eq!(ids(&second), ids(&whole)[2..]);
}

#[tokio::test]
async fn artifacts_are_listed_only_when_asked_for() {
    let world = Rc::new(World::default());
    send(&world, "m1", "x").await;
    send(&world, "m2", "ask").await;
    for asked in [
        json!({}),
        json!({"includeArtifacts": false}),
        json!({"includeArtifacts": null}),
    ] {
        for task in list(&world, asked).await["tasks"].as_array().unwrap() {
            assert!(!task.as_object().unwrap().contains_key("artifacts"));
        }
    }
    let with = list(&world, json!({"includeArtifacts": true})).await;
    assert_eq!(with["tasks"][0]["artifacts"], json!([]));
    assert_eq!(with["tasks"][1]["artifacts"][0]["parts"][0]["text"], "x");
}

#[tokio::test]
async fn only_the_conversation_that_is_asked_for() {
    let world = Rc::new(World::default());
    let one = send(&world, "m1", "x").await;
    let mut same = message("m2", "x");
    same["contextId"] = one["contextId"].clone();
    rpc(&world, "SendMessage", json!({ "message": same })).await;
    send(&world, "m3", "x").await;
    let page = list(&world, json!({"contextId": one["contextId"]})).await;
    assert_eq!(page["totalSize"], 2);
}
