//! `attache pull REFERENCE`.

use std::path::{Path, PathBuf};

use attache_registry::{Digest, PublicKey, Reference};
use clap::Args;
use serde::Serialize;

use crate::failure::{Exit, Failure};
use crate::registry::{self, Bar, RegistryFlags};
use crate::terminal::Terminal;

/// Fetches a component from an OCI registry into a file. Its digest is compared, and with --key its
/// signature.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// What: HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST.
    #[arg(value_parser = registry::reference)]
    reference: Reference,

    /// The file to write; the name of the repository with .wasm behind it if none is given.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Write over a file that is there.
    #[arg(long)]
    force: bool,

    /// Take it only with a signature of this public key (PEM, EC P-256).
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,

    #[command(flatten)]
    registry: RegistryFlags,
}

/// What was fetched.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pulled {
    file: String,
    reference: String,
    digest: Digest,
    component: Digest,
    size: usize,
    signed: bool,
}

impl Pull {
    /// # Errors
    /// When the registry does not give it, it is not signed, or the file cannot be written.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let reference = self.reference;
        let key = self.key.as_deref().map(public_key).transpose()?;
        let bar = Bar::new(terminal, "pulling");
        let client = self.registry.client(&reference, &bar, terminal)?;
        let pull = async {
            let found = client.find(&reference).await?;
            if let Some(key) = &key {
                client.verify(&found, key).await?;
            }
            let tell = |done, of| bar.tell(done, of);
            let content = client.component(&found, &tell).await?;
            Ok((found, content))
        };
        let pulled = pull.await;
        bar.end();
        let (found, content) =
            pulled.map_err(|error| registry::failure(&error, &reference, false))?;
        let file = self.file.unwrap_or_else(|| {
            let name = reference.repository().rsplit('/').next().unwrap_or("agent");
            let extension = if found.is_compiled() { "cwasm" } else { "wasm" };
            PathBuf::from(format!("{name}.{extension}"))
        });
        write(&file, &content, self.force)?;
        let pulled = Pulled {
            file: file.display().to_string(),
            reference: found.reference().to_string(),
            digest: *found.digest(),
            component: found.layer().digest,
            size: content.len(),
            signed: key.is_some(),
        };
        terminal.result(&pulled, |pulled| {
            let Pulled {
                file,
                reference,
                size,
                ..
            } = pulled;
            format!("{file}: {size} bytes of {reference}")
        });
        Ok(Exit::Ok)
    }
}

/// Whole or not at all.
fn write(path: &Path, content: &[u8], force: bool) -> Result<(), Failure> {
    let shown = path.display();
    let is_other = std::fs::read(path).is_ok_and(|there| there != content);
    if is_other && !force {
        let sentence = format!("{shown} is there already, and is another component");
        let failure = Failure::new(Exit::CannotWrite, sentence);
        return Err(failure.remedy("--file names another file, --force writes over it"));
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let written = std::fs::write(&partial, content).and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&partial);
        Failure::new(
            Exit::CannotWrite,
            format!("{shown} cannot be written: {error}"),
        )
    })
}

fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let shown = path.display();
    let pem = std::fs::read(path)
        .map_err(|error| Failure::new(Exit::NoInput, format!("{shown} cannot be read: {error}")))?;
    PublicKey::parse(&pem)
        .map_err(|error| Failure::new(Exit::Data, format!("{shown} does not verify: {error}")))
}
