use std::time::Duration;

use http::Uri;

use super::{ConfigError, Platform, parse};

const MODE: &str = "ATTACHE_DISPATCH (--dispatch)";
const QUEUE: &str = "ATTACHE_TASKS_QUEUE (--tasks-queue)";
const SERVICE_ACCOUNT: &str = "ATTACHE_TASKS_SERVICE_ACCOUNT (--tasks-service-account)";
const DEADLINE: &str = "ATTACHE_TASKS_DEADLINE (--tasks-deadline)";
const ENDPOINT: &str = "ATTACHE_CLOUD_TASKS_URL (--cloud-tasks-url)";

/// The longest that Cloud Tasks waits for an answer, and the shortest, in seconds.
const LONGEST_DEADLINE: u64 = 1800;
const SHORTEST_DEADLINE: u64 = 15;

/// Where work goes on after the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dispatching {
    /// In this process.
    Inline {
        /// Nobody chose that, and the platform may take the processor away with the response.
        unchosen: bool,
    },
    /// In a request of its own, which a queue sends.
    CloudTasks(QueueConfig),
}

/// How Cloud Tasks is asked to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// Which queue.
    pub queue: QueueName,
    /// As whom the queue calls; none is whom the process runs as.
    pub service_account: Option<String>,
    /// How long the queue waits for the work to end before it calls again.
    pub deadline: Duration,
    /// Where Cloud Tasks is: scheme and host.
    pub endpoint: String,
}

/// The name of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueName {
    /// `projects/PROJECT/locations/LOCATION/queues/QUEUE`.
    Full(String),
    /// `QUEUE`, in the project and the region that the process runs in.
    Short(String),
}

/// The flags about it, as text.
pub(super) struct Given {
    pub(super) mode: Option<String>,
    pub(super) queue: Option<String>,
    pub(super) service_account: Option<String>,
    pub(super) deadline: Option<String>,
    pub(super) endpoint: Option<String>,
}

pub(super) fn resolve(given: Given, platform: &Platform) -> Result<Dispatching, ConfigError> {
    // All are checked whatever the mode, so that a change of mode meets no surprise.
    let queue = parse::given(given.queue).map(queue).transpose()?;
    let service_account = parse::given(given.service_account)
        .map(service_account)
        .transpose()?;
    let deadline = parse::whole_number(
        DEADLINE,
        given.deadline,
        LONGEST_DEADLINE,
        SHORTEST_DEADLINE,
        LONGEST_DEADLINE,
    )?;
    let endpoint = match parse::given(given.endpoint) {
        None => "https://cloudtasks.googleapis.com".to_owned(),
        Some(url) => endpoint(url)?,
    };
    let by_queue = |queue| {
        Dispatching::CloudTasks(QueueConfig {
            queue,
            service_account,
            deadline: Duration::from_secs(deadline),
            endpoint,
        })
    };
    let mode = parse::given(given.mode).unwrap_or_else(|| "auto".to_owned());
    match (mode.as_str(), queue) {
        ("inline", _) => Ok(Dispatching::Inline { unchosen: false }),
        ("auto", Some(queue)) if platform.is_cloud_run() => Ok(by_queue(queue)),
        ("auto", _) => Ok(Dispatching::Inline {
            unchosen: platform.is_cloud_run(),
        }),
        ("cloud-tasks", Some(queue)) => Ok(by_queue(queue)),
        ("cloud-tasks", None) => Err(ConfigError::missing(
            QUEUE,
            "ATTACHE_DISPATCH is cloud-tasks; give the queue, such as \
             projects/PROJECT/locations/REGION/queues/QUEUE",
        )),
        _ => Err(ConfigError::new(
            MODE,
            mode,
            "give auto, inline or cloud-tasks",
        )),
    }
}

fn queue(name: String) -> Result<QueueName, ConfigError> {
    let parts: Vec<_> = name.split('/').collect();
    match parts.as_slice() {
        [queue] if is_queue(queue) => return Ok(QueueName::Short(name)),
        ["projects", project, "locations", location, "queues", queue]
            if is_part(project) && is_part(location) && is_queue(queue) =>
        {
            return Ok(QueueName::Full(name));
        }
        _ => {}
    }
    Err(ConfigError::new(
        QUEUE,
        name,
        "give projects/PROJECT/locations/REGION/queues/QUEUE, or QUEUE alone for this project and \
         region",
    ))
}

fn is_queue(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Older projects have a domain in their names.
fn is_part(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

fn service_account(email: String) -> Result<String, ConfigError> {
    let is_email = email.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && domain.contains('.') && !domain.contains('@')
    });
    if is_email && email.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(email);
    }
    Err(ConfigError::new(
        SERVICE_ACCOUNT,
        email,
        "give the e-mail address of a service account, such as \
         NAME@PROJECT.iam.gserviceaccount.com",
    ))
}

fn endpoint(url: String) -> Result<String, ConfigError> {
    let is_origin = url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some()
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
    });
    if is_origin && !url.contains(['#', '@']) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    Err(ConfigError::new(
        ENDPOINT,
        url,
        "give a URL without path, such as https://cloudtasks.googleapis.com",
    ))
}
