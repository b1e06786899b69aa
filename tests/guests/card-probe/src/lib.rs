//! An agent whose card is the JSON of the config key `card`, so that tests can see what becomes of
//! any card. Without the key its card is wrong.

use attache_sdk::bindings::wasi::config::store;
use attache_sdk::{Agent, AgentCard, Context, Failure, Outcome, json};

struct CardProbe;

impl Agent for CardProbe {
    fn card(&self) -> AgentCard {
        let card = store::get("card").ok().flatten().unwrap_or_default();
        serde_json::from_str(&card).unwrap_or_else(|_| wrong())
    }

    async fn run(&self, _: &mut Context) -> Result<Outcome, Failure> {
        Ok(Outcome::completed())
    }
}

/// A card that lacks what OAuth cannot do without.
fn wrong() -> AgentCard {
    let mut card = AgentCard::new("Card probe", "Shows a card.", "1.0.0").skill(
        attache_sdk::AgentSkill::new("show", "Show", "Shows a card.", &["card"]),
    );
    card.security_schemes.insert(
        "google".to_owned(),
        json!({"oauth2SecurityScheme": {"flows": {"authorizationCode": {
            "authorizationUrl": "https://accounts.example.com/auth",
            "scopes": {"openid": "Who you are"},
        }}}}),
    );
    card
}

attache_sdk::export!(CardProbe);
