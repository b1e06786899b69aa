//! Names of models, as far as they may become labels.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Names beyond so many are counted together: the component chooses them.
const MOST: usize = 50;
const LONGEST: usize = 64;
const OTHER: &str = "other";

/// The names of this process so far.
#[derive(Debug, Default)]
pub(super) struct Models(Mutex<BTreeSet<String>>);

impl Models {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeSet::new()))
    }

    /// The model that a URL of Google's APIs is about: `…/models/MODEL:METHOD`.
    pub(super) fn of_path(&self, path: &str) -> Cow<'static, str> {
        let Some((_, rest)) = path.rsplit_once("/models/") else {
            return Cow::Borrowed(OTHER);
        };
        let name = rest.split([':', '/']).next().unwrap_or_default();
        self.of_name(name)
    }

    /// A name that the component says.
    pub(super) fn of_name(&self, name: &str) -> Cow<'static, str> {
        let plain = |b: u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'@' | b':' | b'/')
        };
        if name.is_empty() || name.len() > LONGEST || !name.bytes().all(plain) {
            return Cow::Borrowed(OTHER);
        }
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.contains(name) {
            if seen.len() >= MOST {
                return Cow::Borrowed(OTHER);
            }
            seen.insert(name.to_owned());
        }
        Cow::Owned(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_stands_in_the_path() {
        let models = Models::new();
        for (path, model) in [
            (
                "/v1beta/models/gemini-2.5-flash:generateContent",
                "gemini-2.5-flash",
            ),
            (
                "/v1/projects/p/locations/l/publishers/google/models/gemini-3:streamGenerateContent",
                "gemini-3",
            ),
            ("/v1beta/models", "other"),
            ("/v1beta/models/a%20b:generateContent", "other"),
        ] {
            assert_eq!(models.of_path(path), model, "{path}");
        }
    }

    #[test]
    fn a_component_cannot_make_labels_without_end() {
        let models = Models::new();
        for number in 0..MOST {
            assert_ne!(models.of_path(&format!("/models/m{number}:x")), OTHER);
        }
        assert_eq!(models.of_path("/models/one-more:x"), OTHER);
        assert_eq!(models.of_path("/models/m0:x"), "m0");
    }
}
