//! The card that the service gives, and the URLs in it.

use std::time::Duration;

use serde_json::Value;
use url::{Host, Url};

use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::plan::Step;
use crate::failure::{Exit, Failure};

const PATH: &str = "/.well-known/agent-card.json";
/// Of a card, in bytes.
const LARGEST: usize = 1 << 20;
/// A grant of the right to call takes a while to be known; nobody waits longer for it.
const ATTEMPTS: u32 = 4;

pub(in crate::deploy) fn card(deployment: &Deployment) -> Step {
    let url = deployment
        .url()
        .unwrap_or_else(|| "the service's URL".to_owned());
    Step {
        what: "fetch the agent card".to_owned(),
        why: "clients call the URLs in it".to_owned(),
        lines: Vec::new(),
        calls: Vec::new(),
        check: format!(
            "{url}{PATH} names {}",
            deployment.public_url().unwrap_or(url.clone())
        ),
        action: Action::Card,
    }
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    let deployment = work.deployment;
    if deployment.manifest.service.ingress != "all" {
        work.note(
            "the card is not looked at: the service is not reached from here (ingress)".to_owned(),
        );
        return Ok(Outcome::Skipped);
    }
    let (Some(own), Some(public)) = (deployment.url(), deployment.public_url()) else {
        return Ok(Outcome::Skipped);
    };
    let at = work.served_at().unwrap_or_else(|| own.clone());
    let card_url = format!("{}{PATH}", at.trim_end_matches('/'));
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .map_err(|why| Failure::new(Exit::Software, format!("TLS cannot be set up: {why}")))?;
    let token = if deployment.manifest.service.public {
        None
    } else {
        match work.google.id_token(&own).await {
            Ok(token) => Some(token),
            Err(why) => {
                work.note(format!("the card is not looked at: {why}"));
                return Ok(Outcome::Skipped);
            }
        }
    };
    for attempt in 1..=ATTEMPTS {
        let mut request = http.get(&card_url);
        if let Some(token) = token.as_ref().filter(|_| may_have_a_token(&card_url)) {
            request = request.bearer_auth(token.reveal());
        }
        let answer = request.send().await.map_err(|why| {
            let sentence = format!("{card_url} cannot be fetched: {why}");
            Failure::new(Exit::Unavailable, sentence)
        })?;
        let status = answer.status().as_u16();
        match status {
            200 => return check(&read(answer, &card_url).await?, &card_url, &public),
            401 | 403 if token.is_some() && attempt == ATTEMPTS => {
                work.note(format!(
                    "the card is not looked at: you may not call the service (HTTP {status}). To be able to: \
                     gcloud run services add-iam-policy-binding {} --region={} --project={} \
                     --member=user:YOU --role=roles/run.invoker",
                    deployment.service(),
                    deployment.region(),
                    deployment.project
                ));
                return Ok(Outcome::Skipped);
            }
            401 | 403 | 404 | 429 | 500..=599 if attempt < ATTEMPTS => work.pause(attempt).await,
            _ => {
                let sentence =
                    format!("{card_url} answers with HTTP status {status} instead of a card");
                let remedy = format!(
                    "gcloud run services logs read {} --region={} --project={} --limit=50",
                    deployment.service(),
                    deployment.region(),
                    deployment.project
                );
                return Err(Failure::new(Exit::Wanting, sentence).remedy(remedy));
            }
        }
    }
    Ok(Outcome::Skipped)
}

/// Cloud Run's own hosts, and this machine.
fn may_have_a_token(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    match url.host() {
        Some(Host::Domain(name)) => url.scheme() == "https" && name.ends_with(".run.app"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn read(mut answer: reqwest::Response, url: &str) -> Result<Value, Failure> {
    let odd =
        |why: String| Failure::new(Exit::Wanting, format!("{url} gives no agent card: {why}"));
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|why| odd(why.to_string()))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LARGEST {
            return Err(odd("it is longer than 1 MiB".to_owned()));
        }
    }
    serde_json::from_slice(&bytes).map_err(|why| odd(format!("it is no JSON ({why})")))
}

fn check(card: &Value, at: &str, public: &str) -> Result<Outcome, Failure> {
    let text = |value: &Value| value.get("url").and_then(Value::as_str).map(str::to_owned);
    let interfaces = card.get("supportedInterfaces").and_then(Value::as_array);
    let urls: Vec<_> = interfaces
        .into_iter()
        .flatten()
        .chain([card])
        .filter_map(text)
        .collect();
    let Some(bare) = public.strip_prefix("https://") else {
        return Ok(Outcome::Checked);
    };
    // gRPC's is a host alone.
    let is_ours = |url: &&String| {
        let rest = url.strip_prefix("https://").unwrap_or(url);
        let rest = rest.strip_prefix(bare);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
    };
    if urls.is_empty() {
        return Err(Failure::new(
            Exit::Wanting,
            format!("the card at {at} names no URL"),
        ));
    }
    if let Some(odd) = urls.iter().find(|url| !is_ours(url)) {
        let sentence = format!(
            "the card at {at} names {odd:?}, where clients do not find the agent at {public}"
        );
        return Err(Failure::new(Exit::Wanting, sentence).remedy(
            "If a domain of your own leads to the service, write it as public_url in [service]; else take \
             out what sets the URL inside the image.",
        ));
    }
    Ok(Outcome::Checked)
}
