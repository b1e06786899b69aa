//! Having the probe call out.

use crate::client::{Answer, Protocol, empty, get, request, send, whole};
use crate::process::Host;

/// A call of the probe, with what it is to do.
pub(crate) struct Call(String);

impl Call {
    pub(crate) fn one(url: &str) -> Self {
        Self(format!("/calls/one?url={}", hex(url)))
    }

    /// One after the other.
    pub(crate) fn many(url: &str, times: usize) -> Self {
        Self(format!("/calls/many?url={}&times={times}", hex(url)))
    }

    pub(crate) fn at_once(url: &str, times: usize) -> Self {
        Self(format!("/calls/at-once?url={}&times={times}", hex(url)))
    }

    pub(crate) fn with(self, name: &str, value: impl std::fmt::Display) -> Self {
        Self(format!("{}&{name}={value}", self.0))
    }

    /// Lines of `name: value`.
    pub(crate) fn headers(self, lines: &str) -> Self {
        self.with("headers", hex(lines))
    }

    pub(crate) async fn from(&self, host: &Host) -> String {
        get(host, &self.0).await.text
    }

    /// In a request that has these headers.
    pub(crate) async fn called_with(&self, host: &Host, headers: &[(&str, &str)]) -> String {
        let mut request = request(host, Protocol::Http1, &self.0);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(empty()).unwrap();
        let response = send(host.address, Protocol::Http1, request).await.unwrap();
        let Answer { text, .. } = whole(response).await;
        text
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
