//! As whom Google is asked. The order is gcloud's, then that of Google's libraries: a token that is given,
//! gcloud itself, the file of application default credentials, the metadata server.

mod adc;
mod gcloud;
mod metadata;
mod token;

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Api, Flags};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

pub(crate) use token::Token;

const GIVEN: &str = "GOOGLE_OAUTH_ACCESS_TOKEN";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Where tokens come from. They are fetched once and kept while the process lives.
pub(super) struct Credentials {
    http: reqwest::Client,
    flags: Flags,
    terminal: Terminal,
    kept: Mutex<Option<Arc<Granted>>>,
}

/// An access token, and what follows from where it is from.
#[derive(Clone)]
pub(super) struct Granted {
    pub(super) token: Token,
    /// A person's calls are counted for the project that they ask about.
    pub(super) is_of_a_person: bool,
    /// The project that the credentials themselves say calls are counted for.
    pub(super) quota_project: Option<String>,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Given,
    Gcloud,
    File,
    Metadata,
}

impl Credentials {
    pub(super) fn new(http: reqwest::Client, flags: &Flags, terminal: Terminal) -> Self {
        Self {
            http,
            flags: flags.clone(),
            terminal,
            kept: Mutex::default(),
        }
    }

    /// Forgets the token, and says whether a new one is worth asking for.
    pub(super) fn forget(&self) -> bool {
        let kept = self.kept().take();
        kept.is_some_and(|kept| kept.source != Source::Given)
    }

    pub(super) async fn access_token(&self) -> Result<Arc<Granted>, Failure> {
        if let Some(kept) = self.kept().clone() {
            return Ok(kept);
        }
        let mut granted = self.own().await?;
        // gcloud acts as the account by itself.
        if let Some(account) = self.account().filter(|_| granted.source != Source::Gcloud) {
            let body = json!({"scope": [SCOPE], "lifetime": "3600s"});
            let answer = self.impersonate(&granted.token, account, "generateAccessToken", &body);
            granted.token = Token::of_answer(&answer.await?, "accessToken", "iamcredentials")?;
            granted.is_of_a_person = false;
        }
        let granted = Arc::new(granted);
        *self.kept() = Some(granted.clone());
        Ok(granted)
    }

    /// The credentials, before they act as somebody else.
    async fn own(&self) -> Result<Granted, Failure> {
        let simple = |token, is_of_a_person, source| Granted {
            token,
            is_of_a_person,
            quota_project: std::env::var("GOOGLE_CLOUD_QUOTA_PROJECT").ok(),
            source,
        };
        if let Some(path) = &self.flags.access_token_file {
            let text = std::fs::read_to_string(path).map_err(|why| {
                let sentence = format!(
                    "the access token in {} cannot be read: {why}",
                    path.display()
                );
                Failure::new(Exit::NoInput, sentence)
            })?;
            let token = Token::parse(&text, &path.display().to_string())?;
            return Ok(simple(token, true, Source::Given));
        }
        if let Some(given) = std::env::var(GIVEN).ok().filter(|given| !given.is_empty()) {
            return Ok(simple(Token::parse(&given, GIVEN)?, true, Source::Given));
        }
        let mut missing = Vec::new();
        match gcloud::access_token(self.account()).await {
            Ok(token) => return Ok(simple(token, self.account().is_none(), Source::Gcloud)),
            Err(why) => missing.push(format!("gcloud: {why}")),
        }
        let is_installed = !missing.iter().any(|why| why.ends_with(gcloud::NOT_THERE));
        match adc::find() {
            Ok(Some(file)) => {
                if is_installed {
                    self.terminal
                        .note(format!("{}; using {}", missing.join("; "), file.path()));
                }
                let token = file.access_token(&self.http).await?;
                let mut granted = simple(token, file.is_of_a_person(), Source::File);
                granted.quota_project = granted.quota_project.or(file.quota_project());
                return Ok(granted);
            }
            Ok(None) => missing.push("no file of application default credentials".to_owned()),
            Err(failure) => return Err(failure),
        }
        match metadata::access_token(&self.http).await {
            Ok(token) => return Ok(simple(token, false, Source::Metadata)),
            Err(why) => missing.push(format!("metadata server: {why}")),
        }
        let sentence = format!(
            "there are no credentials of Google ({})",
            missing.join("; ")
        );
        Err(Failure::new(Exit::NoPermission, sentence).remedy(format!(
            "Log in with gcloud auth login, or give an access token with --access-token-file or {GIVEN}."
        )))
    }

    pub(super) async fn id_token(&self, audience: &str) -> Result<Token, Failure> {
        let granted = self.access_token().await?;
        let refused = |why: String| {
            let sentence = format!("there is no identity token for {audience}: {why}");
            Failure::new(Exit::NoPermission, sentence).remedy(
                "Name a service account that you may act as: --impersonate-service-account=EMAIL (you need \
                 roles/iam.serviceAccountTokenCreator on it).",
            )
        };
        if granted.source == Source::Gcloud {
            return gcloud::id_token(audience, self.account())
                .await
                .map_err(refused);
        }
        if let Some(account) = self.account() {
            let own = self.own().await?;
            let body = json!({"audience": audience, "includeEmail": true});
            let answer = self
                .impersonate(&own.token, account, "generateIdToken", &body)
                .await?;
            return Token::of_answer(&answer, "token", "iamcredentials");
        }
        match granted.source {
            Source::File => match adc::find()? {
                Some(file) => file
                    .id_token(&self.http, audience)
                    .await
                    .map_err(|why| refused(why.to_string())),
                None => Err(refused("the file of credentials is gone".to_owned())),
            },
            Source::Metadata => metadata::id_token(&self.http, audience)
                .await
                .map_err(refused),
            Source::Given | Source::Gcloud => Err(refused(
                "an access token that was given says nothing about who holds it".to_owned(),
            )),
        }
    }

    /// The project that gcloud, the environment or the credentials name.
    pub(super) async fn project(&self) -> Result<String, Failure> {
        for variable in ["CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT"] {
            let given = std::env::var(variable).unwrap_or_default();
            if !given.is_empty() {
                return super::resource_id(&given).map_err(|why| {
                    Failure::new(Exit::Usage, format!("{variable} is {given:?}: {why}"))
                });
            }
        }
        if let Some(project) = gcloud::project().await {
            return Ok(project);
        }
        if let Some(project) = adc::find()?.and_then(|file| file.project()) {
            return Ok(project);
        }
        if let Some(project) = metadata::project(&self.http).await {
            return Ok(project);
        }
        Err(
            Failure::new(Exit::Usage, "no project is named, nor has gcloud one")
                .remedy("Give --project=PROJECT, or run gcloud config set project PROJECT."),
        )
    }

    fn account(&self) -> Option<&str> {
        self.flags.impersonate_service_account.as_deref()
    }

    async fn impersonate(
        &self,
        own: &Token,
        account: &str,
        verb: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        let path = format!("v1/projects/-/serviceAccounts/{account}:{verb}");
        let url = super::Request::get(Api::IamCredentials, path).url()?;
        let request = self.http.post(url).bearer_auth(own.reveal()).json(body);
        token::fetch(request, &format!("acting as {account}")).await.map_err(|why| {
            why.remedy(format!(
                "You need to be allowed to act as it: gcloud iam service-accounts add-iam-policy-binding \
                 {account} --member=user:YOU --role=roles/iam.serviceAccountTokenCreator"
            ))
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Arc<Granted>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
