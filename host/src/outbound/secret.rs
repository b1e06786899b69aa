use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::HeaderValue;

/// How long a value is used before its file is read again.
const FRESH: Duration = Duration::from_secs(10);
/// For how long the last value does when the file cannot be read: it may be about to be replaced.
const LAST: Duration = Duration::from_secs(60);
/// A header of more is refused by most servers.
const LONGEST: usize = 16 << 10;

/// A secret that goes into a header: fixed, or in a file that may be replaced while the process runs.
/// Cheap to clone.
#[derive(Clone)]
pub struct Secret(Arc<Source>);

enum Source {
    Fixed(HeaderValue),
    File {
        path: PathBuf,
        /// What was read last, and when.
        kept: Mutex<(HeaderValue, Instant)>,
    },
}

impl Secret {
    /// Of a text that does not change.
    ///
    /// # Errors
    /// A clause that says what is right, without the text.
    pub fn fixed(text: &str) -> Result<Self, String> {
        Ok(Self(Arc::new(Source::Fixed(header(text.as_bytes())?))))
    }

    /// Of a file, which is read now and then again. A newline at its end does not belong to the secret.
    ///
    /// # Errors
    /// A clause that says what is right, without what the file holds.
    pub fn of_file(path: PathBuf) -> Result<Self, String> {
        let kept = Mutex::new((read(&path)?, Instant::now()));
        Ok(Self(Arc::new(Source::File { path, kept })))
    }

    /// The value, not older than a minute.
    ///
    /// # Errors
    /// A clause that says why there is none.
    pub(super) async fn value(&self) -> Result<HeaderValue, String> {
        let (path, kept) = match &*self.0 {
            Source::Fixed(value) => return Ok(value.clone()),
            Source::File { path, kept } => (path.clone(), kept),
        };
        let (last, at) = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if at.elapsed() < FRESH {
            return Ok(last);
        }
        let asked = Instant::now();
        let found = tokio::task::spawn_blocking(move || read(&path)).await;
        match found.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(value) => {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = (value.clone(), asked);
                Ok(value)
            }
            Err(_) if at.elapsed() < LAST => Ok(last),
            Err(why) => Err(why),
        }
    }
}

/// Without the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::Fixed(_) => f.write_str("Secret(***)"),
            Source::File { path, .. } => write!(f, "Secret({})", path.display()),
        }
    }
}

fn read(path: &Path) -> Result<HeaderValue, String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("{shown} cannot be read ({error})"))?;
    header(&bytes).map_err(|why| format!("{shown} holds no secret for a header: {why}"))
}

fn header(bytes: &[u8]) -> Result<HeaderValue, String> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut value = HeaderValue::from_bytes(text)
        .map_err(|_| "it has a line break or another control character".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newline_at_the_end_is_not_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "abc\r\n").unwrap();
        let secret = Secret::of_file(path).unwrap();
        assert_eq!(secret.value().await.unwrap(), "abc");
        assert!(!format!("{secret:?}").contains("abc"));
        let secret = Secret::fixed("abc").unwrap();
        assert!(!format!("{secret:?} {:?}", secret.value().await).contains("abc"));
    }

    #[test]
    fn what_no_header_can_hold_is_refused_without_being_shown() {
        for text in ["", "\n", "secret\nsecret", "secret\0"] {
            let why = Secret::fixed(text).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
