//! Two hosts, one of which may be gone at any time.

use std::sync::Arc;

use attache_tests::a2a::Client;
use attache_tests::server::Server;
use tokio::sync::{Mutex, RwLock};

use crate::hosts::host;

#[derive(Clone)]
pub(super) struct Pair {
    database: String,
    hosts: [Arc<Mutex<Server>>; 2],
    clients: Arc<RwLock<[Client; 2]>>,
}

impl Pair {
    pub(super) fn start(database: &str) -> Self {
        let hosts = [host(database), host(database)];
        let clients = [Client::new(hosts[0].url()), Client::new(hosts[1].url())];
        Self {
            database: database.to_owned(),
            hosts: hosts.map(|host| Arc::new(Mutex::new(host))),
            clients: Arc::new(RwLock::new(clients)),
        }
    }

    /// A client of the one or the other, as it is now.
    pub(super) async fn client(&self, which: usize) -> Client {
        self.clients.read().await[which % 2].clone()
    }

    /// Kills one with SIGKILL, and starts another in its place.
    pub(super) async fn kill_one(&self, first: bool) {
        let which = usize::from(!first);
        let mut host = self.hosts[which].lock().await;
        host.kill();
        let database = self.database.clone();
        let started = tokio::task::spawn_blocking(move || crate::hosts::host(&database));
        *host = started.await.unwrap();
        self.clients.write().await[which] = Client::new(host.url());
    }

    /// What both have written since they were started.
    pub(super) async fn output(&self) -> String {
        let mut output = String::new();
        for host in &self.hosts {
            output.push_str(&host.lock().await.output());
        }
        output
    }
}
