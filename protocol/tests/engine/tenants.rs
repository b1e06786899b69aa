//! Tenants: each has tasks of its own, whichever way it is named.

use std::rc::Rc;

use serde_json::json;

use super::*;

/// Sends as this tenant and gives the task's id.
async fn begin(world: &Rc<World>, tenant: &str, text: &str) -> String {
    let params = json!({"tenant": tenant, "message": message("m1", text)});
    let answer = rpc(world, "SendMessage", params).await;
    let id = &answer["result"]["task"]["id"];
    id.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn no_operation_reaches_the_task_of_another_tenant() {
    let world = Rc::new(World::default());
    let id = begin(&world, "acme", "ask").await;
    let mut more = message("m2", "x");
    more["taskId"] = json!(id);
    let webhook = json!({"taskId": id, "id": "c", "url": "https://example.com"});
    for tenant in ["", "other", "acme/", "ACME"] {
        for (method, mut params) in [
            ("SendMessage", json!({ "message": more })),
            ("SendStreamingMessage", json!({ "message": more })),
            ("GetTask", json!({"id": id})),
            ("CancelTask", json!({"id": id})),
            ("SubscribeToTask", json!({"id": id})),
            ("CreateTaskPushNotificationConfig", webhook.clone()),
            (
                "GetTaskPushNotificationConfig",
                json!({"taskId": id, "id": "c"}),
            ),
            ("ListTaskPushNotificationConfigs", json!({"taskId": id})),
            (
                "DeleteTaskPushNotificationConfig",
                json!({"taskId": id, "id": "c"}),
            ),
        ] {
            params["tenant"] = json!(tenant);
            let hidden = rpc(&world, method, params.clone()).await;
            assert_eq!(hidden["error"]["code"], -32001, "{method} as {tenant:?}");
            // The same words as for a task that nobody has.
            let none = params.to_string().replace(&id, "none");
            let none = rpc(&world, method, serde_json::from_str(&none).unwrap()).await;
            let words = |answer: &Value| answer["error"].to_string().replace(&id, "none");
            assert_eq!(words(&hidden), words(&none), "{method}");
        }
    }
    let own = rpc(&world, "GetTask", json!({"id": id, "tenant": "acme"})).await;
    assert_eq!(
        own["result"]["status"]["state"],
        "TASK_STATE_INPUT_REQUIRED"
    );
}

#[tokio::test]
async fn a_listing_holds_the_tasks_of_its_tenant_alone() {
    let world = Rc::new(World::default());
    let (one, two) = (begin(&world, "a", "x").await, begin(&world, "b", "x").await);
    let none = begin(&world, "", "x").await;
    for (path, expected) in [("/a/tasks", &one), ("/b/tasks", &two), ("/tasks", &none)] {
        let list = ask(&world, get(path)).await.json();
        assert_eq!(list["totalSize"], 1, "{path}");
        assert_eq!(list["tasks"][0]["id"], *expected, "{path}");
    }
    let filtered = json!({"tenant": "a", "status": "TASK_STATE_COMPLETED"});
    let list = rpc(&world, "ListTasks", filtered).await;
    assert_eq!(list["result"]["totalSize"], 1);
}

#[tokio::test]
async fn the_path_names_the_tenant_before_every_route() {
    let world = Rc::new(World::default());
    let body = json!({"message": message("m1", "ask")}).to_string();
    let sent = ask(&world, post("/a%2Fb%20c/message:send", body))
        .await
        .json();
    let id = sent["task"]["id"].as_str().unwrap();
    let list = ask(&world, get("/a%2Fb%20c/tasks")).await.json();
    assert_eq!(list["tasks"][0]["id"], id);
    let field = rpc(&world, "GetTask", json!({"id": id, "tenant": "a/b c"})).await;
    assert_eq!(field["result"]["id"], id);
    let hook = json!({"id": "c", "url": "https://example.com"}).to_string();
    let hooks = format!("/a%2Fb%20c/tasks/{id}/pushNotificationConfigs");
    assert_eq!(ask(&world, post(&hooks, hook)).await.json()["taskId"], id);
    assert_eq!(
        ask(&world, get(&format!("{hooks}/c"))).await.json()["tenant"],
        "a/b c"
    );
    let cancel = post(&format!("/a%2Fb%20c/tasks/{id}:cancel"), "");
    let canceled = ask(&world, cancel).await.json();
    assert_eq!(canceled["status"]["state"], "TASK_STATE_CANCELED");
}

/// What the path says stands above what the body says.
#[tokio::test]
async fn the_path_wins_over_the_field() {
    let world = Rc::new(World::default());
    let body = json!({"tenant": "other", "message": message("m1", "x")}).to_string();
    let sent = ask(&world, post("/acme/message:send", body)).await.json();
    let id = sent["task"]["id"].as_str().unwrap();
    assert_eq!(
        ask(&world, get(&format!("/acme/tasks/{id}"))).await.status,
        200
    );
    assert_eq!(
        ask(&world, get(&format!("/other/tasks/{id}"))).await.status,
        404
    );
}

#[tokio::test]
async fn the_same_message_of_two_tenants_is_two_messages() {
    let world = Rc::new(World::default());
    let one = begin(&world, "a", "x").await;
    assert_ne!(begin(&world, "b", "x").await, one);
    assert_eq!(begin(&world, "a", "x").await, one);
}
