//! Whether Gemini Enterprise has the agent, as it is now.

use serde_json::Value;

use super::Subject;
use super::finding::Finding;
use super::subject::{not_read, text};
use crate::gemini_enterprise::agent::{card_of, last, same, trouble, url_of};
use crate::gemini_enterprise::card::{reduced, takes_other_tokens, takes_tokens_of_users};
use crate::google::{Api, Request};

const CHECK: &str = "registration";

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    let (Some(app), Ok(card)) = (&subject.app, &subject.card) else {
        return Vec::new();
    };
    let served = reduced(card);
    let url = text(&served, "/url");
    let (project, location) = (&app.project, app.location);
    let assistant = format!(
        "projects/{project}/locations/{location}/collections/default_collection/engines/{}/assistants/\
         default_assistant",
        app.name
    );
    let command = |verb: &str, what: &str, more: &str| {
        format!(
            "attache gemini-enterprise {verb} {what} --project={project} --location={location} --app={}{more}",
            app.name
        )
    };
    let own = subject.urls().first().copied().unwrap_or(url);
    let request = Request::get(
        Api::DiscoveryEngine(location),
        format!("v1alpha/{assistant}/agents"),
    );
    let agents = match subject.google.list(&request, "agents").await {
        Ok(agents) => agents,
        Err(error) => return vec![not_read("the agents of Gemini Enterprise", error.into())],
    };
    let found: Vec<_> = agents
        .iter()
        .filter(|agent| same(&url_of(agent), url))
        .collect();
    let agent = match found[..] {
        [] => {
            let sentence = format!("app {} has no agent with the URL {url}", app.name);
            return vec![Finding::error(
                CHECK,
                sentence,
                command("register", own, ""),
            )];
        }
        [agent] => agent,
        [_, other, ..] => {
            let sentence = format!(
                "app {} has {} agents with the URL {url}",
                app.name,
                found.len()
            );
            let mend = command("delete", last(text(other, "/name")), "");
            return vec![Finding::warning(CHECK, sentence, mend)];
        }
    };
    let id = last(text(agent, "/name"));
    let mut findings = Vec::new();
    if let Some((why, helps)) = trouble(agent) {
        let sentence = format!("agent {id} is not there for users: {why}");
        findings.push(Finding::error(CHECK, sentence, helps));
    }
    let kept = card_of(agent);
    if reduced(&kept) != served {
        let sentence =
            format!("agent {id} is registered with another card than the service has now");
        findings.push(Finding::warning(
            CHECK,
            sentence,
            command("register", own, ""),
        ));
    }
    let has_one = agent
        .pointer("/authorizationConfig/agentAuthorization")
        .is_some_and(Value::is_string);
    if takes_tokens_of_users(card) && !has_one {
        let sentence =
            format!("agent {id} takes users' tokens, and has no authorization to get them by");
        let mend = command("update", id, " --authorization=ID");
        findings.push(match takes_other_tokens(card) {
            // It serves Gemini Enterprise, as nobody in particular.
            true => Finding::warning(CHECK, sentence, mend),
            false => Finding::error(CHECK, sentence, mend),
        });
    }
    findings
}
