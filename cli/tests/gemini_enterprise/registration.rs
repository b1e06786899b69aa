use super::*;

#[test]
fn a_card_is_registered_once_and_updated_afterwards() {
    let world = world();
    let made = world.register(&["--starter-prompt=Say hello", "--share=restricted"]);
    let card: Value = serde_json::from_str(
        made["a2aAgentDefinition"]["jsonAgentCard"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&card["url"], &card["protocolVersion"]),
        (&json!(URL), &json!("0.3.0"))
    );
    assert_eq!(
        (&made["displayName"], &made["description"]),
        (&json!("Hello"), &json!("Says hello."))
    );
    assert_eq!(made["starterPrompts"], json!([{"text": "Say hello"}]));

    // Enough agents for several pages; ours is on none of the first.
    for number in 0..5 {
        let other = world.google.home.path().join(format!("{number}.json"));
        let url = format!("https://other-{number}.example/");
        std::fs::write(&other, card_at(&url).to_string()).unwrap();
        world.gives(&["register", other.to_str().unwrap()]);
    }
    let again = world.register(&["--display-name=Hello again", "--share=all-users"]);
    assert_eq!(World::id(&again), World::id(&made));
    assert_eq!(again["displayName"], "Hello again");
    assert_eq!(again["sharingConfig"]["scope"], "ALL_USERS");
    assert_eq!(
        again["starterPrompts"], made["starterPrompts"],
        "what is not given stays"
    );
    assert_eq!(
        world.gives(&["list"])["agents"].as_array().unwrap().len(),
        6
    );
    let patch = world
        .google
        .requests()
        .into_iter()
        .find(|r| r["method"] == "PATCH")
        .unwrap();
    let mask = patch["query"]["updateMask"].as_str().unwrap();
    assert_eq!(
        mask,
        "displayName,sharingConfig,description,a2aAgentDefinition"
    );
    assert_eq!(patch["quotaProject"], "my-project");
}

#[test]
fn a_list_that_fails_is_no_reason_to_register_again() {
    let world = world();
    world.register(&[]);
    world.google.script(json!({
        "method": "GET", "path": "/agents$", "status": 403,
        "body": {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}},
    }));
    let (message, remedy) = world.fails(77, &["register", world.card.to_str().unwrap()]);
    assert!(message.contains("PERMISSION_DENIED"), "{message}");
    assert!(
        remedy.contains("roles/discoveryengine.agentspaceAdmin"),
        "{remedy}"
    );
    assert_eq!(world.bodies("POST", "/agents").len(), 1);
}

#[test]
fn what_it_would_refuse_is_not_sent() {
    let world = world();
    std::fs::write(&world.card, card_at("http://localhost:8080/").to_string()).unwrap();
    let (message, _) = world.fails(65, &["register", world.card.to_str().unwrap()]);
    assert!(
        message.contains("http://localhost:8080/, which Google cannot reach"),
        "{message}"
    );
    std::fs::write(&world.card, "{").unwrap();
    let (message, _) = world.fails(65, &["register", world.card.to_str().unwrap()]);
    assert!(message.contains("is no JSON"), "{message}");
    world.fails(66, &["register", "no-such-file.json"]);
    assert_eq!(world.google.calls(), Vec::<String>::new());
}

