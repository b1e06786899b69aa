//! `attache gemini-enterprise authorization`.

use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use url::Url;

use super::target::{Target, last, text};
use crate::failure::{Exit, Failure};
use crate::google::Request;

const GOOGLE: &str = "https://accounts.google.com/o/oauth2/v2/auth";
const GOOGLE_TOKENS: &str = "https://oauth2.googleapis.com/token";
/// Where Gemini Enterprise wants the user to be sent back to.
const REDIRECTS: [&str; 2] = [
    "https://vertexaisearch.cloud.google.com/oauth-redirect",
    "https://vertexaisearch.cloud.google.com/static/oauth/oauth.html",
];

#[derive(Debug, Subcommand)]
pub(super) enum Authorization {
    /// Make one of an OAuth client.
    Create(Box<Create>),
    /// Show one. Its secret is never shown.
    Get(One),
    /// List them.
    List,
    /// Delete one.
    Delete(One),
}

/// By default Google is who users log in with.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name: letters in lower case, digits and hyphens, at most 63.
    #[arg(value_parser = authorization_id)]
    id: String,

    /// What users read; the ID if nothing is given.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,

    /// The client of the type Web application, at the authorization server.
    #[arg(long, value_name = "ID")]
    client_id: String,

    /// The variable that holds the client's secret.
    #[arg(
        long,
        value_name = "VARIABLE",
        group = "secret",
        required_unless_present = "client_secret_file"
    )]
    client_secret_env: Option<String>,

    /// The file that holds the client's secret; - reads standard input.
    #[arg(long, value_name = "FILE", group = "secret")]
    client_secret_file: Option<PathBuf>,

    /// Where users agree.
    #[arg(long, value_name = "URL", default_value = GOOGLE)]
    authorization_uri: Url,

    /// Where tokens are given.
    #[arg(long, value_name = "URL", default_value = GOOGLE_TOKENS)]
    token_uri: Url,

    /// What users agree to; may be given several times.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,

    /// Let the authorization server check that who began also ends (PKCE).
    #[arg(long)]
    pkce: bool,

    /// Send the client's secret in the Authorization header, as some servers want it.
    #[arg(long)]
    basic_authentication: bool,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// Its ID, or its full name.
    authorization: String,
}

impl Authorization {
    pub(super) async fn run(self, target: &Target) -> Result<Exit, Failure> {
        match self {
            Self::Create(command) => command.run(target).await,
            Self::List => list(target).await,
            Self::Get(one) => {
                let name = target.authorization(&one.authorization)?;
                let request = Request::get(target.api(), format!("v1alpha/{name}"));
                if target.dry_run {
                    return target.show(&[(&request, "")]);
                }
                let found = without_secret(target.google.call(&request).await?);
                target.terminal.result(&found, described);
                Ok(Exit::Ok)
            }
            Self::Delete(one) => {
                let name = target.authorization(&one.authorization)?;
                let request = Request::delete(target.api(), format!("v1alpha/{name}"));
                if target.dry_run {
                    return target.show(&[(&request, "")]);
                }
                target.google.call(&request).await?;
                target
                    .terminal
                    .result(&json!({"deleted": name}), |_| format!("deleted {name}"));
                Ok(Exit::Ok)
            }
        }
    }
}

async fn list(target: &Target) -> Result<Exit, Failure> {
    let path = format!("v1alpha/{}/authorizations", target.parent());
    let request = Request::get(target.api(), path);
    if target.dry_run {
        return target.show(&[(&request, "")]);
    }
    let found = target.google.list(&request, "authorizations").await?;
    let found: Vec<_> = found.into_iter().map(without_secret).collect();
    target
        .terminal
        .result(&json!({"authorizations": found}), |_| {
            if found.is_empty() {
                return format!("no authorizations in {}", target.parent());
            }
            let line = |one| format!("{}  {}", last(text(one, "name")), text(one, "displayName"));
            found.iter().map(line).collect::<Vec<_>>().join("\n")
        });
    Ok(Exit::Ok)
}

