//! What comes back.

use std::fmt;
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use wasip2::http::types as wasi;
use wasip2::io::streams::{InputStream, StreamError};
use wstd::io::AsyncPollable;

use super::send::Unsent;
use super::{Limits, SendError, within};

/// How much is read at a time.
const CHUNK: u64 = 64 * 1024;

/// An answer whose body is still to be read. Dropping it breaks off the request.
pub struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) host: String,
    pub(super) limits: Limits,
    pub(super) ends: Instant,
    /// None once it has been read to its end.
    pub(super) body: Option<Body>,
}

/// Dropped from the top: a child before its parent.
pub(super) struct Body {
    ready: AsyncPollable,
    stream: InputStream,
    _incoming: wasi::IncomingBody,
    _unsent: Option<Unsent>,
}

impl Body {
    pub(super) fn of(
        response: &wasi::IncomingResponse,
        unsent: Option<Unsent>,
    ) -> Result<Self, ()> {
        let incoming = response.consume()?;
        let stream = incoming.stream()?;
        Ok(Self {
            ready: AsyncPollable::new(stream.subscribe()),
            stream,
            _incoming: incoming,
            _unsent: unsent,
        })
    }
}

impl Response {
    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header as text, if it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type in lower case, without parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        let value = self.header(CONTENT_TYPE.as_str())?;
        let media_type = value.split(';').next().unwrap_or_default();
        Some(media_type.trim().to_ascii_lowercase())
    }

    /// The next bytes, as many as there are, up to 64 KiB; none at the end.
    ///
    /// # Errors
    /// When the other side breaks off or takes too long. After an error there is nothing more.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, SendError> {
        let read = self.read().await;
        if !matches!(read, Ok(Some(_))) {
            self.body = None;
        }
        read
    }

    async fn read(&self) -> Result<Option<Vec<u8>>, SendError> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let limits = &self.limits;
        loop {
            match body.stream.read(CHUNK) {
                Ok(bytes) if !bytes.is_empty() => return Ok(Some(bytes)),
                Ok(_) => {}
                Err(StreamError::Closed) => return Ok(None),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(match wasi::http_error_code(&error) {
                        Some(code) => SendError::of(&code, &self.host, limits.between_bytes),
                        None => SendError::unreachable(&self.host, error.to_debug_string()),
                    });
                }
            }
            let left = self.ends.saturating_duration_since(Instant::now());
            let waited = body.ready.wait_for();
            if within(limits.between_bytes.min(left), waited)
                .await
                .is_none()
            {
                return Err(SendError::Timeout {
                    host: self.host.clone(),
                    waited: if left < limits.between_bytes {
                        limits.total
                    } else {
                        limits.between_bytes
                    },
                });
            }
        }
    }

    /// All of the body.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and when there is more of it than `limit` bytes.
    pub async fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, SendError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if bytes.len() + chunk.len() > limit {
                self.body = None;
                return Err(SendError::TooLarge {
                    host: self.host.clone(),
                    limit,
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Without headers, which may hold secrets.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.status, self.host)
    }
}
