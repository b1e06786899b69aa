//! What stands before a registry, and changes what it says.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::store::Registry;

/// The token that [`Manner::Token`] gives and wants.
pub(crate) const TOKEN: &str = "a-token-of-the-service";

/// What it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Changes a byte of each blob that is larger than a manifest.
    Corrupt,
    /// Puts a byte behind it.
    Longer,
    /// Lets in who has a token, which its own token service gives to who has this user and password.
    Token { basic: String },
    /// Says that tokens come from elsewhere.
    TokenFrom(String),
    /// Has blobs elsewhere.
    BlobsAt(String),
    /// Has no time for every second request, beginning with the first.
    Busy,
    /// Has no time for the first request of each method.
    Stumbling,
    /// Notes what it is asked, and answers as the registry does.
    Plain,
}

/// A server on a port of its own.
pub(crate) struct Front {
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A request, as far as tests look at it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
}

impl Front {
    pub(crate) async fn start(registry: &Registry, manner: Manner) -> Self {
        Self::start_before(&registry.address, manner).await
    }

    /// Before what answers at `behind`.
    pub(crate) async fn start_before(behind: &str, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Arc::new(Server {
            behind: behind.to_owned(),
            own: address.clone(),
            manner,
            asked: asked.clone(),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                let answer = service_fn(move |request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        Self { address, asked }
    }

    pub(crate) fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

struct Server {
    behind: String,
    own: String,
    manner: Manner,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let authorization = request.headers().get(AUTHORIZATION);
        let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
        let method = request.method().clone();
        let (count, is_first) = {
            let mut asked = self.asked.lock().unwrap();
            let is_first = asked.iter().all(|before| before.method != method);
            asked.push(Asked {
                method,
                path: path.clone(),
                authorization: authorization.clone(),
            });
            (asked.len(), is_first)
        };
        match &self.manner {
            Manner::Token { basic } if path == "/token" => {
                return match authorization.as_ref() == Some(basic) {
                    true => said(
                        StatusCode::OK,
                        &format!(r#"{{"token":"{TOKEN}","expires_in":300}}"#),
                    ),
                    false => said(
                        StatusCode::UNAUTHORIZED,
                        r#"{"errors":[{"code":"DENIED"}]}"#,
                    ),
                };
            }
            Manner::Token { .. }
                if authorization.as_deref() != Some(&format!("Bearer {TOKEN}")) =>
            {
                return challenge(&format!("http://{}/token", self.own));
            }
            Manner::Busy if count % 2 == 1 => return said(StatusCode::SERVICE_UNAVAILABLE, ""),
            Manner::Stumbling if is_first => return said(StatusCode::SERVICE_UNAVAILABLE, ""),
            Manner::TokenFrom(realm) => return challenge(realm),
            Manner::BlobsAt(elsewhere) if path.contains("/blobs/sha256:") => {
                let mut response = said(StatusCode::TEMPORARY_REDIRECT, "");
                let to = HeaderValue::try_from(format!("http://{elsewhere}{path}")).unwrap();
                response.headers_mut().insert(LOCATION, to);
                return response;
            }
            _ => {}
        }
        self.forward(request).await
    }

    async fn forward(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let url = format!(
            "http://{}{}",
            self.behind,
            head.uri.path_and_query().unwrap()
        );
        let mut headers = head.headers;
        headers.remove(AUTHORIZATION);
        // So that the registry says where to go on as this server's clients see it.
        headers.insert(HOST, HeaderValue::try_from(self.own.as_str()).unwrap());
        let body = body.collect().await.unwrap().to_bytes();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let answer = client
            .build()
            .unwrap()
            .request(head.method.clone(), url)
            .headers(headers)
            .body(body)
            .send()
            .await
            .unwrap();
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        let mut content = answer.bytes().await.unwrap().to_vec();
        let is_layer = head.uri.path().contains("/blobs/") && content.len() > 100_000;
        match self.manner {
            Manner::Corrupt if is_layer => content[50_000] ^= 1,
            Manner::Longer if is_layer => content.push(0),
            _ => {}
        }
        if head.method != Method::HEAD {
            headers.remove(CONTENT_LENGTH);
        }
        headers.remove("transfer-encoding");
        let mut response = Response::new(Full::new(content.into()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

fn challenge(realm: &str) -> Response<Full<Bytes>> {
    let mut response = said(
        StatusCode::UNAUTHORIZED,
        r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#,
    );
    let challenge = format!(r#"Bearer realm="{realm}",service="tests""#);
    let challenge = HeaderValue::try_from(challenge).unwrap();
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn said(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
}
