//! The smaller tables, and what has to fit together across tables.

use clap::ValueEnum as _;

use super::document::Document;
use super::secrets::Secret;
use super::{Manifest, names};
use crate::failure::{Exit, Failure};
use crate::google::Location;

/// Variables that Cloud Run sets.
pub(super) const RESERVED: [&str; 4] = ["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"];

/// Secrets of the host, which do not belong into a file that is shared. It reads them from files too.
pub(super) const SECRET: [&str; 10] = [
    "ATTACHE_API_KEYS",
    "ATTACHE_CARD_KEY",
    "ATTACHE_DATABASE_LISTEN_URL",
    "ATTACHE_PUSH_KEY",
    "DATABASE_URL",
    "DB_PASS",
    "DB_PASSWORD",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENAI_API_KEY",
];

/// Variables that have a key of their own.
const KEYED: [(&str, &str); 21] = [
    ("ATTACHE_AUTH", "auth in [service]"),
    ("ATTACHE_PUBLIC_URL", "public_url in [service]"),
    ("APP_URL", "public_url in [service]"),
    ("AGENT_URL", "public_url in [service]"),
    ("ATTACHE_ALLOW_OUTBOUND", "allow in [egress]"),
    ("ATTACHE_MODEL", "provider and name in [model]"),
    ("ATTACHE_TASKS_QUEUE", "[queue]"),
    ("ATTACHE_TASKS_DEADLINE", "deadline in [queue]"),
    ("ATTACHE_TASKS_SERVICE_ACCOUNT", "account in [service]"),
    ("ATTACHE_DISPATCH", "[queue], or none"),
    ("ATTACHE_DATABASE_POOL", "pool in [database]"),
    ("DB_IAM_AUTH", "login in [database]"),
    ("DB_HOST", "[database]"),
    ("DB_PORT", "port in [database]"),
    ("DB_NAME", "name in [database]"),
    ("DB_USER", "user in [database]"),
    ("GOOGLE_CLOUD_PROJECT", "project in [service]"),
    ("GOOGLE_CLOUD_LOCATION", "location in [model]"),
    ("GOOGLE_GENAI_USE_ENTERPRISE", "provider in [model]"),
    ("GOOGLE_GENAI_USE_VERTEXAI", "provider in [model]"),
    ("OPENAI_BASE_URL", "base_url in [model]"),
];

/// A queue of Cloud Tasks.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    /// Its name, if it is not the service's.
    pub(crate) name: Option<String>,
    /// Where it is, if not where the service is.
    pub(crate) location: Option<String>,
    /// Seconds that a call may take.
    pub(crate) deadline: u32,
    /// Calls until it gives up.
    pub(crate) max_attempts: u32,
    /// Seconds before the second call.
    pub(crate) min_backoff: u32,
    /// Seconds before a later one.
    pub(crate) max_backoff: u32,
    /// Calls at the same time.
    pub(crate) max_concurrent: u32,
    /// Calls in a second.
    pub(crate) max_per_second: u32,
}

/// The model that the agent is given.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// `vertex`, `gemini`, `openai` or `none`.
    pub(crate) provider: &'static str,
    /// Which one.
    pub(crate) name: Option<String>,
    /// Where Vertex AI is asked.
    pub(crate) location: String,
    /// Where it is served, if not at the provider's.
    pub(crate) base_url: Option<String>,
}

/// What goes out.
#[derive(Debug, Clone)]
pub(crate) struct Egress {
    /// Hosts that the component may call.
    pub(crate) allow: Vec<String>,
    /// The VPC network and the subnetwork.
    pub(crate) network: Option<(String, String)>,
    /// Everything goes by the network.
    pub(crate) all_traffic: bool,
}

/// A Gemini Enterprise app.
#[derive(Debug, Clone)]
pub(crate) struct GeminiEnterprise {
    /// Its id.
    pub(crate) app: String,
    /// Where it is.
    pub(crate) location: Location,
    /// The number of its project, if that is another.
    pub(crate) project_number: Option<String>,
}

pub(super) fn env(document: &Document<'_>) -> Result<Vec<(String, String)>, Failure> {
    let env = document.pairs("env", None)?;
    for (name, value) in &env {
        let wrong = |why: &str| Err(document.hushed("env", name, why));
        if !names::is_variable(name) {
            return wrong("a variable's name is letters, digits and _");
        }
        if RESERVED.contains(&name.as_str()) || name.starts_with("X_GOOGLE_") {
            return wrong("Cloud Run sets this variable itself; take it out");
        }
        if SECRET.contains(&name.as_str()) {
            return wrong("it is a secret; say in [secrets] where it is");
        }
        if let Some((_, key)) = KEYED.iter().find(|(known, _)| known == name) {
            return wrong(&format!("say it by {key}"));
        }
        if let Some(key) = name
            .strip_prefix("ATTACHE_CONFIG_")
            .filter(|key| *key != "FILE")
        {
            return wrong(&format!(
                "say it in [config], with {}",
                key.to_ascii_lowercase()
            ));
        }
        if name == "ATTACHE_DRAIN" && value.parse::<f64>().is_ok_and(|drain| drain > 9.0) {
            return wrong("Cloud Run ends the process after 10 seconds; give at most 9");
        }
    }
    Ok(env)
}

