//! `wasi:config/store`: what the deployment tells the component.
//!
//! [`Settings`] is built once per component. Values that stand in mounted files are read again in the
//! background and may change between two requests; [`RequestSettings`] is what one request sees, the
//! same from its beginning to its end. Keys that begin with `attache_` are the host's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::bindings::store::{Error, Host};
use crate::config::{CardMode, Platform, PublicUrl};
use crate::secret::{self, Secret};

/// The config keys of a component. Cheap to clone; clones change together.
#[derive(Clone)]
pub struct Settings(Arc<Live>);

struct Live {
    keys: BTreeMap<String, Secret>,
    current: RwLock<Values>,
}

/// What an instance asks for when its component was deployed.
const DEPLOYED_AT: &str = "attache_deployed_at";

type Values = Arc<BTreeMap<String, Arc<str>>>;

/// The config keys as they were when a request began.
pub struct RequestSettings {
    values: Values,
    deployed_at: Arc<str>,
}

impl Settings {
    /// The keys of the deployment and those that the host adds:
    ///
    /// - `attache_public_url`: the URL for the card. Without it the component takes each request's.
    /// - `attache_platform`: `cloud-run` there, else absent.
    /// - `attache_card`: the shape of the card, when the deployment chose one.
    /// - `attache_deployed_at`: when the agent was deployed, in seconds since the epoch
    ///   ([`Self::for_request`]).
    /// - `attache_grpc`: `off` when the card is not to declare gRPC, else absent.
    /// - `attache_allow_origin`: the origins whose pages may use the agent; already in `keys`.
    /// - `attache_security`: what the card has to say of how callers are authenticated, as JSON; already
    ///   in `keys`, and absent when they are not.
    /// - `attache_max_body`: the largest request body in bytes, which the component would otherwise
    ///   bound by itself.
    pub fn new(
        mut keys: BTreeMap<String, Secret>,
        public_url: Option<&PublicUrl>,
        platform: &Platform,
        card: Option<CardMode>,
        grpc: bool,
        max_body: u64,
    ) -> Self {
        let mut add = |key: &str, value: &str| keys.insert(key.to_owned(), Secret::given(value));
        if let Some(url) = public_url {
            add("attache_public_url", url.as_str());
        }
        if platform.is_cloud_run() {
            add("attache_platform", "cloud-run");
        }
        if let Some(card) = card {
            add("attache_card", card.as_str());
        }
        if !grpc {
            add("attache_grpc", "off");
        }
        add("attache_max_body", &max_body.to_string());
        let current = RwLock::new(values(&keys));
        Self(Arc::new(Live { keys, current }))
    }

    /// Reads values that stand in files again, each time that `every` has passed, for as long as
    /// there is a clone of this. Zero is never.
    pub fn follow_files(&self, every: Duration) {
        if self.0.keys.values().any(|value| value.file().is_some()) {
            secret::repeat(&self.0, every, |live| live.read_again());
        }
    }

    /// What a request that begins now is to see, from a component that was deployed at this time, in
    /// seconds since the epoch.
    pub fn for_request(&self, deployed_at: &Arc<str>) -> RequestSettings {
        let current = self.0.current.read();
        RequestSettings {
            values: current.unwrap_or_else(PoisonError::into_inner).clone(),
            deployed_at: deployed_at.clone(),
        }
    }
}

impl Live {
    fn read_again(&self) {
        // Each is read, whatever became of those before it.
        let changed = self.keys.values().filter(|value| value.read_again());
        if changed.count() > 0 {
            let current = self.current.write();
            *current.unwrap_or_else(PoisonError::into_inner) = values(&self.keys);
        }
    }
}

fn values(keys: &BTreeMap<String, Secret>) -> Values {
    let values = keys
        .iter()
        .map(|(key, value)| (key.clone(), value.current()));
    Arc::new(values.collect())
}

/// Without values: only the component knows which of them are secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys.keys()).finish()
    }
}

impl Host for RequestSettings {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        if key == DEPLOYED_AT {
            return Ok(Ok(Some(self.deployed_at.as_ref().to_owned())));
        }
        let value = self.values.get(&key);
        Ok(Ok(value.map(|value| value.as_ref().to_owned())))
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        let text = |(key, value): (&str, &Arc<str>)| (key.to_owned(), value.as_ref().to_owned());
        let values = self.values.iter().map(|(key, value)| (key.as_str(), value));
        let own = std::iter::once((DEPLOYED_AT, &self.deployed_at));
        Ok(Ok(values.chain(own).map(text).collect()))
    }
}
