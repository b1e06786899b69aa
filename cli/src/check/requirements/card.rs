//! The agent card.

use attache_protocol::wire::AgentCard;
use reqwest::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde_json::{Value, json};
use url::Url;

use crate::check::agent::Agent;
use crate::check::probe::text;
use crate::check::requirement::requirements;
use crate::check::verdict::{Seen, holds, skipped, wrong};

requirements! {
    "card.found", "8.1", Must, "The card is at /.well-known/agent-card.json", ["CARD-DISC-001"], Card => found;
    "card.fields", "4.4.1", Must, "Every required field is there", ["CARD-STRUCT-001"], Card => fields;
    "card.interfaces", "8.3.1", Must, "Each interface names its URL, binding and version", ["CARD-PROTO-001", "CARD-PROTO-002", "BIND-FIELD-001"], Card => interfaces;
    "card.lint", "4.4", Should, "Nothing in it stops a strict reader", [], Card => lint;
    "card.cache-control", "8.6.1", Should, "Cache-Control with max-age", ["CARD-CACHE-001"], Card => cache_control;
    "card.etag", "8.6.1", Should, "An ETag", ["CARD-CACHE-002"], Card => etag;
    "card.not-modified", "8.6.1", Should, "304 for the ETag that the client has", [], Card => not_modified;
    "card.last-modified", "8.6.1", May, "Last-Modified", ["CARD-CACHE-003"], Card => last_modified;
}

async fn found(agent: &Agent) -> Seen {
    holds(agent.status == 200, || format!("status {}", agent.status))?;
    holds(agent.card.is_object(), || {
        "a body that is no JSON object".to_owned()
    })?;
    let media_type = header(&agent.headers, "content-type");
    holds(media_type.contains("json"), || {
        format!("Content-Type {media_type:?}")
    })?;
    Ok(agent.card_url().to_string())
}

async fn fields(agent: &Agent) -> Seen {
    let card = card(agent)?;
    let mut missing: Vec<_> = ["name", "description", "version"]
        .into_iter()
        .filter(|name| text(card, name).is_empty())
        .map(str::to_owned)
        .collect();
    let lists = [
        "supportedInterfaces",
        "defaultInputModes",
        "defaultOutputModes",
        "skills",
    ];
    missing.extend(
        lists
            .into_iter()
            .filter(|name| list(card, name).next().is_none())
            .map(str::to_owned),
    );
    if !card.get("capabilities").is_some_and(Value::is_object) {
        missing.push("capabilities".to_owned());
    }
    for (index, skill) in list(card, "skills").enumerate() {
        for name in ["id", "name", "description"] {
            if text(skill, name).is_empty() {
                missing.push(format!("skills[{index}].{name}"));
            }
        }
        if list(skill, "tags").next().is_none() {
            missing.push(format!("skills[{index}].tags"));
        }
    }
    holds(missing.is_empty(), || {
        format!("missing or empty: {}", missing.join(", "))
    })?;
    Ok(format!(
        "{} of {}",
        text(card, "name"),
        text(card, "version")
    ))
}

async fn interfaces(agent: &Agent) -> Seen {
    let mut names = Vec::new();
    for (index, interface) in list(card(agent)?, "supportedInterfaces").enumerate() {
        let [url, binding, version] =
            ["url", "protocolBinding", "protocolVersion"].map(|name| text(interface, name));
        let is_reachable = Url::parse(url).is_ok_and(|url| url.has_host())
            || (binding == "GRPC" && url.contains(':'));
        holds(is_reachable, || {
            format!("supportedInterfaces[{index}].url is {url:?}, which no client reaches")
        })?;
        holds(!binding.is_empty() && !version.is_empty(), || {
            format!("supportedInterfaces[{index}] lacks protocolBinding or protocolVersion")
        })?;
        names.push(format!("{binding} {version}"));
    }
    holds(!names.is_empty(), || "no supportedInterfaces".to_owned())?;
    Ok(names.join(", "))
}

async fn lint(agent: &Agent) -> Seen {
    let mut card = card(agent)?.clone();
    // What the lint reserves for the server is the server's here.
    for name in ["supportedInterfaces", "signatures"] {
        if card.get(name).is_some()
            && let Some(card) = card.as_object_mut()
        {
            card.insert(name.to_owned(), json!([]));
        }
    }
    let card: AgentCard = match serde_json::from_value(card) {
        Ok(card) => card,
        Err(error) => return wrong(format!("it cannot be read as a card: {error}")),
    };
    let faults = attache_protocol::lint(&card);
    holds(faults.is_empty(), || faults.join("; "))?;
    Ok("no faults".to_owned())
}

async fn cache_control(agent: &Agent) -> Seen {
    let value = header(&agent.headers, "cache-control");
    holds(value.contains("max-age"), || match value {
        "" => "no Cache-Control".to_owned(),
        value => format!("Cache-Control: {value}"),
    })?;
    Ok(value.to_owned())
}

async fn etag(agent: &Agent) -> Seen {
    let value = header(&agent.headers, "etag");
    holds(!value.is_empty(), || "no ETag".to_owned())?;
    Ok(value.to_owned())
}

async fn last_modified(agent: &Agent) -> Seen {
    let value = header(&agent.headers, "last-modified");
    holds(!value.is_empty(), || "no Last-Modified".to_owned())?;
    Ok(value.to_owned())
}

async fn not_modified(agent: &Agent) -> Seen {
    let Ok(etag) = HeaderValue::from_str(header(&agent.headers, "etag")) else {
        return skipped("the ETag cannot be sent back");
    };
    if etag.is_empty() {
        return skipped("the card has no ETag");
    }
    let mut headers = HeaderMap::new();
    headers.insert(IF_NONE_MATCH, etag);
    match agent.ask_card(headers).await {
        Err(error) => wrong(error),
        Ok(answer) => {
            let status = answer.status().as_u16();
            holds(status == 304, || {
                format!("status {status} for If-None-Match")
            })?;
            Ok("304".to_owned())
        }
    }
}

fn card(agent: &Agent) -> Result<&Value, crate::check::verdict::Ended> {
    if agent.card.is_object() {
        return Ok(&agent.card);
    }
    skipped("there is no card: see card.found")
}

fn list<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}
