//! Extensions of the protocol (section 4.6): a client names those that it knows, those of them that
//! the card declares are activated, and the answer says which these are. Unknown ones are ignored.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::wire::AgentCard;

const HEADER: HeaderName = HeaderName::from_static("a2a-extensions");
/// What the header was called until 0.3.
const OLD_HEADER: HeaderName = HeaderName::from_static("x-a2a-extensions");

/// The extensions of one request.
pub(crate) struct Extensions {
    /// Those that both sides know, in the order of the card.
    pub(crate) activated: Vec<String>,
    /// The answer names them under the header that the client used.
    header: HeaderName,
}

impl Extensions {
    pub(crate) fn of(headers: &HeaderMap, card: &AgentCard) -> Self {
        let named: Vec<&str> = [&HEADER, &OLD_HEADER]
            .into_iter()
            .flat_map(|name| headers.get_all(name))
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .collect();
        let declared = card.capabilities.extensions.iter();
        Self {
            activated: declared
                .map(|extension| extension.uri.clone())
                .filter(|uri| named.contains(&uri.as_str()))
                .collect(),
            header: if headers.contains_key(&HEADER) {
                HEADER
            } else {
                OLD_HEADER
            },
        }
    }

    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        if self.activated.is_empty() {
            return;
        }
        // A URI that is no header value is the card's fault, and the client knows what it sent.
        if let Ok(value) = HeaderValue::from_str(&self.activated.join(",")) {
            headers.insert(self.header.clone(), value);
        }
    }
}
