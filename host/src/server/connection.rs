use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tracing::debug;

use super::socket::Socket;
use super::traffic::{Rest, Traffic};
use crate::config::{ConnectionLimits, HeadLimits};
use crate::life::{Life, Stage};
use crate::service::Service;
use crate::telemetry::Limit;

/// Of HTTP/2, for one connection: requests at the same time, and bytes of each response that wait
/// for the client.
const STREAMS: u32 = 256;
const SEND_BUFFER: usize = 256 << 10;
/// Streams that a client reset before the host looked at them, and that the host reset for the
/// client's errors. Beyond it the connection ends: opening and resetting streams is an attack
/// (CVE-2023-44487).
const RESET_BY_CLIENT: usize = 20;
const RESET_BY_HOST: usize = 1024;
/// After a silence of this length a client is asked whether it is there, and has as long to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// hyper itself closes an idle connection of HTTP/1.1; what it does not time is HTTP/2, and the first
/// bytes, by which it tells the one from the other.
const AFTER_HYPER: Duration = Duration::from_secs(1);
/// hyper accepts no smaller buffer, and no count of fields but this costs an allocation.
const SMALLEST_BUFFER: usize = 8 << 10;
const USUAL_FIELDS: usize = 100;

/// What every connection is served with.
pub(super) struct Connecting {
    builder: Builder<TokioExecutor>,
    limits: ConnectionLimits,
    service: Service,
}

impl Connecting {
    pub(super) fn new(limits: ConnectionLimits, heads: HeadLimits, service: Service) -> Self {
        Self {
            builder: builder(limits.idle, heads),
            limits,
            service,
        }
    }

    /// Serves a connection to its end, or until it is told that the process ends and has rested.
    pub(super) async fn serve(&self, stream: TcpStream, remote: IpAddr) {
        let traffic = Traffic::new();
        let socket = match Socket::new(stream, traffic.clone(), self.limits.stall) {
            Ok(socket) => socket,
            Err(error) => return debug!("a connection ended at once: {error}"),
        };
        let speaks_http2 = Notify::new();
        let mut parting = pin!(parting(self.service.life(), &speaks_http2));
        let answer = service_fn(|request: Request<Incoming>| {
            if request.version() == Version::HTTP_2 {
                speaks_http2.notify_one();
            }
            let (service, exchange) = (self.service.clone(), traffic.begin());
            async move {
                let response = service.answer(request, remote, exchange).await;
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let connection = self.builder.serve_connection(TokioIo::new(socket), answer);
        let mut connection = pin!(connection);
        let mut leaving = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        note(&*error, &traffic);
                    }
                    return;
                }
                () = parting.as_mut(), if !leaving => {}
                rest = traffic.rest(self.limits.idle + AFTER_HYPER) => match rest {
                    Rest::Idle if !leaving => {}
                    // It was told to go, and stays.
                    Rest::Idle => return debug!("a connection that rested was cut off"),
                    Rest::Stalled => return debug!("a client took none of its responses"),
                },
            }
            leaving = true;
            traffic.stir();
            connection.as_mut().graceful_shutdown();
        }
    }
}

/// The time to go. Over HTTP/2 a client can be told so while its next request is on its way.
async fn parting(life: &Life, speaks_http2: &Notify) {
    let goaway = async {
        speaks_http2.notified().await;
        life.comes_to(Stage::Draining).await;
    };
    tokio::select! {
        () = goaway => {}
        () = life.comes_to(Stage::Closing) => {}
    }
}

/// The service refuses heads over the limits with an answer that says so. hyper, which has to read
/// them first, ends where they are twice as large, with a bare 431.
fn builder(idle: Duration, heads: HeadLimits) -> Builder<TokioExecutor> {
    let twice = heads.bytes.saturating_mul(2);
    let buffer = usize::try_from(twice).unwrap_or(usize::MAX) + 2 * heads.uri;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(buffer.max(SMALLEST_BUFFER));
    if heads.fields > USUAL_FIELDS {
        builder.http1().max_headers(heads.fields);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(twice)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(RESET_BY_CLIENT)
        .max_local_error_reset_streams(RESET_BY_HOST)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    builder
}

/// Clients leave, and responses break off; both are logged with their request.
fn note(error: &(dyn std::error::Error + 'static), traffic: &Traffic) {
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        if error.is_parse_too_large() {
            Limit::HeaderSize.hit();
        } else if error.is_timeout() && traffic.has_begun() {
            Limit::SlowRequest.hit();
        }
    }
    debug!("a connection ended early: {error}");
}
