use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use thiserror::Error;

use super::policy::Refusal;
use super::{Outbound, failure};

/// Why a call of the host brought no response. Neither text shows more of the URL than its host.
#[derive(Debug, Error)]
pub enum CallError {
    /// The policy does not allow it; the text names what would.
    #[error("{0}")]
    Refused(String),
    /// The other side could not be reached, or broke off.
    #[error("{0}")]
    Failed(String),
}

impl From<&Refusal> for CallError {
    fn from(refusal: &Refusal) -> Self {
        Self::Refused(refusal.to_string())
    }
}

impl Outbound {
    /// Sends a request of the host itself, under the same policy and over the same connections as
    /// those of a component. Redirects are not followed. The caller bounds the time.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Incoming>, CallError> {
        self.policy
            .check_url(request.uri())
            .map_err(|refusal| CallError::from(&refusal))?;
        let request = request.map(|body| {
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync()
        });
        self.client
            .request(request)
            .await
            .map_err(|error| match failure::refusal(&error) {
                Some(refusal) => refusal.into(),
                None => CallError::Failed(failure::describe(&error)),
            })
    }
}
