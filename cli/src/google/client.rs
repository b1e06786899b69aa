//! Sends calls, and repeats those that Google wants repeated.

use std::time::Duration;

use reqwest::{Method, redirect};
use serde_json::Value;
use url::Url;

use super::credentials::{Credentials, Token};
use super::error::{Error, Refusal, status_of};
use super::{Flags, Request};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// An answer of an assistant is long in coming.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Of an answer, in bytes.
const LIMIT: usize = 32 << 20;
const PAGE: &str = "100";
/// No list of ours is longer; an endless one is a fault.
const PAGES: usize = 1000;

/// Google, as somebody.
pub(crate) struct Google {
    http: reqwest::Client,
    pub(super) credentials: Credentials,
    flags: Flags,
    pub(super) terminal: Terminal,
}

#[allow(dead_code, reason = "each command uses its own few")]
impl Google {
    /// Nobody is asked for credentials before the first call.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new(flags: &Flags, terminal: &Terminal) -> Result<Self, Failure> {
        // A redirect would lead the credentials elsewhere.
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(TIMEOUT)
            .user_agent(concat!("attache/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|why| Failure::new(Exit::Software, format!("TLS cannot be set up: {why}")))?;
        Ok(Self {
            credentials: Credentials::new(http.clone(), flags, *terminal),
            http,
            flags: flags.clone(),
            terminal: *terminal,
        })
    }

    /// The project: `--project`, else gcloud's, else the credentials' own.
    ///
    /// # Errors
    /// There is none.
    pub(crate) async fn project(&self) -> Result<String, Failure> {
        match &self.flags.project {
            Some(project) => Ok(project.clone()),
            None => self.credentials.project().await,
        }
    }

    /// An identity token for `audience`, such as `https://service.run.app`. Send it nowhere else.
    ///
    /// # Errors
    /// The credentials give none.
    pub(crate) async fn id_token(&self, audience: &str) -> Result<Token, Failure> {
        self.credentials.id_token(audience).await
    }

    /// The access token, for what is no REST call, such as a registry's login.
    ///
    /// # Errors
    /// There are no credentials.
    pub(crate) async fn access_token(&self) -> Result<Token, Failure> {
        Ok(self.credentials.access_token().await?.token.clone())
    }

    /// Makes a call, and gives the answer's JSON.
    ///
    /// # Errors
    /// Google cannot be reached, or refuses.
    pub(crate) async fn call(&self, request: &Request) -> Result<Value, Error> {
        let url = request.url()?;
        let mut pause = FIRST_PAUSE;
        let mut logged_in_again = false;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let error = match self.send(request, &url).await {
                Ok(answer) => return Ok(answer),
                Err(Attempt { error, code, wait }) => match code {
                    // A token that has run out on the way.
                    Some(401) if !logged_in_again && self.credentials.forget() => {
                        logged_in_again = true;
                        continue;
                    }
                    _ if attempt < ATTEMPTS && may_repeat(request, code) => {
                        let jitter = 0.75 + fastrand::f64() / 2.0;
                        let wait = wait.unwrap_or_else(|| pause.mul_f64(jitter));
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        tokio::time::sleep(wait.min(LONGEST_PAUSE)).await;
                        continue;
                    }
                    _ => error,
                },
            };
            return Err(error);
        }
    }

