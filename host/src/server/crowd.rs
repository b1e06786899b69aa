use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::admission::Client;

/// How many connections each address has. It holds no more addresses than there are connections.
pub(super) struct Crowd {
    most: Option<usize>,
    connections: Arc<Mutex<HashMap<Client, usize>>>,
}

/// One connection of an address, until it is dropped.
pub(super) struct One {
    /// None is not counted.
    client: Option<Client>,
    connections: Arc<Mutex<HashMap<Client, usize>>>,
}

impl Crowd {
    pub(super) fn new(most: Option<usize>) -> Self {
        Self {
            most,
            connections: Arc::default(),
        }
    }

    /// One more connection from `address`, if it may have one. Without an address it may.
    pub(super) fn join(&self, address: Option<IpAddr>) -> Option<One> {
        let client = address.filter(|_| self.most.is_some()).map(Client::at);
        if let (Some(client), Some(most)) = (client.clone(), self.most) {
            let mut connections = self
                .connections
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let count = connections.entry(client).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        Some(One {
            client,
            connections: self.connections.clone(),
        })
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = connections.entry(client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_leaves_no_trace() {
        let crowd = Crowd::new(Some(2));
        let from = |address: &str| crowd.join(Some(address.parse().unwrap()));
        let two = (from("192.0.2.1").unwrap(), from("192.0.2.1").unwrap());
        assert!(from("192.0.2.1").is_none());
        assert!(from("192.0.2.2").is_some());
        assert!(crowd.join(None).is_some());
        drop(two);
        assert!(from("192.0.2.1").is_some());
        assert!(crowd.connections.lock().unwrap().is_empty());
    }
}
