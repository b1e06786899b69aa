//! `[service]`.

use super::document::Document;
use super::names;
use crate::failure::Failure;

const TABLE: &str = "service";
const MODES: [&str; 6] = [
    "none",
    "api-key",
    "oidc",
    "iap",
    "cloud-run-iam",
    "google-access-token",
];
const MEMBERS: [&str; 5] = ["user:", "group:", "serviceAccount:", "domain:", "principal"];

/// The Cloud Run service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Its name.
    pub(crate) name: String,
    /// The project's id, if it is said.
    pub(crate) project: Option<String>,
    /// The project's number, if it is said.
    pub(crate) project_number: Option<String>,
    /// The region.
    pub(crate) region: String,
    /// A service account's name or address.
    pub(crate) account: String,
    /// Cloud Run asks nobody who they are.
    pub(crate) public: bool,
    /// How the agent knows its callers.
    pub(crate) auth: Vec<String>,
    /// Who may call, as IAM's members.
    pub(crate) invokers: Vec<String>,
    /// A URL that is not the service's own.
    pub(crate) public_url: Option<String>,
    /// Which networks reach it.
    pub(crate) ingress: &'static str,
    /// Instances at least.
    pub(crate) min_instances: u32,
    /// Instances at most.
    pub(crate) max_instances: u32,
    /// Requests at the same time in one instance.
    pub(crate) concurrency: u32,
    /// Processors.
    pub(crate) cpu: String,
    /// Memory, as Kubernetes writes it.
    pub(crate) memory: String,
    /// Seconds for a request.
    pub(crate) timeout: u32,
    /// There is a processor between requests.
    pub(crate) by_instance: bool,
    /// End-to-end HTTP/2.
    pub(crate) http2: bool,
    /// Clients come back to the same instance.
    pub(crate) session_affinity: bool,
    /// Labels, in their order.
    pub(crate) labels: Vec<(String, String)>,
}

pub(super) fn read(
    document: &Document<'_>,
    agent: &str,
    has_database: bool,
    has_queue: bool,
) -> Result<Service, Failure> {
    let name = document
        .text(TABLE, "name")?
        .unwrap_or_else(|| agent.to_owned());
    if !names::is_label(&name, 49) {
        let why = "begin with a small letter, and use small letters, digits and -, no more than 49";
        return Err(document.wrong(TABLE, "name", why));
    }
    let project = document.text(TABLE, "project")?;
    if project
        .as_deref()
        .is_some_and(|project| !names::is_project(project))
    {
        return Err(document.wrong(
            TABLE,
            "project",
            "give the project's id, such as my-project",
        ));
    }
    let region = document.required(TABLE, "region")?;
    if !names::is_region(&region) {
        return Err(document.wrong(TABLE, "region", "give a region, such as us-central1"));
    }
    let public = document.flag(TABLE, "public")?.unwrap_or(false);
    let (cpu, memory) = size(document)?;
    let whole_cpu = !cpu.starts_with("0.");
    let concurrency = document.number(TABLE, "concurrency", 1..=1000)?;
    if !whole_cpu && concurrency.unwrap_or(1) > 1 {
        let why = "with less than one processor Cloud Run sends one request at a time; give 1, or cpu = \"1\"";
        return Err(document.wrong(TABLE, "concurrency", why));
    }
    let min_instances = document
        .number(TABLE, "min_instances", 0..=1000)?
        .unwrap_or(0);
    let max_instances = document.number(TABLE, "max_instances", 1..=1000)?;
    // Each would have tasks that the others do not know.
    let max_instances = max_instances.unwrap_or(if has_database { 10 } else { 1 });
    if min_instances > max_instances {
        let why = format!("it is more than max_instances, {max_instances}");
        return Err(document.wrong(TABLE, "min_instances", &why));
    }
    let billing = document.one_of(TABLE, "billing", &["instance", "request"])?;
    let by_instance = billing.map_or(!has_queue, |billing| billing == "instance");
    if by_instance && (!whole_cpu || mebibytes(&memory).is_some_and(|memory| memory < 512)) {
        let name = if whole_cpu { "memory" } else { "cpu" };
        let why = "billing by instance needs a whole processor and 512Mi; give that, or a [queue] and \
                   billing = \"request\"";
        return Err(document.wrong(TABLE, name, why));
    }
    let account = document.text(TABLE, "account")?;
    if account
        .as_deref()
        .is_some_and(|account| !is_account(account))
    {
        let why = "give a name of 6 to 30 small letters, digits and -, or an address that ends with \
                   .iam.gserviceaccount.com";
        return Err(document.wrong(TABLE, "account", why));
    }
    let ingress = ["all", "internal", "internal-and-cloud-load-balancing"];
    Ok(Service {
        account: account.unwrap_or_else(|| account_of(&name)),
        project_number: document.digits(TABLE, "project_number")?,
        auth: auth(document, public)?,
        invokers: invokers(document, public)?,
        public_url: public_url(document)?,
        ingress: document
            .one_of(TABLE, "ingress", &ingress)?
            .unwrap_or("all"),
        concurrency: concurrency.unwrap_or(if whole_cpu { 80 } else { 1 }),
        timeout: document.number(TABLE, "timeout", 1..=3600)?.unwrap_or(3600),
        http2: document.flag(TABLE, "http2")?.unwrap_or(false),
        session_affinity: document.flag(TABLE, "session_affinity")?.unwrap_or(false),
        labels: labels(document)?,
        name,
        project,
        region,
        public,
        min_instances,
        max_instances,
        cpu,
        memory,
        by_instance,
    })
}

/// Service accounts have at least six characters and at most thirty.
fn account_of(service: &str) -> String {
    let mut account: String = service.chars().take(30).collect();
    account.truncate(account.trim_end_matches('-').len());
    if account.len() < 6 {
        format!("{account}-agent")
    } else {
        account
    }
}

