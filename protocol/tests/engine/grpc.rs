//! The gRPC binding, byte by byte: no protobuf library takes part in these tests.

mod bytes;

use std::rc::Rc;

use bytes::*;

use super::*;

const COMPLETED: u64 = 3;
const INPUT_REQUIRED: u64 = 6;

#[tokio::test]
async fn a_message_is_answered_and_its_task_is_the_one_of_the_other_bindings() {
    let world = Rc::new(World::default());
    let task = answer(&call(&world, "SendMessage", &saying("m1", "hi")).await).message(1);
    assert_eq!(task.message(3).number(1), COMPLETED);
    assert_eq!(task.all(4)[0].message(4).text(1), "hi");
    assert_eq!(task.all(5)[0].text(1), "m1");
    let id = task.text(1);
    let got = answer(&call(&world, "GetTask", &field(2, &id)).await);
    assert_eq!(got, task);
    let json = rpc(&world, "GetTask", serde_json::json!({ "id": id })).await;
    assert_eq!(json["result"]["status"]["state"], "TASK_STATE_COMPLETED");
    let millis = task.message(3).message(3);
    let stamp = json["result"]["status"]["timestamp"].as_str().unwrap();
    let fraction = format!(".{:03}Z", millis.number(2) / 1_000_000);
    assert!(stamp.ends_with(&fraction), "{stamp} {fraction}");

    let reply = answer(&call(&world, "SendMessage", &saying("m2", "reply")).await);
    assert_eq!(reply.message(2).message(5).text(1), "directly");
}

