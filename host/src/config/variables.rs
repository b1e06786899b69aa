//! The variables that have no flag, and which settings are secret.

use clap::{Arg, Command};

/// The settings whose values are never shown: variables, and flags by the variables that stand for
/// them. Each may stand in a file that its name with `_FILE` behind it names. So may every
/// `ATTACHE_CONFIG_<KEY>`, which is secret too: only the component knows what is in it.
const SECRET: [&str; 10] = [
    "ATTACHE_API_KEYS",
    "ATTACHE_CARD_KEY",
    "ATTACHE_DATABASE_LISTEN_URL",
    "ATTACHE_PUSH_KEY",
    "DATABASE_URL",
    "DB_PASS",
    "DB_PASSWORD",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "OPENAI_API_KEY",
];

/// True when the value of this variable is not to be shown.
pub(super) fn is_secret(variable: &str) -> bool {
    SECRET.contains(&variable)
}

/// The secrets that a variable with `_FILE` at the end says where to find. Keys have a flag of that
/// name, which reads the file by itself.
pub(super) fn readable_from_files(serve: &Command) -> impl Iterator<Item = &'static str> {
    SECRET.into_iter().filter(|name| {
        let file = format!("{name}_FILE");
        !serve
            .get_arguments()
            .any(|arg| variable(arg) == Some(file.as_str()))
    })
}

/// The variable that stands for a flag.
pub(super) fn variable(arg: &Arg) -> Option<&str> {
    arg.get_env().and_then(|name| name.to_str())
}

/// A variable without a flag.
pub(super) struct Variable {
    pub(super) name: &'static str,
    /// What it is for, in the words of a flag's help.
    pub(super) help: &'static str,
    pub(super) role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Set by whoever deploys.
    Own,
    /// Another name for the variable of a flag.
    For(&'static str),
    /// Set by the platform, so that a file has no say.
    Platform,
}

pub(super) const VARIABLES: [Variable; 31] = {
    const fn own(name: &'static str, help: &'static str) -> Variable {
        let role = Role::Own;
        Variable { name, help, role }
    }
    const fn public_url(name: &'static str) -> Variable {
        Variable {
            name,
            help: "Accepted for ATTACHE_PUBLIC_URL.",
            role: Role::For("public-url"),
        }
    }
    [
        own(
            "RUST_LOG",
            "What to log: a level, or target=level pairs with commas between them. [default: info]",
        ),
        own(
            "ATTACHE_API_KEYS",
            "Lines like those of --api-keys-file, with commas between them.",
        ),
        own(
            "GOOGLE_APPLICATION_CREDENTIALS",
            "The file of Google credentials to call Google as. [default: those of gcloud, or the metadata server]",
        ),
        own(
            "ATTACHE_CARD_KEY",
            "The key itself instead of --card-key-file.",
        ),
        own(
            "ATTACHE_COMPONENT_KEY",
            "The key itself instead of --component-key-file.",
        ),
        own(
            "DOCKER_CONFIG",
            "The folder with Docker's config.json, whose credentials open registries. [default: .docker in HOME]",
        ),
        own(
            "ATTACHE_PUSH_KEY",
            "The keys themselves instead of --push-key-file.",
        ),
        own(
            "DATABASE_URL",
            "Keep tasks on this PostgreSQL server: postgres://USER:PASSWORD@HOST:PORT/DATABASE.",
        ),
        own(
            "DB_HOST",
            "The same in parts: the server. [default: 127.0.0.1, the AlloyDB Auth Proxy]",
        ),
        own("DB_PORT", "Its port. [default: 5432]"),
        own("DB_NAME", "The database. [default: postgres]"),
        own(
            "DB_USER",
            "Who logs in. [default: none; with IAM the service's own account]",
        ),
        own("DB_PASS", "The password."),
        own("DB_PASSWORD", "Accepted for DB_PASS."),
        own("DB_SSLMODE", "As sslmode in a URL."),
        own("DB_SSLROOTCERT", "As sslrootcert in a URL."),
        own(
            "ATTACHE_DATABASE_LISTEN_URL",
            "The same server without the pooler in front, for notifications.",
        ),
        public_url("APP_URL"),
        public_url("AGENT_URL"),
        Variable {
            name: "K_SERVICE",
            help: "Set by Cloud Run: listen on 0.0.0.0, log JSON, find the service's URL.",
            role: Role::Platform,
        },
        own(
            "GOOGLE_CLOUD_PROJECT",
            "The project that log entries name for their traces, and whose Vertex AI an agent is given. [default: found out for logs]",
        ),
        own(
            "GOOGLE_CLOUD_LOCATION",
            "Where Vertex AI is asked: global, us, eu or a region. [default: global]",
        ),
        own(
            "GOOGLE_GENAI_USE_ENTERPRISE",
            "1 or true: the model is asked at Vertex AI, whatever keys there are.",
        ),
        own(
            "GOOGLE_GENAI_USE_VERTEXAI",
            "Accepted for GOOGLE_GENAI_USE_ENTERPRISE.",
        ),
        own("GEMINI_API_KEY", "A key for the Gemini API."),
        own("GOOGLE_API_KEY", "The same, and wins over it."),
        own(
            "GOOGLE_GEMINI_BASE_URL",
            "Where the Gemini API is. [default: https://generativelanguage.googleapis.com]",
        ),
        own(
            "GOOGLE_VERTEX_BASE_URL",
            "Where Vertex AI is. [default: the host of its location]",
        ),
        own(
            "OPENAI_API_KEY",
            "A key for a server that speaks like OpenAI's.",
        ),
        own(
            "OPENAI_BASE_URL",
            "Where that server is, such as http://127.0.0.1:11434/v1. [default: https://api.openai.com/v1]",
        ),
        own(
            "GCE_METADATA_HOST",
            "host[:port] of the metadata server. [default: metadata.google.internal]",
        ),
    ]
};

impl Variable {
    /// Its key in a file: `DB_PASS` is `db-pass` there, `ATTACHE_CARD_KEY` is `card-key`.
    pub(super) fn key(&self) -> Option<String> {
        let name = self.name.strip_prefix("ATTACHE_").unwrap_or(self.name);
        (self.role == Role::Own).then(|| name.to_ascii_lowercase().replace('_', "-"))
    }
}

/// The `[default: …]` of a help text.
pub(super) fn default_in(help: &str) -> Option<String> {
    let (_, default) = help.split_once("[default:")?;
    let (default, _) = default.rsplit_once(']')?;
    Some(default.split_whitespace().collect::<Vec<_>>().join(" "))
}
