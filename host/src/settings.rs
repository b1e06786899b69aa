//! `wasi:config/store`: what the deployment tells the component.
//!
//! Built once per component and the same for all of its requests. Keys that begin with `attache_`
//! are the host's.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bindings::store::{Error, Host};
use crate::config::{CardMode, Platform, PublicUrl};

/// The config keys of a component.
#[derive(Debug, Clone)]
pub struct Settings(Arc<BTreeMap<String, String>>);

impl Settings {
    /// The keys of the deployment and those that the host adds:
    ///
    /// - `attache_public_url`: the URL for the card. Without it the component takes each request's.
    /// - `attache_platform`: `cloud-run` there, else absent.
    /// - `attache_card`: the shape of the card, when the deployment chose one.
    /// - `attache_deployed_at`: when the agent was deployed, in seconds since the epoch
    ///   ([`Self::deployed_at`]).
    /// - `attache_grpc`: `off` when the card is not to declare gRPC, else absent.
    /// - `attache_allow_origin`: the origins whose pages may use the agent; already in `keys`.
    /// - `attache_security`: what the card has to say of how callers are authenticated, as JSON; already
    ///   in `keys`, and absent when they are not.
    /// - `attache_max_body`: the largest request body in bytes, which the component would otherwise
    ///   bound by itself.
    pub fn new(
        mut keys: BTreeMap<String, String>,
        public_url: Option<&PublicUrl>,
        platform: &Platform,
        card: Option<CardMode>,
        grpc: bool,
        max_body: u64,
    ) -> Self {
        let mut add = |key: &str, value: &str| keys.insert(key.to_owned(), value.to_owned());
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
        Self(Arc::new(keys))
    }

    /// The same for a component that was deployed at this time, in seconds since the epoch.
    #[must_use]
    pub fn deployed_at(&self, seconds: u64) -> Self {
        let mut keys = (*self.0).clone();
        keys.insert("attache_deployed_at".to_owned(), seconds.to_string());
        Self(Arc::new(keys))
    }
}

impl Host for Settings {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        Ok(Ok(self.0.get(&key).cloned()))
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        Ok(Ok(self
            .0
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()))
    }
}
