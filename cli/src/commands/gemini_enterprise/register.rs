//! `attache gemini-enterprise register`.

use clap::Args;
use serde_json::{Map, Value, json};

use super::agent::{self, Fields};
use super::card::Source;
use super::probe;
use super::target::{Target, last, text};
use crate::failure::{Exit, Failure};
use crate::gemini_enterprise::agent as kept;
use crate::google::Request;

/// Gemini Enterprise keeps the card as it is now: register again after a change.
#[derive(Debug, Args)]
pub(super) struct Register {
    /// The card: a file, the URL of the agent, or - for standard input.
    card: Source,

    #[command(flatten)]
    fields: Fields,

    /// Ask the agent afterwards, until it answers.
    #[arg(long)]
    probe: bool,
}

impl Register {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        let read = self.card.read(target).await?;
        let card = read.document;
        let mut body = self.fields.body(target)?;
        for (field, of_card) in [("displayName", "name"), ("description", "description")] {
            body.entry(field)
                .or_insert_with(|| card.get(of_card).cloned().unwrap_or_default());
        }
        body.insert(
            "a2aAgentDefinition".to_owned(),
            json!({"jsonAgentCard": card.to_string()}),
        );
        let assistant = target.assistant().await?;
        let url = text(&card, "url");
        if target.dry_run {
            let list = agent::list_request(target, &assistant).query("pageSize", "100");
            let create = create_request(target, &assistant, body.clone());
            let patch = agent::patch_request(target, &format!("{assistant}/agents/ID"), body);
            return target.show(&[
                (&list, ""),
                (&create, &format!("if no agent has the URL {url}")),
                (&patch, "if one has, with its ID"),
            ]);
        }
        // The API would make a second one. A list that fails says nothing, so it ends the command.
        let agents = target
            .google
            .list(&agent::list_request(target, &assistant), "agents")
            .await?;
        let same: Vec<_> = agents
            .iter()
            .filter(|one| kept::same(&kept::url_of(one), url))
            .collect();
        let (request, done) = match same[..] {
            [] => (create_request(target, &assistant, body), "registered"),
            [one] => (
                agent::patch_request(target, text(one, "name"), body),
                "updated",
            ),
            _ => return Err(agent::ambiguous(url, &same)),
        };
        let changed = target.google.call(&request).await?;
        let request = Request::get(target.api(), format!("v1alpha/{}", text(&changed, "name")));
        let kept = target.google.call(&request).await?;
        target
            .terminal
            .note(format!("{done} {}", text(&kept, "displayName")));
        if let Some((trouble, helps)) = kept::trouble(&kept) {
            let sentence = format!("{} is {done}, but {trouble}", text(&kept, "name"));
            return Err(Failure::new(Exit::Wanting, sentence).remedy(helps));
        }
        let is_private =
            kept.pointer("/sharingConfig/scope").and_then(Value::as_str) != Some("ALL_USERS");
        if is_private {
            target.terminal.note(format!(
                "Not everybody finds it: attache gemini-enterprise share {} all-users",
                last(text(&kept, "name"))
            ));
        }
        let has_authorization = kept
            .pointer("/authorizationConfig/agentAuthorization")
            .is_some();
        if read.takes_tokens_of_users && !has_authorization {
            target.terminal.note(
                "The agent takes users' tokens, and gets none: without an authorization nobody is asked for \
                 consent. Make one with attache gemini-enterprise authorization create, and register again \
                 with --authorization.",
            );
        }
        if self.probe {
            let answer =
                probe::until_it_answers(target, &kept, &probe::Question::default()).await?;
            target
                .terminal
                .result(&json!({"agent": kept, "probe": answer}), |_| {
                    format!(
                        "{}\n  answers        {}",
                        kept::described(&kept),
                        text(&answer, "text")
                    )
                });
        } else {
            target.terminal.result(&kept, kept::described);
        }
        Ok(Exit::Ok)
    }
}

fn create_request(target: &Target, assistant: &str, body: Map<String, Value>) -> Request {
    let path = format!("v1alpha/{assistant}/agents");
    Request::post(target.api(), path, body.into()).makes_a_new_one()
}
