use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::timeout;

use super::TokenError;
use super::source::text;
use crate::outbound::{Network, Outbound};

/// Someone waits for the request that the token goes with.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: usize = 64 << 10;
/// How much of an error is repeated.
const LONGEST_REASON: usize = 300;

/// What a form leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Asks token services, whose URLs [`endpoint`](super::endpoint::endpoint) has checked.
pub(super) struct Client {
    network: Network,
    /// Made at first use: most processes never ask.
    outbound: OnceLock<Outbound>,
}

impl Client {
    pub(super) fn new(network: Network) -> Self {
        Self {
            network,
            outbound: OnceLock::new(),
        }
    }

    /// Posts a form and returns the JSON that comes back.
    pub(super) async fn post_form(
        &self,
        uri: &Uri,
        fields: &[(&str, &str)],
    ) -> Result<Value, TokenError> {
        let encoded = |text| utf8_percent_encode(text, FORM);
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let form = pairs.collect::<Vec<_>>().join("&");
        let request = Request::post(uri.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into());
        self.post(uri, request).await
    }

    /// Posts JSON in the name of whom `token` belongs to, and returns the JSON that comes back.
    pub(super) async fn post_json(
        &self,
        uri: &Uri,
        token: &str,
        body: &Value,
    ) -> Result<Value, TokenError> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| TokenError::Refused("a token cannot be sent in a header".to_owned()))?;
        authorization.set_sensitive(true);
        let request = Request::post(uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, authorization)
            .body(body.to_string().into());
        self.post(uri, request).await
    }

    async fn post(
        &self,
        uri: &Uri,
        request: http::Result<Request<Bytes>>,
    ) -> Result<Value, TokenError> {
        let host = uri.host().unwrap_or_default();
        let failed = |why: String| TokenError::Refused(format!("{host} gave no token: {why}"));
        let request = request.map_err(|error| failed(error.to_string()))?;
        let answer = async {
            let response = self.outbound().call(request).await;
            let response = response.map_err(|error| error.to_string())?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect();
            let body = body.await.map_err(|error| error.to_string())?.to_bytes();
            let value: Option<Value> = serde_json::from_slice(&body).ok();
            match value {
                Some(value) if status.is_success() => Ok(value),
                // Not quoted: it could hold the token.
                None if status.is_success() => Err("its answer is not JSON".to_owned()),
                value => Err(format!("it answered {status}{}", reason(value.as_ref()))),
            }
        };
        timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
            .map_err(failed)
    }

    /// Google's hosts have private addresses where a network connects to them privately; which hosts
    /// these are was checked with their URLs.
    fn outbound(&self) -> &Outbound {
        self.outbound
            .get_or_init(|| Outbound::of_operator(self.network.clone()))
    }
}

/// What an error says: `error_description` of OAuth, `error.message` of Google's services.
fn reason(answer: Option<&Value>) -> String {
    let said = answer.and_then(|answer| {
        let error = answer.get("error");
        let message = error.and_then(|error| text(error, "message"));
        let oauth = text(answer, "error_description");
        oauth.or(message).or(error.and_then(Value::as_str))
    });
    said.map_or_else(String::new, |said| {
        let said: String = said.chars().take(LONGEST_REASON).collect();
        format!(" ({said:?})")
    })
}
