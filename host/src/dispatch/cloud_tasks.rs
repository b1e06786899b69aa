//! Asking Cloud Tasks to call: one HTTP task for each task of ours.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span};

use super::callback::PATH;
use super::token::Token;
use crate::cloud_run::Description;
use crate::config::{PublicUrl, QueueConfig, QueueName};
use crate::metadata::{Metadata, MetadataError};
use crate::outbound::{Network, Outbound};
use crate::telemetry::{OutboundCall, traceparent};

/// The client waits for its answer meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
/// Before the second attempt.
const BREATHER: Duration = Duration::from_millis(200);
const LONGEST_ANSWER: usize = 64 << 10;

/// A queue that calls this service.
pub struct CloudTasks {
    outbound: Outbound,
    metadata: Metadata,
    /// `projects/PROJECT/locations/REGION/queues/QUEUE`.
    queue: String,
    /// Where tasks are created.
    tasks_url: String,
    callback_url: String,
    audience: String,
    service_account: String,
    deadline: Duration,
}

/// Why the queue cannot be used at all.
#[derive(Debug, Error)]
pub enum NotUsable {
    /// Nobody could be told where to call.
    #[error(
        "work cannot be dispatched through Cloud Tasks, because the public URL could not be found \
         out; set ATTACHE_PUBLIC_URL (--public-url), or ATTACHE_DISPATCH (--dispatch) to inline"
    )]
    UnknownUrl,
    /// A queue was named without its project and region.
    #[error(
        "the queue {0:?} could be in any project, because the metadata server does not tell this \
         one; give ATTACHE_TASKS_QUEUE (--tasks-queue) as \
         projects/PROJECT/locations/REGION/queues/{0}"
    )]
    UnknownProject(String),
    /// Nobody said as whom the queue calls.
    #[error(
        "the service account that Cloud Tasks calls as could not be found out ({0}); set \
         ATTACHE_TASKS_SERVICE_ACCOUNT (--tasks-service-account)"
    )]
    UnknownServiceAccount(MetadataError),
}

/// Why a task could not be put into the queue.
#[derive(Debug, Error)]
pub(super) enum EnqueueError {
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error("Cloud Tasks could not be asked: {0}")]
    Unreachable(String),
    #[error("Cloud Tasks did not answer within {PATIENCE:?}")]
    Late,
    #[error("Cloud Tasks refused ({status}{}): {}", said(.message), advice(*.status))]
    Refused { status: StatusCode, message: String },
}

impl EnqueueError {
    /// Whether it may be otherwise in a moment.
    fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Metadata(_) | Self::Late => false,
        }
    }
}

fn said(message: &str) -> String {
    if message.is_empty() {
        return String::new();
    }
    format!(", {message:?}")
}

/// What an operator can do about it.
fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "give the service's own account roles/cloudtasks.enqueuer on the queue, and \
             roles/iam.serviceAccountUser on the account that the queue calls as"
        }
        StatusCode::NOT_FOUND => {
            "ATTACHE_TASKS_QUEUE (--tasks-queue) has to name a queue that is there"
        }
        StatusCode::BAD_REQUEST => "its message names the setting that it cannot use",
        StatusCode::TOO_MANY_REQUESTS => "its quota is used up; ask for more",
        _ => "its status page says whether it works at all",
    }
}

/// `google.rpc.Status`, as Google's APIs carry it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorStatus {
    message: String,
}

