use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use url::Url;

use super::challenge::Challenge;
use super::{Body, Client, Login};
use crate::artifact::shown;
use crate::reference::{host_of, is_loopback};
use crate::{Credential, Error, Reference};

/// Content is often elsewhere, behind one redirect.
const REDIRECTS: usize = 5;
/// How often a question is asked when there is no answer, or one that the next may be better than.
pub(super) const ATTEMPTS: u32 = 3;
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// Tokens have a few kilobytes.
const LONGEST_TOKEN: usize = 256 << 10;
const LONGEST_ERROR: usize = 16 << 10;
const AGENT: &str = concat!("attache/", env!("CARGO_PKG_VERSION"));

const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is done with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Pull,
    Push,
}

impl Access {
    fn scope(self, reference: &Reference) -> String {
        let actions = match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        };
        format!("repository:{}:{actions}", reference.repository())
    }
}

/// One artifact's repository, and what may be done with it.
pub(super) struct Session<'a> {
    pub(super) client: &'a Client,
    pub(super) reference: &'a Reference,
    pub(super) access: Access,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Session<'_> {
    /// The URL of what is under `/v2/REPOSITORY/`.
    pub(super) fn url(&self, path: &str) -> Result<Url, Error> {
        let (origin, repository) = (self.reference.origin(), self.reference.repository());
        self.parse(&format!("{origin}/v2/{repository}/{path}"))
    }

    fn parse(&self, url: &str) -> Result<Url, Error> {
        Url::parse(url).map_err(|_| self.answered(format!("a URL that is none: {}", shown(url))))
    }

    /// Where an answer points to.
    pub(super) fn location(&self, base: &Url, headers: &HeaderMap) -> Result<Url, Error> {
        let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or_else(|| self.answered("without saying where".to_owned()))?;
        let url = base
            .join(location)
            .map_err(|_| self.answered(format!("a URL that is none: {}", shown(location))))?;
        self.check(&url)?;
        Ok(url)
    }

    /// Nothing goes over an open network without TLS.
    fn check(&self, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default();
        let is_local = self.reference.is_loopback() && is_loopback(host);
        if url.scheme() == "https" || (url.scheme() == "http" && is_local) {
            return Ok(());
        }
        Err(self.answered(format!(
            "with a way to {}://{host}, which is not encrypted and not followed",
            url.scheme()
        )))
    }

    /// Asks, with what opens the repository, and follows redirects of a question.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, Error> {
        let scope = format!(
            "{} {}",
            self.reference.origin(),
            self.access.scope(self.reference)
        );
        let known = self.client.0.opened.lock().await.get(&scope).cloned();
        let question = (method, url, headers, body);
        let response = self.follow(&question, known.as_ref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let Some(opens) = self.open(response.headers()).await? else {
            return Err(self
                .denied(response, "it wants credentials, and there are none for it")
                .await);
        };
        let response = self.follow(&question, Some(&opens)).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            self.client.0.opened.lock().await.remove(&scope);
            return Err(self
                .denied(response, "the credentials for it do not open it")
                .await);
        }
        self.client.0.opened.lock().await.insert(scope, opens);
        Ok(response)
    }

    async fn follow(
        &self,
        (method, url, headers, body): &(Method, Url, HeaderMap, Bytes),
        opens: Option<&HeaderValue>,
    ) -> Result<Response<Body>, Error> {
        let mut url = url.clone();
        let own = Url::parse(&self.reference.origin())
            .ok()
            .map(|url| url.origin());
        for _ in 0..=REDIRECTS {
            let mut headers = headers.clone();
            // Nobody else is told what opens the registry.
            if let Some(opens) = opens.filter(|_| own.as_ref() == Some(&url.origin())) {
                headers.insert(AUTHORIZATION, opens.clone());
            }
            let response = self.send(method, &url, headers, body.clone()).await?;
            let is_question = matches!(*method, Method::GET | Method::HEAD);
            if !(response.status().is_redirection() && is_question) {
                return Ok(response);
            }
            url = self.location(&url, response.headers())?;
        }
        Err(self.answered(format!(
            "with more than {REDIRECTS} redirects, one after the other"
        )))
    }

    async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Body>, Error> {
        let is_question = matches!(*method, Method::GET | Method::HEAD);
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let mut request = Request::builder()
                .method(method)
                .uri(url.as_str())
                .body(body.clone())
                .map_err(|error| self.answered(format!("a URL that cannot be asked ({error})")))?;
            *request.headers_mut() = headers.clone();
            let agent = HeaderValue::from_static(AGENT);
            request.headers_mut().insert(USER_AGENT, agent);
            let answer = self.client.0.transport.send(request).await;
            let is_last = !is_question || attempt >= ATTEMPTS;
            match answer {
                Ok(response) if is_last || !may_pass(response.status()) => return Ok(response),
                Err(why) if is_last => {
                    let asked = url.host_str().unwrap_or_default();
                    let registry = self.reference.host().to_owned();
                    let why = match host_of(&registry) == asked {
                        true => why,
                        false => format!("{asked}, which it names: {why}"),
                    };
                    return Err(Error::Unreachable { registry, why });
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            (pause, attempt) = (pause * 3, attempt + 1);
        }
    }

    /// What opens the repository, by the registry's own words.
    async fn open(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Error> {
        let Some(challenge) = Challenge::find(headers) else {
            return Err(self.answered("401, and does not say what it wants".to_owned()));
        };
        let host = self.reference.host();
        let login = self.client.0.keyring.login(host).await;
        let login = login.map_err(Error::Credentials)?;
        match challenge {
            Challenge::Basic => match login.map(|login| login.credential) {
                None => Ok(None),
                Some(Credential::Password { user, password }) => {
                    self.header(basic(&user, &password)).map(Some)
                }
                Some(Credential::IdentityToken(_)) => Err(Error::Credentials(format!(
                    "the credential for {host} is an identity token, and the registry wants a password"
                ))),
            },
            Challenge::Bearer { realm, service } => {
                let token = self.token(&realm, service.as_deref(), login).await?;
                self.header(format!("Bearer {token}")).map(Some)
            }
        }
    }

    fn header(&self, value: String) -> Result<HeaderValue, Error> {
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            let host = self.reference.host();
            Error::Credentials(format!(
                "the credential for {host} cannot be sent in a header"
            ))
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// A token, from the service that the registry names.
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        login: Option<Login>,
    ) -> Result<String, Error> {
        let mut url = self.parse(realm)?;
        self.check(&url)?;
        let own = Url::parse(&self.reference.origin()).ok();
        let is_own = own.is_some_and(|own| own.origin() == url.origin());
        if let Some(login) = &login
            && login.is_for_host_only
            && !is_own
        {
            return Err(self.answered(format!(
                "that tokens come from {}, and this credential is shown to no other host",
                url.host_str().unwrap_or_default()
            )));
        }
        let scope = self.access.scope(self.reference);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (method, body) = match login.map(|login| login.credential) {
            Some(Credential::IdentityToken(token)) => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("service", service.unwrap_or_default()),
                    ("scope", &scope),
                    ("client_id", "attache"),
                    ("refresh_token", &token),
                ];
                let form = form
                    .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, FORM)));
                let media_type = HeaderValue::from_static("application/x-www-form-urlencoded");
                headers.insert(CONTENT_TYPE, media_type);
                (Method::POST, form.join("&").into())
            }
            credential => {
                if let Some(Credential::Password { user, password }) = credential {
                    headers.insert(AUTHORIZATION, self.header(basic(&user, &password))?);
                }
                let mut query = url.query_pairs_mut();
                query.append_pair("scope", &scope);
                if let Some(service) = service {
                    query.append_pair("service", service);
                }
                drop(query);
                (Method::GET, Bytes::new())
            }
        };
        let response = self.send(&method, &url, headers, body).await?;
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let why = "its token service refuses the credentials";
            return Err(self.denied(response, why).await);
        }
        if !status.is_success() {
            return Err(self.answered(format!("no token: its token service says {status}")));
        }
        let body = Limited::new(response.into_body(), LONGEST_TOKEN)
            .collect()
            .await;
        // What a parser says could quote the token.
        let answer = body
            .ok()
            .and_then(|body| serde_json::from_slice::<TokenAnswer>(&body.to_bytes()).ok());
        answer
            .and_then(|answer| answer.token.or(answer.access_token))
            .filter(|token| !token.is_empty())
            .ok_or_else(|| {
                self.answered("no token: its token service says something else".to_owned())
            })
    }

    /// The answer is not what the protocol allows for.
    pub(super) fn answered(&self, answer: String) -> Error {
        Error::Answer {
            registry: self.reference.host().to_owned(),
            answer,
        }
    }

    async fn denied(&self, response: Response<Body>, why: &str) -> Error {
        let status = response.status().as_u16();
        let said = words(response).await;
        Error::Denied {
            registry: self.reference.host().to_owned(),
            repository: self.reference.repository().to_owned(),
            why: format!("{why} ({status}{said})"),
        }
    }

    /// What an answer that is no success means.
    pub(super) async fn failed(&self, what: String, response: Response<Body>) -> Error {
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.denied(response, "the credentials for it do not allow that")
                    .await
            }
            StatusCode::NOT_FOUND => {
                let said = words(response).await;
                let said = match said.trim_start_matches([':', ' ']) {
                    "" => String::new(),
                    said => format!(" ({said})"),
                };
                Error::NotFound { what, said }
            }
            status => {
                let said = words(response).await;
                self.answered(format!("{status} when asked for {what}{said}"))
            }
        }
    }
}

/// The registry's own words, behind a colon.
async fn words(response: Response<Body>) -> String {
    let body = Limited::new(response.into_body(), LONGEST_ERROR)
        .collect()
        .await;
    let Some(errors) = body
        .ok()
        .and_then(|body| serde_json::from_slice::<Errors>(&body.to_bytes()).ok())
    else {
        return String::new();
    };
    match errors.errors.first() {
        Some(OneError { code, message }) if !(code.is_empty() && message.is_empty()) => {
            let said = format!("{code} {message}");
            format!(": {}", shown(said.trim()).trim_matches('"'))
        }
        _ => String::new(),
    }
}

pub(super) fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}
