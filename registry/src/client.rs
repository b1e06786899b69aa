//! The protocol of registries ("OCI distribution"), as far as components need it.

mod challenge;
mod pull;
mod push;
mod session;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::sync::Mutex;

use crate::Credential;

pub use pull::Found;
pub use push::Sent;

/// The body of a registry's answer, and why it breaks off.
pub type Body = UnsyncBoxBody<Bytes, String>;

/// How requests are sent.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one request and follows no redirect.
    ///
    /// # Errors
    /// Why there is no answer, without the URL.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, String>;
}

/// Who a registry is asked as.
#[async_trait]
pub trait Keyring: Send + Sync {
    /// What is shown to the registry at `host` (`host[:port]`); none to be nobody.
    ///
    /// # Errors
    /// A sentence, when credentials are configured and cannot be had.
    async fn login(&self, host: &str) -> Result<Option<Login>, String>;
}

/// A credential, and how far it goes.
#[derive(Debug, Clone)]
pub struct Login {
    /// What is shown.
    pub credential: Credential,
    /// It is shown to the registry's own host alone, also when that names a token service elsewhere.
    pub is_for_host_only: bool,
}

/// Where content is kept from one start to the next. What comes out is not trusted: its digest is
/// compared again.
pub trait Kept: Send + Sync {
    /// What was kept under this name: letters, digits, `-` and `.`.
    fn get(&self, name: &str) -> Option<Vec<u8>>;
    /// Keeps it, if that is possible.
    fn put(&self, name: &str, content: &[u8]);
}

/// What is told of the bytes that came so far, and of how many there are.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Send + Sync);

/// What a registry may ask of its client.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a component.
    pub component: u64,
    /// For a whole pull or push.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            component: 512 << 20,
            time: Duration::from_secs(60),
        }
    }
}

/// Asks registries. Once per process; cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    keyring: Arc<dyn Keyring>,
    kept: Option<Arc<dyn Kept>>,
    limits: Limits,
    /// What opens a scope of a registry, until it says that it does not.
    opened: Mutex<BTreeMap<String, HeaderValue>>,
}

impl Client {
    /// Nothing is sent yet.
    pub fn new(
        transport: Arc<dyn Transport>,
        keyring: Arc<dyn Keyring>,
        kept: Option<Arc<dyn Kept>>,
        limits: Limits,
    ) -> Self {
        Self(Arc::new(Inner {
            transport,
            keyring,
            kept,
            limits,
            opened: Mutex::default(),
        }))
    }
}

/// Without credentials.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
