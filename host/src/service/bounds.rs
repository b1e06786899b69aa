use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::config::GuestLimits;
use crate::instance::Breach;

/// Bytes of a head for each of its lines, beside name and value.
const LINE: usize = 4;

/// What the body of a response may be.
#[derive(Debug)]
pub(super) struct Bounds {
    head: usize,
    size: Breach,
    left: u64,
    /// How long it may pause.
    pub(super) idle: Duration,
}

impl Bounds {
    /// Those of a response with this head.
    ///
    /// # Errors
    /// What the head itself breaks.
    pub(super) fn of_response(head: &HeaderMap, limits: &GuestLimits) -> Result<Self, Breach> {
        check_fields(head, limits.max_response_head)?;
        let kind = head.get(CONTENT_TYPE).map_or(&b""[..], |v| v.as_bytes());
        let is = |name: &str| {
            kind.get(..name.len())
                .is_some_and(|kind| kind.eq_ignore_ascii_case(name.as_bytes()))
        };
        let grpc = is("application/grpc");
        let (left, size) = if grpc || is("text/event-stream") {
            (limits.max_stream, Breach::Stream(limits.max_stream))
        } else {
            (limits.max_response, Breach::Response(limits.max_response))
        };
        let declared = head.get(CONTENT_LENGTH);
        let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if declared.is_some_and(|declared| declared > left) {
            return Err(size);
        }
        // Event streams have comments to show that they live. gRPC has nothing of the kind.
        let idle = if grpc {
            limits.background
        } else {
            limits.response_idle
        };
        Ok(Self {
            head: limits.max_response_head,
            size,
            left,
            idle,
        })
    }

    /// Counts a piece of the body.
    ///
    /// # Errors
    /// When it is one too many.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), Breach> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(self.size)?;
        Ok(())
    }

    /// Checks what follows the body.
    ///
    /// # Errors
    /// When it is too much.
    pub(super) fn check_trailers(&self, trailers: &HeaderMap) -> Result<(), Breach> {
        check_fields(trailers, self.head)
    }
}

fn check_fields(fields: &HeaderMap, most: usize) -> Result<(), Breach> {
    let bytes: usize = fields
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + LINE)
        .sum();
    if bytes > most || fields.len() > Breach::MOST_HEADERS {
        return Err(Breach::ResponseHead(most));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn bounds(kind: &'static str) -> Bounds {
        let mut head = HeaderMap::new();
        head.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let limits = GuestLimits {
            max_response: 10,
            max_stream: 20,
            ..GuestLimits::default()
        };
        Bounds::of_response(&head, &limits).unwrap()
    }

    #[test]
    fn streams_have_a_size_of_their_own() {
        for (kind, size) in [
            ("application/json", 10),
            ("", 10),
            ("text/event-stream", 20),
            ("Text/Event-Stream; charset=utf-8", 20),
            ("application/grpc+proto", 20),
        ] {
            let mut bounds = bounds(kind);
            assert_eq!(bounds.count(size), Ok(()), "{kind}");
            assert!(bounds.count(1).is_err(), "{kind}");
        }
    }

    #[test]
    fn only_grpc_may_be_silent_for_long() {
        let limits = GuestLimits::default();
        assert_eq!(bounds("text/event-stream").idle, limits.response_idle);
        assert_eq!(bounds("application/grpc").idle, limits.background);
    }
}
