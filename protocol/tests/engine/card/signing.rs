use super::*;

fn with_key() -> Rc<World> {
    let world = Rc::new(World::default());
    *world.card_key.borrow_mut() = Some("key-1");
    world
}

async fn asked(world: &Rc<World>, version: &str) -> Got {
    let mut request = get(PATH);
    request
        .headers_mut()
        .insert("a2a-version", version.parse().unwrap());
    ask(world, request).await
}

/// The members that a verifier knows, as RFC 8785 has them; keys here are ASCII.
fn of_1_0(card: &Value) -> Value {
    let mut card = card.clone();
    let members = card.as_object_mut().unwrap();
    for name in [
        "signatures",
        "protocolVersion",
        "url",
        "preferredTransport",
        "additionalInterfaces",
        "supportsAuthenticatedExtendedCard",
    ] {
        members.remove(name);
    }
    card
}

#[tokio::test]
async fn what_is_signed_is_the_1_0_part_of_what_is_served() {
    let world = with_key();
    for version in ["1.0", ""] {
        let card = asked(&world, version).await.json();
        let signed = world.signed.borrow().last().cloned().unwrap();
        let parsed: Value = serde_json::from_slice(&signed).unwrap();
        assert_eq!(parsed, of_1_0(&card), "{version}");
        let keys: Vec<_> = parsed.as_object().unwrap().keys().collect();
        assert!(keys.is_sorted(), "{keys:?}");
        let count = world.signed.borrow().len();
        assert_eq!(
            card["signatures"],
            json!([{"protected": "key-1", "signature": format!("signature-{count}")}])
        );
    }
}

#[tokio::test]
async fn a_card_that_readers_canonicalise_differently_is_signed_for_each() {
    let world = with_key();
    let mut card = puppet_card();
    card.security_schemes = json!({"bearer": {"httpAuthSecurityScheme": {"scheme": "Bearer"}}})
        .as_object()
        .cloned()
        .unwrap();
    card.security_requirements = vec![json!({"schemes": {"bearer": {"list": []}}})];
    *world.card.borrow_mut() = Some(card);
    let card = asked(&world, "1.0").await.json();
    assert_eq!(card["signatures"].as_array().unwrap().len(), 2);
    let signed = world.signed.borrow();
    let holds = |form: &[u8]| String::from_utf8_lossy(form).contains("securityRequirements");
    assert!(holds(&signed[0]) && !holds(&signed[1]));
}

#[tokio::test]
async fn the_tag_outlives_a_signature_and_not_a_key() {
    let world = with_key();
    let first = asked(&world, "1.0").await;
    let again = asked(&world, "1.0").await;
    assert_ne!(first.body, again.body);
    assert_eq!(first.headers["etag"], again.headers["etag"]);
    assert!(first.headers["etag"].to_str().unwrap().starts_with("W/\""));
    *world.card_key.borrow_mut() = Some("key-2");
    assert_ne!(
        first.headers["etag"],
        asked(&world, "1.0").await.headers["etag"]
    );
}

#[tokio::test]
async fn without_a_key_there_are_no_signatures() {
    let world = Rc::new(World::default());
    assert!(
        asked(&world, "1.0")
            .await
            .json()
            .get("signatures")
            .is_none()
    );
}

#[tokio::test]
async fn the_extended_card_is_signed_too() {
    let world = with_key();
    let mut card = puppet_card();
    card.capabilities.extended_agent_card = Some(true);
    *world.card.borrow_mut() = Some(card.clone());
    *world.extended_card.borrow_mut() = Some(card);
    let answer = rpc(&world, "GetExtendedAgentCard", json!({})).await;
    assert_eq!(answer["result"]["signatures"][0]["protected"], "key-1");
}