pub(super) fn config(document: &Document<'_>) -> Result<Vec<(String, String)>, Failure> {
    let config = document.pairs("config", None)?;
    for (name, _) in &config {
        if !names::is_variable(name) || name.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(document.hushed("config", name, "a key is small letters, digits and _"));
        }
    }
    Ok(config)
}

pub(super) fn queue(document: &Document<'_>) -> Result<Option<Queue>, Failure> {
    const TABLE: &str = "queue";
    if !document.has(TABLE) {
        return Ok(None);
    }
    let name = document.text(TABLE, "name")?;
    let is_name = |name: &str| {
        name.len() <= 100 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        let why = "a queue's name is letters, digits and -, no more than 100";
        return Err(document.wrong(TABLE, "name", why));
    }
    let location = document.text(TABLE, "location")?;
    if location
        .as_deref()
        .is_some_and(|location| !names::is_region(location))
    {
        return Err(document.wrong(TABLE, "location", "give a region, such as us-central1"));
    }
    let number = |name: &str, within, otherwise| {
        Ok::<_, Failure>(document.number(TABLE, name, within)?.unwrap_or(otherwise))
    };
    let (min_backoff, max_backoff) = (
        number("min_backoff", 1..=3600, 2)?,
        number("max_backoff", 1..=3600, 300)?,
    );
    if min_backoff > max_backoff {
        let why = format!("it is more than max_backoff, {max_backoff}");
        return Err(document.wrong(TABLE, "min_backoff", &why));
    }
    Ok(Some(Queue {
        name,
        location,
        deadline: number("deadline", 15..=1800, 1800)?,
        max_attempts: number("max_attempts", 1..=1000, 100)?,
        min_backoff,
        max_backoff,
        max_concurrent: number("max_concurrent", 1..=5000, 100)?,
        max_per_second: number("max_per_second", 1..=500, 50)?,
    }))
}

pub(super) fn model(document: &Document<'_>, secrets: &[Secret]) -> Result<Option<Model>, Failure> {
    const TABLE: &str = "model";
    if !document.has(TABLE) {
        return Ok(None);
    }
    let _ = document.required(TABLE, "provider")?;
    let providers = ["vertex", "gemini", "openai", "none"];
    let provider = document
        .one_of(TABLE, "provider", &providers)?
        .unwrap_or("none");
    let has = |names: &[&str]| secrets.iter().any(|s| names.contains(&s.variable.as_str()));
    let name = document.text(TABLE, "name")?;
    if name
        .as_deref()
        .is_some_and(|name| name.contains(char::is_whitespace))
    {
        return Err(document.wrong(TABLE, "name", "a model's name has no spaces"));
    }
    let base_url = document.text(TABLE, "base_url")?;
    let wrong = |why: &str| Err(document.wrong(TABLE, "provider", why));
    match provider {
        "gemini" if !has(&["GEMINI_API_KEY", "GOOGLE_API_KEY"]) => {
            return wrong("name the key's secret: in [secrets], GEMINI_API_KEY = \"SECRET\"");
        }
        "openai" if name.is_none() => return wrong("say which model, with name"),
        "openai" if base_url.is_none() && !has(&["OPENAI_API_KEY"]) => {
            return wrong(
                "name the key's secret, in [secrets] OPENAI_API_KEY = \"SECRET\", or a server that \
                 wants none, with base_url",
            );
        }
        _ => {}
    }
    if let Some(url) = &base_url {
        let is_url =
            url::Url::parse(url).is_ok_and(|url| url.has_host() && url.scheme() == "https");
        if provider != "openai" || !is_url {
            let why = "it is for openai, and a URL that begins with https://";
            return Err(document.wrong(TABLE, "base_url", why));
        }
    }
    let location = document
        .text(TABLE, "location")?
        .unwrap_or_else(|| "global".to_owned());
    if !matches!(location.as_str(), "global" | "us" | "eu") && !names::is_region(&location) {
        let why = "give global, us, eu, or a region such as us-central1";
        return Err(document.wrong(TABLE, "location", why));
    }
    Ok(Some(Model {
        provider,
        name,
        location,
        base_url,
    }))
}

