//! `grpc-timeout`: how long the client will wait, counted from when its request has arrived.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use http::HeaderMap;

use super::status::{Code, Status};
use crate::error::{Error, ErrorKind};
use crate::platform::Platform;

/// A client that waits longer than this waits without end: no request lives as long.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Ready when the client has given up.
pub(super) type Deadline = LocalBoxFuture<'static, ()>;

pub(super) fn of(headers: &HeaderMap, platform: &dyn Platform) -> Result<Option<Deadline>, Status> {
    let Some(value) = headers.get("grpc-timeout") else {
        return Ok(None);
    };
    match value.to_str().ok().and_then(parse) {
        Some(wait) if wait > LONGEST => Ok(None),
        Some(wait) => Ok(Some(platform.sleep(wait))),
        None => Err(Error::new(
            ErrorKind::InvalidRequest,
            format!(
                "grpc-timeout is {value:?}; it is one to eight digits and one of H, M, S, m, u, n."
            ),
        )
        .into()),
    }
}

/// What the client would be told if it were still there.
pub(super) fn exceeded() -> Status {
    Status::new(
        Code::DeadlineExceeded,
        "The deadline of the call has passed. The task goes on; read it with GetTask.",
    )
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_nothing_else() {
        assert_eq!(parse("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(parse("3M"), Some(Duration::from_secs(180)));
        assert_eq!(parse("4S"), Some(Duration::from_secs(4)));
        assert_eq!(parse("5m"), Some(Duration::from_millis(5)));
        assert_eq!(parse("6u"), Some(Duration::from_micros(6)));
        assert_eq!(parse("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for text in ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1é", "é"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
