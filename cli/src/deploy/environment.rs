//! The variables of the agent's container.

use super::Deployment;
use crate::manifest::{Connect, Form, Login};

/// What a variable is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// This text.
    Plain(String),
    /// A version of a secret.
    Secret {
        /// The secret's name.
        name: String,
        /// The version.
        version: String,
    },
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Its name.
    pub(crate) name: String,
    /// See [`Content`].
    pub(crate) content: Content,
}

/// A folder with a secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    /// The volume's name.
    pub(crate) volume: String,
    /// Where it is.
    pub(crate) folder: String,
    /// The secret's name.
    pub(crate) secret: String,
    /// The version.
    pub(crate) version: String,
    /// The file's name.
    pub(crate) file: String,
}

impl Deployment {
    /// The variables, in an order that does not change. `public_url` is the URL in the card; without
    /// one the host finds its own.
    pub(crate) fn variables(&self, public_url: Option<&str>) -> Vec<Variable> {
        let manifest = &self.manifest;
        let mut all = Vec::new();
        let mut set = |name: &str, value: String| {
            all.push(Variable {
                name: name.to_owned(),
                content: Content::Plain(value),
            });
        };
        if let Some(url) = public_url {
            set("ATTACHE_PUBLIC_URL", url.to_owned());
        }
        set("ATTACHE_AUTH", manifest.service.auth.join(","));
        if let Some(model) = &manifest.model {
            let name = model.name.as_deref().map(|name| format!(":{name}"));
            set(
                "ATTACHE_MODEL",
                format!("{}{}", model.provider, name.unwrap_or_default()),
            );
            if model.provider == "vertex" {
                set("GOOGLE_CLOUD_PROJECT", self.project.clone());
                set("GOOGLE_CLOUD_LOCATION", model.location.clone());
            }
            if let Some(url) = &model.base_url {
                set("OPENAI_BASE_URL", url.clone());
            }
        }
        if !manifest.egress.allow.is_empty() {
            set("ATTACHE_ALLOW_OUTBOUND", manifest.egress.allow.join(","));
        }
        if let (Some(name), Some(queue)) = (self.queue(), &manifest.queue) {
            set("ATTACHE_TASKS_QUEUE", name);
            set("ATTACHE_TASKS_DEADLINE", queue.deadline.to_string());
        } else if manifest.service.by_instance {
            // The host cannot see how the service is billed, and would warn.
            set("ATTACHE_DISPATCH", "inline".to_owned());
        }
        if let Some(database) = &manifest.database {
            let host = match &database.connect {
                Connect::AuthProxy(_) => "127.0.0.1",
                Connect::PrivateIp(host) => host,
            };
            set("DB_HOST", host.to_owned());
            set("DB_PORT", database.port.to_string());
            set("DB_NAME", database.name.clone());
            match &database.login {
                Login::Iam => {
                    set("DB_IAM_AUTH", "1".to_owned());
                    set("DB_USER", self.database_user().unwrap_or_default());
                }
                Login::Password(Some(user)) => set("DB_USER", user.clone()),
                Login::Password(None) => {}
            }
            let is_private = matches!(database.connect, Connect::PrivateIp(_));
            if is_private && manifest.variable("DB_SSLMODE").is_none() {
                let has_root = manifest.secret("DB_SSLROOTCERT").is_some();
                set(
                    "DB_SSLMODE",
                    if has_root { "verify-ca" } else { "require" }.to_owned(),
                );
            }
            if let Some(pool) = database.pool {
                set("ATTACHE_DATABASE_POOL", pool.to_string());
            }
        }
        for (key, value) in &manifest.config {
            set(
                &format!("ATTACHE_CONFIG_{}", key.to_ascii_uppercase()),
                value.clone(),
            );
        }
        for (name, value) in &manifest.env {
            set(name, value.clone());
        }
        for secret in &manifest.secrets {
            let content = match &secret.form {
                Form::File { folder, name } => Content::Plain(format!("{folder}/{name}")),
                Form::Variable => Content::Secret {
                    name: secret.name.clone(),
                    version: secret.version.clone(),
                },
            };
            all.push(Variable {
                name: secret.set_variable(),
                content,
            });
        }
        all
    }

    /// The secrets that are files.
    pub(crate) fn mounts(&self) -> Vec<Mount> {
        let mut mounts: Vec<Mount> = Vec::new();
        for secret in &self.manifest.secrets {
            let Form::File { folder, name } = &secret.form else {
                continue;
            };
            if mounts.iter().any(|mount| mount.folder == *folder) {
                continue;
            }
            mounts.push(Mount {
                volume: format!("secret-{}", mounts.len() + 1),
                folder: folder.clone(),
                secret: secret.name.clone(),
                version: secret.version.clone(),
                file: name.clone(),
            });
        }
        mounts
    }
}
