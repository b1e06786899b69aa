//! Why there is no answer.

use std::time::Duration;

use wasip2::http::types::ErrorCode;

/// Why a request brought no answer, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not an absolute `http` or `https` URL, or one with a user's name in it.
    #[error("{0:?} is not an http or https URL")]
    Url(String),
    /// No header of HTTP, or one that may not be set.
    #[error("the header {0:?} cannot be sent")]
    Header(String),
    /// The outbound policy does not allow this host.
    #[error(
        "this agent may not reach {host:?}; whoever runs it can allow the host (attache-host \
         --allow-outbound, or allowed_outbound_hosts in spin.toml)"
    )]
    Denied {
        /// The host and port.
        host: String,
    },
    /// The other side could not be reached, or broke off.
    #[error("{host:?} cannot be reached: {reason}")]
    Unreachable {
        /// The host and port.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// The other side took too long: to connect, to answer, for the next bytes, or altogether.
    #[error("{host:?} did not answer within {} s", .waited.as_secs_f32())]
    Timeout {
        /// The host and port.
        host: String,
        /// The limit that it missed, see [`Limits`](super::Limits).
        waited: Duration,
    },
    /// There is more of the answer than was asked for.
    #[error("{host:?} answered with more than {limit} bytes")]
    TooLarge {
        /// The host and port.
        host: String,
        /// The limit in bytes.
        limit: usize,
    },
}

impl SendError {
    /// Whether asking again may help: the other side was not there, or slow.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. })
    }

    pub(super) fn unreachable(host: &str, reason: impl ToString) -> Self {
        Self::Unreachable {
            host: host.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn of(code: &ErrorCode, host: &str, waited: Duration) -> Self {
        let host = host.to_owned();
        match code {
            ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
                Self::Denied { host }
            }
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::DnsTimeout
            | ErrorCode::HttpResponseTimeout => Self::Timeout { host, waited },
            code => Self::Unreachable {
                host,
                reason: code.to_string(),
            },
        }
    }
}
