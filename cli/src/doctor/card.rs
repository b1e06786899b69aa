//! Where the card says that the agent is.

use std::time::Duration;

use serde_json::Value;
use url::{Host, Url};

use super::Subject;
use super::finding::Finding;
use super::subject::text;

const CHECK: &str = "card";
const PATH: &str = "/.well-known/agent-card.json";
/// Of a card, in bytes.
const LIMIT: usize = 1 << 20;

/// The card of the service, with an identity token where Cloud Run wants one.
pub(super) async fn fetch(subject: &Subject, through: Option<&Url>) -> Result<Value, Finding> {
    let unknown = |why: String, mend: &str| {
        Finding::unknown(
            CHECK,
            format!("the card cannot be read: {why}"),
            mend.to_owned(),
        )
    };
    let wrong = |why: String| {
        Finding::error(
            CHECK,
            format!("the card cannot be read: {why}"),
            logs(subject),
        )
    };
    let own = subject.urls().first().and_then(|url| Url::parse(url).ok());
    let Some(base) = through.cloned().or(own) else {
        return Err(wrong("the service has no URL".to_owned()));
    };
    let url = format!("{}{PATH}", base.as_str().trim_end_matches('/'));
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(15))
        .build()
        .map_err(|why| unknown(why.to_string(), ""))?;
    let reach =
        "attache doctor --through=http://localhost:8080, while gcloud run services proxy runs";
    let unreachable =
        |why: reqwest::Error| unknown(format!("{url} cannot be reached ({why})"), reach);
    let mut answer = http.get(&url).send().await.map_err(unreachable)?;
    if matches!(answer.status().as_u16(), 401 | 403) && through.is_none() {
        // The service's own address, as Cloud Run says it: the token goes nowhere else.
        let audience = base.origin().ascii_serialization();
        let token = subject.google.id_token(&audience).await;
        let token =
            token.map_err(|why| unknown(why.to_string(), why.what_helps().unwrap_or(reach)))?;
        let request = http.get(&url).bearer_auth(token.reveal());
        answer = request.send().await.map_err(unreachable)?;
    }
    match answer.status().as_u16() {
        200 => {}
        401 | 403 => return Err(unknown(format!("{url} refuses you"), reach)),
        status => return Err(wrong(format!("{url} answers with HTTP status {status}"))),
    }
    let bytes = answer.bytes().await.map_err(unreachable)?;
    if bytes.len() > LIMIT {
        return Err(wrong(format!("{url} answers with more than {LIMIT} bytes")));
    }
    let card: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    match card.is_object() {
        true => Ok(card),
        false => Err(wrong(format!("what {url} answers is no card"))),
    }
}

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let card = match &subject.card {
        Ok(card) => card,
        Err(finding) => return vec![finding.clone()],
    };
    let interfaces = card.get("supportedInterfaces").and_then(Value::as_array);
    let interfaces = interfaces
        .into_iter()
        .flatten()
        .map(|one| text(one, "/url"));
    let mut urls: Vec<_> = interfaces
        .chain([text(card, "/url")])
        .filter(|url| !url.is_empty())
        .collect();
    urls.sort_unstable();
    urls.dedup();
    let mut found: Vec<Finding> = urls.iter().filter_map(|url| of_url(subject, url)).collect();
    // All of them come from one setting.
    found.truncate(1);
    if urls.is_empty() {
        let sentence = "the card says nowhere that the agent is reached";
        found.push(Finding::error(CHECK, sentence, public_url(subject)));
    }
    if subject.gemini_enterprise.is_some() && text(card, "/url").is_empty() {
        let sentence =
            "the card is in the form of A2A 1.0 alone, and Gemini Enterprise reads that of 0.3";
        found.push(Finding::warning(
            CHECK,
            sentence,
            subject.update("--update-env-vars=ATTACHE_CARD=negotiated"),
        ));
    }
    found
}

fn of_url(subject: &Subject, url: &str) -> Option<Finding> {
    let own = subject.urls();
    let mend = public_url(subject);
    let Ok(parsed) = Url::parse(url) else {
        return Some(Finding::error(
            CHECK,
            format!("the card says that the agent is at {url:?}, which is no URL"),
            mend,
        ));
    };
    let is_here = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_private(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => true,
    };
    if is_here || parsed.scheme() != "https" {
        let sentence = format!("the card says that the agent is at {url}, where nobody reaches it");
        return Some(Finding::error(CHECK, sentence, mend));
    }
    let is_own = |own: &&str| Url::parse(own).is_ok_and(|own| own.origin() == parsed.origin());
    let is_default = parsed
        .host_str()
        .is_some_and(|host| host.ends_with(".run.app"));
    if own.iter().any(is_own) {
        let is_off = subject
            .service
            .get("defaultUriDisabled")
            .and_then(Value::as_bool)
            == Some(true);
        return is_off.then(|| {
            let sentence =
                format!("the card says that the agent is at {url}, and that address is turned off");
            Finding::error(CHECK, sentence, subject.update("--default-url"))
        });
    }
    if is_default {
        let sentence = format!(
            "the card says that the agent is at {url}, which is another service than {}",
            own.join(" and ")
        );
        return Some(Finding::error(CHECK, sentence, mend));
    }
    None
}

fn public_url(subject: &Subject) -> String {
    let url = subject
        .urls()
        .first()
        .copied()
        .unwrap_or("https://SERVICE_URL")
        .to_owned();
    let variable = ["APP_URL", "AGENT_URL"]
        .into_iter()
        .find(|name| subject.has(name));
    let variable = match subject.has("ATTACHE_PUBLIC_URL") {
        true => "ATTACHE_PUBLIC_URL",
        false => variable.unwrap_or("ATTACHE_PUBLIC_URL"),
    };
    subject.update(&format!("--update-env-vars={variable}={url}"))
}

fn logs(subject: &Subject) -> String {
    format!(
        "gcloud logging read 'resource.type=cloud_run_revision AND resource.labels.service_name={}' \
         --project={} --limit=50",
        subject.name, subject.project
    )
}
