//! What a client runs to be notified.

#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where its receiver fails"
)]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(60);

/// Takes notifications, and answers them as it was told to; with 204 after that. With a 429 it asks
/// for [`ASKED_FOR`].
#[derive(Clone, Debug)]
pub struct Receiver {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

/// One notification.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The path of the webhook's URL.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Value,
    /// When it came.
    pub at: Instant,
}

/// What a 429 asks for.
pub const ASKED_FOR: Duration = Duration::from_secs(3);

impl Receiver {
    /// Answers the first notifications with these statuses.
    pub async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            taken: Arc::default(),
            answers: Arc::new(Mutex::new(statuses.to_vec().into())),
        };
        let taking = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let receiver = taking.clone();
                let take = service_fn(move |request| receiver.clone().take(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), take);
                tokio::spawn(connection);
            }
        });
        receiver
    }

    async fn take(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<bytes::Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        // A sender that was killed leaves half a notification, which is none.
        let Ok(body) = body.collect().await else {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return Ok(response);
        };
        let body = body.to_bytes();
        self.taken.lock().unwrap().push(Taken {
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap(),
            at: Instant::now(),
        });
        let status = self.answers.lock().unwrap().pop_front().unwrap_or(204);
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        if status == 429 {
            let seconds = ASKED_FOR.as_secs().into();
            response.headers_mut().insert("retry-after", seconds);
        }
        Ok(response)
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL that a client registers.
    pub fn hook(&self) -> String {
        format!("{}/secret-path", self.origin())
    }

    /// The notifications so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// Their bodies.
    pub fn bodies(&self) -> Vec<Value> {
        self.taken().into_iter().map(|taken| taken.body).collect()
    }
}

/// Looks until it is as wanted.
pub async fn until<T: std::fmt::Debug>(look: impl Fn() -> T, wanted: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = look();
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "still {found:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
