//! The card that Gemini Enterprise takes: A2A 0.3's shape, as a string, of what it reads.

use std::io::Read as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use reqwest::redirect;
use serde_json::{Map, Value, json};
use url::{Host, Url};

use super::target::{Target, text};
use crate::failure::{Exit, Failure};

const WELL_KNOWN: &str = ".well-known/agent-card.json";
/// Of a card, in bytes.
const LIMIT: usize = 1 << 20;
/// What the Agent Registry takes of a card.
const REGISTRY_LIMIT: usize = 10_000;
/// What Gemini Enterprise reads; the first nine it insists on.
const FIELDS: [&str; 14] = [
    "protocolVersion",
    "name",
    "description",
    "url",
    "version",
    "capabilities",
    "skills",
    "defaultInputModes",
    "defaultOutputModes",
    "preferredTransport",
    "iconUrl",
    "provider",
    "documentationUrl",
    "security",
];
const SKILL: [&str; 7] = [
    "id",
    "name",
    "description",
    "tags",
    "examples",
    "inputModes",
    "outputModes",
];

/// Where a card is.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File(PathBuf),
    Url(Url),
    Stdin,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        match given {
            "-" => Ok(Self::Stdin),
            url if url.contains("://") => {
                let url = Url::parse(url).map_err(|why| why.to_string())?;
                match url.scheme() {
                    "https" | "http" => Ok(Self::Url(url)),
                    other => Err(format!("{other} is no scheme of a card's URL")),
                }
            }
            path => Ok(Self::File(path.into())),
        }
    }
}

impl Source {
    /// The card, as Gemini Enterprise takes it.
    ///
    /// # Errors
    /// It cannot be read, or Gemini Enterprise would refuse it.
    pub(super) async fn read(&self, target: &Target) -> Result<Value, Failure> {
        let (bytes, name) = match self {
            Self::File(path) => (std::fs::read(path), path.display().to_string()),
            Self::Stdin => {
                let mut bytes = Vec::new();
                let limit = u64::try_from(LIMIT + 1).unwrap_or(u64::MAX);
                let read = std::io::stdin().take(limit).read_to_end(&mut bytes);
                (read.map(|_| bytes), "standard input".to_owned())
            }
            Self::Url(url) => (Ok(fetch(url, target).await?), url.to_string()),
        };
        let bytes = bytes.map_err(|why| {
            Failure::new(
                Exit::NoInput,
                format!("the card in {name} cannot be read: {why}"),
            )
        })?;
        if bytes.len() > LIMIT {
            return Err(Failure::new(
                Exit::Data,
                format!("the card in {name} is over {LIMIT} bytes"),
            ));
        }
        let document: Value = serde_json::from_slice(&bytes).map_err(|why| {
            Failure::new(Exit::Data, format!("the card in {name} is no JSON: {why}"))
        })?;
        let card = reduced(&document);
        let faults = faults(&document, &card);
        if !faults.is_empty() {
            let sentence = format!(
                "Gemini Enterprise refuses the card in {name}: {}",
                faults.join("; ")
            );
            return Err(Failure::new(Exit::Data, sentence).remedy(
                "It reads the card of A2A 0.3 (docs/gemini-enterprise.md). An attache host serves that form \
                 too: give the agent's URL instead of a file.",
            ));
        }
        let length = card.to_string().len();
        if length > REGISTRY_LIMIT {
            target.terminal.note(format!(
                "the card has {length} bytes, and the Agent Registry takes {REGISTRY_LIMIT}"
            ));
        }
        if let Self::Url(asked) = self {
            let url = Url::parse(text(&card, "url")).ok();
            if url.is_some_and(|url| url.origin() != asked.origin()) {
                target.terminal.note(format!(
                    "the card says that the agent is at {}, elsewhere than {asked}",
                    text(&card, "url")
                ));
            }
        }
        Ok(card)
    }
}

