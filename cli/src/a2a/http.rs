//! Sends requests, and keeps credentials from going where they may not.
//!
//! Redirects are followed by hand: each step asks anew whether the credentials may go along. A message
//! is not sent to another origin in silence either, credentials or not.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;
use url::Url;

use super::credentials::Credentials;
use super::fault;
use super::origin::{Origin, is_loopback, shown};
use super::trace::{self, Trace};
use crate::failure::{Exit, Failure};

/// More than this of an answer is not read; the largest artifacts have a few megabytes.
const LARGEST_ANSWER: usize = 64 << 20;
const MOST_REDIRECTS: usize = 5;

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    credentials: Credentials,
    /// For a whole answer, and in a stream for its next sign of life.
    patience: Option<Duration>,
    trace: Trace,
    /// Whether the origin is what the answer is trusted for.
    is_bound: bool,
}

/// What to send.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<String>,
}

impl Request {
    pub(super) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
        }
    }

    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Http {
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(
        credentials: Credentials,
        to_connect: Duration,
        patience: Option<Duration>,
        verbose: bool,
    ) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("attache/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(to_connect)
            .build()
            .map_err(|why| Failure::new(Exit::Software, format!("no HTTP client: {why}")))?;
        Ok(Self {
            client,
            credentials,
            patience,
            trace: Trace::new(verbose),
            is_bound: false,
        })
    }

    /// The same, which follows no redirect to another origin.
    pub(super) fn bound_to_origin(self) -> Self {
        Self {
            is_bound: true,
            ..self
        }
    }

    /// The credentials of the server.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When there is no answer, or it is elsewhere; not when the answer is an error.
    pub(super) async fn whole(&self, request: Request) -> Result<Whole, Failure> {
        let url = request.url.clone();
        let read = async {
            let response = self.send(request).await?;
            self.read(response).await
        };
        match self.patience {
            None => read.await,
            Some(patience) => timeout(patience, read)
                .await
                .unwrap_or_else(|_| Err(self.late(&url, patience))),
        }
    }

    /// The document at a URL.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn document(&self, url: &Url) -> Result<Vec<u8>, Failure> {
        let answer = self.whole(Request::get(url.clone())).await?;
        if !answer.status.is_success() {
            return Err(fault::of_answer(&answer, |text| self.credentials.mask(text)).into());
        }
        Ok(answer.body)
    }

    /// Sends a request and returns the head of the answer, whose body is still to come.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub(super) async fn head(&self, request: Request) -> Result<Response, Failure> {
        let url = request.url.clone();
        match self.patience {
            None => self.send(request).await,
            Some(patience) => timeout(patience, self.send(request))
                .await
                .unwrap_or_else(|_| Err(self.late(&url, patience))),
        }
    }

    /// The next piece of a body; none at its end.
    ///
    /// # Errors
    /// When the connection breaks, or is silent for too long: a sentence.
    pub(super) async fn piece(&self, response: &mut Response) -> Result<Option<Vec<u8>>, String> {
        let next = response.chunk();
        let piece = match self.patience {
            None => next.await,
            Some(patience) => timeout(patience, next)
                .await
                .map_err(|_| format!("the stream was silent for {} s", patience.as_secs()))?,
        };
        let piece = piece.map_err(|why| {
            let why = reason(why);
            format!("the connection broke: {why}")
        })?;
        if let (Some(piece), true) = (&piece, self.trace.is_on()) {
            self.trace
                .came(&self.credentials.mask(&String::from_utf8_lossy(piece)));
        }
        Ok(piece.map(|bytes| bytes.to_vec()))
    }

    /// Reads an answer to its end, up to a limit.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is too large.
    pub(super) async fn read(&self, mut response: Response) -> Result<Whole, Failure> {
        let mut body = Vec::new();
        let url = response.url().clone();
        loop {
            let piece = response.chunk().await.map_err(|why| {
                let sentence = format!("the answer of {} broke off: {}", shown(&url), reason(why));
                Failure::new(Exit::Unavailable, sentence)
            })?;
            let Some(piece) = piece else { break };
            if body.len() + piece.len() > LARGEST_ANSWER {
                return Err(Failure::new(
                    Exit::Data,
                    format!(
                        "the answer of {} has more than {LARGEST_ANSWER} bytes",
                        shown(&url)
                    ),
                ));
            }
            body.extend_from_slice(&piece);
        }
        if self.trace.is_on() {
            self.trace.came("");
            self.trace
                .came(&self.credentials.mask(&String::from_utf8_lossy(&body)));
        }
        Ok(Whole {
            url,
            status: response.status(),
            headers: response.headers().clone(),
            body,
        })
    }

    async fn send(&self, mut request: Request) -> Result<Response, Failure> {
        for _ in 0..=MOST_REDIRECTS {
            let response = self.send_once(&request).await?;
            if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED
            {
                return Ok(response);
            }
            let Some(to) = location(&response) else {
                return Ok(response);
            };
            self.check_redirect(&request, response.status(), &to)?;
            request.url = to;
        }
        Err(Failure::new(
            Exit::Unavailable,
            format!(
                "{} redirects more than {MOST_REDIRECTS} times",
                shown(&request.url)
            ),
        ))
    }

    fn check_redirect(&self, from: &Request, status: StatusCode, to: &Url) -> Result<(), Failure> {
        let (here, there) = (shown(&from.url), shown(to));
        let origin = Origin::of(to);
        let is_read = matches!(from.method, Method::GET);
        let allowed = self.credentials.may_go_to(&origin) || (origin == Origin::of(&from.url));
        let is_harmless = is_read && self.credentials.are_none() && !self.is_bound;
        if !(allowed || is_harmless) {
            let what = if self.is_bound {
                "only the origin that was named is trusted"
            } else if self.credentials.are_none() {
                "a message goes to the origin that was named"
            } else {
                "the credentials are for the origin that was given"
            };
            return Err(Failure::new(
                Exit::NoPermission,
                format!("{here} redirects to {origin}, and {what}: nothing was sent there"),
            )
            .remedy(format!(
                "if that origin is to be trusted, add --also-for {origin}, or give its URL instead"
            )));
        }
        let keeps_method = matches!(
            status,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        if !is_read && !keeps_method {
            return Err(Failure::new(
                Exit::Unavailable,
                format!(
                    "{here} answers with a redirect to {there} ({status}) that drops the message"
                ),
            )
            .remedy("give the URL that it redirects to"));
        }
        Ok(())
    }

    async fn send_once(&self, request: &Request) -> Result<Response, Failure> {
        let origin = Origin::of(&request.url);
        let mut headers = request.headers.clone();
        for (name, value) in self.credentials.headers_for(&origin).await? {
            headers.append(name, value);
        }
        if self.trace.is_on() {
            let target = request.url.as_str();
            let head = format!("{} {target}\n{}", request.method, trace::lines(&headers));
            self.trace.out(&self.credentials.mask(&head));
            if let Some(body) = &request.body {
                self.trace
                    .out(&format!("\n{}", self.credentials.mask(body)));
            }
        }
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .headers(headers);
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = builder
            .send()
            .await
            .map_err(|why| unreachable(&request.url, why))?;
        if self.trace.is_on() {
            let head = format!(
                "{}\n{}",
                response.status(),
                trace::lines(response.headers())
            );
            self.trace.came(&self.credentials.mask(&head));
        }
        Ok(response)
    }

    fn late(&self, url: &Url, patience: Duration) -> Failure {
        Failure::new(
            Exit::Unavailable,
            format!(
                "{} did not answer within {} s",
                shown(url),
                patience.as_secs()
            ),
        )
        .remedy("give it longer with --timeout SECONDS; `attache send --no-wait` does not wait for the task")
    }
}

