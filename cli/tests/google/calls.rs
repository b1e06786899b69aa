use super::*;

fn refusal(status: u16, name: &str) -> Value {
    json!({"error": {"code": status, "status": name, "message": "not now"}})
}

fn how_often(google: &FakeGoogle) -> usize {
    google.requests().len()
}

#[test]
fn what_may_pass_is_asked_again() {
    let google = google_with_an_app();
    google.script(json!({"status": 503, "times": 2, "body": refusal(503, "UNAVAILABLE")}));
    google::ended(list(&mut google.attache()), 0);
    assert_eq!(how_often(&google), 3);
}

#[test]
fn it_ends_when_google_stays_away() {
    let google = google_with_an_app();
    let mut body = refusal(429, "RESOURCE_EXHAUSTED");
    body["error"]["details"] =
        json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}]);
    google.script(json!({"status": 429, "times": 100, "body": body}));
    let (_, err) = google::ended(list(&mut google.attache()), 69);
    assert!(err.contains("RESOURCE_EXHAUSTED: not now"), "{err}");
    assert!(err.contains("wait a minute"), "{err}");
    assert_eq!(how_often(&google), 5);
}

#[test]
fn what_is_wrong_is_asked_once() {
    let google = google_with_an_app();
    google.script(json!({"status": 400, "times": 100, "body": refusal(400, "INVALID_ARGUMENT")}));
    google::ended(list(&mut google.attache()), 65);
    assert_eq!(how_often(&google), 1);
}

#[test]
fn an_agent_is_not_made_twice() {
    let google = google_with_an_app();
    let card = json!({
        "protocolVersion": "0.3.0", "name": "n", "description": "d", "url": "https://a.example/", "version": "1",
        "capabilities": {}, "skills": [], "defaultInputModes": [], "defaultOutputModes": [],
    });
    let file = google.home.path().join("card.json");
    std::fs::write(&file, card.to_string()).unwrap();
    google.script(
        json!({"method": "POST", "status": 503, "times": 100, "body": refusal(503, "UNAVAILABLE")}),
    );
    let mut command = google.attache();
    command.args([
        "gemini-enterprise",
        "register",
        "card.json",
        "--app=app",
        "--project=my-project",
    ]);
    google::ended(&mut command, 69);
    let made = google
        .calls()
        .into_iter()
        .filter(|call| call.starts_with("POST"));
    assert_eq!(made.count(), 1, "nobody knows whether the first arrived");
}

#[test]
fn an_answer_that_is_none_is_said_to_be_none() {
    let google = google_with_an_app();
    google.script(json!({"status": 200, "body": "<html>proxy</html>"}));
    let (_, err) = google::ended(list(&mut google.attache()), 65);
    assert!(err.contains("is no JSON"), "{err}");
    google.script(json!({"status": 502, "times": 5, "body": "<html>proxy</html>"}));
    let (_, err) = google::ended(list(&mut google.attache()), 69);
    assert!(err.contains("INTERNAL: HTTP status 502"), "{err}");
    // Credentials are not carried along to wherever a redirect leads.
    google.script(json!({"status": 302, "headers": {"Location": "/elsewhere"}, "body": ""}));
    google::ended(list(&mut google.attache()), 69);
    assert!(!google.calls().iter().any(|call| call.contains("elsewhere")));
}

#[test]
fn nothing_is_sent_in_the_clear() {
    let google = google_with_an_app();
    let mut command = google.attache();
    list(&mut command).env(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_DISCOVERYENGINE",
        "http://google.example/",
    );
    let (_, err) = google::ended(&mut command, 64);
    assert!(
        err.contains("CLOUDSDK_API_ENDPOINT_OVERRIDES_DISCOVERYENGINE")
            && err.contains("https only"),
        "{err}"
    );
    let mut command = google.attache();
    list(&mut command).env(
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_DISCOVERYENGINE",
        "http://127.0.0.1:1/",
    );
    let (_, err) = google::ended(&mut command, 69);
    assert!(
        err.contains("http://127.0.0.1:1 cannot be reached"),
        "{err}"
    );
}

#[test]
fn an_operation_that_ends_in_an_error_says_so() {
    let google = google_with_an_app();
    let name = format!("{APP}/assistants/default_assistant/agents/1");
    let agent = json!({"name": name, "displayName": "d", "description": "d", "state": "ENABLED"});
    google.put("discoveryengine", &format!("v1alpha/{name}"), agent);
    google.script(json!({
        "method": "GET", "path": "/operations/", "status": 200,
        "body": {"name": "x", "done": true, "error": {"code": 9, "message": "The agent is in use."}},
    }));
    let mut command = google.attache();
    command.args([
        "gemini-enterprise",
        "delete",
        "1",
        "--app=app",
        "--project=my-project",
    ]);
    let (_, err) = google::ended(&mut command, 65);
    assert!(err.contains("waiting for agent 1 to be deleted"), "{err}");
    assert!(
        err.contains("FAILED_PRECONDITION: The agent is in use."),
        "{err}"
    );
}
