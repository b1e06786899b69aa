use std::time::Duration;

use wasmtime_wasi_http::RequestOptions;

/// The longest that a component may have a connection take.
pub(super) const LONGEST_CONNECT: Duration = Duration::from_secs(60);
const DEFAULT_CONNECT: Duration = Duration::from_secs(10);
/// Models think for minutes before the first byte.
const DEFAULT_WAIT: Duration = Duration::from_secs(300);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How long the parts of a request may take.
pub(super) struct TimeOuts {
    pub(super) connect: Duration,
    pub(super) first_byte: Duration,
    pub(super) between_bytes: Duration,
}

impl TimeOuts {
    /// What the component asks for, within bounds.
    pub(super) fn of(options: RequestOptions) -> Self {
        Self {
            connect: options
                .connect_timeout
                .unwrap_or(DEFAULT_CONNECT)
                .min(LONGEST_CONNECT),
            first_byte: options
                .first_byte_timeout
                .unwrap_or(DEFAULT_WAIT)
                .min(LONGEST_WAIT),
            between_bytes: options
                .between_bytes_timeout
                .unwrap_or(DEFAULT_WAIT)
                .min(LONGEST_WAIT),
        }
    }
}
