//! Conditional requests for the card (RFC 9110, section 13): a client that has it is told so.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use sha2::{Digest as _, Sha256};

/// What tells one state of the card from another.
pub(super) struct Validators {
    /// With its quotes, and `W/` in front when it is weak.
    pub(super) etag: String,
    /// A whole number of seconds.
    pub(super) last_modified: Option<SystemTime>,
}

impl Validators {
    /// True when the client has this state already. The date counts only when there is no tag.
    pub(super) fn hold(&self, headers: &HeaderMap) -> bool {
        let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            return tags
                .filter_map(|value| value.to_str().ok())
                .any(|list| names(list, &self.etag));
        }
        let known = headers
            .get(IF_MODIFIED_SINCE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| httpdate::parse_http_date(date).ok());
        matches!((known, self.last_modified), (Some(known), Some(modified)) if modified <= known)
    }
}

/// An entity tag over these bytes. A weak one says that two cards mean the same, a strong one that
/// they are the same bytes.
pub(super) fn etag(parts: &[&[u8]], weak: bool) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    let hex: String = digest
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}\"{hex}\"", if weak { "W/" } else { "" })
}

/// The moment that many seconds after the epoch, unless it is still to come: a client must not be told
/// a date that its own clock has not reached.
pub(super) fn moment(seconds: u64, now_ms: u64) -> Option<SystemTime> {
    let seconds = seconds.min(now_ms / 1000);
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// True when the list of `If-None-Match` holds this tag, by weak comparison. A tag may hold commas.
fn names(list: &str, etag: &str) -> bool {
    let opaque = etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"');
    if list.trim() == "*" {
        return true;
    }
    let mut rest = list;
    while let Some((_, quoted)) = rest.split_once('"') {
        let Some((tag, after)) = quoted.split_once('"') else {
            return false;
        };
        if tag == opaque {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let strong = "\"y\"";
        for list in [
            "\"y\"",
            "W/\"y\"",
            "\"x\", W/\"y\"",
            "\"a,b\",\"y\"",
            " * ",
            "\"x\"\t,\"y\"",
        ] {
            assert!(names(list, strong), "{list}");
            assert!(names(list, "W/\"y\""), "{list}");
        }
        for list in ["", "y", "\"x\"", "\"y", "\"x, y\"", "**", "\"x\" y \"z\""] {
            assert!(!names(list, strong), "{list}");
        }
    }

    #[test]
    fn the_date_counts_only_without_a_tag() {
        let validators = Validators {
            etag: "\"y\"".to_owned(),
            last_modified: moment(1_700_000_000, u64::MAX),
        };
        let hold = |headers: &[(http::HeaderName, &str)]| {
            let pairs = headers
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()));
            validators.hold(&pairs.collect())
        };
        let at = "Tue, 14 Nov 2023 22:13:20 GMT";
        assert!(hold(&[(IF_MODIFIED_SINCE, at)]));
        assert!(!hold(&[(
            IF_MODIFIED_SINCE,
            "Tue, 14 Nov 2023 22:13:19 GMT"
        )]));
        assert!(!hold(&[(IF_MODIFIED_SINCE, "yesterday")]));
        assert!(!hold(&[(IF_MODIFIED_SINCE, at), (IF_NONE_MATCH, "\"x\"")]));
        assert!(hold(&[
            (IF_MODIFIED_SINCE, "yesterday"),
            (IF_NONE_MATCH, "W/\"y\"")
        ]));
        assert!(!hold(&[]));
    }

    #[test]
    fn no_date_is_in_the_future() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        assert_eq!(moment(20, 10_999), Some(now));
        assert_eq!(moment(10, 20_000), Some(now));
    }
}