fn is_account(account: &str) -> bool {
    match account.split_once('@') {
        Some((name, domain)) => {
            let domain = domain
                .strip_suffix(".gserviceaccount.com")
                .unwrap_or_default();
            !name.is_empty() && domain.split('.').all(|part| names::is_label(part, 63))
        }
        None => account.len() >= 6 && names::is_label(account, 30),
    }
}

fn auth(document: &Document<'_>, public: bool) -> Result<Vec<String>, Failure> {
    let Some(auth) = document.texts(TABLE, "auth")? else {
        if public {
            let why = "Cloud Run lets everybody in, so say whom the agent lets in, with auth";
            return Err(document.wrong(TABLE, "public", why));
        }
        return Ok(vec!["cloud-run-iam".to_owned()]);
    };
    let wrong = |why: String| Err(document.wrong(TABLE, "auth", &why));
    if let Some(odd) = auth.iter().find(|mode| !MODES.contains(&mode.as_str())) {
        return wrong(format!("{odd} is none of {}", MODES.join(", ")));
    }
    if auth.len() > 1 && auth.iter().any(|mode| mode == "none") {
        return wrong("none stands alone".to_owned());
    }
    if public && auth.iter().any(|mode| mode == "cloud-run-iam") {
        return wrong(
            "in a public service anybody can write such a token, for Cloud Run checks none; take \
             public = false, or another mode"
                .to_owned(),
        );
    }
    Ok(auth)
}

fn invokers(document: &Document<'_>, public: bool) -> Result<Vec<String>, Failure> {
    let invokers = document.texts(TABLE, "invokers")?.unwrap_or_default();
    for invoker in &invokers {
        if matches!(invoker.as_str(), "allUsers" | "allAuthenticatedUsers") {
            let why = "for everybody write public = true, and whom the agent lets in with auth";
            return Err(document.wrong(TABLE, "invokers", why));
        }
        let is_member = MEMBERS.iter().any(|kind| {
            invoker
                .strip_prefix(kind)
                .is_some_and(|rest| rest.len() > 2)
        });
        if !is_member || invoker.contains(char::is_whitespace) {
            let why = format!(
                "{invoker} is no member of IAM; write user:ADDRESS, group:ADDRESS, \
                               serviceAccount:ADDRESS or domain:NAME"
            );
            return Err(document.wrong(TABLE, "invokers", &why));
        }
    }
    if public && !invokers.is_empty() {
        let why = "the service is public, so everybody may call it; leave one of the two out";
        return Err(document.wrong(TABLE, "invokers", why));
    }
    Ok(invokers)
}

fn public_url(document: &Document<'_>) -> Result<Option<String>, Failure> {
    let Some(given) = document.text(TABLE, "public_url")? else {
        return Ok(None);
    };
    let wrong = |why: &str| Err(document.wrong(TABLE, "public_url", why));
    let Ok(url) = url::Url::parse(&given) else {
        return wrong("give a URL, such as https://agent.example.com");
    };
    let is_local = matches!(
        url.host_str(),
        None | Some("localhost" | "127.0.0.1" | "0.0.0.0")
    );
    if url.scheme() != "https" || is_local {
        return wrong(
            "clients reach it from elsewhere: give one that begins with https:// and a public name",
        );
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return wrong("give it without a user, a query and a fragment");
    }
    Ok(Some(given.trim_end_matches('/').to_owned()))
}

/// Processors and memory, which Cloud Run gives in certain proportions.
fn size(document: &Document<'_>) -> Result<(String, String), Failure> {
    let cpu = document
        .decimal(TABLE, "cpu")?
        .unwrap_or_else(|| "1".to_owned());
    let memory = document
        .text(TABLE, "memory")?
        .unwrap_or_else(|| "1Gi".to_owned());
    let Some(mebibytes) = mebibytes(&memory) else {
        let why = "give memory as Kubernetes does, such as 512Mi or 1Gi";
        return Err(document.wrong(TABLE, "memory", why));
    };
    let (least, most) = match (cpu.as_str(), cpu.parse::<f64>()) {
        ("1", _) => (128, 4096),
        ("2", _) => (128, 8192),
        ("4", _) => (2048, 16384),
        ("6", _) => (4096, 24576),
        ("8", _) => (4096, 32768),
        (_, Ok(part)) if (0.08..=0.5).contains(&part) => (128, 1024),
        (_, Ok(part)) if (0.5..1.0).contains(&part) => (128, 4096),
        _ => return Err(document.wrong(TABLE, "cpu", "give 0.08 to 1, 2, 4, 6 or 8")),
    };
    if !(least..=most).contains(&mebibytes) {
        let why =
            format!("with cpu {cpu} there may be {least}Mi to {most}Mi; take another cpu, or that");
        return Err(document.wrong(TABLE, "memory", &why));
    }
    Ok((cpu, memory))
}

fn mebibytes(memory: &str) -> Option<u64> {
    let (number, factor) = match memory {
        _ if memory.ends_with("Mi") => (memory.strip_suffix("Mi")?, 1),
        _ => (memory.strip_suffix("Gi")?, 1024),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

fn labels(document: &Document<'_>) -> Result<Vec<(String, String)>, Failure> {
    let labels = document.pairs(TABLE, Some("labels"))?;
    let is_right = |text: &str| {
        text.len() <= 63
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    for (key, value) in &labels {
        if !is_right(key) || !is_right(value) || !key.starts_with(|c: char| c.is_ascii_lowercase())
        {
            let why = "labels are small letters, digits, _ and -, no more than 63, and their names \
                       begin with a letter";
            return Err(document.wrong(TABLE, "labels", why));
        }
    }
    Ok(labels)
}
