//! A server that the component calls, and what it sees of that.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers "reached PATH"; `/slow` after ten seconds, `/to/URL` with a redirect, `/bytes/COUNT` with
/// so many, `/neighbours` with headers that are between neighbours. Each connection is for one request.
#[derive(Clone)]
pub(crate) struct Elsewhere {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<(String, HeaderMap)>>,
}

impl Elsewhere {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let serving = elsewhere.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.seen.connections.fetch_add(1, Ordering::Relaxed);
                let serving = serving.clone();
                let answer = service_fn(move |request| {
                    let serving = serving.clone();
                    async move { Ok::<_, Infallible>(serving.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .keep_alive(false)
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        elsewhere
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().unwrap().to_string();
        self.seen
            .requests
            .lock()
            .unwrap()
            .push((path.clone(), head.headers));
        // A body that breaks off is for whoever sent it to notice.
        let _ = body.collect().await;
        if path == "/slow" {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        if let Some(url) = path.strip_prefix("/to/") {
            let redirect = Response::builder().status(302).header("location", url);
            return redirect.body(Full::default()).unwrap();
        }
        if let Some(count) = path.strip_prefix("/bytes/") {
            return Response::new(Full::from(vec![b'x'; count.parse().unwrap()]));
        }
        let mut response = Response::new(Full::from(format!("reached {path}")));
        if path == "/neighbours" {
            let headers = response.headers_mut();
            headers.insert("connection", "close, x-mine".parse().unwrap());
            headers.insert("x-mine", "1".parse().unwrap());
            headers.insert("x-yours", "1".parse().unwrap());
        }
        response
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    /// The headers of the last request.
    pub(crate) fn headers(&self) -> HeaderMap {
        let requests = self.seen.requests.lock().unwrap();
        requests.last().unwrap().1.clone()
    }

    /// A header of the last request.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let headers = self.headers();
        let value = headers.get(name)?;
        Some(value.to_str().unwrap().to_owned())
    }
}
