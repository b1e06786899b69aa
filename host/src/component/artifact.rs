//! Compiled components: native code with a seal behind it.
//!
//! Loading native code means trusting it completely, so the host loads only what its own `compile`
//! wrote, in the version that runs. The seal is a trailer of two digests (of what was compiled, and of
//! the code with the first), version and magic; it is
//! checked on the very bytes that are then loaded.
//! It finds truncated, damaged and outdated files. It is not a signature: whoever can replace the
//! file beside the host can replace the host too.
//!
//! So a file is not mapped from where it lies, even where this process may not write it: what is mapped
//! changes with the file, and somebody who copies the next version over it would change code that runs.
//! It is copied once, into memory of the kernel that has a descriptor and is sealed then: nobody can
//! write it any more, and it is gone with the component. That copy is mapped. So only those of its pages
//! count in this process that are used, and memories of instances begin as views of it.

mod sealed;

pub use sealed::Compiled;

use std::fs::File;
use std::io::{self, Read, Seek};

use sha2::{Digest, Sha256};
use thiserror::Error;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::ComponentDigest;

/// What stands at the very end of the file.
const MAGIC: &[u8; 16] = b"attache-cwasm/2\n";
/// The host's version stands for everything that shapes the code. wasmtime compares its own
/// version, its settings and the CPU's features again.
const VERSION: &str = env!("CARGO_PKG_VERSION");
const VERSION_LEN: usize = 16;
const DIGEST_LEN: usize = 32;
const TRAILER_LEN: usize = 2 * DIGEST_LEN + VERSION_LEN + MAGIC.len();

/// Why compiled code is not loaded.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ArtifactError {
    /// Compiled by something else.
    #[error(
        "this compiled file was not written by `attache-host compile`, so it is not trusted; \
         compile the component with that"
    )]
    Foreign,
    /// Not what was written.
    #[error("this compiled file is damaged: its content does not match its digest; compile again")]
    Damaged,
    /// Written by another version.
    #[error(
        "this compiled file is for attache-host {found} and this is {VERSION}; compile again with \
         this version"
    )]
    OtherVersion {
        /// What it is for.
        found: String,
    },
    /// Whole and of the right version, but not for this machine.
    #[error(
        "this compiled file does not run on this machine: {0}; `attache-host compile --cpu` chooses \
         the machines that it is for"
    )]
    Incompatible(String),
    /// For instances that take more or less of the address space than they do here.
    #[error(
        "this compiled file is for another address space ({0}); give `serve` the \
         ATTACHE_ADDRESS_SPACE (--address-space) that `compile` was given, large or small, or compile \
         again"
    )]
    OtherSpace(String),
}

/// True when these bytes are native code and not WebAssembly, sealed or not.
pub fn is_compiled(bytes: &[u8]) -> bool {
    bytes.ends_with(MAGIC) || Engine::detect_precompiled(bytes).is_some()
}

/// Puts the seal behind what was compiled from `source`.
pub fn seal(mut code: Vec<u8>, source: &ComponentDigest) -> Vec<u8> {
    code.extend_from_slice(source.as_bytes());
    let digest = Sha256::digest(&code);
    let mut version = [0; VERSION_LEN];
    for (to, from) in version.iter_mut().zip(VERSION.bytes()) {
        *to = from;
    }
    code.extend_from_slice(&digest);
    code.extend_from_slice(&version);
    code.extend_from_slice(MAGIC);
    code
}

/// What compiled code was made of.
///
/// # Errors
/// [`ArtifactError`] when the seal is missing, broken, or of another version.
pub fn source(bytes: &[u8]) -> Result<ComponentDigest, ArtifactError> {
    unseal(bytes).map(|(_, source)| source)
}

/// Takes a file that the host compiled into memory that is mapped. None for other files, and where the
/// system has no such memory; `file` is at its beginning then.
///
/// # Errors
/// When it cannot be read, and as [`open`] when it is not whole.
pub fn take(file: &mut File) -> io::Result<Option<Result<Compiled, ArtifactError>>> {
    if !sealed::is_sealed(file)? {
        return Ok(None);
    }
    let taken = Compiled::copy(file)?;
    if taken.is_none() {
        file.rewind()?;
    }
    Ok(taken)
}

/// As [`open`], of a file.
///
/// # Errors
/// [`ArtifactError`], also when it cannot be read.
pub fn open_file(
    engine: &Engine,
    file: &mut File,
) -> Result<(Component, ComponentDigest), ArtifactError> {
    let unreadable = |_| ArtifactError::Damaged;
    match take(file).map_err(unreadable)? {
        Some(compiled) => {
            let compiled = compiled?;
            let source = compiled.source();
            Ok((compiled.load(engine)?, source))
        }
        None => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(unreadable)?;
            open(engine, &bytes)
        }
    }
}

