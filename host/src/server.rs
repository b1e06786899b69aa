//! Connections: HTTP/1.1 and HTTP/2 without TLS on one port.
//!
//! `run` takes the listener and the signal to stop, so that a test can drive it like the process
//! does. What a client may take of the process by being there, and by being slow, is bounded here:
//! the number of connections ([`crowd`]), idle time and flow control ([`connection`]), and a socket
//! that takes nothing ([`socket`]). What it asks for is the service's.

mod connection;
mod crowd;
mod socket;
mod traffic;

pub use traffic::Exchange;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use crate::config::CallerLimits;
use crate::service::Service;
use crate::telemetry::Limit;
use connection::Connecting;
use crowd::Crowd;

/// A pause after an error that is not the connection's own, such as too many open files.
const BREATHER: Duration = Duration::from_millis(50);

/// The connections that are open when no more are accepted.
#[derive(Debug)]
pub struct Connections(watch::Sender<bool>);

impl Connections {
    /// Closes each when its requests are answered, and waits until all are.
    pub async fn shutdown(self) {
        self.0.send_replace(true);
        self.0.closed().await;
    }
}

/// Accepts connections until `stop`, then no more. The connections that are open finish their
/// requests while the value returned is shut down.
pub async fn run(
    listener: TcpListener,
    service: Service,
    limits: &CallerLimits,
    stop: impl Future<Output = ()>,
) -> Connections {
    let (closing, closed) = watch::channel(false);
    let connections = Connections(closing);
    let room = Arc::new(Semaphore::new(limits.connections.most));
    let crowd = Crowd::new(limits.connections.per_address);
    let connecting = Arc::new(Connecting::new(limits.connections, limits.heads, service));
    let mut stop = std::pin::pin!(stop);
    loop {
        if room.available_permits() == 0 {
            Limit::Connections.hit();
            debug!("all {} connections are in use", limits.connections.most);
        }
        let place = tokio::select! {
            place = room.clone().acquire_owned() => place,
            () = &mut stop => return connections,
        };
        // The semaphore is never closed.
        let Ok(place) = place else { return connections };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => return connections,
        };
        match accepted {
            Ok((stream, remote)) => {
                let remote = remote.ip().to_canonical();
                let many = limits.proxies.may_be_proxy(remote);
                let Some(one) = crowd.join((!many).then_some(remote)) else {
                    Limit::Connections.hit();
                    debug!("{remote} has as many connections as an address may have");
                    continue;
                };
                let (connecting, closed) = (connecting.clone(), closed.clone());
                tokio::spawn(async move {
                    connecting.serve(stream, remote, closed).await;
                    drop((one, place));
                });
            }
            Err(error) if is_of_one_connection(&error) => debug!("not accepted: {error}"),
            Err(error) => {
                warn!("connections cannot be accepted: {error}");
                tokio::time::sleep(BREATHER).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
