use std::rc::Rc;

use attache_protocol::wire::{Content, Message, Part, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn parsers_take_what_protojson_takes() {
    let message: Message = serde_json::from_value(json!({
        "message_id": "m", "role": 1, "context_id": null, "unknown": {"a": [1]},
        "parts": [
            {"raw": "_-8", "media_type": "image/png"},
            {"raw": "/+8="},
            {"data": null},
            {"data": 42},
            {"text": ""},
            {"url": "https://example.com", "filename": null},
        ],
    }))
    .unwrap();
    assert_eq!(message.parts[0].content, Content::Raw(vec![0xff, 0xef]));
    assert_eq!(message.parts[1].content, Content::Raw(vec![0xff, 0xef]));
    assert_eq!(message.parts[2].content, Content::Data(Value::Null));
    let printed = serde_json::to_value(&message).unwrap();
    assert_eq!(printed["role"], "ROLE_USER");
    assert_eq!(printed["parts"][3].to_string(), r#"{"data":42}"#);
    assert_eq!(printed["parts"][0]["raw"], "/+8=");
}

#[test]
fn a_part_has_exactly_one_content() {
    for part in [
        json!({}),
        json!({"text": "a", "url": "b"}),
        json!({"text": "a", "data": null}),
    ] {
        assert!(
            serde_json::from_value::<Part>(part.clone()).is_err(),
            "{part}"
        );
    }
}

#[test]
fn timestamps_have_milliseconds_and_no_offset() {
    for (text, printed) in [
        ("2026-11-21T08:30:00Z", "2026-11-21T08:30:00.000Z"),
        (
            "2026-11-21T08:30:00.123456789+01:00",
            "2026-11-21T07:30:00.124Z",
        ),
        ("1970-01-01T00:00:00.1Z", "1970-01-01T00:00:00.100Z"),
    ] {
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), printed);
    }
    assert!(Timestamp::parse("1969-12-31T00:00:00Z").is_err());
}

#[tokio::test]
async fn deep_nesting_is_an_error_and_no_more() {
    let world = Rc::new(World::default());
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{{"message":{{"messageId":"m","role":"ROLE_USER","parts":[{{"data":{deep}}}]}}}}}}"#
    );
    assert_eq!(
        ask(&world, post("/", body)).await.json()["error"]["code"],
        -32602
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_body_is_a_panic(body in prop::collection::vec(any::<u8>(), 0..200), rest in any::<bool>()) {
        let world = Rc::new(World::default());
        let request = post(if rest { "/message:send" } else { "/" }, body);
        let got = futures_util::FutureExt::now_or_never(ask(&world, request)).unwrap();
        prop_assert!(got.json()["error"]["message"].is_string());
    }

    #[test]
    fn no_path_is_a_panic(path in "/[a-zA-Z0-9:%/._~-]{0,40}", query in "[a-zA-Z0-9=&%+._-]{0,40}") {
        let world = Rc::new(World::default());
        if let Ok(request) = Request::get(format!("http://a{path}?{query}"))
            .header("a2a-version", "1.0")
            .body(Vec::new())
        {
            let got = futures_util::FutureExt::now_or_never(ask(&world, request)).unwrap();
            prop_assert!(got.status.as_u16() < 500);
        }
    }

    #[test]
    fn what_is_printed_reads_the_same(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for content in [Content::Text(text.clone()), Content::Raw(bytes), Content::Data(json!({"k": text}))] {
            let part = Part::new(content);
            let printed = serde_json::to_string(&part).unwrap();
            prop_assert_eq!(serde_json::from_str::<Part>(&printed).unwrap(), part);
        }
    }
}
