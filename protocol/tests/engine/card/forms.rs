use super::*;

/// The members of the 1.0 card (section 4.4.1).
const MEMBERS: [&str; 14] = [
    "name",
    "description",
    "supportedInterfaces",
    "provider",
    "version",
    "documentationUrl",
    "capabilities",
    "securitySchemes",
    "securityRequirements",
    "defaultInputModes",
    "defaultOutputModes",
    "skills",
    "signatures",
    "iconUrl",
];

fn rich_card() -> AgentCard {
    let mut card = puppet_card();
    card.security_schemes = json!({
        "bearer": {"httpAuthSecurityScheme": {"scheme": "Bearer", "bearerFormat": "JWT"}},
        "key": {"apiKeySecurityScheme": {"location": "header", "name": "X-Key"}},
        "google": {"oauth2SecurityScheme": {"flows": {"authorizationCode": {
            "authorizationUrl": "https://g.example/auth",
            "tokenUrl": "https://g.example/token",
            "scopes": {"openid": "Who you are"},
            "pkceRequired": true,
        }}}},
    })
    .as_object()
    .cloned()
    .unwrap();
    card.security_requirements = vec![json!({"schemes": {"google": {"list": ["openid"]}}})];
    card.skills[0].security_requirements = vec![json!({"schemes": {"key": {"list": []}}})];
    card
}

async fn card(configured: &str, version: &str, path: &str) -> Value {
    let world = Rc::new(World::default());
    *world.card.borrow_mut() = Some(rich_card());
    let setting = ("attache_card".to_owned(), configured.to_owned());
    world.config.borrow_mut().extend([setting]);
    let mut request = get(path);
    request
        .headers_mut()
        .insert("a2a-version", version.parse().unwrap());
    ask(&world, request).await.json()
}

fn is_pure(card: &Value) -> bool {
    let members = card.as_object().unwrap();
    members.keys().all(|name| MEMBERS.contains(&name.as_str()))
}

#[tokio::test]
async fn the_version_on_the_request_chooses_unless_the_deployment_does() {
    let old = "/.well-known/agent.json";
    for (configured, version, path, pure) in [
        ("", "1.0", PATH, true),
        ("", "1.0.1", PATH, true),
        ("negotiated", "1.0", old, true),
        ("", "", PATH, false),
        ("", "", old, false),
        ("", "0.3", PATH, false),
        ("", "99.0", PATH, true),
        ("pure", "", PATH, true),
        ("pure", "0.3", old, true),
        ("hybrid", "1.0", PATH, false),
        ("sideways", "1.0", PATH, true),
    ] {
        let found = card(configured, version, path).await;
        assert_eq!(is_pure(&found), pure, "{configured} {version} {path}");
        assert_eq!(found["supportedInterfaces"][0]["protocolVersion"], "1.0");
    }
}

#[tokio::test]
async fn the_version_may_come_as_a_parameter() {
    let world = Rc::new(World::default());
    let mut request = get(&format!("{PATH}?A2A-Version=1.0"));
    request.headers_mut().remove("a2a-version");
    assert!(is_pure(&ask(&world, request).await.json()));
}

#[tokio::test]
async fn the_pure_form_names_the_interfaces_of_1_0_only() {
    let pure = card("pure", "", PATH).await;
    let versions: Vec<_> = pure["supportedInterfaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|interface| interface["protocolVersion"].as_str().unwrap())
        .collect();
    assert_eq!(versions, ["1.0", "1.0", "1.0"]);
    assert_eq!(
        pure["skills"][0]["securityRequirements"],
        json!([{"schemes": {"key": {"list": []}}}])
    );
}

#[tokio::test]
async fn the_hybrid_form_is_the_pure_one_and_more() {
    let pure = card("pure", "", PATH).await;
    let hybrid = card("hybrid", "", PATH).await;
    assert_holds(&hybrid, &pure, "card");
    assert_eq!(
        hybrid["supportedInterfaces"].as_array().unwrap()[3..],
        [
            json!({"url": "http://agent.test/", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"}),
            json!({"url": "http://agent.test", "protocolBinding": "HTTP+JSON", "protocolVersion": "0.3"}),
        ]
    );
    assert_eq!(hybrid["protocolVersion"], "0.3.0");
    assert_eq!(hybrid["url"], "http://agent.test/");
    assert_eq!(hybrid["preferredTransport"], "JSONRPC");
    assert_eq!(hybrid["supportsAuthenticatedExtendedCard"], false);
    assert_eq!(
        hybrid["additionalInterfaces"],
        json!([
            {"url": "http://agent.test/", "transport": "JSONRPC"},
            {"url": "http://agent.test", "transport": "HTTP+JSON"},
        ])
    );
    assert_eq!(hybrid["security"], json!([{"google": ["openid"]}]));
    assert_eq!(hybrid["skills"][0]["security"], json!([{"key": []}]));
    let schemes = &hybrid["securitySchemes"];
    assert_eq!(schemes["bearer"]["type"], "http");
    assert_eq!(schemes["bearer"]["scheme"], "Bearer");
    assert_eq!(schemes["key"]["in"], "header");
    assert_eq!(schemes["google"]["type"], "oauth2");
    // Whoever reads the old spelling only misses nothing.
    assert_eq!(
        schemes["google"]["flows"],
        schemes["google"]["oauth2SecurityScheme"]["flows"]
    );
}

/// Everything in `part` is in `whole`, unchanged; lists may go on.
fn assert_holds(whole: &Value, part: &Value, path: &str) {
    match part {
        Value::Object(members) => {
            for (name, value) in members {
                assert_holds(&whole[name], value, &format!("{path}.{name}"));
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                assert_holds(&whole[index], value, &format!("{path}[{index}]"));
            }
        }
        _ => assert_eq!(whole, part, "{path}"),
    }
}
