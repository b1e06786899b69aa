use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{ArtifactError, DIGEST_LEN, MAGIC, TRAILER_LEN, Trailer, unfit};
use crate::component::ComponentDigest;

/// What is read at once. Larger pieces leave the processor's own memory before they are written.
const PIECE: usize = 256 << 10;

/// Compiled code that was found to be whole, in memory that nobody can write any more.
#[derive(Debug)]
pub struct Compiled {
    copy: File,
    source: ComponentDigest,
}

impl Compiled {
    /// Copies `file`, and checks the seal on what is copied. None where the system has no such memory
    /// ([`super::open`] does without).
    ///
    /// # Errors
    /// When it cannot be read, or when the seal is missing, broken, or of another version.
    pub fn copy(file: &mut File) -> io::Result<Option<Result<Self, ArtifactError>>> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let Ok(memory) = memfd_create(c"component", flags) else {
            return Ok(None);
        };
        let mut copy = File::from(memory);
        let (digest, trailer) = digested(file, &mut copy)?;
        let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        if fcntl_add_seals(&copy, seals).is_err() || !name_of(&copy).exists() {
            return Ok(None);
        }
        let trailer = Trailer::read(&trailer);
        let checked = trailer.and_then(|trailer| {
            trailer.compare(&digest)?;
            Ok(trailer.source)
        });
        Ok(Some(checked.map(|source| Self { copy, source })))
    }

    /// What it was made of.
    pub fn source(&self) -> ComponentDigest {
        self.source
    }

    /// Loads the code.
    ///
    /// # Errors
    /// [`ArtifactError`] when it is not for this machine, or not for this engine.
    pub fn load(self, engine: &Engine) -> Result<Component, ArtifactError> {
        #[allow(
            unsafe_code,
            reason = "loading native code trusts it: its seal has shown that it is, unchanged, what \
                      `compile` of this version wrote"
        )]
        // SAFETY: see the reason above; the bytes that were checked are the bytes that are mapped, and
        // the kernel lets nobody write, shorten or unseal them. The engine ignores what is behind them.
        let component = unsafe { Component::deserialize_file(engine, name_of(&self.copy)) };
        component.map_err(|error| unfit(&error))
    }
}

/// What has a descriptor only can be opened again by this name.
fn name_of(copy: &File) -> PathBuf {
    format!("/proc/self/fd/{}", copy.as_raw_fd()).into()
}

/// Copies `from` to `to`. Returns the digest of everything that the seal is of, and the last bytes.
fn digested(from: &mut File, to: &mut File) -> io::Result<(Vec<u8>, Vec<u8>)> {
    /// What of the trailer is not digested.
    const REST: usize = TRAILER_LEN - DIGEST_LEN;
    let mut sha = Sha256::new();
    // The last bytes so far, which may be the trailer.
    let mut last = Vec::with_capacity(TRAILER_LEN);
    let mut piece = Vec::with_capacity(PIECE + TRAILER_LEN);
    loop {
        piece.clear();
        piece.extend_from_slice(&last);
        let read = Read::by_ref(from)
            .take(PIECE as u64)
            .read_to_end(&mut piece)?;
        if read == 0 {
            break;
        }
        let (_, new) = piece.split_at(piece.len() - read);
        to.write_all(new)?;
        let (past, end) = piece.split_at(piece.len().saturating_sub(TRAILER_LEN));
        sha.update(past);
        last.clear();
        last.extend_from_slice(end);
    }
    let (sealed, _) = last.split_at(last.len().saturating_sub(REST));
    sha.update(sealed);
    Ok((sha.finalize().to_vec(), last))
}

/// Whether `file` says at its end that the host compiled it.
///
/// # Errors
/// When it cannot be read.
pub(in crate::component) fn is_sealed(file: &mut File) -> io::Result<bool> {
    use std::os::unix::fs::FileExt;
    let Some(at) = file.metadata()?.len().checked_sub(MAGIC.len() as u64) else {
        return Ok(false);
    };
    let mut magic = [0; MAGIC.len()];
    match file.read_exact_at(&mut magic, at) {
        Ok(()) => Ok(magic == *MAGIC),
        // It has become shorter.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::seal;
    use super::*;
    use std::os::unix::fs::FileExt;

    fn copied(bytes: &[u8]) -> Result<Compiled, ArtifactError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        Compiled::copy(&mut file).unwrap().unwrap()
    }

    #[test]
    fn code_of_every_length_is_digested_as_in_memory() {
        let source = ComponentDigest::of(b"source");
        for length in [0, 1, TRAILER_LEN, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let sealed = seal(vec![7; length], &source);
            assert_eq!(copied(&sealed).unwrap().source(), source, "{length}");
        }
    }

    #[test]
    fn what_is_damaged_short_or_strange_is_refused() {
        let sealed = seal(vec![7; PIECE + 5], &ComponentDigest::of(b"source"));
        for at in [0, PIECE, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(copied(&changed).is_err(), "byte {at}");
        }
        for length in [0, 1, TRAILER_LEN, PIECE, sealed.len() - 1] {
            assert!(copied(&sealed[..length]).is_err(), "cut after {length}");
        }
    }

    #[test]
    fn a_file_that_changes_afterwards_changes_nothing() {
        let engine = Engine::default();
        let code = engine.precompile_component(b"\0asm\x0d\0\x01\0").unwrap();
        let sealed = seal(code, &ComponentDigest::of(b"source"));
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&sealed).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let compiled = Compiled::copy(&mut file).unwrap().unwrap().unwrap();
        file.write_all_at(&vec![0; sealed.len()], 0).unwrap();
        file.set_len(0).unwrap();
        assert!(compiled.copy.write_at(b"other", 0).is_err());
        assert!(compiled.copy.set_len(0).is_err());
        compiled.load(&engine).unwrap();
    }
}
