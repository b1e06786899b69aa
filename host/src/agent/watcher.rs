use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attache_registry::Version;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use super::{Roster, Slot};
use crate::component::Origin;

/// Looks for new components, and has them swapped: at their files, and at the tags of those that come from
/// registries.
///
/// It looks instead of being told: a mounted bucket and a network file system tell nobody. Looking is
/// one `stat` per agent; a file is read only when that shows a change which has come to rest, so that
/// one that is still being written is left alone.
pub struct Watcher {
    roster: Arc<Roster>,
    files: Option<Duration>,
    tags: Option<Duration>,
}

/// What shows that a file is another one, as far as that can be seen without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    device: u64,
    inode: u64,
    size: u64,
    written: (i64, i64),
}

impl Watcher {
    /// Looks at files every `files`, and at tags every `tags`; none is never.
    pub fn new(roster: Arc<Roster>, files: Option<Duration>, tags: Option<Duration>) -> Self {
        Self {
            roster,
            files,
            tags,
        }
    }

    /// Ends only when there is nothing to look at.
    pub async fn run(self) {
        let mut watched = JoinSet::new();
        for slot in self.roster.slots() {
            match slot.origin() {
                Origin::File(path) => {
                    let watch = |pause| watched.spawn(watch(slot.clone(), path, pause));
                    self.files.map(watch);
                }
                Origin::Registry(_) => {
                    self.tags
                        .map(|pause| watched.spawn(poll(slot.clone(), pause)));
                }
            }
        }
        watched.join_all().await;
    }
}

async fn poll(slot: Arc<Slot>, pause: Duration) {
    loop {
        sleep(pause).await;
        // The operator may have swapped to a digest since, which is the same for ever.
        let is_tag = matches!(
            slot.origin(),
            Origin::Registry(reference) if matches!(reference.version(), Version::Tag(_))
        );
        if is_tag {
            slot.reload(false).await;
        }
    }
}

async fn watch(slot: Arc<Slot>, path: PathBuf, pause: Duration) {
    // Nothing is known yet: the file may have changed since it was loaded.
    let (mut known, mut last) = (None, None);
    loop {
        let now = look(path.clone()).await;
        if now.is_some() && now != known && now == last {
            known = now;
            slot.reload(false).await;
        }
        last = now;
        sleep(pause).await;
    }
}

/// None while there is no such file: a replacement may be on its way.
async fn look(path: PathBuf) -> Option<Look> {
    // Where the file is on a network, this may take long.
    let metadata = spawn_blocking(move || std::fs::metadata(path))
        .await
        .ok()?
        .ok()?;
    Some(Look {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        written: (metadata.mtime(), metadata.mtime_nsec()),
    })
}
