mod browsers;
mod caching;
mod forms;
mod security;
mod signing;

use std::rc::Rc;

use serde_json::json;

use super::*;

const PATH: &str = "/.well-known/agent-card.json";

#[tokio::test]
async fn the_card_names_where_it_was_asked_for() {
    let world = Rc::new(World::default());
    let card = ask(&world, get(PATH)).await.json();
    assert_eq!(card["name"], "Puppet");
    let expected = json!([
        {"url": "http://agent.test/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        {"url": "http://agent.test", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
        {"url": "agent.test:80", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
    ]);
    assert_eq!(card["supportedInterfaces"], expected);
    assert_eq!(card["capabilities"]["streaming"], true);
    assert_eq!(card["capabilities"]["pushNotifications"], true);
}

#[tokio::test]
async fn grpc_is_declared_only_where_it_can_be_reached() {
    let world = Rc::new(World::default());
    let declared = async || {
        let card = ask(&world, get(PATH)).await.json();
        let interfaces = card["supportedInterfaces"].as_array().unwrap().clone();
        interfaces
            .iter()
            .find(|i| i["protocolBinding"] == "GRPC")
            .map(|i| i["url"].as_str().unwrap().to_owned())
    };
    let set = |key: &str, value: &str| {
        let mut config = world.config.borrow_mut();
        config.insert(key.to_owned(), value.to_owned());
    };
    set("attache_public_url", "https://a.example");
    assert_eq!(declared().await.as_deref(), Some("a.example:443"));
    set("attache_public_url", "https://a.example/agents/a");
    assert_eq!(declared().await, None, "a call has no room for a path");
    set("attache_public_url", "https://a.example");
    set("attache_grpc", "off");
    assert_eq!(declared().await, None);
}

#[tokio::test]
async fn a_public_url_with_a_path_serves_with_and_without_it() {
    let world = Rc::new(World::default());
    let url = "https://example.com/agents/a".to_owned();
    world
        .config
        .borrow_mut()
        .insert("attache_public_url".to_owned(), url);
    let card = ask(&world, get(PATH)).await.json();
    assert_eq!(
        card["supportedInterfaces"][0]["url"],
        "https://example.com/agents/a/"
    );
    for path in ["/tasks", "/agents/a/tasks"] {
        assert_eq!(ask(&world, get(path)).await.json()["totalSize"], 0);
    }
}

#[tokio::test]
async fn a_wrong_card_is_an_error_with_the_fields_name() {
    let world = Rc::new(World::default());
    let mut card = puppet_card();
    card.security_schemes = json!({"google": {"oauth2SecurityScheme": {"flows": {
        "authorizationCode": {"authorizationUrl": "https://g.example/auth", "scopes": {}},
    }}}})
    .as_object()
    .cloned()
    .unwrap();
    *world.card.borrow_mut() = Some(card);
    let refused = ask(&world, get(PATH)).await;
    assert_eq!(refused.status, 500);
    let error = &refused.json()["error"];
    assert_eq!(
        error["message"],
        "The agent's card is not valid: securitySchemes.google.oauth2SecurityScheme.flows.\
         authorizationCode.tokenUrl is required."
    );
    assert_eq!(error["details"][0]["reason"], "INVALID_AGENT_RESPONSE");
}

struct Strict;
impl Agent for Strict {
    fn card(&self) -> AgentCard {
        let mut card = puppet_card();
        card.capabilities.streaming = Some(false);
        card.capabilities.extensions[0].required = true;
        card
    }
    async fn run(&self, _: &mut Context) -> Result<Outcome, Failure> {
        Ok(Outcome::completed())
    }
}

#[tokio::test]
async fn what_the_card_says_is_enforced() {
    let world = Rc::new(World::default());
    let ask = async |method: &str, extensions: &str| {
        let params = json!({"message": message("m1", "x"), "id": "t"});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut request = post("/", body.to_string());
        request
            .headers_mut()
            .insert("a2a-extensions", extensions.parse().unwrap());
        finish(
            Server::new(Strict, Memory::new(&world))
                .handle(request)
                .await,
        )
        .await
        .json()
    };
    assert_eq!(
        ask("SendStreamingMessage", "").await["error"]["code"],
        -32004
    );
    assert_eq!(ask("SubscribeToTask", "").await["error"]["code"], -32004);
    assert_eq!(
        ask("SendMessage", "urn:other").await["error"]["code"],
        -32008
    );
    let sent = ask("SendMessage", "urn:other, urn:optional").await;
    assert_eq!(
        sent["result"]["task"]["status"]["state"],
        "TASK_STATE_COMPLETED"
    );
}
