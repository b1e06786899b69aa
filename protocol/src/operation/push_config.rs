//! What the four push-notification operations share: the capability, the rules for a webhook, and
//! its two forms.

use http::Uri;

use super::{Call, check_id};
use crate::agent::Agent;
use crate::error::{Error, ErrorKind, Violation};
use crate::log::PushConfig;
use crate::platform::new_id;
use crate::wire::{AuthenticationInfo, TaskPushNotificationConfig};

/// Longer URLs are refused by many servers.
const MAX_URL_BYTES: usize = 2048;
/// Room for a signed token; header lines of more are refused by many servers.
const MAX_SECRET_BYTES: usize = 4096;

impl<A: Agent> Call<A> {
    /// Capabilities are enforced, never only declared (section 3.3.4).
    pub(crate) fn require_push(&self) -> Result<(), Error> {
        if self.card.capabilities.push_notifications == Some(false) {
            return Err(Error::new(
                ErrorKind::PushNotificationNotSupported,
                "This agent sends no push notifications (capabilities.pushNotifications of its \
                 card is false). Stream or poll the task.",
            ));
        }
        Ok(())
    }

    /// Checks a webhook and gives it an id if it has none. `at` is where it stands in the request.
    ///
    /// Whether the address may be reached is asked when something is sent to it: names can come to
    /// mean another address.
    pub(super) fn accept_push(
        &self,
        config: TaskPushNotificationConfig,
        at: &str,
    ) -> Result<PushConfig, Error> {
        let violations = violations(&config, at);
        if !violations.is_empty() {
            return Err(Error::fields(violations));
        }
        Ok(PushConfig {
            id: if config.id.is_empty() {
                new_id(&*self.platform)
            } else {
                config.id
            },
            url: config.url,
            token: Some(config.token).filter(|token| !token.is_empty()),
            authentication: config.authentication.map(|a| (a.scheme, a.credentials)),
            protocol_version: self.version.as_str().to_owned(),
        })
    }
}

/// The wire form of a stored webhook.
pub(super) fn to_wire(
    tenant: &str,
    task_id: &str,
    config: PushConfig,
) -> TaskPushNotificationConfig {
    TaskPushNotificationConfig {
        tenant: tenant.to_owned(),
        id: config.id,
        task_id: task_id.to_owned(),
        url: config.url,
        token: config.token.unwrap_or_default(),
        authentication: config
            .authentication
            .map(|(scheme, credentials)| AuthenticationInfo {
                scheme,
                credentials,
            }),
    }
}

fn violations(config: &TaskPushNotificationConfig, at: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut violation = |field: &str, description: String| {
        violations.push(Violation {
            field: format!("{at}{field}"),
            description,
        });
    };
    if let Err(why) = check_url(&config.url) {
        violation("url", why);
    }
    if let Err(why) = check_id(&config.id) {
        violation("id", why);
    }
    if let Err(why) = check_header(&config.token) {
        violation("token", why);
    }
    if let Some(authentication) = &config.authentication {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if authentication.scheme.is_empty() {
            violation(
                "authentication.scheme",
                "is required: Bearer, Basic or another scheme of HTTP".to_owned(),
            );
        } else if authentication.scheme.len() > 64 || !authentication.scheme.bytes().all(token) {
            violation(
                "authentication.scheme",
                "must be the name of an HTTP authentication scheme, such as Bearer".to_owned(),
            );
        }
        if let Err(why) = check_header(&authentication.credentials) {
            violation("authentication.credentials", why);
        }
    }
    violations
}

fn check_url(url: &str) -> Result<(), String> {
    if url.is_empty() {
        return Err("is required".to_owned());
    }
    if url.len() > MAX_URL_BYTES {
        return Err(format!("must be at most {MAX_URL_BYTES} bytes"));
    }
    let absolute = "must be an absolute http or https URL, such as https://example.com/hook";
    let parsed: Uri = url
        .split('#')
        .next()
        .unwrap_or_default()
        .parse()
        .map_err(|_| absolute.to_owned())?;
    let (Some("http" | "https"), Some(authority)) = (parsed.scheme_str(), parsed.authority())
    else {
        return Err(absolute.to_owned());
    };
    if authority.host().is_empty() {
        return Err(absolute.to_owned());
    }
    if authority.as_str().contains('@') {
        return Err("must not carry a user or a password; use authentication".to_owned());
    }
    Ok(())
}

/// A value that becomes a header: what would end the line could add another header.
fn check_header(value: &str) -> Result<(), String> {
    if value.len() > MAX_SECRET_BYTES {
        return Err(format!("must be at most {MAX_SECRET_BYTES} bytes"));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') || !value.is_ascii() {
        return Err("must be printable ASCII on one line: it becomes a header".to_owned());
    }
    Ok(())
}