/// A sentence for those who send credentials where others can read them.
pub(super) fn in_the_clear(url: &Url, credentials: &Credentials) -> Option<String> {
    let is_clear = url.scheme() == "http" && !is_loopback(url) && !credentials.are_none();
    is_clear.then(|| {
        format!(
            "note: the credentials go to {} without encryption",
            Origin::of(url)
        )
    })
}

fn location(response: &Response) -> Option<Url> {
    let to = response.headers().get(LOCATION)?.to_str().ok()?;
    let to = response.url().join(to).ok()?;
    matches!(to.scheme(), "http" | "https").then_some(to)
}

fn unreachable(url: &Url, why: reqwest::Error) -> Failure {
    let (origin, is_connect) = (Origin::of(url), why.is_connect() || why.is_timeout());
    let why = reason(why);
    let failure = Failure::new(
        Exit::Unavailable,
        format!("{origin} cannot be reached: {why}"),
    );
    if url.scheme() == "https" && is_loopback(url) {
        return failure.remedy("servers on this machine rarely have TLS: try http://");
    }
    if is_connect {
        return failure.remedy("check the address, and that the server runs");
    }
    failure
}

/// The innermost reason, which is the one that says something.
fn reason(why: reqwest::Error) -> String {
    let why = why.without_url();
    let mut source: &dyn std::error::Error = &why;
    while let Some(inner) = source.source() {
        source = inner;
    }
    source.to_string()
}
