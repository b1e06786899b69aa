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
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::config::CallerLimits;
use crate::life::{Life, Stage};
use crate::service::Service;
use crate::telemetry::Limit;
use connection::Connecting;
use crowd::Crowd;

/// A pause after an error that is not the connection's own, such as too many open files.
const BREATHER: Duration = Duration::from_millis(50);

/// The connections that are open when no more are accepted.
#[derive(Debug)]
pub struct Connections {
    life: Life,
    /// A connection has a place here for as long as it is open.
    room: Arc<Semaphore>,
    places: u32,
}

impl Connections {
    /// Ends those that are idle, and waits until the others have sent what they are at.
    pub async fn close(self) {
        self.life.enter(Stage::Closing);
        let _ = self.room.acquire_many(self.places).await;
    }
}

/// Accepts connections until `stop`, then no more. What becomes of those that are open is in the
/// hands of whoever has the value returned.
///
/// Once the process drains, a connection of HTTP/2 is told so at once by GOAWAY, which loses no
/// request. In HTTP/1.1 closing would, if the next request is on its way; there each response says
/// that it is the last one (see [`Service`]).
pub async fn run(
    listener: TcpListener,
    service: Service,
    limits: &CallerLimits,
    stop: impl Future<Output = ()>,
) -> Connections {
    let room = Arc::new(Semaphore::new(limits.connections.most));
    let connections = Connections {
        life: service.life().clone(),
        room: room.clone(),
        places: u32::try_from(limits.connections.most).unwrap_or(u32::MAX),
    };
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
                let connecting = connecting.clone();
                tokio::spawn(async move {
                    connecting.serve(stream, remote).await;
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
