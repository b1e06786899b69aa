//! Where a new agent gets `attache-sdk` from: a folder, a Git repository, or a registry.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use semver::VersionReq;
use serde::Deserialize;

use crate::failure::{Exit, Failure};

const PACKAGE: &str = "attache-sdk";
const VARIABLE: &str = "ATTACHE_SDK_PATH";

/// One of the three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sdk {
    /// The folder of the package, absolute.
    Path(PathBuf),
    /// A repository, and the revision, tag or branch after `#`.
    Git(String, Option<String>),
    /// A requirement on the version in the registry.
    Version(String),
}

#[derive(Deserialize)]
struct CargoManifest {
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

impl Sdk {
    /// What `--sdk` says, else `ATTACHE_SDK_PATH`, else the checkout that this program was built in.
    ///
    /// # Errors
    /// When it is nowhere, or not where it is said to be.
    pub(crate) fn find(given: Option<&str>) -> Result<Self, Failure> {
        if let Some(given) = given {
            return Self::read(given, "--sdk");
        }
        if let Some(path) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            return at(Path::new(&path), VARIABLE);
        }
        own_checkout().map(|checkout| Self::Path(checkout.join("sdk"))).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("where is {PACKAGE}? This program does not lie in a checkout that has it"),
            )
            .remedy(format!(
                "give --sdk a folder, a Git URL (with #REVISION behind it) or a version; {VARIABLE} \
                 names a folder for good"
            ))
        })
    }

    fn read(given: &str, by: &str) -> Result<Self, Failure> {
        if given.is_empty() {
            return Err(Failure::new(Exit::Usage, format!("{by} names nothing"))
                .remedy("give a folder, a Git URL or a version"));
        }
        let (url, revision) = match given.split_once('#') {
            Some((url, revision)) => (url, Some(revision.to_owned())),
            None => (given, None),
        };
        let is_git = url.contains("://") || url.starts_with("git@") || url.ends_with(".git");
        if is_git && !Path::new(given).exists() {
            let url = match url
                .strip_prefix("git@")
                .and_then(|rest| rest.split_once(':'))
            {
                // cargo takes URLs alone, not what ssh has as a short form.
                Some((host, path)) => format!("ssh://git@{host}/{path}"),
                None => url.to_owned(),
            };
            return Ok(Self::Git(url, revision));
        }
        if !Path::new(given).exists() && VersionReq::parse(given).is_ok() {
            return Ok(Self::Version(given.to_owned()));
        }
        at(Path::new(given), by)
    }

    /// The dependency, as `Cargo.toml` has it.
    pub(crate) fn dependency(&self) -> String {
        let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
        match self {
            Self::Path(path) => format!("{{ path = {} }}", text(&path.to_string_lossy())),
            Self::Git(url, None) => format!("{{ git = {} }}", text(url)),
            Self::Git(url, Some(revision)) => {
                format!("{{ git = {}, rev = {} }}", text(url), text(revision))
            }
            Self::Version(version) => text(version),
        }
    }

    /// The checkout that the folder belongs to, where it is one.
    pub(crate) fn checkout(&self) -> Option<&Path> {
        let Self::Path(path) = self else { return None };
        path.parent()
            .filter(|folder| folder.join("Cargo.lock").is_file())
    }

    /// The versions that the SDK was tested with, where it comes from a folder.
    pub(crate) fn lock_file(&self) -> Option<PathBuf> {
        let Self::Path(path) = self else { return None };
        path.ancestors()
            .take(2)
            .map(|folder| folder.join("Cargo.lock"))
            .find(|file| file.is_file())
    }
}

/// The SDK in this folder, or in the folder `sdk` of this checkout.
fn at(folder: &Path, by: &str) -> Result<Sdk, Failure> {
    let found = [folder.to_owned(), folder.join("sdk")]
        .into_iter()
        .find(|folder| is_sdk(folder))
        .and_then(|folder| folder.canonicalize().ok());
    found.map(Sdk::Path).ok_or_else(|| {
        Failure::new(
            Exit::NoInput,
            format!("{by} names {}, and {PACKAGE} is not there", folder.display()),
        )
        .remedy(format!(
            "give the folder whose Cargo.toml has the package {PACKAGE}, or a checkout that has it in sdk/"
        ))
    })
}

fn is_sdk(folder: &Path) -> bool {
    fs::read_to_string(folder.join("Cargo.toml"))
        .ok()
        .and_then(|text| toml::from_str::<CargoManifest>(&text).ok())
        .and_then(|manifest| manifest.package)
        .is_some_and(|package| package.name == PACKAGE)
}

/// The checkout that this program was built in: cargo builds into `target/PROFILE/` there, or into a folder of
/// a target below that.
pub(crate) fn own_checkout() -> Option<PathBuf> {
    let program = env::current_exe().ok()?.canonicalize().ok()?;
    program
        .ancestors()
        .skip(1)
        .take(6)
        .find(|folder| is_sdk(&folder.join("sdk")))
        .map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_told_apart() {
        let read = |given| Sdk::read(given, "--sdk").map(|sdk| sdk.dependency());
        for (given, dependency) in [
            ("0.1", "\"0.1\""),
            ("^1.2.3", "\"^1.2.3\""),
            (
                "https://example.com/attache#v0.1.0",
                "{ git = \"https://example.com/attache\", rev = \"v0.1.0\" }",
            ),
            (
                "git@example.com:acme/attache.git",
                "{ git = \"ssh://git@example.com/acme/attache.git\" }",
            ),
        ] {
            assert_eq!(read(given).expect(given), dependency);
        }
        for wrong in ["", "no/such/folder", "latest"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
