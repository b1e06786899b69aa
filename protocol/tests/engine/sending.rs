use std::rc::Rc;

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_message_becomes_a_task_that_is_answered_when_it_has_ended() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "hello").await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    assert_eq!(task["artifacts"][0]["parts"][0]["text"], "hello");
    let history = &task["history"][0];
    assert_eq!(history["taskId"], task["id"]);
    assert_eq!(history["contextId"], task["contextId"]);
    let timestamp = task["status"]["timestamp"].as_str().unwrap();
    assert!(
        timestamp.len() == 24 && timestamp.ends_with('Z'),
        "{timestamp}"
    );
}

#[tokio::test]
async fn the_ids_of_later_tasks_sort_behind_those_of_earlier_ones() {
    let world = Rc::new(World::default());
    let mut ids = Vec::new();
    for number in 0..20 {
        let task = send(&world, &format!("m{number}"), "hello").await;
        for id in [&task["id"], &task["contextId"]] {
            let id = id.as_str().unwrap();
            assert!(id.len() == 36 && &id[14..15] == "7", "{id}");
        }
        ids.push(task["id"].as_str().unwrap().to_owned());
    }
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

#[tokio::test]
async fn a_direct_answer_has_no_task() {
    let world = Rc::new(World::default());
    let params = json!({"message": message("m1", "reply")});
    let answer = rpc(&world, "SendMessage", params).await;
    let message = &answer["result"]["message"];
    assert_eq!(message["parts"][0]["text"], "directly");
    assert_eq!(message["role"], "ROLE_AGENT");
    assert!(message.get("taskId").is_none() && message["contextId"].is_string());
    assert_eq!(
        rpc(&world, "ListTasks", json!({})).await["result"]["totalSize"],
        0
    );
}

#[tokio::test]
async fn a_direct_answer_after_the_task_began_closes_the_task() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "reply late").await;
    assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    assert_eq!(task["status"]["message"]["parts"][0]["text"], "after all");
}

#[tokio::test]
async fn a_failure_is_a_failed_task_with_its_sentence() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "fail").await;
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED");
    assert_eq!(task["status"]["message"]["parts"][0]["text"], "It broke.");
}

