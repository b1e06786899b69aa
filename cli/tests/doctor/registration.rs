use super::*;

const APP: &str = "projects/my-project/locations/eu/collections/default_collection/engines/app";

/// A service that is well and registered, and what is said after a change of the agent.
fn said_of(change: impl FnOnce(&mut World, &mut Vec<Value>), status: i32) -> Vec<Value> {
    let google = FakeGoogle::start();
    let mut world = well();
    world.card["skills"] = json!([{"id": "s", "name": "S", "description": "x", "tags": []}]);
    world.card["capabilities"]["extendedAgentCard"] = json!(true);
    let app = json!({"name": APP, "displayName": "Work", "appType": "APP_TYPE_INTRANET"});
    google.put("discoveryengine", &format!("v1alpha/{APP}"), app);
    // As it is registered: in the form of 0.3 alone.
    let mut kept = world.card.clone();
    kept.as_object_mut().unwrap().remove("supportedInterfaces");
    kept["capabilities"] = json!({"streaming": true, "pushNotifications": true});
    let agent = |id: u8| {
        json!({
            "name": format!("{APP}/assistants/default_assistant/agents/{id}"),
            "displayName": "Agent", "description": "d", "state": "ENABLED",
            "a2aAgentDefinition": {"jsonAgentCard": kept.to_string()},
        })
    };
    let mut agents = vec![agent(1)];
    agents.push(agent(2));
    agents[1]["a2aAgentDefinition"]["jsonAgentCard"] =
        json!(r#"{"url": "https://other.example/"}"#);
    change(&mut world, &mut agents);
    world.put_into(&google);
    for agent in agents {
        let name = agent["name"].as_str().unwrap().to_owned();
        google.put("discoveryengine", &format!("v1alpha/{name}"), agent);
    }
    let said = examine(&google, status, &["--app=app", "--location=eu"]);
    said["findings"].as_array().unwrap().clone()
}

#[track_caller]
fn is(findings: &[Value], severity: &str, says: &str, mend: &str) {
    assert_eq!(findings.len(), 1, "{findings:#?}");
    let finding = &findings[0];
    assert_eq!(
        (&finding["check"], &finding["severity"]),
        (&json!("registration"), &json!(severity))
    );
    assert!(
        finding["sentence"].as_str().unwrap().contains(says),
        "{finding}"
    );
    assert!(
        finding["mend"].as_str().unwrap().contains(mend),
        "{finding}"
    );
}

#[test]
fn what_gemini_enterprise_keeps_is_what_is_served() {
    assert_eq!(said_of(|_, _| {}, 0), Vec::<Value>::new());
    is(
        &said_of(
            |_, agents| agents[0]["a2aAgentDefinition"]["jsonAgentCard"] = json!("{}"),
            1,
        ),
        "error",
        "has no agent with the URL",
        "attache gemini-enterprise register https://agent-123456789012.us-central1.run.app --project=my-project \
         --location=eu --app=app",
    );
    is(
        &said_of(|world, _| world.card["description"] = json!("new"), 0),
        "warning",
        "another card than the service has now",
        "attache gemini-enterprise register",
    );
    is(
        &said_of(
            |_, agents| {
                agents[0]["state"] = json!("SUSPENDED");
                agents[0]["suspensionReason"] = json!("too loud");
            },
            1,
        ),
        "error",
        "it is suspended (too loud)",
        "resumes it in the console",
    );
    is(
        &said_of(
            |_, agents| {
                let mut second = agents[0].clone();
                second["name"] = json!(format!("{APP}/assistants/default_assistant/agents/3"));
                agents.push(second);
            },
            0,
        ),
        "warning",
        "2 agents with the URL",
        "attache gemini-enterprise delete 3",
    );
}

#[test]
fn an_agent_that_takes_users_tokens_has_an_authorization() {
    let oauth = json!({"user": {"type": "oauth2", "flows": {}}});
    let both = json!({"user": {"type": "oauth2", "flows": {}}, "cloudRunIam": {"type": "http", "scheme": "Bearer"}});
    let with = |schemes: Value| {
        move |world: &mut World, _: &mut Vec<Value>| world.card["securitySchemes"] = schemes
    };
    is(
        &said_of(with(oauth.clone()), 1),
        "error",
        "no authorization",
        "update 1 --project=my-project --location=eu --app=app --authorization=ID",
    );
    is(
        &said_of(with(both), 0),
        "warning",
        "no authorization",
        "--authorization=ID",
    );
    let authorized = said_of(
        |world, agents| {
            world.card["securitySchemes"] = oauth;
            let name = "projects/my-project/locations/eu/authorizations/mail";
            agents[0]["authorizationConfig"] = json!({"agentAuthorization": name});
        },
        0,
    );
    assert_eq!(authorized, Vec::<Value>::new());
}