/// Fetches a card, with an identity token where Cloud Run wants one; it goes to that origin alone.
async fn fetch(given: &Url, target: &Target) -> Result<Vec<u8>, Failure> {
    let mut url = given.clone();
    url.set_query(None);
    if !url.path().ends_with(".json") {
        let path = format!("{}/{WELL_KNOWN}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    let http = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|why| Failure::new(Exit::Software, format!("TLS cannot be set up: {why}")))?;
    let unreachable = |why: reqwest::Error| {
        Failure::new(Exit::Unavailable, format!("{url} cannot be reached: {why}"))
            .remedy("Is the agent served there? attache doctor says more of one on Cloud Run.")
    };
    let mut answer = http.get(url.clone()).send().await.map_err(unreachable)?;
    let is_refused = matches!(answer.status().as_u16(), 401 | 403);
    let is_on_cloud_run = url.scheme() == "https"
        && url
            .host_str()
            .is_some_and(|host| host.ends_with(".run.app"));
    if is_refused && is_on_cloud_run {
        let token = target
            .google
            .id_token(&url.origin().ascii_serialization())
            .await?;
        let request = http.get(url.clone()).bearer_auth(token.reveal());
        answer = request.send().await.map_err(unreachable)?;
    }
    let status = answer.status();
    if !status.is_success() {
        let failure = Failure::new(
            Exit::Data,
            format!("{url} answers with HTTP status {status}"),
        );
        return Err(match status.as_u16() {
            401 | 403 => failure.remedy(
                "The card is only for those who may invoke the service: have roles/run.invoker granted to \
                 you, or give a file that holds the card.",
            ),
            300..=399 => failure.remedy("Give the address to which it sends you."),
            _ => failure.remedy("Give the URL of the agent, or of its card."),
        });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LIMIT {
            break;
        }
    }
    Ok(bytes)
}

/// What Gemini Enterprise reads of a card of 0.3, of 1.0, or of both in one.
fn reduced(document: &Value) -> Value {
    let mut card = Map::new();
    for field in FIELDS {
        if let Some(value) = document.get(field) {
            card.insert(field.to_owned(), value.clone());
        }
    }
    if let Some(url) = url_of_1_0(document) {
        card.entry("url").or_insert(json!(url));
        card.entry("preferredTransport").or_insert(json!("JSONRPC"));
        // A card of 1.0 names its version where it names its URL.
        card.entry("protocolVersion").or_insert(json!("0.3.0"));
    }
    if let Some(Value::Object(capabilities)) = card.get_mut("capabilities") {
        capabilities.remove("extendedAgentCard");
    }
    for skill in card
        .get_mut("skills")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Value::Object(skill) = skill {
            skill.retain(|field, _| SKILL.contains(&field.as_str()));
            skill.entry("tags").or_insert(json!([]));
        }
    }
    // In the order in which people read it.
    let order = |name: &String| FIELDS.iter().position(|field| field == name);
    let mut fields: Vec<_> = card.into_iter().collect();
    fields.sort_by_key(|(name, _)| order(name));
    Value::Object(fields.into_iter().collect())
}

/// The JSON-RPC interface of a 1.0 card, best one that says 0.3.
fn url_of_1_0(document: &Value) -> Option<&str> {
    let interfaces = document.get("supportedInterfaces")?.as_array()?;
    let mut spoken: Vec<_> = interfaces
        .iter()
        .filter(|interface| text(interface, "protocolBinding") == "JSONRPC")
        .filter(|interface| text(interface, "tenant").is_empty())
        .collect();
    spoken.sort_by_key(|interface| !text(interface, "protocolVersion").starts_with("0."));
    spoken.first()?.get("url")?.as_str()
}

/// What Gemini Enterprise refuses, or takes and then cannot call.
fn faults(document: &Value, card: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if !document.is_object() {
        return vec!["it is no object".to_owned()];
    }
    for field in ["protocolVersion", "name", "description", "url", "version"] {
        match card.get(field) {
            Some(Value::String(text)) if !text.is_empty() => {}
            Some(Value::String(_)) => faults.push(format!("{field} is empty")),
            Some(_) => faults.push(format!("{field} is no text")),
            None => faults.push(missing(document, field, "")),
        }
    }
    if !card.get("capabilities").is_some_and(Value::is_object) {
        faults.push(missing(document, "capabilities", ""));
    }
    for field in ["skills", "defaultInputModes", "defaultOutputModes"] {
        if !card.get(field).is_some_and(Value::is_array) {
            faults.push(missing(document, field, ""));
        }
    }
    let skills = card.get("skills").and_then(Value::as_array);
    for (index, skill) in skills.into_iter().flatten().enumerate() {
        for field in ["id", "name", "description"] {
            if text(skill, field).is_empty() {
                faults.push(missing(skill, field, &format!("skills[{index}].")));
            }
        }
    }
    let version = text(card, "protocolVersion");
    if !version.is_empty() && !version.trim_start_matches('v').starts_with("0.") {
        faults.push(format!(
            "protocolVersion is {version:?}, and it speaks 0.3 only"
        ));
    }
    let transport = text(card, "preferredTransport");
    if !matches!(transport, "" | "JSONRPC") {
        faults.push(format!(
            "preferredTransport is {transport:?}, and it calls by JSONRPC only"
        ));
    }
    faults.extend(fault_of_url(text(card, "url")));
    faults
}

/// Python's spelling is the usual reason.
fn missing(document: &Value, field: &str, at: &str) -> String {
    let snake: String = field
        .chars()
        .flat_map(|c| {
            [
                c.is_uppercase().then_some('_'),
                Some(c.to_ascii_lowercase()),
            ]
        })
        .flatten()
        .collect();
    if snake != field && document.get(&snake).is_some() {
        return format!("{at}{snake} has to be spelled {field}");
    }
    format!("{at}{field} is missing")
}

fn fault_of_url(url: &str) -> Option<String> {
    if url.is_empty() {
        return None;
    }
    let Ok(parsed) = Url::parse(url) else {
        return Some(format!("url is {url:?}, which is no URL"));
    };
    let is_here = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_private(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        None => true,
    };
    if is_here {
        return Some(format!(
            "url is {url}, which Google cannot reach; set PUBLIC_URL of the agent"
        ));
    }
    if parsed.scheme() != "https" {
        return Some(format!(
            "url is {url}, and it calls by https only; set PUBLIC_URL of the agent"
        ));
    }
    if parsed.path().contains("/.well-known/") {
        return Some(format!(
            "url is {url}, where the card is: it would be answered with 405; give where the agent is asked"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Value {
        json!({
            "name": "Hello", "description": "d", "version": "1.0.0",
            "supportedInterfaces": [
                {"url": "https://x.run.app/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
                {"url": "https://x.run.app/one", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
                {"url": "https://x.run.app/old", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
            ],
            "capabilities": {"streaming": true, "extendedAgentCard": true},
            "defaultInputModes": ["text/plain"], "defaultOutputModes": ["text/plain"],
            "skills": [{"id": "s", "name": "S", "description": "x", "securityRequirements": []}],
            "signatures": [{}],
        })
    }

    #[test]
    fn a_card_of_1_0_is_given_the_shape_of_0_3() {
        let reduced = reduced(&card());
        assert_eq!(faults(&card(), &reduced), Vec::<String>::new());
        assert_eq!(reduced["url"], "https://x.run.app/old");
        assert_eq!(reduced["protocolVersion"], "0.3.0");
        assert_eq!(reduced["skills"][0]["tags"], json!([]));
        assert_eq!(reduced["capabilities"], json!({"streaming": true}));
        for field in ["signatures", "supportedInterfaces"] {
            assert_eq!(reduced.get(field), None);
        }
    }

    #[test]
    fn what_it_would_refuse_is_said_beforehand() {
        let says = |change: &dyn Fn(&mut Value)| {
            let mut document = reduced(&card());
            change(&mut document);
            faults(&document, &reduced(&document)).join("; ")
        };
        assert!(says(&|c| c["url"] = json!("http://127.0.0.1:8080/")).contains("PUBLIC_URL"));
        assert!(says(&|c| c["url"] = json!("http://a.example/")).contains("https"));
        assert!(
            says(&|c| c["url"] = json!("https://a.example/.well-known/agent-card.json"))
                .contains("405")
        );
        assert!(says(&|c| c["protocolVersion"] = json!("1.0")).contains("0.3 only"));
        assert!(says(&|c| c["preferredTransport"] = json!("GRPC")).contains("JSONRPC"));
        assert!(says(&|c| c["skills"][0]["id"] = json!("")).contains("skills[0].id is missing"));
        let snake = says(&|c| {
            let modes = c
                .as_object_mut()
                .unwrap()
                .remove("defaultInputModes")
                .unwrap();
            c["default_input_modes"] = modes;
        });
        assert!(
            snake.contains("default_input_modes has to be spelled defaultInputModes"),
            "{snake}"
        );
    }
}
