//! An agent as Gemini Enterprise keeps it.

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::target::{Target, last, text};
use crate::failure::{Exit, Failure};
use crate::gemini_enterprise::agent::{same, url_of};
use crate::google::{Request, resource_id};

/// Who finds an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Scope {
    /// Everybody who uses the app.
    AllUsers,
    /// Those whom an administrator chooses.
    Restricted,
    /// Who made it.
    Private,
}

impl Scope {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AllUsers => "ALL_USERS",
            Self::Restricted => "RESTRICTED",
            Self::Private => "PRIVATE",
        }
    }
}

/// What an administrator says of an agent beside its card.
#[derive(Debug, Args)]
pub(super) struct Fields {
    /// What users read; the card's name if nothing is given. The assistant chooses agents by it.
    #[arg(long, value_name = "TEXT")]
    pub(super) display_name: Option<String>,

    /// What it is for; the card's description if nothing is given. The assistant chooses agents by it.
    #[arg(long, value_name = "TEXT")]
    pub(super) description: Option<String>,

    /// The authorization by which users let the agent act for them.
    #[arg(long, value_name = "ID")]
    authorization: Option<String>,

    /// Who finds it.
    #[arg(long, value_enum, value_name = "SCOPE")]
    share: Option<Scope>,

    /// The address of its picture.
    #[arg(long, value_name = "URL")]
    icon: Option<url::Url>,

    /// A question to begin with; may be given several times.
    #[arg(long = "starter-prompt", value_name = "TEXT")]
    starter_prompts: Vec<String>,

    /// The language of the texts, such as en-US.
    #[arg(long, value_name = "TAG")]
    language: Option<String>,

    /// Trace and count what it is asked.
    #[arg(long)]
    observability: Option<bool>,
}

impl Fields {
    /// What was given, as the API has it.
    pub(super) fn body(&self, target: &Target) -> Result<Map<String, Value>, Failure> {
        let mut body = Map::new();
        let mut set = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), value);
            }
        };
        set("displayName", self.display_name.as_deref().map(Value::from));
        set("description", self.description.as_deref().map(Value::from));
        set("languageCode", self.language.as_deref().map(Value::from));
        set(
            "icon",
            self.icon.as_ref().map(|icon| json!({"uri": icon.as_str()})),
        );
        set(
            "sharingConfig",
            self.share.map(|scope| json!({"scope": scope.name()})),
        );
        let prompts: Vec<_> = self
            .starter_prompts
            .iter()
            .map(|text| json!({"text": text}))
            .collect();
        set(
            "starterPrompts",
            (!prompts.is_empty()).then(|| prompts.into()),
        );
        set(
            "observabilityConfig",
            self.observability
                .map(|on| json!({"observabilityEnabled": on})),
        );
        if let Some(id) = &self.authorization {
            // The agent gets the user's token in its Authorization header; toolAuthorizations would put it
            // into the body, where A2A has no place for it.
            let name = target.authorization(id)?;
            set(
                "authorizationConfig",
                Some(json!({"agentAuthorization": name})),
            );
        }
        Ok(body)
    }
}

/// The request for all agents.
pub(super) fn list_request(target: &Target, assistant: &str) -> Request {
    Request::get(target.api(), format!("v1alpha/{assistant}/agents"))
}

/// An update of these fields and no others.
pub(super) fn patch_request(target: &Target, name: &str, body: Map<String, Value>) -> Request {
    let mask = body.keys().cloned().collect::<Vec<_>>().join(",");
    Request::patch(target.api(), format!("v1alpha/{name}"), body.into()).query("updateMask", mask)
}

/// The full name of an agent that is given by its ID, its name, or the URL in its card.
pub(super) async fn named(target: &Target, given: &str) -> Result<String, Failure> {
    if given.contains("://") {
        let assistant = target.assistant().await?;
        if target.dry_run {
            let failure = Failure::new(
                Exit::Usage,
                "a dry run asks nobody which agent has this URL",
            );
            return Err(failure.remedy("Give the agent's ID."));
        }
        let agents = target
            .google
            .list(&list_request(target, &assistant), "agents")
            .await?;
        let found: Vec<_> = agents
            .iter()
            .filter(|agent| same(&url_of(agent), given))
            .collect();
        return match found[..] {
            [agent] => Ok(text(agent, "name").to_owned()),
            [] => Err(
                Failure::new(Exit::NoInput, format!("no agent has the URL {given}"))
                    .remedy("Look at what there is: attache gemini-enterprise list"),
            ),
            _ => Err(ambiguous(given, &found)),
        };
    }
    if let Some(name) = given.strip_prefix("projects/") {
        let parts: Vec<_> = name.split('/').collect();
        let is_agent = matches!(
            parts[..],
            [_, "locations", location, "collections", _, "engines", _, "assistants", _, "agents", _]
                if location == target.location.to_string()
        );
        if is_agent && parts.iter().all(|part| resource_id(part).is_ok()) {
            return Ok(given.to_owned());
        }
        let sentence = format!("{given:?} is no name of an agent in {}", target.location);
        return Err(
            Failure::new(Exit::Usage, sentence).remedy("Give --location, or the agent's ID.")
        );
    }
    resource_id(given).map_err(|why| {
        let failure = Failure::new(Exit::Usage, format!("{given:?} is no agent's ID: {why}"));
        failure.remedy("IDs are in attache gemini-enterprise list.")
    })?;
    Ok(format!("{}/agents/{given}", target.assistant().await?))
}

/// Several agents have one URL, which the API allows.
pub(super) fn ambiguous(url: &str, agents: &[&Value]) -> Failure {
    let ids: Vec<_> = agents
        .iter()
        .map(|agent| last(text(agent, "name")))
        .collect();
    Failure::new(Exit::Data, format!("several agents have the URL {url}: {}", ids.join(", "))).remedy(
        "Name one by its ID, and delete those that are too many: attache gemini-enterprise delete ID",
    )
}