impl Create {
    async fn run(self, target: &Target) -> Result<Exit, Failure> {
        for (flag, url) in [
            ("authorization-uri", &self.authorization_uri),
            ("token-uri", &self.token_uri),
        ] {
            if url.scheme() != "https" {
                let sentence = format!("--{flag} is {url}, and users' tokens travel by https only");
                return Err(Failure::new(Exit::Usage, sentence));
            }
        }
        let secret = if target.dry_run {
            "SECRET".to_owned()
        } else {
            self.secret()?
        };
        let body = json!({
            "displayName": self.display_name.as_deref().unwrap_or(&self.id),
            "serverSideOauth2": {
                "clientId": self.client_id,
                "clientSecret": secret,
                "authorizationUri": self.uri_with_all_that_it_needs().as_str(),
                "tokenUri": self.token_uri.as_str(),
                "scopes": self.scopes,
                "pkceVerificationEnabled": self.pkce,
                "basicAuthenticationEnabled": self.basic_authentication,
            },
        });
        let path = format!("v1alpha/{}/authorizations", target.parent());
        let request = Request::post(target.api(), path, body).query("authorizationId", &self.id);
        if target.dry_run {
            return target.show(&[(&request, "")]);
        }
        let made = target.google.call(&request).await.map_err(|error| {
            let exists = error.is("ALREADY_EXISTS");
            let failure = Failure::from(error);
            if exists {
                failure.remedy(format!(
                    "Take another ID, or delete it first: attache gemini-enterprise authorization delete {}",
                    self.id
                ))
            } else {
                failure
            }
        })?;
        target.terminal.result(&without_secret(made), described);
        target.terminal.note(format!(
            "The OAuth client has to allow these redirect URIs: {}",
            REDIRECTS.join(" and ")
        ));
        Ok(Exit::Ok)
    }

    /// Without these parameters Google gives no refresh token, and users are asked again every hour.
    fn uri_with_all_that_it_needs(&self) -> Url {
        let mut uri = self.authorization_uri.clone();
        let has = |name: &str| {
            self.authorization_uri
                .query_pairs()
                .any(|(other, _)| other == name)
        };
        let mut wanted = vec![
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
        ];
        if uri.host_str() == Some("accounts.google.com") {
            wanted.extend([("access_type", "offline"), ("prompt", "consent")]);
        }
        let scopes = self.scopes.join(" ");
        wanted.push(("scope", &scopes));
        wanted.retain(|(name, _)| !has(name));
        if !wanted.is_empty() {
            uri.query_pairs_mut().extend_pairs(wanted);
        }
        uri
    }

    /// A secret on the command line would be in the shell's history and in the list of processes.
    fn secret(&self) -> Result<String, Failure> {
        let (source, read) = match (&self.client_secret_env, &self.client_secret_file) {
            (Some(variable), _) => {
                let value =
                    std::env::var(variable).map_err(|_| "it is not set, or no text".to_owned());
                (format!("the variable {variable}"), value)
            }
            (None, Some(path)) if path.as_os_str() == "-" => {
                let mut text = String::new();
                let read = std::io::stdin().read_to_string(&mut text);
                (
                    "standard input".to_owned(),
                    read.map(|_| text).map_err(|why| why.to_string()),
                )
            }
            (None, Some(path)) => {
                let read = std::fs::read_to_string(path).map_err(|why| why.to_string());
                (path.display().to_string(), read)
            }
            (None, None) => (
                "the command line".to_owned(),
                Err("it names no secret".to_owned()),
            ),
        };
        let refused = |why: &str| {
            Failure::new(Exit::NoInput, format!("no client secret in {source}: {why}"))
                .remedy("Give --client-secret-env=VARIABLE, or --client-secret-file=FILE (- is standard input).")
        };
        // Editors and echo leave a line break behind.
        let secret = read.map_err(|why| refused(&why))?;
        let secret = secret.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(refused("it is empty"));
        }
        Ok(secret.to_owned())
    }
}

/// Google does not give it back; should that change, it is not shown.
fn without_secret(mut authorization: Value) -> Value {
    if let Some(Value::Object(client)) = authorization.get_mut("serverSideOauth2") {
        client.remove("clientSecret");
    }
    authorization
}

fn described(authorization: &Value) -> String {
    let client = authorization
        .get("serverSideOauth2")
        .cloned()
        .unwrap_or_default();
    let scopes = client.get("scopes").and_then(Value::as_array);
    let scopes: Vec<_> = scopes
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    format!(
        "{}\n  display name  {}\n  client        {}\n  users agree   {}\n  tokens        {}\n  scopes        {}",
        text(authorization, "name"),
        text(authorization, "displayName"),
        text(&client, "clientId"),
        text(&client, "authorizationUri"),
        text(&client, "tokenUri"),
        scopes.join(" "),
    )
}

/// As RFC 1034 has it.
fn authorization_id(given: &str) -> Result<String, String> {
    let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_good = given.len() <= 63
        && given.bytes().all(inside)
        && given.starts_with(|c: char| c.is_ascii_lowercase())
        && !given.ends_with('-');
    if is_good {
        return Ok(given.to_owned());
    }
    Err(
        "an ID begins with a letter, has letters in lower case, digits and hyphens, and 63 at most"
            .to_owned(),
    )
}
