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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_the_same(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for content in [Content::Text(text.clone()), Content::Raw(bytes), Content::Data(json!({"k": text}))] {
            let part = Part::new(content);
            let printed = serde_json::to_string(&part).unwrap();
            prop_assert_eq!(serde_json::from_str::<Part>(&printed).unwrap(), part);
        }
    }
}
