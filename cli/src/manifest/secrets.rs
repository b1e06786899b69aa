//! `[secrets]`: where each of the host's secrets is in Secret Manager. No value is ever here.

use toml::de::{DeTable, DeValue};

use super::document::Document;
use super::names;
use super::settings::{RESERVED, SECRET};
use crate::failure::Failure;

/// Folders in which a file would hide, or be hidden by, something else.
const TAKEN: [&str; 7] = [
    "/data",
    "/dev",
    "/etc",
    "/proc",
    "/sys",
    "/cloudsql",
    "/tmp",
];
/// Variables that are paths themselves: they have no `_FILE` beside them.
const PATHS: [&str; 2] = ["DB_SSLROOTCERT", "ATTACHE_OUTBOUND_CA_FILE"];

/// How the service gets a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// In a variable, read when an instance starts.
    Variable,
    /// In a file, read anew as the secret is rotated.
    File {
        /// The folder, which holds nothing else.
        folder: String,
        /// The file's name in it.
        name: String,
    },
}

/// A secret of the host's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    /// The variable that it is for.
    pub(crate) variable: String,
    /// Its name in Secret Manager.
    pub(crate) name: String,
    /// `latest`, a number or an alias.
    pub(crate) version: String,
    /// See [`Form`].
    pub(crate) form: Form,
}

impl Secret {
    /// The variable that is set: of a file, the one that says where it is.
    pub(crate) fn set_variable(&self) -> String {
        let is_path = self.variable.ends_with("_FILE") || PATHS.contains(&self.variable.as_str());
        match self.form {
            Form::File { .. } if !is_path => format!("{}_FILE", self.variable),
            _ => self.variable.clone(),
        }
    }
}

pub(super) fn read(document: &Document<'_>) -> Result<Vec<Secret>, Failure> {
    let mut secrets: Vec<Secret> = Vec::new();
    for (variable, value) in document.entries("secrets") {
        let wrong = |why: &str| Err(document.hushed("secrets", variable, why));
        if !names::is_variable(variable) {
            return wrong("give a variable's name: letters, digits and _");
        }
        if RESERVED.contains(&variable) {
            return wrong("Cloud Run sets this variable itself");
        }
        let secret = match value {
            DeValue::String(said) => short(variable, said),
            DeValue::Table(said) => long(variable, said),
            _ => Err(SHAPE.to_owned()),
        };
        let secret = match secret {
            Ok(secret) => secret,
            Err(why) => return wrong(&why),
        };
        let is_path = PATHS.contains(&variable) || variable.ends_with("_FILE");
        if is_path && secret.form == Form::Variable {
            return wrong("this variable is a path: say where the file is, with mount");
        }
        let is_read =
            is_path || SECRET.contains(&variable) || variable.starts_with("ATTACHE_CONFIG_");
        if !is_read && secret.form != Form::Variable {
            return wrong("the host does not read this one from a file; leave mount out");
        }
        for other in &secrets {
            match (&other.form, &secret.form) {
                (
                    Form::File {
                        folder: one,
                        name: a,
                    },
                    Form::File {
                        folder: two,
                        name: b,
                    },
                ) if one == two && (other.name != secret.name || a != b) => {
                    return wrong(&format!(
                        "{one} holds {} already, and a folder holds one secret; give another folder",
                        other.name
                    ));
                }
                _ => {}
            }
        }
        secrets.push(secret);
    }
    Ok(secrets)
}

const SHAPE: &str = "name a secret of Secret Manager, as \"SECRET\", \"SECRET:VERSION\", or \
                     { secret = \"SECRET\", mount = \"/folder/file\" }; its value does not belong here";

fn short(variable: &str, said: &str) -> Result<Secret, String> {
    let (name, version) = said.split_once(':').unwrap_or((said, "latest"));
    if !names::is_secret(name) || !names::is_version(version) {
        return Err(SHAPE.to_owned());
    }
    Ok(Secret {
        variable: variable.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        form: Form::Variable,
    })
}

fn long(variable: &str, said: &DeTable<'_>) -> Result<Secret, String> {
    let mut secret = Secret {
        variable: variable.to_owned(),
        name: String::new(),
        version: "latest".to_owned(),
        form: Form::Variable,
    };
    for (key, value) in said {
        let DeValue::String(value) = value.get_ref() else {
            return Err(format!("{} is a text in quotes", key.get_ref()));
        };
        match key.get_ref().as_ref() {
            "secret" => secret.name = value.to_string(),
            "version" => secret.version = value.to_string(),
            "mount" => secret.form = mounted(value)?,
            other => {
                return Err(format!(
                    "a secret has secret, version and mount, and no {other}"
                ));
            }
        }
    }
    if !names::is_secret(&secret.name) || !names::is_version(&secret.version) {
        return Err(SHAPE.to_owned());
    }
    Ok(secret)
}

fn mounted(path: &str) -> Result<Form, String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    let is_plain = path.split('/').skip(1).all(|part| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    });
    if !path.starts_with('/') || folder.is_empty() || !is_plain {
        return Err(format!(
            "{path:?} is no file in a folder of its own; give a path such as /secrets/gemini/key"
        ));
    }
    let below = |taken: &str| folder == taken || folder.starts_with(&format!("{taken}/"));
    if let Some(taken) = TAKEN.iter().find(|taken| below(taken)) {
        return Err(format!(
            "{taken} is used otherwise; give a path such as /secrets/gemini/key"
        ));
    }
    Ok(Form::File {
        folder: folder.to_owned(),
        name: name.to_owned(),
    })
}
