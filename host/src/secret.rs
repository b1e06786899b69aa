//! Texts that are not to be shown, and that may change while the process runs.
//!
//! A secret stands in the environment, where it stays as it is, or in a mounted file, where it is
//! rotated: Secret Manager's volumes, Kubernetes and Vault's agent all put the new value in the place
//! of the old. Times of modification say nothing there, so a file is read again and its content
//! compared, in the background: a mount may take long to answer, and no request waits for it. What
//! cannot be read keeps its old value, with one warning until it can be read again.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{info, warn};

/// The largest secret that Secret Manager keeps, in bytes.
const LARGEST: u64 = 64 << 10;
/// How long somebody who wants the newest value waits for a mount.
const PATIENCE: Duration = Duration::from_secs(2);

/// A text that `Debug` does not show. Cheap to clone; clones see the same value.
#[derive(Clone)]
pub struct Secret(Arc<Inner>);

struct Inner {
    file: Option<PathBuf>,
    current: RwLock<Arc<str>>,
    is_unreadable: AtomicBool,
}

impl Secret {
    /// A text that stays as it is.
    pub fn given(text: &str) -> Self {
        Self::new(None, text)
    }

    /// The text in a file, without the line break at its end.
    ///
    /// # Errors
    /// What is wrong with the file, in words that follow "give a file": that it cannot be read, is
    /// empty, larger than 64 KiB, or not UTF-8.
    pub fn in_file(path: &Path) -> Result<Self, String> {
        let text = read(path)?;
        Ok(Self::new(Some(path.to_owned()), &text))
    }

    fn new(file: Option<PathBuf>, text: &str) -> Self {
        Self(Arc::new(Inner {
            file,
            current: RwLock::new(text.into()),
            is_unreadable: AtomicBool::new(false),
        }))
    }

    /// The text as it was last read. Never blocks on a file.
    pub fn current(&self) -> Arc<str> {
        let current = self.0.current.read();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The file that holds it.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// Reads the file, which may block for as long as a mount likes. True when the text has changed.
    pub fn read_again(&self) -> bool {
        let Some(path) = self.file() else {
            return false;
        };
        let (read, path) = (read(path), path.display());
        match read {
            Err(why) => {
                if !self.0.is_unreadable.swap(true, Ordering::Relaxed) {
                    warn!("the secret in {path} keeps its value: it is no file {why}");
                }
                false
            }
            Ok(text) => {
                self.0.is_unreadable.store(false, Ordering::Relaxed);
                if *self.current() == *text {
                    return false;
                }
                let current = self.0.current.write();
                *current.unwrap_or_else(PoisonError::into_inner) = text.into();
                info!("the secret in {path} has changed");
                true
            }
        }
    }

    /// The newest text, for whoever asks seldom and can wait up to two seconds for it, as before a
    /// connection is made. Then it is the last one that was read.
    pub async fn newest(&self) -> Arc<str> {
        if self.file().is_some() {
            let (done, is_done) = oneshot::channel();
            let secret = self.clone();
            // A mount that hangs would keep the end of the process waiting for the runtime's threads.
            let reading = thread::Builder::new().name("secret".to_owned());
            let reading = reading.spawn(move || {
                secret.read_again();
                let _ = done.send(());
            });
            if reading.is_ok() {
                let _ = timeout(PATIENCE, is_done).await;
            }
        }
        self.current()
    }

    /// Keeps [`Secret::current`] at most so old, for as long as there is a clone of this value.
    pub fn follow(&self, every: Duration) {
        if self.file().is_some() {
            repeat(&self.0, every, |inner| {
                Self(inner).read_again();
            });
        }
    }
}

/// Does `work` with `value` on a thread of its own, again and again for as long as somebody else has
/// it too. A span of zero is never.
pub(crate) fn repeat<T>(value: &Arc<T>, every: Duration, work: fn(Arc<T>))
where
    T: Send + Sync + 'static,
{
    if every.is_zero() {
        return;
    }
    let value = Arc::downgrade(value);
    let reader = thread::Builder::new().name("secrets".to_owned());
    let reading = reader.spawn(move || {
        loop {
            thread::sleep(every);
            match value.upgrade() {
                Some(value) => work(value),
                None => break,
            }
        }
    });
    if let Err(error) = reading {
        warn!(
            "secrets in files keep the value that they have now: no thread to read them ({error})"
        );
    }
}

fn read(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("that can be read ({error})");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err("of at most 64 KiB".to_owned());
    }
    let mut text = String::from_utf8(bytes).map_err(|_| "of text in UTF-8".to_owned())?;
    // Of `echo secret > file`, and of `gcloud secrets versions add --data-file`.
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    if text.is_empty() {
        return Err("that is not empty".to_owned());
    }
    Ok(text)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file() {
            Some(path) => write!(f, "Secret(in {})", path.display()),
            None => f.write_str("Secret(****)"),
        }
    }
}

#[cfg(test)]
mod tests;
