//! Extensions (section 4.6): named by the client, declared by the card, told by the answer.

use std::rc::Rc;

use serde_json::json;

use super::*;

fn send_with(header: &str, uris: &str, text: &str) -> Request<Vec<u8>> {
    let params = json!({"message": message("m1", text)});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params});
    let mut request = post("/", body.to_string());
    let name = http::HeaderName::try_from(header).unwrap();
    request.headers_mut().insert(name, uris.parse().unwrap());
    request
}

#[tokio::test]
async fn what_both_name_is_activated_and_told() {
    let world = Rc::new(World::default());
    for header in ["a2a-extensions", "x-a2a-extensions"] {
        let named = "urn:unknown, urn:optional";
        let got = ask(&world, send_with(header, named, "extensions")).await;
        assert_eq!(got.headers[header], "urn:optional");
        let words = &got.json()["result"]["task"]["status"]["message"]["parts"][0]["text"];
        assert_eq!(words, "urn:optional");
    }
    let got = ask(&world, send_with("a2a-extensions", "urn:unknown", "x")).await;
    assert!(!got.headers.contains_key("a2a-extensions"));
}

#[tokio::test]
async fn a_required_extension_has_to_be_named() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.capabilities.extensions[0].required = true;
    *world.card.borrow_mut() = Some(card);
    let params = json!({"message": message("m1", "x")});
    for method in ["SendMessage", "SendStreamingMessage"] {
        let answer = rpc(&world, method, params.clone()).await;
        assert_eq!(answer["error"]["code"], -32008, "{method}");
        assert_eq!(
            answer["error"]["data"][0]["reason"],
            "EXTENSION_SUPPORT_REQUIRED"
        );
    }
    let got = ask(&world, send_with("a2a-extensions", "urn:optional", "x")).await;
    assert_eq!(
        got.json()["result"]["task"]["status"]["state"],
        "TASK_STATE_COMPLETED"
    );
}

#[tokio::test]
async fn the_agent_sees_the_metadata_of_the_request() {
    let world = Rc::new(World::default());
    let params =
        json!({"message": message("m1", "metadata"), "metadata": {"urn:optional": {"a": 1}}});
    let answer = rpc(&world, "SendMessage", params).await;
    assert_eq!(
        answer["result"]["task"]["status"]["message"]["parts"][0]["data"],
        json!({"urn:optional": {"a": 1}})
    );
}
