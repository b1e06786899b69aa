//! Where a card to register comes from.

use std::io::Read as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use reqwest::redirect;
use serde_json::Value;
use url::Url;

use super::target::{Target, text};
use crate::failure::{Exit, Failure};
use crate::gemini_enterprise::card::{accepted, takes_tokens_of_users};

const WELL_KNOWN: &str = ".well-known/agent-card.json";
/// Of a card, in bytes.
const LIMIT: usize = 1 << 20;
/// Where a card is.
#[derive(Debug, Clone)]
pub(super) enum Source {
    File(PathBuf),
    Url(Url),
    Stdin,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        match given {
            "-" => Ok(Self::Stdin),
            url if url.contains("://") => {
                let url = Url::parse(url).map_err(|why| why.to_string())?;
                match url.scheme() {
                    "https" | "http" => Ok(Self::Url(url)),
                    other => Err(format!("{other} is no scheme of a card's URL")),
                }
            }
            path => Ok(Self::File(path.into())),
        }
    }
}

/// A card that Gemini Enterprise takes.
pub(super) struct Card {
    pub(super) document: Value,
    /// The agent takes users' tokens.
    pub(super) takes_tokens_of_users: bool,
}

impl Source {
    /// The card, as Gemini Enterprise takes it.
    ///
    /// # Errors
    /// It cannot be read, or Gemini Enterprise would refuse it.
    pub(super) async fn read(&self, target: &Target) -> Result<Card, Failure> {
        let (bytes, name) = match self {
            Self::File(path) => (std::fs::read(path), path.display().to_string()),
            Self::Stdin => {
                let mut bytes = Vec::new();
                let limit = u64::try_from(LIMIT + 1).unwrap_or(u64::MAX);
                let read = std::io::stdin().take(limit).read_to_end(&mut bytes);
                (read.map(|_| bytes), "standard input".to_owned())
            }
            Self::Url(url) => (Ok(fetch(url, target).await?), url.to_string()),
        };
        let bytes = bytes.map_err(|why| {
            Failure::new(
                Exit::NoInput,
                format!("the card in {name} cannot be read: {why}"),
            )
        })?;
        if bytes.len() > LIMIT {
            return Err(Failure::new(
                Exit::Data,
                format!("the card in {name} is over {LIMIT} bytes"),
            ));
        }
        let document: Value = serde_json::from_slice(&bytes).map_err(|why| {
            Failure::new(Exit::Data, format!("the card in {name} is no JSON: {why}"))
        })?;
        let (card, notes) = accepted(&document, &name)?;
        for note in notes {
            target.terminal.note(note);
        }
        if let Self::Url(asked) = self {
            let url = Url::parse(text(&card, "url")).ok();
            if url.is_some_and(|url| url.origin() != asked.origin()) {
                target.terminal.note(format!(
                    "the card says that the agent is at {}, elsewhere than {asked}",
                    text(&card, "url")
                ));
            }
        }
        Ok(Card {
            takes_tokens_of_users: takes_tokens_of_users(&document),
            document: card,
        })
    }
}

/// Fetches a card, with an identity token where Cloud Run wants one; it goes to that origin alone.
async fn fetch(given: &Url, target: &Target) -> Result<Vec<u8>, Failure> {
    let mut url = given.clone();
    url.set_query(None);
    if !url.path().ends_with(".json") {
        let path = format!("{}/{WELL_KNOWN}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    let http = reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|why| Failure::new(Exit::Software, format!("TLS cannot be set up: {why}")))?;
    let unreachable = |why: reqwest::Error| {
        Failure::new(Exit::Unavailable, format!("{url} cannot be reached: {why}"))
            .remedy("Is the agent served there? attache doctor says more of one on Cloud Run.")
    };
    let mut answer = http.get(url.clone()).send().await.map_err(unreachable)?;
    let is_refused = matches!(answer.status().as_u16(), 401 | 403);
    let is_on_cloud_run = url.scheme() == "https"
        && url
            .host_str()
            .is_some_and(|host| host.ends_with(".run.app"));
    if is_refused && is_on_cloud_run {
        let token = target
            .google
            .id_token(&url.origin().ascii_serialization())
            .await?;
        let request = http.get(url.clone()).bearer_auth(token.reveal());
        answer = request.send().await.map_err(unreachable)?;
    }
    let status = answer.status();
    if !status.is_success() {
        let failure = Failure::new(
            Exit::Data,
            format!("{url} answers with HTTP status {status}"),
        );
        return Err(match status.as_u16() {
            401 | 403 => failure.remedy(
                "The card is only for those who may invoke the service: have roles/run.invoker granted to \
                 you, or give a file that holds the card.",
            ),
            300..=399 => failure.remedy("Give the address to which it sends you."),
            _ => failure.remedy("Give the URL of the agent, or of its card."),
        });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LIMIT {
            break;
        }
    }
    Ok(bytes)
}
