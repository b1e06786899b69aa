//! Compiled components, kept in the target folder.
//!
//! Compiling an agent takes many times longer than any test of it, and test runners give every test
//! a process of its own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::error::SpinError;
use crate::guests::target_folder;

/// How many compiled components are kept.
const KEPT: usize = 24;

/// The component of these bytes, compiled now or earlier.
pub(crate) fn component(engine: &Engine, bytes: &[u8]) -> Result<Component, SpinError> {
    let folder = target_folder().join("spin-harness");
    let file = folder.join(name(engine, bytes));
    if let Some(component) = load(engine, &file) {
        return Ok(component);
    }
    let component = Component::new(engine, bytes).map_err(|error| {
        SpinError::Component(format!(
            "the composed component does not compile: {error:#}"
        ))
    })?;
    // A cache that cannot be written only costs time.
    if store(&component, &folder, &file).is_ok() {
        prune(&folder);
    }
    Ok(component)
}

/// Named after the bytes and after everything of the engine that the machine code depends on.
fn name(engine: &Engine, bytes: &[u8]) -> String {
    let mut settings = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut settings);
    format!("{:x}-{:x}.cwasm", Sha256::digest(bytes), settings.finish())
}

#[allow(
    unsafe_code,
    reason = "machine code is trusted; this is what the same user's tests compiled into their own target folder"
)]
fn load(engine: &Engine, file: &Path) -> Option<Component> {
    if !file.is_file() {
        return None;
    }
    // An error means another version of wasmtime, and that it is compiled anew.
    unsafe { Component::deserialize_file(engine, file) }.ok()
}

/// Written under another name first, so that nobody reads half a file.
fn store(component: &Component, folder: &Path, file: &Path) -> std::io::Result<()> {
    let bytes = component
        .serialize()
        .map_err(|error| std::io::Error::other(error.to_string()))?;
    std::fs::create_dir_all(folder)?;
    let partial = tempfile::NamedTempFile::new_in(folder)?;
    std::fs::write(partial.path(), bytes)?;
    partial.persist(file)?;
    Ok(())
}

fn prune(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    for (_, path) in files.into_iter().take(surplus) {
        // Somebody else may have been quicker. A file that is in use stays readable.
        let _ = std::fs::remove_file(path);
    }
}
