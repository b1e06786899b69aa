//! Agent cards as they are found: at the paths of 1.0 and 0.3, at that of 0.2, or in a file.

mod convert;
mod gemini_enterprise;
mod lint;
mod signature;

pub(crate) use lint::{Finding, Level};
pub(crate) use signature::{Checked, header};

use std::path::Path;

use reqwest::StatusCode;
use reqwest::header::ACCEPT;
use serde_json::Value;
use url::Url;

use super::fault;
use super::http::{Http, Request, Whole};
use super::interface::{self, Listed};
use super::origin::shown;
use crate::failure::{Exit, Failure};

/// Where cards are since 0.3, and where they were before, which much of Google still asks for.
const PATHS: [&str; 2] = [".well-known/agent-card.json", ".well-known/agent.json"];
/// Cards have a few kilobytes.
const LARGEST: u64 = 4 << 20;

/// Which clients a card is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    /// What 1.0 defines.
    Pure,
    /// What 0.3 defines.
    Old,
    /// Both beside each other.
    Hybrid,
}

/// A card, and where it was.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) value: Value,
    /// None for a file.
    pub(crate) at: Option<Url>,
}

impl Card {
    fn parse(bytes: &[u8], at: Option<Url>, place: &str) -> Result<Self, Failure> {
        let no_card = |why: String| {
            Failure::new(
                Exit::Data,
                format!("there is no agent card at {place}: {why}"),
            )
        };
        let value: Value =
            serde_json::from_slice(bytes).map_err(|why| no_card(format!("not JSON ({why})")))?;
        // Registries keep the card as a text, and some files have it in a member.
        let value = match value {
            Value::String(inner) => serde_json::from_str(&inner)
                .map_err(|why| no_card(format!("a text that is not JSON ({why})")))?,
            other => other,
        };
        if !value.get("name").is_some_and(Value::is_string) {
            return Err(no_card("it has no \"name\"".to_owned()));
        }
        Ok(Self { value, at })
    }

    /// Reads a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be read, or is no card.
    pub(crate) fn of_file(path: &Path) -> Result<Self, Failure> {
        use std::io::Read as _;

        let place = path.display();
        let failed = |why: std::io::Error| {
            Failure::new(Exit::NoInput, format!("{place} cannot be read: {why}"))
                .remedy("give a file, or a URL that begins with https:// or http://")
        };
        let mut bytes = Vec::new();
        if path == Path::new("-") {
            let read = std::io::stdin().take(LARGEST).read_to_end(&mut bytes);
            read.map_err(failed)?;
        } else {
            let file = std::fs::File::open(path).map_err(failed)?;
            file.take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
        }
        Self::parse(&bytes, None, &place.to_string())
    }

    /// Asks a server for its card. `url` is the agent's, one of its interfaces', or the card's own.
    ///
    /// # Errors
    /// When there is none, or none for that URL.
    pub(super) async fn fetch(http: &Http, url: &Url) -> Result<Self, Failure> {
        if url.path().ends_with(".json") {
            let answer = ask(http, url).await?;
            return Self::of_answer(&answer).unwrap_or_else(|| Err(refused(http, &answer)));
        }
        let mut root = url.clone();
        root.set_path("/");
        root.set_query(None);
        let has_path = url.path() != "/";
        let mut last = None;
        for base in [Some(url), has_path.then_some(&root)].into_iter().flatten() {
            for path in PATHS {
                let answer = ask(http, &below(base, path)).await?;
                match Self::of_answer(&answer) {
                    Some(card) if base.path() != url.path() => return of_that_url(card?, url),
                    Some(card) => return card,
                    None => last = Some(answer),
                }
                // Another path does not help who is not let in.
                if let Some(answer) = &last
                    && !is_elsewhere(answer.status)
                {
                    return Err(refused(http, answer));
                }
            }
        }
        let said = last
            .map(|answer| answer.status.to_string())
            .unwrap_or_default();
        Err(Failure::new(
            Exit::Unavailable,
            format!(
                "{} has no agent card at {} or {}: {said}",
                shown(url),
                PATHS[0],
                PATHS[1]
            ),
        )
        .remedy("give the URL of the card itself, or with --no-card that of the interface"))
    }

    /// None when the server has nothing there. A page with status 200 is what some have instead of 404.
    fn of_answer(answer: &Whole) -> Option<Result<Self, Failure>> {
        if answer.status != StatusCode::OK {
            return None;
        }
        let place = shown(&answer.url);
        let card = Self::parse(&answer.body, Some(answer.url.clone()), &place);
        let is_page = answer.body.trim_ascii_start().starts_with(b"<");
        (!is_page).then_some(card)
    }

    /// Which clients it is for.
    pub(crate) fn generation(&self) -> Generation {
        let has = |name: &str| self.value.get(name).is_some();
        match (
            has("supportedInterfaces") || has("supported_interfaces"),
            has("url"),
        ) {
            (true, true) => Generation::Hybrid,
            (false, true) => Generation::Old,
            // A card that its author writes has neither: the server adds them.
            _ if has("protocolVersion") || has("preferredTransport") => Generation::Old,
            _ => Generation::Pure,
        }
    }

    /// Its ways to reach the agent.
    pub(crate) fn interfaces(&self) -> Vec<Listed> {
        interface::listed(&self.value)
    }
}

async fn ask(http: &Http, url: &Url) -> Result<Whole, Failure> {
    let request = Request::get(url.clone()).header(ACCEPT, "application/json");
    http.whole(request).await
}

fn refused(http: &Http, answer: &Whole) -> Failure {
    fault::of_answer(answer, |text| http.credentials().mask(text)).into()
}

fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

fn is_elsewhere(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 400 | 404 | 405 | 406 | 410 | 501)
}

/// A server may have many agents: the card at its root is that of `url` only when it says so.
fn of_that_url(card: Card, url: &Url) -> Result<Card, Failure> {
    let wanted = url.path().trim_end_matches('/').to_owned();
    let names_it = card.interfaces().iter().any(|interface| {
        let at = card.at.as_ref().unwrap_or(url);
        let own = at.join(&interface.url);
        own.is_ok_and(|own| own.path().trim_end_matches('/').starts_with(&wanted))
    });
    if names_it {
        return Ok(card);
    }
    let at = card.at.as_ref().map(shown).unwrap_or_default();
    Err(Failure::new(
        Exit::Unavailable,
        format!(
            "{} has no agent card, and the one at {at} is that of another agent",
            shown(url)
        ),
    )
    .remedy("check the path, or give the URL of the card itself"))
}
