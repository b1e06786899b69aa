//! The fakes refuse what Google's discovery documents do not describe: else the other tests show nothing.

use super::*;

#[test]
fn what_the_documents_do_not_describe_is_refused() {
    let google = google_with_an_app();
    let refuses = |method: &str, path: &str, body: Value, why: &str| {
        let (status, text) = google.ask(method, path, &body);
        assert_eq!(status, 400, "{method} {path}: {text}");
        assert!(text.contains(why), "{text}");
    };
    let agents = format!("discoveryengine/v1alpha/{APP}/assistants/default_assistant/agents");
    let services = "run/v2/projects/p/locations/r/services";
    refuses(
        "POST",
        &agents,
        json!({"displayName": "d", "description": "d", "x": 1}),
        "Unknown name",
    );
    refuses(
        "POST",
        &agents,
        json!({"displayName": "d"}),
        "description is required",
    );
    refuses(
        "POST",
        &agents,
        json!({"displayName": 1, "description": "d"}),
        "has to be of the type string",
    );
    refuses(
        "POST",
        &agents,
        json!({"displayName": "d", "description": "d", "sharingConfig": {"scope": "ALL"}}),
        "one of",
    );
    refuses(
        "POST",
        &format!("{agents}?x=1"),
        json!({}),
        "Cannot bind query parameter",
    );
    refuses(
        "PATCH",
        &format!("{agents}/1?updateMask=nothing"),
        json!({}),
        "update mask",
    );
    refuses(
        "GET",
        &format!("{agents}?pageSize=many"),
        Value::Null,
        "has to be an integer",
    );
    refuses("PUT", &agents, json!({}), "has no method");
    refuses("GET", "run/v3/projects/p", Value::Null, "has no method");
    refuses(
        "POST",
        "secretmanager/v1/projects/p/secrets",
        json!({"replication": {"automatic": {}}}),
        "secretId",
    );
    refuses(
        "POST",
        &format!("{services}?serviceId=s"),
        json!({"template": {"timeout": "soon"}}),
        "google-duration",
    );
    refuses(
        "POST",
        "secretmanager/v1/projects/p/secrets/s:addVersion",
        json!({"payload": {"data": "no base64!"}}),
        "byte",
    );
    assert_eq!(google.take_violations().len(), 12);
}