#[tokio::test(start_paused = true)]
async fn return_immediately_answers_first_and_works_on() {
    let world = Rc::new(World::default());
    let params =
        json!({"message": message("m1", "work"), "configuration": {"returnImmediately": true}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let answer = server(&world).handle(post("/", body.to_string())).await;
    let Body::Full(bytes) = answer.response.into_body() else {
        panic!("a whole answer")
    };
    let first: Value = serde_json::from_slice(&bytes).unwrap();
    let task = &first["result"]["task"];
    assert_eq!(task["status"]["state"], "TASK_STATE_SUBMITTED");
    answer.after.expect("work goes on").await;
    let later = rpc(&world, "GetTask", json!({"id": task["id"]})).await;
    assert_eq!(later["result"]["status"]["state"], "TASK_STATE_COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_too_long_is_answered_as_it_stands() {
    let world = Rc::new(World::default());
    let params = json!({"message": message("m1", "forever")});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let answer = server(&world).handle(post("/", body.to_string())).await;
    assert!(answer.after.is_some());
    let Body::Full(bytes) = answer.response.into_body() else {
        panic!("a whole answer")
    };
    let first: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        first["result"]["task"]["status"]["state"],
        "TASK_STATE_SUBMITTED"
    );
}

#[tokio::test]
async fn a_question_is_answered_by_task_id_alone() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    assert_eq!(task["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
    let mut answer = message("m2", "history");
    answer["taskId"] = task["id"].clone();
    let done = rpc(&world, "SendMessage", json!({"message": answer})).await;
    let done = &done["result"]["task"];
    assert_eq!(done["contextId"], task["contextId"]);
    assert_eq!(done["status"]["message"]["parts"][0]["text"], "ask|what?");
    let history: Vec<_> = done["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["parts"][0]["text"])
        .collect();
    assert_eq!(history, ["ask", "what?", "history"]);
    assert_eq!(done["history"][2]["contextId"], task["contextId"]);
}

#[tokio::test]
async fn what_does_not_fit_the_task_is_refused() {
    let world = Rc::new(World::default());
    let done = send(&world, "m1", "x").await;
    let waiting = send(&world, "m2", "ask").await;
    let with = |task: &Value, context: &str| {
        let mut message = message("m3", "y");
        message["taskId"] = task["id"].clone();
        if !context.is_empty() {
            message["contextId"] = json!(context);
        }
        json!({ "message": message })
    };
    for (params, code, reason) in [
        (with(&done, ""), -32004, "UNSUPPORTED_OPERATION"),
        (with(&waiting, "elsewhere"), -32602, "INVALID_PARAMS"),
        (with(&json!({"id": "nobody"}), ""), -32001, "TASK_NOT_FOUND"),
    ] {
        let error = &rpc(&world, "SendMessage", params).await["error"];
        assert_eq!(error["code"], code);
        assert_eq!(error["data"][0]["reason"], reason);
        assert_eq!(error["data"][0]["domain"], "a2a-protocol.org");
    }
}

#[tokio::test]
async fn a_message_that_is_sent_twice_runs_once() {
    let world = Rc::new(World::default());
    let first = send(&world, "m1", "x").await;
    assert_eq!(send(&world, "m1", "x").await["id"], first["id"]);
    // The same id with another body is another message.
    assert_ne!(send(&world, "m1", "y").await["id"], first["id"]);
    assert_eq!(
        send(&world, "m2", "once").await["id"],
        send(&world, "m2", "once").await["id"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_second_message_waits_for_the_first() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "ask").await;
    let turn = |id: &str, text: &str| {
        let mut message = message(id, text);
        message["taskId"] = task["id"].clone();
        json!({ "message": message })
    };
    let (first, second) = futures_util::future::join(
        rpc(&world, "SendMessage", turn("m2", "work")),
        rpc(&world, "SendMessage", turn("m3", "more")),
    )
    .await;
    assert_eq!(
        first["result"]["task"]["status"]["state"],
        "TASK_STATE_COMPLETED"
    );
    assert_eq!(second["error"]["code"], -32004, "{second}");
}

#[tokio::test]
async fn every_rule_that_is_broken_is_named() {
    let world = Rc::new(World::default());
    let params = json!({"message": {"parts": []}, "configuration": {"historyLength": -1}});
    let error = rpc(&world, "SendMessage", params).await["error"].clone();
    assert_eq!(error["code"], -32602);
    let fields: Vec<_> = error["data"][1]["fieldViolations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["field"].as_str().unwrap())
        .collect();
    let expected = [
        "message.messageId",
        "message.role",
        "message.parts",
        "configuration.historyLength",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn an_agent_may_refuse_media_types_that_its_card_does_not_list() {
    let world = Rc::new(World::default());
    let part = |media_type: &str| {
        let mut message = message("m1", "x");
        message["parts"][0]["mediaType"] = json!(media_type);
        json!({"message": message})
    };
    let accepted = rpc(&world, "SendMessage", part("text/unheard")).await;
    assert!(accepted["result"]["task"].is_object());
    let strict = ("strict".to_owned(), String::new());
    world.config.borrow_mut().extend([strict]);
    let refused = rpc(&world, "SendMessage", part("text/unheard")).await;
    assert_eq!(refused["error"]["code"], -32005);
    let metadata = &refused["error"]["data"][0]["metadata"];
    assert_eq!(metadata["mediaType"], "text/unheard");
    for known in ["text/plain", "TEXT/plain; charset=utf-8", ""] {
        let answer = rpc(&world, "SendMessage", part(known)).await;
        assert!(answer["result"]["task"].is_object(), "{known}");
    }
}

#[tokio::test]
async fn an_agent_that_nests_too_deep_fails_its_task() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "deep").await;
    assert_eq!(task["status"]["state"], "TASK_STATE_FAILED");
    let why = &task["status"]["message"]["parts"][0]["text"];
    assert_eq!(why, "The agent emitted data nested deeper than 110 levels.");
    let read = rpc(&world, "GetTask", json!({"id": task["id"]})).await;
    assert_eq!(read["result"], task);
}

#[tokio::test]
async fn an_agent_keeps_things_for_a_conversation() {
    let world = Rc::new(World::default());
    let task = send(&world, "m1", "remember").await;
    let mut recall = message("m2", "recall");
    recall["contextId"] = task["contextId"].clone();
    let answer = rpc(&world, "SendMessage", json!({"message": recall})).await;
    assert_eq!(
        answer["result"]["task"]["status"]["message"]["parts"][0]["text"],
        "kept"
    );
    let other = send(&world, "m3", "recall").await;
    assert_eq!(other["status"]["message"]["parts"][0]["text"], "");
}
