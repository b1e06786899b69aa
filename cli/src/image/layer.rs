//! Layers: tar files, compressed, which are the same bytes for the same content.

use std::io::{self, Write as _};

use attache_registry::{Descriptor, Digest, IMAGE_LAYER};
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// A layer.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    /// The compressed one.
    pub(crate) descriptor: Descriptor,
    /// The digest of the tar file.
    pub(crate) diff_id: Digest,
    /// The compressed tar file.
    pub(crate) content: Bytes,
}

/// What stands in a layer.
pub(super) struct Entry<'a> {
    /// From the root, without a slash before it; a folder has one behind it.
    pub(super) path: &'a str,
    /// A file's content; a folder has none.
    pub(super) content: Option<&'a [u8]>,
    pub(super) mode: u32,
    /// The user and the group.
    pub(super) owner: u64,
}

impl Layer {
    /// Of these entries, in their order.
    ///
    /// # Errors
    /// When a path or a size does not fit a tar file.
    pub(super) fn of(entries: &[Entry<'_>]) -> io::Result<Self> {
        let mut tar = Builder::new(Vec::new());
        for entry in entries {
            append(&mut tar, entry)?;
        }
        let tar = tar.into_inner()?;
        // No time, no name of a file, and no word on the system it was made on.
        let mut gzip = GzBuilder::new()
            .mtime(0)
            .operating_system(255)
            .write(Vec::new(), Compression::default());
        gzip.write_all(&tar)?;
        let content = gzip.finish()?;
        Ok(Self {
            descriptor: Descriptor::of(IMAGE_LAYER, &content),
            diff_id: Digest::of(&tar),
            content: content.into(),
        })
    }
}

/// Puts one entry into a tar file, made at the beginning of time.
pub(super) fn append<W: io::Write>(tar: &mut Builder<W>, entry: &Entry<'_>) -> io::Result<()> {
    let content = entry.content.unwrap_or_default();
    let mut header = Header::new_ustar();
    header.set_entry_type(match entry.content {
        Some(_) => EntryType::Regular,
        None => EntryType::Directory,
    });
    header.set_mode(entry.mode);
    header.set_uid(entry.owner);
    header.set_gid(entry.owner);
    header.set_mtime(0);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, entry.path, content)
}
