//! Reading from elsewhere, under the outbound policy of whoever runs the component.

use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION};
use http::{Request, Uri};
use wstd::http::{Body, Client};

/// How many redirects are followed; each goes through the outbound policy anew.
const REDIRECTS: usize = 3;
const CONNECT: Duration = Duration::from_secs(10);
const FIRST_BYTE: Duration = Duration::from_secs(30);
const BETWEEN_BYTES: Duration = Duration::from_secs(30);

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
    let mut uri = absolute(url)?;
    for _ in 0..=REDIRECTS {
        let url = uri.to_string();
        let unreachable = |reason: String| FetchError::Unreachable {
            url: url.clone(),
            reason,
        };
        let request = Request::get(uri.clone())
            .header("accept", "*/*")
            .body(Body::empty())
            .map_err(|error| unreachable(error.to_string()))?;
        let mut client = Client::new();
        client.set_connect_timeout(CONNECT);
        client.set_first_byte_timeout(FIRST_BYTE);
        client.set_between_bytes_timeout(BETWEEN_BYTES);
        let response = client.send(request).await.map_err(|error| {
            match error.downcast_ref::<wasip2::http::types::ErrorCode>() {
                Some(wasip2::http::types::ErrorCode::HttpRequestDenied) => FetchError::Denied(
                    uri.authority()
                        .map_or_else(String::new, ToString::to_string),
                ),
                Some(code) => unreachable(code.to_string()),
                None => unreachable(error.to_string()),
            }
        })?;
        let status = response.status();
        if status.is_redirection() {
            let location = response
                .headers()
                .get(LOCATION)
                .and_then(|l| l.to_str().ok());
            let location =
                location.ok_or_else(|| unreachable("it redirects nowhere".to_owned()))?;
            uri = relative(&uri, location)?;
            continue;
        }
        if !status.is_success() {
            return Err(FetchError::Status {
                url,
                status: status.as_u16(),
            });
        }
        let media_type = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(|value| {
                value
                    .split(';')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            });
        let bytes = read(response.into_body(), limit)
            .await
            .map_err(|e| match e {
                Some(reason) => unreachable(reason),
                None => FetchError::TooLarge {
                    url: url.clone(),
                    limit,
                },
            })?;
        return Ok(Fetched { media_type, bytes });
    }
    Err(FetchError::Unreachable {
        url: url.to_owned(),
        reason: format!("it redirects more than {REDIRECTS} times"),
    })
}

fn absolute(url: &str) -> Result<Uri, FetchError> {
    let uri: Uri = url.parse().map_err(|_| FetchError::Url(url.to_owned()))?;
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    if !http || uri.authority().is_none_or(|a| a.as_str().contains('@')) {
        return Err(FetchError::Url(url.to_owned()));
    }
    Ok(uri)
}

/// Where a redirect leads. A path alone stays with the same host.
fn relative(from: &Uri, location: &str) -> Result<Uri, FetchError> {
    if !location.starts_with('/') || location.starts_with("//") {
        return absolute(location);
    }
    let base = (from.scheme_str().unwrap_or("https"), from.authority());
    match base {
        (scheme, Some(authority)) => absolute(&format!("{scheme}://{authority}{location}")),
        _ => Err(FetchError::Url(location.to_owned())),
    }
}

/// `None` is "too large".
async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Option<String>> {
    use http_body_util::BodyExt as _;
    let mut bytes = Vec::new();
    let mut body = body.into_boxed_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Some(error.to_string()))?;
        if let Some(chunk) = frame.data_ref() {
            if bytes.len() + chunk.len() > limit {
                return Err(None);
            }
            bytes.extend_from_slice(chunk);
        }
    }
    Ok(bytes)
}