    /// What the call gives, or nothing where there is nothing of that name.
    ///
    /// # Errors
    /// See [`Self::call`].
    pub(crate) async fn find(&self, request: &Request) -> Result<Option<Value>, Error> {
        match self.call(request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is("NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything of a list, all its pages; `field` holds a page's part.
    ///
    /// # Errors
    /// See [`Self::call`]. A list of which a page fails is no list.
    pub(crate) async fn list(&self, request: &Request, field: &str) -> Result<Vec<Value>, Error> {
        let mut all = Vec::new();
        let mut next = request.clone().query("pageSize", PAGE);
        for _ in 0..PAGES {
            let mut page = self.call(&next).await?;
            if let Some(Value::Array(items)) = page.get_mut(field).map(Value::take) {
                all.extend(items);
            }
            match page.get("nextPageToken").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => {
                    next = request
                        .clone()
                        .query("pageSize", PAGE)
                        .query("pageToken", token);
                }
                _ => return Ok(all),
            }
        }
        let sentence = format!("the list of {field} has no end: more than {PAGES} pages");
        Err(Failure::new(Exit::Data, sentence).into())
    }

    async fn send(&self, request: &Request, url: &Url) -> Result<Value, Attempt> {
        let granted = self.credentials.access_token().await?;
        let mut call = self
            .http
            .request(request.method.clone(), url.clone())
            .bearer_auth(granted.token.reveal());
        let quota = self
            .flags
            .billing_project
            .as_deref()
            .or(granted.quota_project.as_deref());
        // What a person asks for is counted for a project, as gcloud does it; a service account is in one.
        let quota = quota.or(request.project().filter(|_| granted.is_of_a_person));
        if let Some(project) = quota {
            call = call.header("X-Goog-User-Project", project);
        }
        if let Some(body) = &request.body {
            call = call.json(body);
        } else if request.method == Method::POST {
            call = call.header("Content-Length", "0");
        }
        let unreachable = |why: reqwest::Error| {
            let origin = url.origin().ascii_serialization();
            let failure = Failure::new(
                Exit::Unavailable,
                format!("{origin} cannot be reached: {}", innermost(&why)),
            );
            Attempt::from(failure.remedy("Look at the network, and at proxies (HTTPS_PROXY)."))
        };
        let answer = call.send().await.map_err(unreachable)?;
        let code = answer.status().as_u16();
        let after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok());
        let after = after
            .and_then(|seconds| seconds.parse::<u64>().ok())
            .map(Duration::from_secs);
        let bytes = body(answer).await.map_err(|why| match why {
            Some(why) => unreachable(why),
            None => Failure::new(
                Exit::Data,
                format!(
                    "the answer to {} {} is too long",
                    request.method,
                    url.path()
                ),
            )
            .into(),
        })?;
        let document = serde_json::from_slice::<Value>(&bytes);
        match document {
            Ok(document) if (200..300).contains(&code) => Ok(document),
            Err(_) if (200..300).contains(&code) && bytes.is_empty() => Ok(Value::default()),
            Err(_) if (200..300).contains(&code) => Err(Failure::new(
                Exit::Data,
                format!("the answer to {} {} is no JSON", request.method, url.path()),
            )
            .remedy("Look at what answers there: a proxy, or CLOUDSDK_API_ENDPOINT_OVERRIDES_*.")
            .into()),
            document => {
                let mut refusal = Refusal {
                    api: request.api.name(),
                    call: format!("{} {}", request.method, url.path()),
                    project: request.project().map(str::to_owned),
                    code,
                    status: status_of(code).to_owned(),
                    message: format!("HTTP status {code}"),
                    ..Refusal::default()
                };
                if let Ok(document) = document {
                    refusal.read(&document);
                }
                let wanted = refusal.retry_after.filter(|s| (0.0..3600.0).contains(s));
                Err(Attempt {
                    code: Some(code),
                    wait: wanted.map(Duration::from_secs_f64).or(after),
                    error: Error::Refused(Box::new(refusal)),
                })
            }
        }
    }
}

/// How one attempt failed.
struct Attempt {
    error: Error,
    /// Nothing if there was no answer.
    code: Option<u16>,
    wait: Option<Duration>,
}

impl From<Failure> for Attempt {
    fn from(failure: Failure) -> Self {
        Self {
            // Neither a lack of credentials nor an odd answer is mended by asking again.
            code: (failure.exit() != Exit::Unavailable).then_some(0),
            error: failure.into(),
            wait: None,
        }
    }
}

fn may_repeat(request: &Request, code: Option<u16>) -> bool {
    let is_idempotent = request.method != Method::POST;
    match code {
        Some(429) => true,
        Some(503) => !request.makes_a_new_one,
        Some(408 | 500 | 502 | 504) | None => is_idempotent,
        Some(_) => false,
    }
}

/// The body; nothing where it is over the limit.
async fn body(mut answer: reqwest::Response) -> Result<Vec<u8>, Option<reqwest::Error>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Some)? {
        if bytes.len() + chunk.len() > LIMIT {
            return Err(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The outer errors only say that it did not work.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(inner) = error.source() {
        error = inner;
    }
    error.to_string()
}