/// Checks the seal and loads the code. Also tells which component it was compiled from.
///
/// # Errors
/// [`ArtifactError`] when the seal is missing, broken, or of another version.
pub fn open(engine: &Engine, bytes: &[u8]) -> Result<(Component, ComponentDigest), ArtifactError> {
    let (code, source) = unseal(bytes)?;
    #[allow(
        unsafe_code,
        reason = "loading native code trusts it: `unseal` has shown that it is, unchanged, what \
                  `compile` of this version wrote"
    )]
    // SAFETY: see the reason above; the bytes that were checked are the bytes that are loaded.
    let component = unsafe { Component::deserialize(engine, code) };
    Ok((component.map_err(|error| unfit(&error))?, source))
}

/// Why the engine does not take it.
fn unfit(error: &wasmtime::Error) -> ArtifactError {
    let reason = format!("{error:#}");
    if reason.contains("memory reservation") {
        ArtifactError::OtherSpace(reason)
    } else {
        ArtifactError::Incompatible(reason)
    }
}

fn unseal(bytes: &[u8]) -> Result<(&[u8], ComponentDigest), ArtifactError> {
    let at = bytes
        .len()
        .checked_sub(TRAILER_LEN)
        .ok_or(ArtifactError::Foreign)?;
    let (code, trailer) = bytes.split_at(at);
    let trailer = Trailer::read(trailer)?;
    let (sealed, _) = bytes.split_at(at + DIGEST_LEN);
    trailer.compare(Sha256::digest(sealed).as_slice())?;
    Ok((code, trailer.source))
}

/// What stands behind the code.
struct Trailer<'a> {
    source: ComponentDigest,
    digest: &'a [u8],
}

impl<'a> Trailer<'a> {
    /// Reads the last [`TRAILER_LEN`] bytes of a file, and refuses those of others and of other versions.
    fn read(trailer: &'a [u8]) -> Result<Self, ArtifactError> {
        if trailer.len() != TRAILER_LEN {
            return Err(ArtifactError::Foreign);
        }
        let (source, rest) = trailer.split_at(DIGEST_LEN);
        let (digest, rest) = rest.split_at(DIGEST_LEN);
        let (version, magic) = rest.split_at(VERSION_LEN);
        if magic != MAGIC {
            return Err(ArtifactError::Foreign);
        }
        let found = String::from_utf8_lossy(version)
            .trim_end_matches('\0')
            .to_owned();
        if found != VERSION {
            return Err(ArtifactError::OtherVersion { found });
        }
        let source = source.try_into().map_err(|_| ArtifactError::Damaged)?;
        Ok(Self {
            source: ComponentDigest::from_bytes(source),
            digest,
        })
    }

    /// `digest` is that of the code and of what it was compiled from.
    fn compare(&self, digest: &[u8]) -> Result<(), ArtifactError> {
        if self.digest == digest {
            Ok(())
        } else {
            Err(ArtifactError::Damaged)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_can_be_unsealed() {
        let source = ComponentDigest::of(b"source");
        let sealed = seal(b"code".to_vec(), &source);
        assert_eq!(unseal(&sealed), Ok((b"code".as_slice(), source)));
        assert!(is_compiled(&sealed));
    }

    #[test]
    fn every_changed_byte_is_found() {
        let sealed = seal(b"some code".to_vec(), &ComponentDigest::of(b""));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(unseal(&changed).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(unseal(&sealed[..length]).is_err(), "cut after {length}");
        }
    }

    #[test]
    fn another_version_is_named() {
        let mut sealed = seal(b"code".to_vec(), &ComponentDigest::of(b""));
        let version = sealed.len() - MAGIC.len() - VERSION_LEN;
        sealed[version..version + 3].copy_from_slice(b"9.9");
        let error = unseal(&sealed).unwrap_err();
        assert!(
            matches!(&error, ArtifactError::OtherVersion { found } if found.starts_with("9.9"))
        );
        assert!(error.to_string().contains(VERSION));
    }

    #[test]
    fn code_without_a_seal_is_not_ours() {
        let engine = Engine::default();
        let foreign = engine.precompile_component(b"\0asm\x0d\0\x01\0").unwrap();
        assert!(is_compiled(&foreign));
        assert_eq!(open(&engine, &foreign).err(), Some(ArtifactError::Foreign));
    }
}
