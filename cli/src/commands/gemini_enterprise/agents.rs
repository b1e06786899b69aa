//! The short commands about agents: `list`, `get`, `delete`, `share`.

use clap::Args;
use serde_json::{Map, json};

use super::agent::{self, Scope};
use super::target::{Target, last, text};
use crate::failure::{Exit, Failure};
use crate::gemini_enterprise::agent as kept;
use crate::google::Request;

pub(super) async fn list(target: &Target) -> Result<Exit, Failure> {
    let assistant = target.assistant().await?;
    let request = agent::list_request(target, &assistant);
    if target.dry_run {
        return target.show(&[(&request, "")]);
    }
    let agents = target.google.list(&request, "agents").await?;
    target.terminal.result(&json!({"agents": agents}), |_| {
        if agents.is_empty() {
            return "no agents".to_owned();
        }
        let width = |field| agents.iter().map(|a| text(a, field).chars().count()).max();
        let (names, states) = (width("displayName"), width("state"));
        let (names, states) = (names.unwrap_or(0), states.unwrap_or(0));
        let line = |one| {
            let (id, name, state) = (
                last(text(one, "name")),
                text(one, "displayName"),
                text(one, "state"),
            );
            format!(
                "{id}  {name:names$}  {state:states$}  {}",
                kept::url_of(one)
            )
        };
        agents.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(Exit::Ok)
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// Its ID, its full name, or the URL in its card.
    agent: String,

    /// Show the card that is kept, and nothing else.
    #[arg(long)]
    card: bool,
}

impl Get {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        let name = agent::named(target, &self.agent).await?;
        let request = Request::get(target.api(), format!("v1alpha/{name}"));
        if target.dry_run {
            return target.show(&[(&request, "")]);
        }
        let found = target.google.call(&request).await?;
        if self.card {
            let shown = |card: &_| serde_json::to_string_pretty(card).unwrap_or_default();
            target.terminal.result(&kept::card_of(&found), shown);
        } else {
            target.terminal.result(&found, kept::described);
        }
        Ok(Exit::Ok)
    }
}

#[derive(Debug, Args)]
pub(super) struct Delete {
    /// Its ID, its full name, or the URL in its card.
    agent: String,
}

impl Delete {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        let name = agent::named(target, &self.agent).await?;
        let request = Request::delete(target.api(), format!("v1alpha/{name}"));
        if target.dry_run {
            return target.show(&[(&request, "")]);
        }
        let operation = target.google.call(&request).await?;
        let what = format!("agent {} to be deleted", last(&name));
        target
            .google
            .wait(target.api(), "v1alpha", operation, &what)
            .await?;
        target.terminal.result(&json!({"deleted": name}), |_| {
            format!("deleted {}", last(&name))
        });
        Ok(Exit::Ok)
    }
}

#[derive(Debug, Args)]
pub(super) struct Share {
    /// Its ID, its full name, or the URL in its card.
    agent: String,

    /// Who finds it.
    #[arg(value_enum, default_value = "all-users")]
    scope: Scope,
}

impl Share {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        let name = agent::named(target, &self.agent).await?;
        // An agent has no IAM policy of its own.
        let scope = json!({"scope": self.scope.name()});
        let body = Map::from_iter([("sharingConfig".to_owned(), scope)]);
        let request = agent::patch_request(target, &name, body);
        if target.dry_run {
            return target.show(&[(&request, "")]);
        }
        let changed = target.google.call(&request).await?;
        target.terminal.result(&changed, kept::described);
        Ok(Exit::Ok)
    }
}
