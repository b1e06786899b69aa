use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};

use crate::outbound::{Network, Outbound};

/// A caller waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read.
const LONGEST: usize = 512 << 10;

/// What asks issuers for their keys, and Google for what a token is, as the operator configured them. It
/// follows no redirects. Cheap to clone.
#[derive(Clone)]
pub(super) struct Fetch(Outbound);

pub(super) struct Fetched {
    pub(super) status: StatusCode,
    /// How long it may be kept, where it says so.
    pub(super) max_age: Option<Duration>,
    pub(super) body: Bytes,
}

impl Fetch {
    /// Opens nothing yet.
    pub(super) fn new(network: Network) -> Self {
        Self(Outbound::of_operator(network))
    }

    /// Gets a document. The reason of a failure shows no more of the URL than its host.
    pub(super) async fn get(&self, url: &Uri, bearer: Option<&str>) -> Result<Fetched, String> {
        let host = url.host().unwrap_or_default();
        let fetched = tokio::time::timeout(PATIENCE, self.request(url, bearer)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")));
        fetched.map_err(|why| format!("{host}: {why}"))
    }

    async fn request(&self, url: &Uri, bearer: Option<&str>) -> Result<Fetched, String> {
        let mut request = Request::get(url)
            .header(ACCEPT, "application/json")
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        if let Some(bearer) = bearer {
            let mut value = HeaderValue::try_from(format!("Bearer {bearer}"))
                .map_err(|_| "the token cannot be sent".to_owned())?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let response = self.0.call(request).await;
        let response = response.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let max_age = head.headers.get_all(CACHE_CONTROL).iter().find_map(max_age);
        let body = Limited::new(body, LONGEST).collect().await;
        Ok(Fetched {
            status: head.status,
            max_age,
            body: body.map_err(|error| error.to_string())?.to_bytes(),
        })
    }
}

impl Fetched {
    /// The body of an answer that is one.
    pub(super) fn found(self, host: &str) -> Result<Self, String> {
        if self.status == StatusCode::OK {
            return Ok(self);
        }
        Err(format!("{host}: it answered {}", self.status))
    }
}

fn max_age(value: &HeaderValue) -> Option<Duration> {
    let directives = value.to_str().ok()?.split(',').map(str::trim);
    directives
        .filter_map(|directive| match directive.split_once('=') {
            Some((name, seconds)) if name.eq_ignore_ascii_case("max-age") => {
                seconds.trim_matches('"').parse().ok()
            }
            None if directive.eq_ignore_ascii_case("no-store")
                || directive.eq_ignore_ascii_case("no-cache") =>
            {
                Some(0)
            }
            _ => None,
        })
        .min()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_an_answer_may_be_kept() {
        for (value, seconds) in [
            ("public, max-age=19800, must-revalidate", Some(19_800)),
            ("Max-Age=\"60\"", Some(60)),
            ("no-store, max-age=60", Some(0)),
            ("public", None),
            ("max-age=long", None),
        ] {
            let found = max_age(&HeaderValue::from_static(value));
            assert_eq!(found, seconds.map(Duration::from_secs), "{value}");
        }
    }
}
