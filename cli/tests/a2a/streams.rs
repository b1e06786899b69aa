//! Streams that break off.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::attache::attache;
use crate::fake::{
    Fake, broken_stream, card, cutting_proxy, json_response, response, rpc_result, stream,
};
use crate::servers::{host, reference};

#[test]
fn events_that_are_numbered_are_taken_up_after_the_last_one() {
    let host = host("hello_agent", &[]);
    let whole = attache(&["stream", &host.url, "-o", "json", "hi"])
        .ends(0)
        .json_lines();
    for way in [&["--binding", "jsonrpc"][..], &["--binding", "http+json"]] {
        let (url, asked) = cutting_proxy(&host.url, 1);
        let arguments = [&["stream", &url, "-o", "json"][..], way, &["hi"]].concat();
        let events = attache(&arguments).ends(0).json_lines();
        let kinds = |events: &[Value]| -> Vec<_> {
            let kind = |event: &Value| event.as_object().unwrap().keys().next().unwrap().clone();
            events.iter().map(kind).collect()
        };
        assert_eq!(kinds(&events), kinds(&whole), "each event once: {events:?}");
        let asked = asked.lock().unwrap();
        let again = asked.last().unwrap();
        assert_eq!(again.header("last-event-id"), Some("1"), "{asked:?}");
    }
}

#[test]
fn events_without_numbers_are_taken_up_from_the_task_and_told_once() {
    let reference = reference();
    for way in [&["--binding", "jsonrpc"][..], &["--binding", "http+json"]] {
        let (url, asked) = cutting_proxy(&reference.url, 4);
        let id = format!("tck-slow-cut-{}", way[1]);
        // Its card names the server itself.
        let arguments = [
            &["stream", &url, "--no-card", "--message-id", &id][..],
            way,
            &["go"],
        ]
        .concat();
        let said = attache(&arguments)
            .ends(0)
            .complains("taking it up again from the task");
        assert_eq!(
            said.out.replace('\n', ""),
            "0 1 2 3 4 5 6 7 8 9 ",
            "{said:?}"
        );
        assert!(asked.lock().unwrap().len() > 1);
    }
}

fn task(state: &str) -> Value {
    json!({"id": "t", "contextId": "c", "status": {"state": state}})
}

#[test]
fn a_task_that_ended_meanwhile_is_fetched() {
    let fake = Fake::start(|asked, url| match asked.rpc().as_str() {
        "" => json_response(&card(url)),
        "SendStreamingMessage" => broken_stream(&[json!({"task": task("TASK_STATE_WORKING")})]),
        "GetTask" => rpc_result(&task("TASK_STATE_FAILED")),
        other => panic!("{other}"),
    });
    attache(&["stream", &fake.url, "hi"])
        .ends(1)
        .complains("task t is failed");
}

#[test]
fn a_stream_that_is_not_to_be_taken_up_ends_with_the_command_that_goes_on() {
    let fake = Fake::start(|asked, url| match asked.rpc().as_str() {
        "" => json_response(&card(url)),
        _ => broken_stream(&[json!({"task": task("TASK_STATE_WORKING")})]),
    });
    let said = attache(&["stream", &fake.url, "--no-resume", "hi"]).ends(69);
    said.complains(&format!("attache tasks follow {} t", fake.url));
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn a_stream_that_breaks_before_a_task_is_named_is_not_sent_again() {
    let fake = Fake::start(|asked, url| match asked.rpc().as_str() {
        "" => json_response(&card(url)),
        _ => broken_stream(&[]),
    });
    let said = attache(&["stream", &fake.url, "hi"]).ends(69);
    said.complains("whether it began one is not known");
    assert_eq!(fake.asked().len(), 2);
}

#[test]
fn a_server_that_is_busy_is_asked_again() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(move |asked, url| match asked.rpc().as_str() {
        "" => json_response(&card(url)),
        "SendStreamingMessage" => broken_stream(&[json!({"task": task("TASK_STATE_WORKING")})]),
        "GetTask" => rpc_result(&task("TASK_STATE_WORKING")),
        _ if tries.fetch_add(1, Ordering::Relaxed) == 0 => {
            response("503 Service Unavailable", "", "")
        }
        _ => stream(&[
            json!({"task": task("TASK_STATE_WORKING")}),
            json!({"statusUpdate": {"taskId": "t", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"}}}),
        ]),
    });
    attache(&["stream", &fake.url, "hi"])
        .ends(0)
        .complains("task t is completed");
}

#[test]
fn an_agent_without_streams_is_followed_by_asking() {
    let tries = AtomicUsize::new(0);
    let fake = Fake::start(move |asked, url| match asked.rpc().as_str() {
        "" => json_response(&card(url)),
        "GetTask" if tries.fetch_add(1, Ordering::Relaxed) > 0 => {
            rpc_result(&task("TASK_STATE_COMPLETED"))
        }
        "GetTask" => rpc_result(&task("TASK_STATE_WORKING")),
        _ => json_response(
            &json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32004, "message": "No streams"}}),
        ),
    });
    attache(&["stream", &fake.url, "hi"])
        .ends(1)
        .complains("use `attache send`");
    attache(&["tasks", "follow", &fake.url, "t"])
        .ends(0)
        .complains("task t is completed");
}

#[test]
fn an_error_within_a_stream_ends_it() {
    let fake = Fake::start(|asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => {
            let event = json!({"error": {"code": -32603, "message": "The agent is out of order."}});
            let frame = format!("event: error\ndata: {event}\n\n");
            response("200 OK", "Content-Type: text/event-stream\r\n", &frame)
        }
    });
    attache(&["stream", &fake.url, "hi"])
        .ends(1)
        .complains("The agent is out of order. (-32603)");
}

#[test]
fn a_server_that_subscribes_by_get_is_asked_so() {
    let fake = Fake::start(
        |asked, url| match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", _) => response("405 Method Not Allowed", "Allow: GET\r\n", ""),
            (_, "/tasks/t:subscribe") => {
                let event = json!({"task": task("TASK_STATE_COMPLETED")});
                let frame = format!("data: {event}\n\n");
                response("200 OK", "Content-Type: text/event-stream\r\n", &frame)
            }
            _ => {
                let mut card = card(url);
                card["supportedInterfaces"][0]["protocolBinding"] = json!("HTTP+JSON");
                json_response(&card)
            }
        },
    );
    attache(&["tasks", "follow", &fake.url, "t"])
        .ends(0)
        .complains("task t is completed");
}
