use super::*;

const SECURITY: &str = r#"{
    "securitySchemes": {
        "google": {"openIdConnectSecurityScheme": {"openIdConnectUrl": "https://g.example/oidc"}},
        "apiKey": {"apiKeySecurityScheme": {"location": "header", "name": "X-API-Key"}}
    },
    "securityRequirements": [
        {"schemes": {"google": {"list": ["openid"]}}},
        {"schemes": {"apiKey": {}}}
    ]
}"#;

/// A card with a security of its own, of which the host knows one scheme.
fn declaring() -> AgentCard {
    let mut card = puppet_card();
    card.security_schemes = json!({
        "google": {"httpAuthSecurityScheme": {"scheme": "Bearer"}},
        "own": {"mtlsSecurityScheme": {}},
    })
    .as_object()
    .cloned()
    .unwrap();
    card.security_requirements = vec![json!({"schemes": {"own": {}}})];
    card.skills[0].security_requirements = vec![
        json!({"schemes": {"own": {}}}),
        json!({"schemes": {"google": {"list": ["more"]}}}),
    ];
    card
}

fn world(security: &str) -> Rc<World> {
    let world = Rc::new(World::default());
    *world.card.borrow_mut() = Some(declaring());
    let setting = ("attache_security".to_owned(), security.to_owned());
    world.config.borrow_mut().extend([setting]);
    world
}

async fn served(world: &Rc<World>, version: &str) -> Value {
    let mut request = get(PATH);
    let value = version.parse().unwrap();
    request.headers_mut().insert("a2a-version", value);
    ask(world, request).await.json()
}

#[tokio::test]
async fn the_card_says_what_the_host_asks_of_callers() {
    let expected: Value = serde_json::from_str(SECURITY).unwrap();
    let world = world(SECURITY);
    let card = served(&world, "1.0").await;
    for name in ["securitySchemes", "securityRequirements"] {
        assert_eq!(card[name], expected[name]);
    }
    let of_skill = json!([{"schemes": {"google": {"list": ["more"]}}}]);
    assert_eq!(card["skills"][0]["securityRequirements"], of_skill);

    let both = served(&world, "").await;
    assert_eq!(both["securitySchemes"]["apiKey"]["type"], "apiKey");
    assert_eq!(both["securitySchemes"]["google"]["type"], "openIdConnect");
    assert!(both["securitySchemes"].get("own").is_none());
    let old = json!([{"google": ["openid"]}, {"apiKey": []}]);
    assert_eq!(both["security"], old);
    assert_eq!(
        both["securityRequirements"],
        expected["securityRequirements"]
    );
}

#[tokio::test]
async fn without_a_word_of_the_host_the_agent_s_own_stays() {
    for absent in ["", " "] {
        let card = served(&world(absent), "1.0").await;
        assert_eq!(
            card["securitySchemes"]["own"],
            json!({"mtlsSecurityScheme": {}})
        );
        assert_eq!(
            card["securityRequirements"],
            json!([{"schemes": {"own": {}}}])
        );
    }
}

#[tokio::test]
async fn what_the_host_says_is_checked_like_the_card() {
    for (wrong, fault) in [
        ("{", "The setting attache_security is not"),
        (r#"{"securitySchemes": {}}"#, "securityRequirements"),
        (
            r#"{"securitySchemes": {}, "securityRequirements": [{"schemes": {"a": {}}}]}"#,
            "securityRequirements[0].schemes.a is not declared",
        ),
    ] {
        let answer = ask(&world(wrong), get(PATH)).await;
        assert_eq!(answer.status, 500, "{wrong}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(fault), "{message}");
    }
}

#[tokio::test]
async fn the_extended_card_asks_no_less() {
    let world = world(SECURITY);
    let mut card = puppet_card();
    card.capabilities.extended_agent_card = Some(true);
    *world.card.borrow_mut() = Some(card.clone());
    *world.extended_card.borrow_mut() = Some(card);
    let refused = ask(&world, get("/extendedAgentCard")).await;
    assert_eq!(
        refused.status, 401,
        "the public card of the agent has no scheme"
    );

    *world.caller.borrow_mut() = Some(Caller {
        issuer: "test".to_owned(),
        subject: "friend".to_owned(),
        email: None,
        scopes: Vec::new(),
    });
    let extended = ask(&world, get("/extendedAgentCard")).await.json();
    let expected: Value = serde_json::from_str(SECURITY).unwrap();
    assert_eq!(extended["securitySchemes"], expected["securitySchemes"]);
}
