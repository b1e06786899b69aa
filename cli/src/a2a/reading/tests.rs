use serde_json::json;

use super::*;

#[test]
fn a_task_in_every_form_is_the_same() {
    let new = json!({"task": {"id": "t", "contextId": "c",
        "status": {"state": "TASK_STATE_CANCELED", "message": {"messageId": "m", "role": "ROLE_AGENT",
            "parts": [{"text": "so"}]}},
        "artifacts": [{"artifactId": "a", "parts": [
            {"raw": "dGNr", "filename": "x.txt", "mediaType": "text/plain"}, {"data": [1]}]}]}});
    let kind = json!({"kind": "task", "id": "t", "contextId": "c",
        "status": {"state": "canceled", "message": {"kind": "message", "messageId": "m", "role": "agent",
            "parts": [{"kind": "text", "text": "so"}]}},
        "artifacts": [{"artifactId": "a", "parts": [
            {"kind": "file", "file": {"bytes": "dGNr", "name": "x.txt", "mimeType": "text/plain"}},
            {"kind": "data", "data": {"value": [1]}, "metadata": {"data_part_compat": true}}]}]});
    let proto = json!({"task": {"id": "t", "context_id": "c",
        "status": {"state": "TASK_STATE_CANCELLED", "update": {"message_id": "m", "role": "ROLE_AGENT",
            "content": [{"text": "so"}]}},
        "artifacts": [{"artifact_id": "a", "parts": [
            {"file": {"file_with_bytes": "ZEdOcg==", "name": "x.txt", "mime_type": "text/plain"}},
            {"data": {"data": {"value": [1]}}, "metadata": {"data_part_compat": true}}]}]}});
    for said in [new, kind, proto] {
        let Some(Answer::Task(task)) = answer(&said) else {
            panic!("{said}")
        };
        assert_eq!((task.id.as_str(), task.context_id.as_str()), ("t", "c"));
        assert_eq!(task.status.state, TaskState::Canceled);
        assert_eq!(task.status.message.unwrap().text(), "so");
        let parts = &task.artifacts.unwrap()[0].parts;
        assert_eq!(parts[0].content, Content::Raw(b"tck".to_vec()));
        assert_eq!(
            (parts[0].filename.as_str(), parts[0].media_type.as_str()),
            ("x.txt", "text/plain")
        );
        assert_eq!(parts[1].content, Content::Data(json!([1])));
    }
}

#[test]
fn events_and_what_is_none() {
    let old = json!({"kind": "status-update", "taskId": "t", "status": {"state": "input-required"}, "final": true});
    let Some(Event::Status {
        update,
        is_final: true,
    }) = event(&old)
    else {
        panic!()
    };
    assert_eq!(update.status.state, TaskState::InputRequired);
    let new = json!({"artifactUpdate": {"taskId": "t", "append": true, "artifact": {"artifactId": "a", "parts": [{"text": "x"}, {"odd": 1}]}}});
    let Some(Event::Artifact(update)) = event(&new) else {
        panic!()
    };
    assert!(update.append && update.artifact.parts.len() == 1);
    for odd in [
        json!(null),
        json!([]),
        json!({}),
        json!({"task": 7}),
        json!("x"),
    ] {
        assert!(event(&odd).is_none(), "{odd}");
    }
}

#[test]
fn webhooks_of_every_form() {
    for said in [
        json!({"taskId": "t", "id": "c", "url": "https://a.b"}),
        json!({"taskId": "t", "pushNotificationConfig": {"id": "c", "url": "https://a.b"}}),
        json!({"name": "tasks/t/pushNotificationConfigs/c", "pushNotificationConfig": {"url": "https://a.b"}}),
    ] {
        let config = push_config(&said);
        assert_eq!(
            (
                config.task_id.as_str(),
                config.id.as_str(),
                config.url.as_str()
            ),
            ("t", "c", "https://a.b")
        );
    }
}
