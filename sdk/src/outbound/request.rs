//! What is asked.

use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;

use super::{Response, SendError};

/// How long the other side may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To take the connection.
    pub connect: Duration,
    /// From then to the head of its answer.
    pub first_byte: Duration,
    /// From any bytes of the answer to the next.
    pub between_bytes: Duration,
    /// For everything, the last byte included.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            between_bytes: Duration::from_secs(30),
            total: Duration::from_secs(300),
        }
    }
}

/// A request. It is sent by [`send`](Self::send), once.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) limits: Limits,
}

impl Request {
    /// A request with this method.
    ///
    /// # Errors
    /// When `url` is no absolute `http` or `https` URL, or holds a user's name.
    pub fn new(method: Method, url: &str) -> Result<Self, SendError> {
        let wrong = || SendError::Url(without_query(url).to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let http = matches!(uri.scheme_str(), Some("http" | "https"));
        if !http || uri.authority().is_none_or(|a| a.as_str().contains('@')) {
            return Err(wrong());
        }
        Ok(Self {
            method,
            uri,
            headers: HeaderMap::new(),
            body: Vec::new(),
            limits: Limits::default(),
        })
    }

    /// A GET.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn get(url: &str) -> Result<Self, SendError> {
        Self::new(Method::GET, url)
    }

    /// A POST.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn post(url: &str) -> Result<Self, SendError> {
        Self::new(Method::POST, url)
    }

    /// Sets a header, instead of any of this name.
    ///
    /// # Errors
    /// When it is none that HTTP has: a line break in a value, say.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, SendError> {
        let wrong = || SendError::Header(name.to_owned());
        let key = HeaderName::try_from(name).map_err(|_| wrong())?;
        let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        self.headers.insert(key, value);
        Ok(self)
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a body of JSON, and its type if none is set. A value that is no JSON, such as a map with keys
    /// that are no strings, is sent as `null`.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        self.body = serde_json::to_vec(body).unwrap_or_else(|_| b"null".to_vec());
        self
    }

    /// Sets how long it may take.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sends it, and returns once the other side has answered with a head. Dropping the future ends the
    /// request.
    ///
    /// # Errors
    /// When the policy forbids it, the other side cannot be reached, or takes too long.
    pub async fn send(self) -> Result<Response, SendError> {
        super::send::send(self).await
    }

    /// The host and port, as errors name it.
    pub(super) fn host(&self) -> String {
        self.uri
            .authority()
            .map_or_else(String::new, ToString::to_string)
    }
}

/// Without headers, body and query.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.host(), self.uri.path())
    }
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_urls_without_a_user_are_taken() {
        for url in [
            "/path",
            "ftp://host/",
            "http://user:word@host/",
            "http://",
            "",
        ] {
            assert!(Request::get(url).is_err(), "{url}");
        }
        let error = Request::get("nonsense?key=secret").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn what_is_shown_holds_no_secret() {
        let request = Request::post("https://host:8443/path?key=secret")
            .unwrap()
            .header("authorization", "Bearer secret")
            .unwrap()
            .body("secret");
        assert_eq!(format!("{request:?}"), "POST host:8443/path");
        let wrong = Request::get("https://host/").unwrap();
        let error = wrong.header("x-key", "secret\n").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn json_says_what_it_is() {
        let request = Request::post("https://host/").unwrap().json(&[1, 2]);
        assert_eq!(request.body, b"[1,2]");
        assert_eq!(request.headers[CONTENT_TYPE], "application/json");
    }
}