impl CloudTasks {
    /// Finds out what `config` leaves open.
    ///
    /// # Errors
    /// [`NotUsable`].
    pub async fn find(
        config: QueueConfig,
        public_url: Option<&PublicUrl>,
        found: Option<&Description>,
        metadata: &Metadata,
        network: &Network,
    ) -> Result<Self, NotUsable> {
        let public_url = public_url.ok_or(NotUsable::UnknownUrl)?.as_str();
        let queue = match (config.queue, found) {
            (QueueName::Full(name), _) => name,
            (
                QueueName::Short(name),
                Some(Description {
                    project, region, ..
                }),
            ) => {
                format!("projects/{project}/locations/{region}/queues/{name}")
            }
            (QueueName::Short(name), None) => return Err(NotUsable::UnknownProject(name)),
        };
        let service_account = match config.service_account {
            Some(email) => email,
            None => metadata
                .email()
                .await
                .map_err(NotUsable::UnknownServiceAccount)?,
        };
        Ok(Self {
            outbound: Outbound::of_operator(network.clone()),
            metadata: metadata.clone(),
            tasks_url: format!("{}/v2/{queue}/tasks", config.endpoint),
            queue,
            callback_url: format!("{public_url}{PATH}"),
            audience: origin(public_url),
            service_account,
            deadline: config.deadline,
        })
    }

    /// Has the queue call with `token`. A failure that may pass is tried once more, which cannot make
    /// it call twice: the name of the task follows from the token.
    pub(super) async fn enqueue(&self, token: &Token) -> Result<(), EnqueueError> {
        let attempts = async {
            match self.create(token).await {
                Err(error) if error.may_pass() => {
                    sleep(BREATHER).await;
                    self.create(token).await
                }
                done => done,
            }
        };
        let enqueued = timeout(PATIENCE, attempts).await;
        enqueued.unwrap_or(Err(EnqueueError::Late))
    }

    async fn create(&self, token: &Token) -> Result<(), EnqueueError> {
        let access_token = self.metadata.access_token().await?;
        let request = self
            .request(token, &access_token)
            .map_err(|error| EnqueueError::Unreachable(error.to_string()))?;
        let mut seen = OutboundCall::begin(request.method(), request.uri());
        let response = self
            .outbound
            .call(request)
            .instrument(seen.span())
            .await
            .map_err(|error| EnqueueError::Unreachable(error.to_string()))?;
        let status = response.status();
        seen.answered(status.as_u16());
        // A task of this name exists: the attempt before got through.
        if status.is_success() || status == StatusCode::CONFLICT {
            return Ok(());
        }
        let body = Limited::new(response.into_body(), LONGEST_ANSWER);
        let body = body.collect().await.map(|body| body.to_bytes());
        let said: ErrorBody = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
        Err(EnqueueError::Refused {
            status,
            message: said.error.message.chars().take(300).collect(),
        })
    }

    fn request(&self, token: &Token, access_token: &str) -> Result<Request<Bytes>, http::Error> {
        let body = json!({ "token": token.as_str() }).to_string();
        let mut headers = json!({ "Content-Type": "application/json" });
        // The request that it sends goes on in this trace.
        if let Some(trace) = traceparent(&Span::current())
            && let (Ok(trace), Some(headers)) = (trace.to_str(), headers.as_object_mut())
        {
            headers.insert("traceparent".to_owned(), trace.into());
        }
        let task = json!({
            "task": {
                "name": format!("{}/tasks/{}", self.queue, token.name()),
                "dispatchDeadline": format!("{}s", self.deadline.as_secs()),
                "httpRequest": {
                    "httpMethod": "POST",
                    "url": self.callback_url,
                    "headers": headers,
                    "body": STANDARD.encode(body),
                    "oidcToken": {
                        "serviceAccountEmail": self.service_account,
                        "audience": self.audience,
                    },
                },
            },
        });
        let mut authorization = HeaderValue::try_from(format!("Bearer {access_token}"))?;
        authorization.set_sensitive(true);
        Request::post(&self.tasks_url)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(task.to_string()))
    }
}

/// What identity tokens for a service are made out to: its URL without a path.
fn origin(url: &str) -> String {
    let parts = url.parse::<Uri>().map(Uri::into_parts);
    match parts.map(|parts| (parts.scheme, parts.authority)) {
        Ok((Some(scheme), Some(authority))) => format!("{scheme}://{authority}"),
        _ => url.to_owned(),
    }
}

/// What a start says of it.
impl fmt::Display for CloudTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls {} as {}",
            self.queue, self.callback_url, self.service_account
        )
    }
}

impl fmt::Debug for CloudTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloudTasks({self})")
    }
}
