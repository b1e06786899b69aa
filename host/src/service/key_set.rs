use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response};

use super::answer::{Answer, to_read};
use super::reply::ReplyBody;

const PATH: &str = "/.well-known/jwks.json";
/// Receivers learn of a new key within this time: it has to be published for so long before it signs.
const CACHE: &str = "public, max-age=300";

/// Publishes the keys that notifications are signed with. Without any the path is the component's.
pub(super) struct KeySet(Option<Bytes>);

impl KeySet {
    pub(super) fn new(keys: Option<Bytes>) -> Self {
        Self(keys)
    }

    /// None when the request is not for it.
    pub(super) fn answer(
        &self,
        method: &Method,
        path: &str,
    ) -> Option<Result<Response<ReplyBody>, Answer>> {
        let keys = self.0.as_ref().filter(|_| path == PATH)?;
        let mut response = Response::new(ReplyBody::of_bytes(keys.clone()));
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/jwk-set+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHE));
        Some(to_read(method, response))
    }
}
