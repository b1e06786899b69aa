//! The one place that turns what went wrong outside into the component's error codes.

use std::error::Error as StdError;
use std::io;

use wasmtime_wasi_http::Error;

use super::policy::Refusal;
use super::resolve::ResolveError;

/// The error code for a request that brought no response.
pub(super) fn of_request(error: &hyper_util::client::legacy::Error) -> Error {
    let causes = || causes(error);
    if refusal(error).is_some() {
        return Error::HttpRequestDenied;
    }
    match find(causes()) {
        Some(ResolveError::Unresolved { reason, .. }) => {
            return Error::DnsError {
                rcode: Some(reason.clone()),
                info_code: None,
            };
        }
        Some(ResolveError::Refused(_)) | None => {}
    }
    if let Some(Error::HttpRequestBodySize(most)) = find::<Error>(causes()) {
        return Error::HttpRequestBodySize(*most);
    }
    if let Some(error) = find::<rustls::Error>(causes()) {
        return of_tls(error);
    }
    if let Some(error) = find::<hyper::Error>(causes()) {
        return of_body(error);
    }
    match find::<io::Error>(causes()).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => Error::ConnectionRefused,
        Some(io::ErrorKind::TimedOut) => Error::ConnectionTimeout,
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            Error::DestinationIpUnroutable
        }
        _ if error.is_connect() => Error::DestinationUnavailable,
        _ => Error::ConnectionTerminated,
    }
}

/// The error code for a response that broke off.
pub(super) fn of_body(error: &hyper::Error) -> Error {
    if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_incomplete_message() {
        Error::HttpResponseIncomplete
    } else if error.is_parse() {
        Error::HttpProtocolError
    } else {
        Error::ConnectionTerminated
    }
}

/// The refusal in a failed request, if the policy is why it failed.
pub(super) fn refusal(error: &hyper_util::client::legacy::Error) -> Option<&Refusal> {
    match find(causes(error)) {
        Some(ResolveError::Refused(refusal)) => Some(refusal),
        // From the connector itself.
        _ => find(causes(error)),
    }
}

/// A failed request and everything behind it, in one line.
pub(super) fn describe(error: &hyper_util::client::legacy::Error) -> String {
    let mut line = error.to_string();
    let mut said = line.clone();
    for cause in causes(error) {
        let cause = cause.to_string();
        // Some errors repeat what is behind them.
        if !said.ends_with(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
        said = cause;
    }
    line
}

fn of_tls(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            Error::TlsCertificateError
        }
        rustls::Error::AlertReceived(alert) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: Some(format!("{alert:?}")),
        },
        _ => Error::TlsProtocolError,
    }
}

/// What is behind an error, from the outside in. What an I/O error carries comes after it: the
/// standard library would skip that.
fn causes(error: &dyn StdError) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        let carried = cause.downcast_ref().and_then(io::Error::get_ref);
        next = match carried {
            Some(carried) => Some(carried),
            None => cause.source(),
        };
        Some(cause)
    })
}

fn find<'a, E: StdError + 'static>(
    mut causes: impl Iterator<Item = &'a (dyn StdError + 'static)>,
) -> Option<&'a E> {
    causes.find_map(|cause| cause.downcast_ref())
}
