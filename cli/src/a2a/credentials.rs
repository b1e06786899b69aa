//! What a server is shown so that it lets us in, and how far that goes: to the origin of the URL that
//! was given, and to those that `--also-for` names. Neither a redirect nor a card changes that.
//!
//! Secrets come from variables and files. What stands on a command line is seen by everybody on the
//! machine and kept by the shell, so there is no flag for it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::google::IdTokens;
use super::origin::Origin;
use crate::failure::{Exit, Failure};

/// Secrets are tokens and keys; a file that is larger is something else.
const LARGEST: u64 = 64 << 10;
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// What Cloud Run looks at first, and takes away.
const SERVERLESS: HeaderName = HeaderName::from_static("x-serverless-authorization");

/// Credentials, by where they are.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Credentials (sent to the origin of the URL alone)")]
pub(crate) struct CredentialFlags {
    /// The variable that holds a token for `Authorization: Bearer`.
    #[arg(long, value_name = "NAME", conflicts_with = "bearer_file")]
    bearer_env: Option<String>,

    /// The file that holds a token for `Authorization: Bearer`.
    #[arg(long, value_name = "PATH")]
    bearer_file: Option<PathBuf>,

    /// The variable that holds an API key, and its header if that is not X-API-Key.
    #[arg(long, value_name = "NAME[:HEADER]")]
    api_key_env: Option<String>,

    /// A header with the value of a variable or a file: NAME=@env:VARIABLE, NAME=@file:PATH.
    #[arg(long, value_name = "NAME=@env:VAR", value_parser = SecretHeader::parse)]
    header: Vec<SecretHeader>,

    /// An ID token of Google for the server's origin, from the metadata server or from gcloud.
    #[arg(long)]
    google_id_token: bool,

    /// Another origin that the credentials may go to.
    #[arg(long, value_name = "ORIGIN")]
    also_for: Vec<Origin>,

    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = withheld)]
    bearer: Option<Withheld>,

    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", value_parser = withheld)]
    api_key: Option<Withheld>,
}

/// A secret that somebody put on the command line. It is not kept.
#[derive(Debug, Clone, Copy)]
struct Withheld;

#[allow(clippy::unnecessary_wraps, reason = "clap asks for a result")]
fn withheld(_: &str) -> Result<Withheld, String> {
    Ok(Withheld)
}

/// A header and where its value is. None when it was given in another form, which may hold a secret and
/// is not kept: `clap` would repeat it.
#[derive(Debug, Clone)]
struct SecretHeader(Option<(HeaderName, Source)>);

#[derive(Debug, Clone)]
enum Source {
    Variable(String),
    File(PathBuf),
}

impl SecretHeader {
    #[allow(clippy::unnecessary_wraps, reason = "clap asks for a result")]
    fn parse(text: &str) -> Result<Self, String> {
        let parsed = || {
            let (name, from) = text.split_once('=')?;
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            let variable = from
                .strip_prefix("@env:")
                .map(|name| Source::Variable(name.to_owned()));
            let file = from
                .strip_prefix("@file:")
                .map(|path| Source::File(path.into()));
            Some((name, variable.or(file)?))
        };
        Ok(Self(parsed()))
    }

    fn named(&self) -> Result<&(HeaderName, Source), Failure> {
        self.0.as_ref().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "a --header is not in the form NAME=@env:VARIABLE or NAME=@file:PATH: a value on \
                 the command line shows in the list of processes",
            )
            .remedy("put the value into a variable or a file; nothing was sent")
        })
    }
}

impl CredentialFlags {
    /// Reads what the flags name, for a server at `origin`.
    ///
    /// # Errors
    /// When a variable is not set, a file cannot be read, or a secret is on the command line.
    pub(super) fn resolve(&self, origin: Origin) -> Result<Credentials, Failure> {
        for (given, flag, instead) in [
            (
                self.bearer,
                "--bearer",
                "--bearer-env NAME or --bearer-file PATH",
            ),
            (self.api_key, "--api-key", "--api-key-env NAME"),
        ] {
            if given.is_some() {
                return Err(Failure::new(
                    Exit::Usage,
                    format!(
                        "there is no {flag}: a secret on the command line shows in the list of \
                         processes and stays in the shell's history"
                    ),
                )
                .remedy(format!("give it by {instead}; nothing was sent")));
            }
        }
        let mut headers = Vec::new();
        let bearer = match (&self.bearer_env, &self.bearer_file) {
            (Some(name), _) => Some(variable(name)?),
            (_, Some(path)) => Some(file(path)?),
            _ => None,
        };
        let mut secrets: Vec<String> = Vec::new();
        if let Some(token) = bearer {
            let value = header_value(&format!("Bearer {token}"), "the bearer token")?;
            headers.push((AUTHORIZATION, value));
            secrets.push(token);
        }
        if let Some(given) = &self.api_key_env {
            let (name, header) = match given.split_once(':') {
                None => (given.as_str(), API_KEY),
                Some((name, header)) => {
                    let header = HeaderName::from_bytes(header.as_bytes()).map_err(|_| {
                        Failure::new(Exit::Usage, format!("{header:?} is no name of a header"))
                            .remedy("give --api-key-env NAME:HEADER, such as KEY:X-API-Key")
                    })?;
                    (name, header)
                }
            };
            let key = variable(name)?;
            headers.push((header, header_value(&key, &format!("the key in {name}"))?));
            secrets.push(key);
        }
        for header in &self.header {
            let (name, from) = header.named()?;
            let value = match from {
                Source::Variable(name) => variable(name)?,
                Source::File(path) => file(path)?,
            };
            headers.push((
                name.clone(),
                header_value(&value, &format!("the value of {name}"))?,
            ));
            secrets.push(value);
        }
        Ok(Credentials {
            also: self.also_for.clone(),
            origin,
            headers,
            google: self.google_id_token.then(IdTokens::default),
            secrets: Mutex::new(secrets),
        })
    }

