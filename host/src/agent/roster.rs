use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use attache_task_store::Scope;
use http::header::HOST;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use tracing::{Instrument, Span, info};

use super::{AgentName, Reloaded, Slot};
use crate::config::PublicUrl;
use crate::paths::{self, Base};
use crate::push::Translate;
use crate::tasks::{Resume, Space, Tasks};
use crate::telemetry::work_span;

/// What proxies that take a prefix off a path tell those behind them.
const FORWARDED_PREFIX: &str = "x-forwarded-prefix";

/// The agents of a process, and which of them a request or a stored task is for.
pub struct Roster {
    slots: Vec<Arc<Slot>>,
    by_name: HashMap<AgentName, Arc<Slot>>,
    by_host: HashMap<String, Arc<Slot>>,
    base: Base,
}

impl Roster {
    /// These agents, in a process that is reached at `public_url`.
    pub fn new(slots: Vec<Slot>, public_url: Option<&PublicUrl>) -> Self {
        let slots: Vec<_> = slots.into_iter().map(Arc::new).collect();
        let named = |slot: &Arc<Slot>| Some((slot.name()?.clone(), slot.clone()));
        let hosts = |slot: &Arc<Slot>| {
            let slot = slot.clone();
            let hosts: Vec<_> = slot.hosts().to_vec();
            hosts.into_iter().map(move |host| (host, slot.clone()))
        };
        Self {
            by_name: slots.iter().filter_map(named).collect(),
            by_host: slots.iter().flat_map(hosts).collect(),
            base: Base::of(public_url.map(PublicUrl::as_str)),
            slots,
        }
    }

    /// All of them.
    pub fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// The agent of this name.
    pub fn named(&self, name: &str) -> Option<&Arc<Slot>> {
        self.by_name.get(&AgentName::parse(name)?)
    }

    /// The agent that a request is for: the only one; or the one with the name of its host; or the one
    /// that its path names, which is taken off the path.
    pub fn route(&self, head: &mut Parts) -> Option<&Arc<Slot>> {
        if let [slot] = self.slots.as_slice()
            && slot.name().is_none()
        {
            return Some(slot);
        }
        if !self.by_host.is_empty()
            && let Some(slot) = host_of(head).and_then(|host| self.by_host.get(&host))
        {
            return Some(slot);
        }
        let (name, rest) = paths::agent(self.base.strip(head.uri.path()))?;
        let rest = if rest.is_empty() { "/" } else { rest };
        let slot = self.named(name)?;
        let uri = with_path(&head.uri, rest)?;
        let prefix = path_before(head, name)?;
        head.uri = uri;
        head.headers.insert(FORWARDED_PREFIX, prefix);
        Some(slot)
    }

    /// Has every agent look for another component, because somebody asks for it.
    pub async fn reload(&self) {
        for slot in &self.slots {
            if let Some(Ok(Reloaded::Unchanged(digest))) = slot.reload(true).await {
                info!(
                    agent = slot.label(),
                    "the component in the {} is the one that serves: {digest}",
                    slot.origin().kind()
                );
            }
        }
    }

    fn of_scope(&self, scope: &Scope) -> Result<&Arc<Slot>, String> {
        let sees = |slot: &&Arc<Slot>| {
            let space = Space::of(slot.name().cloned());
            space.tenant(scope).is_some()
        };
        self.slots
            .iter()
            .find(sees)
            .ok_or_else(|| format!("its agent is not served here (tenant {:?})", scope.tenant))
    }
}

/// The name of the host that a request was sent to, in lower case and without a port.
fn host_of(head: &Parts) -> Option<String> {
    let authority = match head.uri.authority() {
        Some(authority) => authority.as_str(),
        None => head.headers.get(HOST)?.to_str().ok()?,
    };
    let authority: http::uri::Authority = authority.parse().ok()?;
    let host = authority.host().trim_end_matches('.');
    Some(host.to_ascii_lowercase())
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

/// What is gone from the path: by a proxy in front, and here.
fn path_before(head: &Parts, name: &str) -> Option<HeaderValue> {
    let before = head.headers.get(FORWARDED_PREFIX);
    let before = before
        .and_then(|prefix| prefix.to_str().ok())
        .unwrap_or_default();
    let before = before.trim().trim_end_matches('/');
    HeaderValue::try_from(format!("{before}{}{name}", paths::AGENTS)).ok()
}

impl Translate for Roster {
    fn notification(
        &self,
        scope: Scope,
        task_id: String,
        protocol_version: String,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + '_>> {
        let span = work_span("notify", &task_id);
        let said = async move {
            let slot = self.of_scope(&scope)?;
            slot.name_in(&Span::current());
            let agent = slot.current();
            agent
                .notification(&scope, &task_id, &protocol_version)
                .await
        };
        Box::pin(said.instrument(span))
    }
}

impl Resume for Roster {
    fn resume(
        &self,
        tasks: Tasks,
        scope: Scope,
        task_id: String,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        let span = work_span("resume", &task_id);
        let run = async move {
            let slot = self.of_scope(&scope)?;
            slot.name_in(&Span::current());
            let agent = slot.current();
            agent.resume(tasks, &scope, &task_id).await
        };
        Box::pin(run.instrument(span))
    }
}
