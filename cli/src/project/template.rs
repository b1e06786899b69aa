//! The files of a new agent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Name, Sdk};
use crate::failure::{Exit, Failure};

const FILES: [(&str, &str); 6] = [
    (
        "Cargo.toml",
        include_str!("../../templates/agent/Cargo.toml.in"),
    ),
    (
        "src/lib.rs",
        include_str!("../../templates/agent/src/lib.rs.in"),
    ),
    (
        "src/count.rs",
        include_str!("../../templates/agent/src/count.rs.in"),
    ),
    (
        "attache.toml",
        include_str!("../../templates/agent/attache.toml.in"),
    ),
    (
        ".gitignore",
        include_str!("../../templates/agent/gitignore.in"),
    ),
    (
        "README.md",
        include_str!("../../templates/agent/README.md.in"),
    ),
];

/// For Spin, where the SDK's checkout has the adapter.
const SPIN: (&str, &str) = (
    "spin.toml",
    include_str!("../../templates/agent/spin.toml.in"),
);

/// A new agent, not written yet.
#[derive(Debug)]
pub(crate) struct Template {
    files: Vec<(&'static str, String)>,
    lock_file: Option<PathBuf>,
}

impl Template {
    /// The agent `name`, which depends on `sdk`.
    pub(crate) fn new(name: &Name, sdk: &Sdk) -> Self {
        let checkout = sdk
            .checkout()
            .filter(|checkout| checkout.join("spin-adapter").is_dir());
        let (mut adapter, mut adapter_build) = (String::new(), String::new());
        if let Some(checkout) = checkout {
            let built = checkout.join("target/wasm32-wasip2/release/spin_adapter.wasm");
            let manifest = checkout.join("Cargo.toml");
            adapter = text_of(&built.to_string_lossy());
            adapter_build = text_of(&format!(
                "cargo build --release --target wasm32-wasip2 --manifest-path '{}' -p attache-spin-adapter",
                manifest.display()
            ));
        }
        let fill = |text: &str| {
            text.replace("{{name}}", &name.to_string())
                .replace("{{crate}}", &name.for_crate())
                .replace("{{title}}", &name.title())
                .replace("{{sdk}}", &sdk.dependency())
                .replace("{{adapter}}", &adapter)
                .replace("{{adapter_build}}", &adapter_build)
        };
        Self {
            files: FILES
                .iter()
                .chain(checkout.map(|_| &SPIN))
                .map(|(path, text)| (*path, fill(text)))
                .collect(),
            lock_file: sdk.lock_file(),
        }
    }

    /// The files, from the agent's own folder.
    pub(crate) fn paths(&self) -> Vec<&str> {
        let lock = self.lock_file.is_some().then_some("Cargo.lock");
        self.files
            .iter()
            .map(|(path, _)| *path)
            .chain(lock)
            .collect()
    }

    /// Writes them into a folder that is empty, or not there.
    ///
    /// # Errors
    /// When the folder has something in it, or cannot be written. Nothing that was there is touched.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        require_vacant(folder)?;
        let cannot = |path: &Path, error: io::Error| {
            Failure::new(
                Exit::CannotWrite,
                format!("{} cannot be written: {error}", path.display()),
            )
        };
        for (path, text) in &self.files {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|error| cannot(parent, error))?;
            }
            fs::write(&path, text).map_err(|error| cannot(&path, error))?;
        }
        if let Some(lock) = &self.lock_file {
            let path = folder.join("Cargo.lock");
            fs::copy(lock, &path).map_err(|error| cannot(&path, error))?;
        }
        Ok(())
    }
}

fn text_of(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// # Errors
/// When something is there already.
pub(crate) fn require_vacant(folder: &Path) -> Result<(), Failure> {
    let is_vacant = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_vacant {
        return Ok(());
    }
    Err(Failure::new(
        Exit::CannotWrite,
        format!("{} is there already", folder.display()),
    )
    .remedy("take another name, or another folder with --path; an empty folder will do"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_toml_and_has_no_blank_left() {
        let name: Name = "word-counter".parse().expect("a name");
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the checkout");
        let template = Template::new(&name, &Sdk::Path(checkout.join("sdk")));
        assert!(template.paths().contains(&"spin.toml"));
        for (path, text) in &template.files {
            for blank in ["{{name}}", "{{crate}}", "{{title}}", "{{sdk}}", "{{adapter"] {
                assert!(!text.contains(blank), "{path} has {blank}");
            }
            if path.ends_with(".toml") {
                toml::from_str::<toml::Table>(text)
                    .unwrap_or_else(|error| panic!("{path}: {error}"));
            }
        }
        let elsewhere = Template::new(&name, &Sdk::Version("0.1".to_owned()));
        assert!(!elsewhere.paths().contains(&"spin.toml"));
    }
}