pub(super) fn egress(document: &Document<'_>, has_database: bool) -> Result<Egress, Failure> {
    const TABLE: &str = "egress";
    let allow = document.texts(TABLE, "allow")?.unwrap_or_default();
    for host in &allow {
        let right = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_:*[]".contains(&b));
        if !right {
            let why = format!(
                "{host:?} is not HOST, HOST:PORT, *.example.com or *, without a scheme and a path"
            );
            return Err(document.wrong(TABLE, "allow", &why));
        }
    }
    let named = |name: &str| match document.text(TABLE, name)? {
        Some(network) if !names::is_label(&network, 63) => {
            Err(document.wrong(TABLE, name, "give its name, such as default"))
        }
        network => Ok(network),
    };
    let (network, subnetwork) = (named("network")?, named("subnetwork")?);
    let network = match (network, subnetwork) {
        (Some(network), Some(subnetwork)) => Some((network, subnetwork)),
        (Some(one), None) => Some((one.clone(), one)),
        (None, Some(_)) => {
            return Err(document.wrong(TABLE, "subnetwork", "say of which network, with network"));
        }
        (None, None) => has_database.then(|| ("default".to_owned(), "default".to_owned())),
    };
    let vpc = document.one_of(TABLE, "vpc", &["private-ranges-only", "all-traffic"])?;
    if vpc.is_some() && network.is_none() {
        return Err(document.wrong(TABLE, "vpc", "say by which network, with network"));
    }
    Ok(Egress {
        allow,
        network,
        all_traffic: vpc == Some("all-traffic"),
    })
}

pub(super) fn gemini_enterprise(
    document: &Document<'_>,
) -> Result<Option<GeminiEnterprise>, Failure> {
    const TABLE: &str = "gemini_enterprise";
    if !document.has(TABLE) {
        return Ok(None);
    }
    let location = document.one_of(TABLE, "location", &["global", "us", "eu"])?;
    Ok(Some(GeminiEnterprise {
        app: document.required(TABLE, "app")?,
        location: location
            .and_then(|word| Location::from_str(word, false).ok())
            .unwrap_or_default(),
        project_number: document.digits(TABLE, "project_number")?,
    }))
}

/// What is right by itself and wrong together.
pub(super) fn check_together(document: &Document<'_>, manifest: &Manifest) -> Result<(), Failure> {
    let service = &manifest.service;
    if let Some(queue) = &manifest.queue
        && queue.deadline > service.timeout
    {
        let why = format!(
            "a call of the queue may take {} s, which is longer; give as much, or a shorter deadline \
             in [queue]",
            queue.deadline
        );
        return Err(document.wrong("service", "timeout", &why));
    }
    if manifest.gemini_enterprise.is_some() && service.ingress != "all" {
        let why = "Gemini Enterprise calls by the internet; write all";
        return Err(document.wrong("service", "ingress", why));
    }
    if manifest.database.is_some() && manifest.secret("DATABASE_URL").is_some() {
        let why = "[database] says where the database is too; keep one";
        return Err(document.hushed("secrets", "DATABASE_URL", why));
    }
    let says = |name: &str| manifest.variable(name).is_some() || manifest.secret(name).is_some();
    let needs: [(&str, &[&str]); 5] = [
        ("google-access-token", &["ATTACHE_GOOGLE_CLIENT_ID"]),
        ("oidc", &["ATTACHE_OIDC_ISSUER"]),
        ("oidc", &["ATTACHE_OIDC_AUDIENCE"]),
        ("iap", &["ATTACHE_IAP_AUDIENCE"]),
        ("api-key", &["ATTACHE_API_KEYS", "ATTACHE_API_KEYS_FILE"]),
    ];
    for (mode, variables) in needs {
        if manifest.knows_by(mode) && !variables.iter().any(|variable| says(variable)) {
            let variable = variables.first().copied().unwrap_or_default();
            let table = if mode == "api-key" { "secrets" } else { "env" };
            return Err(document.wrong(
                "service",
                "auth",
                &format!("{mode} needs {variable} in [{table}]"),
            ));
        }
    }
    for (name, _) in &manifest.env {
        if let Some(secret) = manifest.secrets.iter().find(|s| s.set_variable() == *name) {
            let why = format!("[secrets] sets it too, for {}; keep one", secret.variable);
            return Err(document.hushed("env", name, &why));
        }
    }
    let keyed = ["ATTACHE_TASKS_QUEUE", "ATTACHE_AUTH", "ATTACHE_MODEL"];
    if let Some(secret) = manifest
        .secrets
        .iter()
        .find(|s| keyed.contains(&s.variable.as_str()))
    {
        let why = format!("{} is no secret", secret.variable);
        return Err(Failure::new(Exit::Data, why));
    }
    Ok(())
}
