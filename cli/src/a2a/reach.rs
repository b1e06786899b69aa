//! What the command line says of a server: where it is, how it is spoken to, with which credentials.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::card::Card;
use super::credentials::CredentialFlags;
use super::http::{Http, in_the_clear};
use super::interface::{Binding, Version};
use super::operation::Operation;
use super::origin::Origin;
use super::server::Server;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// How to talk to a server.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConnectionFlags {
    #[command(flatten)]
    credentials: CredentialFlags,

    /// Seconds to wait for an answer, and in a stream for a sign of life; 0 is without limit.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 300,
        help_heading = "Connection"
    )]
    timeout: u64,

    /// Seconds to wait for a connection.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        help_heading = "Connection"
    )]
    connect_timeout: u64,

    /// Show requests and answers on standard error, without secrets.
    #[arg(short, long, help_heading = "Connection")]
    verbose: bool,
}

impl ConnectionFlags {
    /// A client of the server at `url`, whose origin the credentials are for.
    ///
    /// # Errors
    /// When the credentials are not there.
    pub(crate) fn http(&self, url: &Url, terminal: &Terminal) -> Result<Http, Failure> {
        let credentials = self.credentials.resolve(Origin::of(url))?;
        if let Some(warning) = in_the_clear(url, &credentials) {
            terminal.note(warning);
        }
        let patience = (self.timeout > 0).then(|| Duration::from_secs(self.timeout));
        let to_connect = Duration::from_secs(self.connect_timeout.max(1));
        Http::new(credentials, to_connect, patience, self.verbose)
    }

    /// The card at a URL or in a file.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn card(&self, source: &str, terminal: &Terminal) -> Result<Card, Failure> {
        if !source.contains("://") {
            return Card::of_file(source.as_ref());
        }
        let url = url(source)?;
        Card::fetch(&self.http(&url, terminal)?, &url).await
    }
}

impl ConnectionFlags {
    /// The card that an agent shows to those whom it knows.
    ///
    /// # Errors
    /// When there is none, or the credentials do not let the caller see it.
    pub(crate) async fn extended_card(
        &self,
        source: &str,
        terminal: &Terminal,
    ) -> Result<Card, Failure> {
        let url = url(source)?;
        let http = self.http(&url, terminal)?;
        let mut card = Card::fetch(&http, &url).await?;
        let server = Server::of_card(http, &card, None, None)?;
        card.value = server.call(&Operation::GetExtendedCard).await?;
        Ok(card)
    }

    /// The same without anything that says who asks.
    fn without_credentials(&self) -> Self {
        Self {
            credentials: CredentialFlags::default(),
            ..self.clone()
        }
    }

    /// The document at a URL, which is asked for by nobody in particular.
    ///
    /// # Errors
    /// When it cannot be fetched, or is at another origin.
    pub(crate) async fn public_document(
        &self,
        url: &Url,
        terminal: &Terminal,
    ) -> Result<Vec<u8>, Failure> {
        let http = self.without_credentials().http(url, terminal)?;
        http.bound_to_origin().document(url).await
    }
}

/// A server, and how to reach it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reach {
    /// The agent's URL, or that of its card.
    #[arg(value_name = "URL")]
    url: String,

    /// Only this binding; otherwise the first in the card that is spoken here.
    #[arg(long, value_enum, value_name = "BINDING", help_heading = "Protocol")]
    binding: Option<Binding>,

    /// Only this version of the protocol; otherwise 1.0 where the card offers it.
    #[arg(long, value_enum, value_name = "VERSION", help_heading = "Protocol")]
    protocol_version: Option<Version>,

    /// The tenant, if it is not the one that the card names.
    #[arg(long, value_name = "TENANT", help_heading = "Protocol")]
    tenant: Option<String>,

    /// An extension of the protocol to ask for, by its URI.
    #[arg(long, value_name = "URI", help_heading = "Protocol")]
    extension: Vec<String>,

    /// Read no card: the URL is the interface's own, JSONRPC in 1.0 unless other flags say otherwise.
    #[arg(long, help_heading = "Protocol")]
    no_card: bool,

    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Reach {
    /// Reads the card and chooses an interface.
    ///
    /// # Errors
    /// When there is no card, nothing in it that is spoken here, or the credentials may not go there.
    pub(crate) async fn connect(&self, terminal: &Terminal) -> Result<Server, Failure> {
        let url = url(&self.url)?;
        let http = self.connection.http(&url, terminal)?;
        let mut server = if self.no_card {
            Server::without_card(http, url, self.binding, self.protocol_version)
        } else {
            let card = Card::fetch(&http, &url).await?;
            Server::of_card(http, &card, self.binding, self.protocol_version)?
        };
        server.speak_as(self.tenant.as_deref(), &self.extension);
        Ok(server)
    }

    /// The beginning of a command that goes on with the same server: `attache COMMAND URL`.
    pub(crate) fn again(&self, command: &str) -> String {
        let mut words = vec![self.url.clone()];
        let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
        if let Some(binding) = self.binding {
            add("--binding", binding.to_string().to_ascii_lowercase());
        }
        if let Some(version) = self.protocol_version {
            add("--protocol-version", version.to_string());
        }
        if let Some(tenant) = &self.tenant {
            add("--tenant", tenant.clone());
        }
        for uri in &self.extension {
            add("--extension", uri.clone());
        }
        if self.no_card {
            words.push("--no-card".to_owned());
        }
        self.connection.credentials.again(&mut words);
        let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        format!("attache {command} {}", words.join(" "))
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// An absolute http or https URL without a password in it.
pub(crate) fn url(text: &str) -> Result<Url, Failure> {
    let wrong = |why: String| {
        Failure::new(Exit::Usage, why)
            .remedy("give a URL such as https://agent.example or http://127.0.0.1:8080")
    };
    if !text.contains("://") {
        return Err(wrong(format!(
            "{text:?} is no URL: it has no https:// in front"
        )));
    }
    let url = Url::parse(text).map_err(|why| wrong(format!("that is no URL: {why}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "a URL with a user or a password in it shows in the list of processes".to_owned(),
        ));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("{text:?} is no http or https URL")));
    }
    Ok(url)
}
