use std::pin::Pin;

use attache_task_store::{PushConfig, Scope};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Uri};

/// The version of the protocol in which the log holds events.
const VERSION: &str = "1.0";
const AGENT: &str = concat!("attache/", env!("CARGO_PKG_VERSION"));

/// A notification as a request. A token that signs it has a header of its own, and also stands where
/// receivers look for one unless the client said what belongs there. The error says what is wrong with the webhook, without its secrets.
pub(super) fn request(
    config: &PushConfig,
    body: Vec<u8>,
    signed: Option<&str>,
) -> Result<Request<Bytes>, &'static str> {
    let media_type = if speaks_the_log(config) {
        "application/a2a+json"
    } else {
        "application/json"
    };
    let mut request = Request::post(uri(&config.url)?)
        .header(CONTENT_TYPE, media_type)
        .header("a2a-version", config.protocol_version.as_str())
        .header(USER_AGENT, AGENT);
    if let Some(token) = &config.token {
        let token = secret(token).ok_or("its token cannot be sent in a header")?;
        request = request.header("x-a2a-notification-token", token);
    }
    if let Some(signed) = signed {
        let signed = secret(signed).ok_or("its signature cannot be sent in a header")?;
        request = request.header("x-a2a-notification-jwt", signed);
    }
    let credentials = match &config.authentication {
        Some(given) if !given.credentials.is_empty() => {
            Some(format!("{} {}", given.scheme, given.credentials))
        }
        _ => signed.map(|signed| format!("Bearer {signed}")),
    };
    if let Some(credentials) = credentials {
        let value = secret(&credentials).ok_or("its credentials cannot be sent in a header")?;
        request = request.header(AUTHORIZATION, value);
    }
    request
        .body(Bytes::from(body))
        .map_err(|_| "its URL cannot be called")
}

/// Whether the client of a webhook reads events as the log holds them.
pub(super) fn speaks_the_log(config: &PushConfig) -> bool {
    config.protocol_version == VERSION
}

/// Says a task in the words of an older version of the protocol.
pub trait Translate: Send + Sync {
    /// Calls `worker.notification` in a fresh instance, on behalf of the task's owner: a body that
    /// shows the task as it stands. The error is what the component or the engine said.
    fn notification(
        &self,
        scope: Scope,
        task_id: String,
        protocol_version: String,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + '_>>;
}

/// Where the notification goes: a fragment is the client's own.
fn uri(url: &str) -> Result<Uri, &'static str> {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    url.parse().map_err(|_| "its URL cannot be read")
}

/// Marked, so that nothing on the way shows it.
fn secret(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use attache_task_store::Authentication;

    fn config() -> PushConfig {
        PushConfig {
            id: "1".to_owned(),
            url: "https://example.com/hook?for=me#part".to_owned(),
            token: Some("t0ken".to_owned()),
            authentication: Some(Authentication {
                scheme: "Bearer".to_owned(),
                credentials: "s3cret".to_owned(),
            }),
            protocol_version: "1.0".to_owned(),
        }
    }

    fn event() -> Vec<u8> {
        b"{}".to_vec()
    }

    #[test]
    fn a_notification_carries_the_event_and_who_asked() {
        let request = request(&config(), event(), None).unwrap();
        assert_eq!(request.uri(), "https://example.com/hook?for=me");
        assert_eq!(request.headers()["content-type"], "application/a2a+json");
        assert_eq!(request.headers()["a2a-version"], "1.0");
        assert_eq!(request.headers()["x-a2a-notification-token"], "t0ken");
        assert_eq!(request.headers()["authorization"], "Bearer s3cret");
        assert_eq!(request.body().as_ref(), b"{}");
        assert!(!format!("{request:?}").contains("s3cret"));
    }

    #[test]
    fn no_header_stands_for_what_was_not_given() {
        let mut config = config();
        config.token = None;
        config.authentication.as_mut().unwrap().credentials.clear();
        let request = request(&config, event(), None).unwrap();
        assert!(!request.headers().contains_key("x-a2a-notification-token"));
        assert!(!request.headers().contains_key("authorization"));
    }

    #[test]
    fn a_secret_adds_no_header_of_its_own() {
        let mut config = config();
        config.token = Some("a\r\nx: y".to_owned());
        let error = request(&config, event(), None).unwrap_err();
        assert_eq!(error, "its token cannot be sent in a header");
    }
}
