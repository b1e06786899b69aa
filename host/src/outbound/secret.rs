use std::path::Path;
use std::time::Duration;

use http::HeaderValue;

use crate::secret::Secret;

/// A header of more is refused by most servers.
const LONGEST: usize = 16 << 10;

/// A secret that goes into a header. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HeaderSecret(Secret);

impl HeaderSecret {
    /// Of a text that does not change.
    ///
    /// # Errors
    /// A clause that says what is right, without the text.
    pub fn fixed(text: &str) -> Result<Self, String> {
        Self::of(Secret::given(text))
    }

    /// Of a file, which may be replaced while the process runs ([`Self::follow`]).
    ///
    /// # Errors
    /// A clause that says what is right, without what the file holds.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let secret = Secret::in_file(path).map_err(|why| format!("{shown} is no file {why}"))?;
        Self::of(secret).map_err(|why| format!("{shown} holds no secret for a header: {why}"))
    }

    fn of(secret: Secret) -> Result<Self, String> {
        header(&secret.current())?;
        Ok(Self(secret))
    }

    /// Reads the file again, each time that `every` has passed. Zero is never.
    pub fn follow(&self, every: Duration) {
        self.0.follow(every);
    }

    /// The value as it was read last.
    ///
    /// # Errors
    /// A clause that says why what the file holds by now is none.
    pub(super) fn value(&self) -> Result<HeaderValue, String> {
        header(&self.0.current())
    }
}

fn header(text: &str) -> Result<HeaderValue, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "it has a line break or another control character".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newline_at_the_end_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "abc\r\n").unwrap();
        let secret = HeaderSecret::of_file(&path).unwrap();
        assert_eq!(secret.value().unwrap(), "abc");
        assert!(!format!("{secret:?}").contains("abc"));
        let secret = HeaderSecret::fixed("abc").unwrap();
        assert!(!format!("{secret:?} {:?}", secret.value()).contains("abc"));
    }

    #[test]
    fn what_no_header_can_hold_is_refused_without_being_shown() {
        for text in ["", "abc\ndef", "abc\u{7}", &"abc".repeat(LONGEST)] {
            let why = HeaderSecret::fixed(text).unwrap_err();
            assert!(!why.contains("abc"), "{why}");
        }
    }
}