    /// The headers for requests to the origin of `url`.
    ///
    /// # Errors
    /// As [`Self::resolve`], and when there is no ID token to be had.
    pub(crate) async fn headers(&self, url: &Url) -> Result<HeaderMap, Failure> {
        let origin = Origin::of(url);
        let credentials = self.resolve(origin.clone())?;
        Ok(credentials
            .headers_for(&origin)
            .await?
            .into_iter()
            .collect())
    }

    /// The other origins that the credentials may go to.
    pub(crate) fn also_for(&self) -> &[Origin] {
        &self.also_for
    }

    /// The flags as they were given, for a command to go on with. None of them holds a secret.
    pub(super) fn again(&self, flags: &mut Vec<String>) {
        let mut add = |flag: &str, value: String| flags.extend([flag.to_owned(), value]);
        if let Some(name) = &self.bearer_env {
            add("--bearer-env", name.clone());
        }
        if let Some(path) = &self.bearer_file {
            add("--bearer-file", path.display().to_string());
        }
        if let Some(name) = &self.api_key_env {
            add("--api-key-env", name.clone());
        }
        for (name, from) in self.header.iter().filter_map(|header| header.0.as_ref()) {
            let from = match from {
                Source::Variable(name) => format!("@env:{name}"),
                Source::File(path) => format!("@file:{}", path.display()),
            };
            add("--header", format!("{name}={from}"));
        }
        for origin in &self.also_for {
            add("--also-for", origin.to_string());
        }
        if self.google_id_token {
            flags.push("--google-id-token".to_owned());
        }
    }
}

/// A secret in a variable.
///
/// # Errors
/// When the variable is not set.
pub(crate) fn variable(name: &str) -> Result<String, Failure> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value.trim().to_owned()),
        // What does not look like the name of a variable may be the secret itself.
        _ if !is_name(name) => Err(Failure::new(
            Exit::NoPermission,
            "a flag that ends in -env names a variable that is not set",
        )
        .remedy("it takes the name of a variable, such as TOKEN, and not the secret itself")),
        _ => Err(Failure::new(
            Exit::NoPermission,
            format!("the variable {name} is not set, or empty"),
        )
        .remedy(format!(
            "export {name} with the secret, or give another name"
        ))),
    }
}

fn is_name(text: &str) -> bool {
    let is_start = |c: char| c.is_ascii_uppercase() || c == '_';
    text.starts_with(is_start)
        && text.len() <= 64
        && text.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

fn file(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let unreadable = |why: String| {
        Failure::new(
            Exit::NoInput,
            format!("the secret in {shown} cannot be read: {why}"),
        )
    };
    let length = std::fs::metadata(path)
        .map_err(|why| unreadable(why.to_string()))?
        .len();
    if length > LARGEST {
        return Err(unreadable(format!(
            "it has {length} bytes, and at most {LARGEST} are read"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|why| unreadable(why.to_string()))?;
    match text.trim() {
        "" => Err(unreadable("it is empty".to_owned())),
        text => Ok(text.to_owned()),
    }
}

/// The value is not repeated in the error.
fn header_value(value: &str, what: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Failure::new(
            Exit::Data,
            format!("{what} has a character that no header may have, such as a line break"),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Credentials, and where they may go.
#[derive(Debug)]
pub(crate) struct Credentials {
    origin: Origin,
    also: Vec<Origin>,
    headers: Vec<(HeaderName, HeaderValue)>,
    google: Option<IdTokens>,
    /// What must not be shown.
    secrets: Mutex<Vec<String>>,
}

impl Credentials {
    /// The origin of the URL that was given.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// True when there is nothing that could get into wrong hands.
    pub(super) fn are_none(&self) -> bool {
        self.headers.is_empty() && self.google.is_none()
    }

    /// Whether they may go there.
    pub(super) fn may_go_to(&self, origin: &Origin) -> bool {
        *origin == self.origin || self.also.contains(origin)
    }

    /// The headers for a request to `origin`; none where they may not go.
    ///
    /// # Errors
    /// When there is no ID token to be had.
    pub(super) async fn headers_for(
        &self,
        origin: &Origin,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
        if !self.may_go_to(origin) {
            return Ok(Vec::new());
        }
        let mut headers = self.headers.clone();
        if let Some(google) = &self.google {
            let token = google.token(origin).await?;
            let value = header_value(&format!("Bearer {token}"), "Google's ID token")?;
            self.hide(token);
            let taken = headers.iter().any(|(name, _)| *name == AUTHORIZATION);
            headers.push((if taken { SERVERLESS } else { AUTHORIZATION }, value));
        }
        Ok(headers)
    }

    /// One more text that must not be shown.
    pub(super) fn hide(&self, secret: String) {
        if let Ok(mut secrets) = self.secrets.lock()
            && !secrets.contains(&secret)
        {
            secrets.push(secret);
        }
    }

    /// The text without any of the secrets: a server may repeat what it was sent.
    pub(super) fn mask(&self, text: &str) -> String {
        let Ok(secrets) = self.secrets.lock() else {
            return String::new();
        };
        let mut masked = text.to_owned();
        for secret in secrets.iter().filter(|secret| secret.len() > 3) {
            masked = masked.replace(secret.as_str(), "***");
        }
        masked
    }
}
