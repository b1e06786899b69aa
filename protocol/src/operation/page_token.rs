//! Page tokens: where the page before ended, in a form that clients pass on unread.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;

pub(super) fn print(position: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

/// The position that `read` finds in a token; none for the empty token, which asks for the first page.
pub(super) fn parse<T>(
    token: &str,
    read: impl FnOnce(String) -> Option<T>,
) -> Result<Option<T>, Error> {
    if token.is_empty() {
        return Ok(None);
    }
    let position = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(read);
    position.map(Some).ok_or_else(|| {
        Error::field(
            "pageToken",
            "is not a token of this agent; take nextPageToken of the page before",
        )
    })
}
