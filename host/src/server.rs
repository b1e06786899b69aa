//! Connections: HTTP/1.1 and HTTP/2 without TLS on one port.
//!
//! `run` takes the listener and the signal to stop, so that a test can drive it like the process
//! does.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::service::Service;

/// Connections open at the same time; the next waits to be accepted.
const CONNECTIONS: usize = 10_000;
const STREAMS_PER_CONNECTION: u32 = 256;
const LONGEST_HEADERS: u32 = 64 << 10;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A pause after an error that is not the connection's own, such as too many open files.
const BREATHER: Duration = Duration::from_millis(50);

/// Accepts connections until `stop`, then no more. The connections that are open finish their
/// requests while the value returned is shut down.
pub async fn run(
    listener: TcpListener,
    service: Service,
    patience: HeaderPatience,
    stop: impl Future<Output = ()>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let builder = Arc::new(builder(patience));
    let mut stop = std::pin::pin!(stop);
    loop {
        // The semaphore is never closed.
        let Ok(place) = room.clone().acquire_owned().await else {
            return connections;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => return connections,
        };
        match accepted {
            Ok((stream, remote)) => {
                let connection = connection(
                    builder.clone(),
                    stream,
                    remote.ip(),
                    service.clone(),
                    connections.watcher(),
                    patience,
                );
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
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

/// How long a connection may take for the head of its next request.
#[derive(Debug, Clone, Copy)]
pub struct HeaderPatience(Duration);

impl HeaderPatience {
    /// Where anybody may connect: a slow client does not hold a connection for long.
    pub const STRANGERS: Self = Self(Duration::from_secs(60));
    /// Behind a proxy of the platform, which keeps idle connections for ten minutes and must not
    /// find them closed.
    pub const PROXY: Self = Self(Duration::from_secs(620));
}

fn builder(HeaderPatience(patience): HeaderPatience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .max_header_list_size(LONGEST_HEADERS)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    builder
}

async fn connection(
    builder: Arc<Builder<TokioExecutor>>,
    stream: TcpStream,
    remote: IpAddr,
    service: Service,
    watcher: Watcher,
    HeaderPatience(patience): HeaderPatience,
) {
    // Events leave when they are written, not when the kernel has collected enough.
    if let Err(error) = stream.set_nodelay(true) {
        return debug!("a connection ended at once: {error}");
    }
    // The protocol is told by the first bytes, for which the builder would wait for ever.
    if !matches!(timeout(patience, stream.readable()).await, Ok(Ok(()))) {
        return;
    }
    let answer = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.answer(request, remote).await) }
    });
    let connection = builder
        .serve_connection(TokioIo::new(stream), answer)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        // Clients leave, and responses break off; both are logged with their request.
        debug!("a connection ended early: {error}");
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
