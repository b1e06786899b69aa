use super::*;

#[test]
fn an_agent_answers_through_gemini_enterprise() {
    let world = world();
    let registered = world.register(&["--probe"]);
    assert_eq!(registered["probe"]["text"], "Hello to you too");
    let id = World::id(&registered["agent"]);
    let answer = world.gives(&["probe", &id, "--message=Good day"]);
    assert_eq!(
        (&answer["text"], &answer["attempts"]),
        (&json!("Good day to you too"), &json!(1))
    );
    let answer = world.gives(&["probe", URL, "--message=Hi", "--through=assistant"]);
    assert_eq!(answer["text"], "Hi to you too", "thoughts are not shown");
}

#[test]
fn one_that_is_not_there_yet_is_asked_again() {
    let world = world();
    let id = World::id(&world.register(&[]));
    let refusal = |status: u16, name: &str| {
        json!({
            "method": "POST", "path": "message:send", "status": status,
            "body": {"error": {"code": status, "status": name, "message": "not yet"}},
        })
    };
    world.google.script(refusal(404, "NOT_FOUND"));
    world.google.script(refusal(500, "INTERNAL"));
    let task = |state: &str| json!({"task": {"id": "t", "status": {"state": state}}});
    world.google.tell(
        "answer",
        json!({"agent": id, "answer": [task("TASK_STATE_FAILED"), task("TASK_STATE_WORKING")]}),
    );
    let answer = world.gives(&["probe", &id]);
    assert_eq!(answer["text"], format!("done by {id}"));
    assert_eq!(answer["attempts"], 4);
}

#[test]
fn one_that_will_not_answer_says_why() {
    let world = world();
    let id = World::id(&world.register(&[]));
    let ends_as = |answer: Value, said: &str, helps: &str| {
        world
            .google
            .tell("answer", json!({"agent": id, "answer": [answer]}));
        let (message, remedy) = world.fails(1, &["probe", &id, "--timeout=0"]);
        assert!(message.contains(said), "{message}");
        assert!(remedy.contains(helps), "{remedy}");
    };
    let failed = |text: &str| {
        let message = json!({"messageId": "m", "role": "ROLE_AGENT", "content": [{"text": text}]});
        json!({"task": {"id": "t", "status": {"state": "TASK_STATE_FAILED", "message": message}}})
    };
    ends_as(
        failed(
            "Invalid SSE response or protocol error: Expected response header Content-Type to contain 'text/event-stream'",
        ),
        "Invalid SSE response",
        "capabilities.streaming false",
    );
    ends_as(
        failed("405 Method Not Allowed"),
        "405",
        "where the agent is asked",
    );
    ends_as(
        failed("403 Forbidden"),
        "403",
        "attache doctor https://hello-",
    );
    ends_as(failed("out of luck"), "out of luck", "attache send");
    ends_as(
        json!({"task": {"id": "t", "status": {"state": "TASK_STATE_AUTH_REQUIRED"}}}),
        "waits for you",
        "Open the agent in Gemini Enterprise once",
    );
    ends_as(
        json!({"message": {"messageId": "m", "role": "ROLE_AGENT", "content": []}}),
        "no text",
        "attache send",
    );
}
