//! Version negotiation (section 3.6): `A2A-Version`, as a header or a query parameter.

use http::Request;

use crate::error::{Error, ErrorKind};

/// The version that this engine speaks.
pub(crate) const SUPPORTED: &str = "1.0";

/// A version of the protocol, as far as it shows beyond the binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V0_3,
    V1_0,
}

impl Version {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V0_3 => "0.3",
            Self::V1_0 => "1.0",
        }
    }
}

/// Checks an operation of 0.3: most of its clients name no version.
pub(crate) fn check_0_3<B>(request: &Request<B>) -> Result<(), Error> {
    let asked = requested(request);
    if asked.is_empty() || is(&asked, "0", "3") {
        return Ok(());
    }
    let message = format!(
        "The request names A2A version {asked:?}, but this is an operation of 0.3. Leave the header \
         A2A-Version out, or use the methods and paths of {SUPPORTED}."
    );
    Err(Error::new(ErrorKind::VersionNotSupported, message)
        .with("requestedVersion", asked)
        .with("supportedVersions", "0.3".to_owned()))
}

/// True when the client names 1.0.
pub(crate) fn is_1_0<B>(request: &Request<B>) -> bool {
    is(&requested(request), "1", "0")
}

/// True for this version with any patch number.
fn is(version: &str, major: &str, minor: &str) -> bool {
    let mut numbers = version.split('.');
    (numbers.next(), numbers.next()) == (Some(major), Some(minor))
        && numbers.all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Checks an operation of 1.0. An absent or empty version means 0.3 (section 3.6.2), which has other
/// methods and paths. The patch number is ignored.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Error> {
    let asked = requested(request);
    if is(&asked, "1", "0") {
        return Ok(());
    }
    let message = if asked.is_empty() {
        format!(
            "The request names no A2A version, which means 0.3, but this is an operation of \
             {SUPPORTED}. Send the header \"A2A-Version: {SUPPORTED}\"."
        )
    } else if is(&asked, "0", "3") {
        format!(
            "The request names A2A version {asked:?}, but this is an operation of {SUPPORTED}. \
             Send \"A2A-Version: {SUPPORTED}\" instead."
        )
    } else {
        format!(
            "A2A version {asked:?} is not spoken here; send \"A2A-Version: {SUPPORTED}\" instead."
        )
    };
    let requested = if asked.is_empty() {
        "0.3".to_owned()
    } else {
        asked
    };
    Err(Error::new(ErrorKind::VersionNotSupported, message)
        .with("requestedVersion", requested)
        .with("supportedVersions", SUPPORTED.to_owned()))
}

/// The version that the client names; empty when it names none.
pub(crate) fn requested<B>(request: &Request<B>) -> String {
    let header = request
        .headers()
        .get("a2a-version")
        .and_then(|v| v.to_str().ok());
    let value = header
        .map(str::trim)
        .filter(|v| !v.is_empty())
        .map(str::to_owned);
    value
        .or_else(|| {
            crate::binding::query_pairs(request.uri().query().unwrap_or_default())
                .find(|(key, _)| key.eq_ignore_ascii_case("a2a-version"))
                .map(|(_, value)| value.trim().to_owned())
        })
        .unwrap_or_default()
}
