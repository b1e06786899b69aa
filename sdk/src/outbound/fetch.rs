//! Reading a URL.

use http::Uri;
use http::header::LOCATION;

use super::{Request, SendError};

/// How many redirects are followed; each goes through the outbound policy anew.
const REDIRECTS: usize = 3;

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an absolute `http` or `https` URL.
    #[error("{0:?} is not an http or https URL")]
    Url(String),
    /// The outbound policy does not allow this host.
    #[error(
        "this agent may not reach {0:?}; whoever runs it can allow the host (attache-host \
         --allow-outbound, or allowed_outbound_hosts in spin.toml)"
    )]
    Denied(String),
    /// The other side could not be reached, or broke off.
    #[error("{url:?} cannot be read: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The other side answered with an error.
    #[error("{url:?} answered with HTTP status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// There is more of it than the limit.
    #[error("{url:?} is over the limit of {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The media type that the other side names, without parameters.
    pub media_type: Option<String>,
    /// The body.
    pub bytes: Vec<u8>,
}

/// Reads a URL with GET, up to `limit` bytes.
///
/// # Errors
/// When the policy forbids it, the other side cannot be reached or refuses, or there is too much.
pub async fn fetch(url: &str, limit: usize) -> Result<Fetched, FetchError> {
    let mut next = url.to_owned();
    for _ in 0..=REDIRECTS {
        let url = next;
        let failed = |error| failed(error, &url);
        let request = Request::get(&url).and_then(|request| request.header("accept", "*/*"));
        let request = request.map_err(failed)?;
        let from = request.uri.clone();
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_redirection() {
            let location = response.header(LOCATION.as_str());
            next = relative(&from, location.unwrap_or_default()).ok_or_else(|| {
                FetchError::Unreachable {
                    url: url.clone(),
                    reason: "it redirects nowhere".to_owned(),
                }
            })?;
            continue;
        }
        if !status.is_success() {
            let status = status.as_u16();
            return Err(FetchError::Status { url, status });
        }
        let media_type = response.media_type();
        let bytes = response.bytes(limit).await.map_err(failed)?;
        return Ok(Fetched { media_type, bytes });
    }
    Err(FetchError::Unreachable {
        url: url.to_owned(),
        reason: format!("it redirects more than {REDIRECTS} times"),
    })
}

fn failed(error: SendError, url: &str) -> FetchError {
    let url = url.to_owned();
    match error {
        SendError::Url(_) => FetchError::Url(url),
        SendError::Denied { host } => FetchError::Denied(host),
        SendError::TooLarge { limit, .. } => FetchError::TooLarge { url, limit },
        SendError::Unreachable { reason, .. } => FetchError::Unreachable { url, reason },
        error @ (SendError::Timeout { .. } | SendError::Header(_)) => FetchError::Unreachable {
            url,
            reason: error.to_string(),
        },
    }
}

/// Where a redirect leads. A path alone stays with the same host.
fn relative(from: &Uri, location: &str) -> Option<String> {
    if !location.starts_with('/') || location.starts_with("//") {
        return (!location.is_empty()).then(|| location.to_owned());
    }
    let scheme = from.scheme_str()?;
    Some(format!("{scheme}://{}{location}", from.authority()?))
}
