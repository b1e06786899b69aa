//! A connection that is kept alive, and made anew after an error.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub(crate) struct Connection {
    address: SocketAddr,
    kept: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self {
            address,
            kept: None,
        }
    }

    pub(crate) fn close(&mut self) {
        self.kept = None;
    }

    /// A call of JSON-RPC, and its whole answer.
    pub(crate) async fn call(&mut self, body: String) -> Result<(StatusCode, Bytes), String> {
        let answer = self.post(body, "application/json").await?;
        whole(answer).await
    }

    /// A call whose answer is a stream of events.
    pub(crate) async fn stream(&mut self, body: String) -> Result<Response<Incoming>, String> {
        self.post(body, "text/event-stream").await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<(StatusCode, Bytes), String> {
        let request = self.request(Method::GET, path, "application/json");
        let request = request.body(Full::default());
        let answer = self.send(request.map_err(|error| error.to_string())?);
        whole(answer.await?).await
    }

    async fn post(&mut self, body: String, accepted: &str) -> Result<Response<Incoming>, String> {
        let request = self
            .request(Method::POST, "/", accepted)
            .header(header::CONTENT_TYPE, "application/json")
            .header("A2A-Version", "1.0")
            .body(Full::from(body))
            .map_err(|error| error.to_string())?;
        self.send(request).await
    }

    fn request(&self, method: Method, path: &str, accepted: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::ACCEPT, accepted)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        let kept = match &mut self.kept {
            Some(kept) if !kept.is_closed() => kept,
            kept => kept.insert(
                connect(self.address)
                    .await
                    .map_err(|error| error.to_string())?,
            ),
        };
        kept.ready().await.map_err(|error| error.to_string())?;
        let answer = kept.send_request(request).await;
        answer.map_err(|error| error.to_string())
    }
}

async fn whole(answer: Response<Incoming>) -> Result<(StatusCode, Bytes), String> {
    let status = answer.status();
    let body = answer.into_body().collect().await;
    Ok((status, body.map_err(|error| error.to_string())?.to_bytes()))
}

async fn connect(address: SocketAddr) -> io::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // Its errors are those of its requests.
    tokio::spawn(connection);
    Ok(sender)
}
