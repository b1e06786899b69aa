//! Connections: HTTP/1.1 and HTTP/2 without TLS on one port.
//!
//! `run` takes the listener and the signal to stop, so that a test can drive it like the process
//! does.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::life::{Life, Stage};
use crate::service::Service;

/// Connections open at the same time; the next waits to be accepted.
const CONNECTIONS: u32 = 10_000;
const STREAMS_PER_CONNECTION: u32 = 256;
const LONGEST_HEADERS: u32 = 64 << 10;
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// A pause after an error that is not the connection's own, such as too many open files.
const BREATHER: Duration = Duration::from_millis(50);

/// Accepts connections until `stop`, then no more. What becomes of those that are open is in the
/// hands of whoever has the value returned.
///
/// Once the process drains, a connection of HTTP/2 is told so at once by GOAWAY, which loses no
/// request. In HTTP/1.1 closing would, if the next request is on its way; there each response says
/// that it is the last one (see [`Service`]).
pub async fn run(
    listener: TcpListener,
    service: Service,
    patience: HeaderPatience,
    stop: impl Future<Output = ()>,
) -> Connections {
    let room = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let connections = Connections {
        life: service.life().clone(),
        room: room.clone(),
    };
    let builder = Arc::new(builder(patience));
    let mut stop = pin!(stop);
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

/// The connections that are open when no more are accepted.
#[derive(Debug)]
pub struct Connections {
    life: Life,
    /// A connection has a place here for as long as it is open.
    room: Arc<Semaphore>,
}

impl Connections {
    /// Ends those that are idle, and waits until the others have sent what they are at.
    pub async fn close(self) {
        self.life.enter(Stage::Closing);
        let _ = self.room.acquire_many(CONNECTIONS).await;
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
    HeaderPatience(patience): HeaderPatience,
) {
    // Events leave when they are written, not when the kernel has collected enough.
    if let Err(error) = stream.set_nodelay(true) {
        return debug!("a connection ended at once: {error}");
    }
    // The protocol is told by the first bytes, for which the builder would wait for ever.
    let life = service.life().clone();
    tokio::select! {
        readable = timeout(patience, stream.readable()) => match readable {
            Ok(Ok(())) => {}
            _ => return,
        },
        () = life.comes_to(Stage::Closing) => return,
    }
    let speaks_http2 = Arc::new(Notify::new());
    let heard = speaks_http2.clone();
    let answer = service_fn(move |request: Request<Incoming>| {
        if request.version() == Version::HTTP_2 {
            heard.notify_one();
        }
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.answer(request, remote).await) }
    });
    let serving = builder.serve_connection(TokioIo::new(stream), answer);
    let mut serving = pin!(serving.into_owned());
    let parting = async {
        let goaway = async {
            speaks_http2.notified().await;
            life.comes_to(Stage::Draining).await;
        };
        tokio::select! {
            () = goaway => {}
            () = life.comes_to(Stage::Closing) => {}
        }
    };
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = parting => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
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
