//! What a client runs to be notified, well or badly.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::client::until;

/// What a receiver does with a notification after it has read it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Answer(u16),
    /// With so many seconds in `Retry-After`.
    AskForTime(u16, u64),
    /// Ends the connection instead of an answer.
    Drop,
    /// Never answers.
    Hang,
}

/// Takes notifications, and acts as it was told to; answers 204 after that.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    acts: Arc<Mutex<VecDeque<Act>>>,
}

#[derive(Clone)]
pub(crate) struct Taken {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

impl Receiver {
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        let acts: Vec<Act> = statuses.iter().copied().map(Act::Answer).collect();
        Self::acting(&acts).await
    }

    pub(crate) async fn acting(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            taken: Arc::default(),
            acts: Arc::new(Mutex::new(acts.to_vec().into())),
        };
        let (taken, acts, address) = (
            receiver.taken.clone(),
            receiver.acts.clone(),
            receiver.address,
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, acts) = (taken.clone(), acts.clone());
                let answer =
                    service_fn(move |request| take(taken.clone(), acts.clone(), address, request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        receiver
    }

    /// From now on it answers 204.
    pub(crate) fn recover(&self) {
        self.acts.lock().unwrap().clear();
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        self.taken().into_iter().map(|taken| taken.body).collect()
    }

    /// The first so many bodies, once they have come.
    pub(crate) async fn first(&self, count: usize) -> Vec<String> {
        until(|| async { self.bodies() }, |bodies| bodies.len() >= count).await
    }

    /// The query parameters that register it with a task.
    pub(crate) fn hook(&self) -> String {
        format!("url=http://{}/secret-path", self.address)
    }
}

async fn take(
    taken: Arc<Mutex<Vec<Taken>>>,
    acts: Arc<Mutex<VecDeque<Act>>>,
    address: SocketAddr,
    request: http::Request<Incoming>,
) -> io::Result<Response<Full<bytes::Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    taken.lock().unwrap().push(Taken {
        path: format!("{} {}", head.method, head.uri),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        at: Instant::now(),
    });
    let act = acts.lock().unwrap().pop_front();
    let mut response = Response::new(Full::default());
    let status = match act.unwrap_or(Act::Answer(204)) {
        Act::Answer(status) => status,
        Act::AskForTime(status, seconds) => {
            response.headers_mut().insert("retry-after", seconds.into());
            status
        }
        Act::Drop => return Err(io::Error::other("as it was told to")),
        Act::Hang => std::future::pending().await,
    };
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_redirection() {
        let location = format!("http://{address}/elsewhere");
        response
            .headers_mut()
            .insert("location", location.parse().unwrap());
    }
    *response.status_mut() = status;
    Ok(response)
}