#[tokio::test]
async fn data_keeps_its_integers_and_its_null() {
    let world = Rc::new(World::default());
    // {"n": 42, "x": null} as a Struct within a Value.
    let number = [&[0x11][..], &42f64.to_le_bytes()].concat();
    let entry = |key: &str, value: &[u8]| field(1, [field(1, key), field(2, value)].concat());
    let object = [entry("n", &number), entry("x", &self::number(1, 0))].concat();
    let data = field(4, field(5, object));
    let task = answer(&call(&world, "SendMessage", &sending("m1", &data, "")).await).message(1);
    let id = task.text(1);
    let json = rpc(&world, "GetTask", serde_json::json!({ "id": id })).await;
    let part = &json["result"]["history"][0]["parts"][0];
    assert_eq!(part["data"].to_string(), r#"{"n":42,"x":null}"#);
    let sent = Fields::read(&data).message(4).message(5).all(1);
    let back = task.all(5)[0].message(5).message(4).message(5).all(1);
    assert_eq!(back, sent);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_every_event_and_then_its_status() {
    let world = Rc::new(World::default());
    let got = call(&world, "SendStreamingMessage", &saying("m1", "pieces")).await;
    assert_eq!(got.trailers["grpc-status"], "0");
    let events = unframed(&got.body);
    let kinds: Vec<_> = events.iter().map(|event| event.0[0].0).collect();
    assert_eq!(kinds, [1, 3, 4, 4, 4, 3], "members of the oneof");
    let chunks: Vec<_> = events[2..5].iter().map(|e| e.message(4)).collect();
    let flags = |tag| chunks.iter().map(|c| c.number(tag)).collect::<Vec<_>>();
    assert_eq!((flags(4), flags(5)), (vec![0, 1, 1], vec![0, 0, 1]));
    // Where the others fill silence, HTTP/2 has a sign of life of its own.
    let got = call(&world, "SendStreamingMessage", &saying("m2", "work")).await;
    assert_eq!(unframed(&got.body).len(), 3);

    let id = events[0].message(1).text(1);
    let mut resumed = request("SubscribeToTask", framed(&field(2, &id)));
    resumed
        .headers_mut()
        .insert("last-event-id", "4".parse().unwrap());
    assert_eq!(unframed(&ask(&world, resumed).await.body), events[4..]);
    let (code, _, reason, _) = refusal(&call(&world, "SubscribeToTask", &field(2, &id)).await);
    assert_eq!((code, reason.as_str()), (9, "UNSUPPORTED_OPERATION"));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_call_and_not_the_task() {
    let world = Rc::new(World::default());
    for method in ["SendMessage", "SendStreamingMessage"] {
        let mut request = request(method, framed(&saying(method, "work")));
        let headers = request.headers_mut();
        headers.insert("grpc-timeout", "1500m".parse().unwrap());
        let got = ask(&world, request).await;
        assert_eq!(got.trailers["grpc-status"], "4", "{method}");
    }
    let page = answer(&call(&world, "ListTasks", b"").await);
    let states: Vec<_> = page.all(1).iter().map(|t| t.message(3).number(1)).collect();
    assert_eq!(states, [COMPLETED, COMPLETED]);
    assert_eq!((page.number(3), page.number(4)), (50, 2));

    let mut request = request("GetTask", framed(&field(2, "x")));
    let headers = request.headers_mut();
    headers.insert("grpc-timeout", "soon".parse().unwrap());
    let (code, message, ..) = refusal(&ask(&world, request).await);
    assert_eq!(code, 3);
    assert!(message.contains("soon"), "{message}");
}

#[tokio::test]
async fn a_task_is_continued_cancelled_and_given_webhooks() {
    let world = Rc::new(World::default());
    let task = answer(&call(&world, "SendMessage", &saying("m1", "ask")).await).message(1);
    assert_eq!(task.message(3).number(1), INPUT_REQUIRED);
    let id = task.text(1);
    let hook = [
        field(2, "c1"),
        field(3, &id),
        field(4, "https://example.com"),
        field(6, [field(1, "Bearer"), field(2, "abc")].concat()),
    ]
    .concat();
    let created = call(&world, "CreateTaskPushNotificationConfig", &hook).await;
    assert_eq!(answer(&created), Fields::read(&hook));
    let named = [field(2, &id), field(3, "c1")].concat();
    let got = call(&world, "GetTaskPushNotificationConfig", &named).await;
    assert_eq!(answer(&got), Fields::read(&hook));
    let all = call(&world, "ListTaskPushNotificationConfigs", &field(1, &id)).await;
    assert_eq!(answer(&all).all(1), [Fields::read(&hook)]);
    let gone = call(&world, "DeleteTaskPushNotificationConfig", &named).await;
    assert_eq!(answer(&gone), Fields::default());
    let got = call(&world, "GetTaskPushNotificationConfig", &named).await;
    assert_eq!(refusal(&got).0, 5);

    let more = sending("m2", &field(1, "ask"), &id);
    let task = answer(&call(&world, "SendMessage", &more).await).message(1);
    assert_eq!(task.text(1), id);
    let canceled = answer(&call(&world, "CancelTask", &field(2, &id)).await);
    assert_eq!(canceled.message(3).number(1), 5);
    let (code, _, reason, _) = refusal(&call(&world, "CancelTask", &field(2, &id)).await);
    assert_eq!((code, reason.as_str()), (9, "TASK_NOT_CANCELABLE"));
}

#[tokio::test]
async fn a_tenant_sees_its_own_tasks() {
    let world = Rc::new(World::default());
    let mut message = saying("m1", "hi");
    message.extend(field(1, "acme"));
    let id = answer(&call(&world, "SendMessage", &message).await)
        .message(1)
        .text(1);
    let of = |tenant: &str| [field(1, tenant), field(2, &id)].concat();
    assert_eq!(
        answer(&call(&world, "GetTask", &of("acme")).await).text(1),
        id
    );
    for tenant in ["", "other"] {
        let got = call(&world, "GetTask", &of(tenant)).await;
        assert_eq!(refusal(&got).0, 5, "{tenant}");
    }
}

#[tokio::test]
async fn the_field_at_fault_is_named() {
    let world = Rc::new(World::default());
    let nan = [&[0x11][..], &f64::NAN.to_le_bytes()].concat();
    let role = field(
        2,
        [field(1, "m"), number(4, 9), field(5, field(1, "x"))].concat(),
    );
    for (method, message, at_fault) in [
        ("SendMessage", Vec::new(), "message"),
        ("SendMessage", field(2, field(1, "m")), "message.role"),
        ("SendMessage", role, "message.role"),
        (
            "SendMessage",
            sending("m", &field(6, "name"), ""),
            "message.parts[0]",
        ),
        (
            "SendMessage",
            sending("m", &field(4, nan), ""),
            "message.parts[0].data",
        ),
        ("GetTask", Vec::new(), "id"),
        (
            "GetTask",
            [field(2, "x"), number(3, u64::MAX)].concat(),
            "historyLength",
        ),
        ("ListTasks", number(3, 77), "status"),
        ("ListTasks", number(4, 101), "pageSize"),
        (
            "ListTasks",
            field(7, number(2, 1_000_000_000)),
            "statusTimestampAfter",
        ),
        ("CreateTaskPushNotificationConfig", field(3, "t"), "url"),
    ] {
        let got = call(&world, method, &message).await;
        let (code, _, reason, fields) = refusal(&got);
        assert_eq!((code, reason.as_str()), (3, "INVALID_PARAMS"), "{at_fault}");
        assert!(fields.iter().any(|f| f == at_fault), "{fields:?}");
    }
}

#[tokio::test]
async fn a_bad_frame_is_refused_with_the_right_code() {
    let world = Rc::new(World::default());
    let good = framed(&field(2, "x"));
    let flagged = |flag: u8| [&[flag], &good[1..]].concat();
    let cases: [(u32, Vec<u8>); 8] = [
        (3, Vec::new()),
        (3, vec![0, 0, 0]),
        (3, good[..good.len() - 1].to_vec()),
        (3, [&good[..], b"x"].concat()),
        (3, [&good[..], &good[..]].concat()),
        (3, vec![0, 255, 255, 255, 255, 0]),
        (3, flagged(7)),
        (13, flagged(1)),
    ];
    for (code, body) in cases {
        let got = ask(&world, request("GetTask", body.clone())).await;
        assert_eq!(refusal(&got).0, code, "{body:?}");
    }
    let mut gzip = request("GetTask", flagged(1));
    gzip.headers_mut()
        .insert("grpc-encoding", "gzip".parse().unwrap());
    let got = ask(&world, gzip).await;
    assert_eq!(refusal(&got).0, 12);
    assert_eq!(got.headers["grpc-accept-encoding"], "identity");
    let (code, _, reason, _) = refusal(&call(&world, "GetTask", &[0x0a, 200]).await);
    assert_eq!((code, reason.as_str()), (3, "PARSE_ERROR"));
    // Nested too deeply to be looked at: a list in a list in a list …
    let mut value = number(4, 1);
    for _ in 0..500 {
        value = field(6, field(1, value));
    }
    let got = call(&world, "SendMessage", &sending("m", &field(4, value), "")).await;
    assert_eq!(refusal(&got).0, 3);

    let over = attache_protocol::too_large(&request("GetTask", Vec::new()), 7);
    let (code, message, ..) = refusal(&finish(over).await);
    assert_eq!(code, 8);
    assert!(message.contains("7 bytes"), "{message}");
}

#[tokio::test]
async fn what_is_no_call_of_ours_is_not_implemented() {
    let world = Rc::new(World::default());
    let at = |path: &str| {
        let mut request = request("", framed(b""));
        *request.uri_mut() = format!("http://agent.test{path}").parse().unwrap();
        request
    };
    for path in [
        "/",
        "/lf.a2a.v1.A2AService/Nope",
        "/lf.a2a.v1.A2AService",
        "/a2a.v1.A2AService/GetTask",
        "/grpc.health.v1.Health/Check",
    ] {
        let (code, _, reason, _) = refusal(&ask(&world, at(path)).await);
        assert_eq!((code, reason.as_str()), (12, "METHOD_NOT_FOUND"), "{path}");
    }
    let typed = |media_type: &str| {
        let mut request = request("ListTasks", framed(b""));
        let headers = request.headers_mut();
        headers.insert("content-type", media_type.parse().unwrap());
        request
    };
    let got = ask(&world, typed("application/grpc+proto; x=y")).await;
    assert_eq!(got.trailers["grpc-status"], "0");
    let got = ask(&world, typed("application/grpc+json")).await;
    assert_eq!(refusal(&got).0, 12);
    // Of another family altogether.
    let got = ask(&world, typed("application/grpc-web")).await;
    assert_eq!(got.headers["content-type"], "application/json");
}

#[tokio::test]
async fn the_version_is_asked_for_as_everywhere() {
    let world = Rc::new(World::default());
    for version in [None, Some("99.0")] {
        let mut request = request("ListTasks", framed(b""));
        request.headers_mut().remove("a2a-version");
        if let Some(version) = version {
            let headers = request.headers_mut();
            headers.insert("a2a-version", version.parse().unwrap());
        }
        let (code, _, reason, _) = refusal(&ask(&world, request).await);
        assert_eq!((code, reason.as_str()), (9, "VERSION_NOT_SUPPORTED"));
    }
}

#[tokio::test]
async fn what_is_quoted_is_escaped_and_bounded() {
    let world = Rc::new(World::default());
    let id = "é%\n\"".repeat(50);
    let got = call(&world, "GetTask", &field(2, &id)).await;
    let (_, message, ..) = refusal(&got);
    assert!(message.contains("é%"), "{message}");
    let long = "\u{1f680}".repeat(100_000);
    let got = call(&world, "GetTask", &field(2, &long)).await;
    let (code, _, reason, _) = refusal(&got);
    assert_eq!((code, reason.as_str()), (5, "TASK_NOT_FOUND"));
    let metadata: usize = got.trailers.values().map(|value| value.len()).sum();
    assert!(metadata < 7 * 1024, "{metadata}");
}

#[tokio::test]
async fn the_extended_card_is_whole() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.capabilities.extended_agent_card = Some(true);
    card.icon_url = Some("https://example.com/icon.png".to_owned());
    card.capabilities.extensions[0].params = serde_json::json!({"n": 1}).as_object().cloned();
    let url = "https://example.com/token";
    let flow = serde_json::json!({"tokenUrl": url, "scopes": {"a": "b"}});
    let scheme =
        serde_json::json!({"oauth2SecurityScheme": {"flows": {"clientCredentials": flow}}});
    let mut extended = card.clone();
    let schemes = serde_json::json!({"o": scheme});
    extended.security_schemes = schemes.as_object().unwrap().clone();
    *world.card.borrow_mut() = Some(card);
    *world.extended_card.borrow_mut() = Some(extended);
    let card = answer(&call(&world, "GetExtendedAgentCard", b"").await);
    assert_eq!(card.text(1), "Puppet");
    assert_eq!(card.text(14), "https://example.com/icon.png");
    let interfaces = card.all(3);
    assert_eq!(interfaces[2].text(1), "agent.test:80");
    assert_eq!(interfaces[2].text(2), "GRPC");
    assert_eq!(card.message(7).number(1), 1, "streaming");
    let param = card.message(7).message(3).message(4).message(1);
    assert_eq!(param.message(2).get(2), Some(&Field::Fixed(1.0)));
    let oauth = card.message(8).message(2).message(3);
    assert_eq!(oauth.message(2).message(2).text(1), url);
    assert_eq!(card.all(12)[0].text(1), "obey");
}