#[test]
fn an_agent_is_shown_changed_shared_and_deleted() {
    let world = world();
    let id = World::id(&world.register(&[]));
    assert_eq!(world.gives(&["get", &id])["displayName"], "Hello");
    assert_eq!(world.gives(&["get", URL, "--card"])["name"], "Hello");
    assert_eq!(
        world.gives(&[
            "get",
            &format!("{APP}/assistants/default_assistant/agents/{id}")
        ])["state"],
        "ENABLED"
    );
    let changed = world.gives(&["update", &id, "--description=Greets.", "--language=en-US"]);
    assert_eq!(
        (&changed["description"], &changed["displayName"]),
        (&json!("Greets."), &json!("Hello"))
    );
    let (message, _) = world.fails(64, &["update", &id]);
    assert_eq!(message, "nothing to change is given");
    assert_eq!(
        world.gives(&["share", &id])["sharingConfig"]["scope"],
        "ALL_USERS"
    );
    assert_eq!(
        world.gives(&["share", &id, "private"])["sharingConfig"]["scope"],
        "PRIVATE"
    );
    // Deleting takes time; the command ends when it is done.
    let deleted = world.gives(&["delete", &id]);
    assert!(deleted["deleted"].as_str().unwrap().ends_with(&id));
    let polls = world
        .google
        .calls()
        .iter()
        .filter(|call| call.contains("/operations/"))
        .count();
    assert_eq!(polls, 2);
    assert_eq!(world.gives(&["list"])["agents"], json!([]));
    let (message, remedy) = world.fails(65, &["get", &id]);
    assert!(
        message.contains("NOT_FOUND") && remedy.contains("gemini-enterprise list"),
        "{message} {remedy}"
    );
    let (message, _) = world.fails(64, &["get", "../../x"]);
    assert!(message.contains("is no agent's ID"), "{message}");
}

#[test]
fn an_agent_that_could_not_be_made_says_so() {
    let world = world();
    let id = World::id(&world.register(&[]));
    let agent = json!({
        "name": format!("{APP}/assistants/default_assistant/agents/{id}"),
        "displayName": "Hello", "description": "d", "state": "CREATION_FAILED",
        "creationFailureReason": "out of luck",
        "a2aAgentDefinition": {"jsonAgentCard": card_at(URL).to_string()},
    });
    world.google.put(
        "discoveryengine",
        &format!("v1alpha/{}", agent["name"].as_str().unwrap()),
        agent,
    );
    let (message, remedy) = world.fails(1, &["register", world.card.to_str().unwrap()]);
    assert!(
        message.contains("could not be made (out of luck)"),
        "{message}"
    );
    assert!(
        remedy.contains("delete the agent and register it again"),
        "{remedy}"
    );
}

#[test]
fn the_app_is_found_when_there_is_one() {
    let world = world();
    assert_eq!(world.gives(&["apps"])["apps"][0]["displayName"], "Work");
    let other =
        json!({"name": format!("{APP}2"), "displayName": "More", "appType": "APP_TYPE_INTRANET"});
    world
        .google
        .put("discoveryengine", &format!("v1alpha/{APP}2"), other);
    let (message, remedy) = world.fails(64, &["list"]);
    assert!(message.contains("several apps: app, app2"), "{message}");
    assert_eq!(remedy, "Choose one with --app=APP.");
    assert_eq!(world.gives(&["list", "--app=app2"])["agents"], json!([]));
    // One without agents is none.
    let search = json!({"name": format!("{APP}3"), "displayName": "Search"});
    world
        .google
        .put("discoveryengine", &format!("v1alpha/{APP}3"), search);
    let (_, remedy) = world.fails(65, &["list", "--app=app3"]);
    assert!(remedy.contains("APP_TYPE_INTRANET"), "{remedy}");
    let (message, _) = world.fails(66, &["list", "--location=eu"]);
    assert!(
        message.contains("no Gemini Enterprise app in projects/my-project/locations/eu"),
        "{message}"
    );
}

#[test]
fn an_agent_that_takes_users_tokens_is_said_to_get_none() {
    let world = world();
    let mut card = card_at(URL);
    card["securitySchemes"] =
        json!({"google": {"oauth2SecurityScheme": {"flows": {}}, "type": "oauth2"}});
    std::fs::write(&world.card, card.to_string()).unwrap();
    let register = |more: &[&str]| {
        let arguments = [&["register", world.card.to_str().unwrap()][..], more].concat();
        google::ended(&mut world.attache(&arguments), 0).1
    };
    assert!(register(&[]).contains("register again with --authorization"));
    assert!(!register(&["--authorization=mail"]).contains("--authorization"));
    // It is kept, and so there the next time.
    assert!(!register(&[]).contains("--authorization"));
}
