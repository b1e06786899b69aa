use http::{HeaderMap, HeaderValue};
use tracing::Span;

use super::request::{in_registry, trace_of};
use super::spans::{Ids, Traced};

const TRACEPARENT: &str = "traceparent";
const CLOUD_TRACE: &str = "x-cloud-trace-context";

/// The trace that a request belongs to, as its headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits: the caller's span.
    pub span_id: Option<String>,
    /// Whether the caller records this trace.
    pub sampled: bool,
}

impl TraceContext {
    /// Reads `traceparent`, or else `X-Cloud-Trace-Context`. None without either, or when what is
    /// there is malformed.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name)?.to_str().ok();
        text(TRACEPARENT)
            .and_then(Self::of_traceparent)
            .or_else(|| text(CLOUD_TRACE).and_then(Self::of_cloud_trace))
    }

    /// `VERSION-TRACE-SPAN-FLAGS`, and more in later versions.
    fn of_traceparent(value: &str) -> Option<Self> {
        let mut fields = value.trim().split('-');
        let (version, trace, span, flags) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        if !is_hex(version, 2) || version == "ff" || !is_hex(flags, 2) {
            return None;
        }
        if !is_id(trace, 32) || !is_id(span, 16) || (version == "00" && fields.next().is_some()) {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self {
            trace_id: trace.to_owned(),
            span_id: Some(span.to_owned()),
            sampled: flags & 1 == 1,
        })
    }

    /// `TRACE/SPAN;o=OPTIONS`, the span in decimal; span and options may be missing.
    fn of_cloud_trace(value: &str) -> Option<Self> {
        let (ids, options) = value.trim().split_once(';').unwrap_or((value.trim(), ""));
        let (trace, span) = ids.split_once('/').unwrap_or((ids, ""));
        let trace = trace.to_ascii_lowercase();
        let span = span.parse::<u64>().ok().filter(|span| *span != 0);
        is_id(&trace, 32).then(|| Self {
            trace_id: trace,
            span_id: span.map(|span| format!("{span:016x}")),
            sampled: options == "o=1",
        })
    }
}

/// The header with which a request that is sent inside `span` continues its trace: in the host's own
/// span when it exports traces, else as the caller's. None outside any trace.
pub fn traceparent(span: &Span) -> Option<HeaderValue> {
    trace_of(span).and_then(|ids| header(&ids))
}

/// Puts a request that is handed on inside `span` under it, when the host exports traces. Both
/// spellings then say the same.
pub(crate) fn hand_on(span: &Span, headers: &mut HeaderMap) {
    let ids = in_registry(span, |span| {
        let extensions = span.extensions();
        extensions.get::<Traced>().map(Traced::ids)
    });
    let Some(ids) = ids.flatten() else { return };
    if let Some(value) = header(&ids) {
        headers.insert(TRACEPARENT, value);
    }
    if headers.contains_key(CLOUD_TRACE) {
        let span = u64::from_str_radix(&ids.span, 16).unwrap_or_default();
        let value = format!("{}/{span};o={}", ids.trace, u8::from(ids.sampled));
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(CLOUD_TRACE, value);
        }
    }
}

fn header(ids: &Ids) -> Option<HeaderValue> {
    let flags = u8::from(ids.sampled);
    HeaderValue::try_from(format!("00-{}-{}-{flags:02x}", ids.trace, ids.span)).ok()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// All zeros stand for none.
fn is_id(text: &str, length: usize) -> bool {
    is_hex(text, length) && text.bytes().any(|b| b != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(name: &'static str, value: &str) -> Option<TraceContext> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        TraceContext::of(&headers)
    }

    #[test]
    fn traceparent_is_read() {
        let trace = of("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01")).unwrap();
        assert_eq!(trace.trace_id, TRACE);
        assert_eq!(trace.span_id.as_deref(), Some("00f067aa0ba902b7"));
        assert!(trace.sampled);
        assert!(
            of(
                "traceparent",
                &format!("01-{TRACE}-00f067aa0ba902b7-00-more")
            )
            .is_some()
        );
    }

    #[test]
    fn the_span_of_cloud_trace_is_decimal() {
        let trace = of("x-cloud-trace-context", &format!("{TRACE}/255;o=1")).unwrap();
        assert_eq!(trace.span_id.as_deref(), Some("00000000000000ff"));
        assert!(trace.sampled);
        let trace = of("x-cloud-trace-context", TRACE).unwrap();
        assert_eq!((trace.span_id, trace.sampled), (None, false));
    }

    #[test]
    fn malformed_headers_give_no_trace() {
        for value in [
            "",
            "00",
            "00-zz-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(of("traceparent", value), None, "{value}");
        }
        assert_eq!(of("x-cloud-trace-context", "short/1;o=1"), None);
    }
}
