//! The metadata server of Google Cloud, as far as a service on Cloud Run asks it.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a test ends where its metadata server fails"
)]

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The access token that it gives.
pub const ACCESS_TOKEN: &str = "ya29.a-token-of-the-service";
/// The service account that the process runs as.
pub const EMAIL: &str = "agent@my-project.iam.gserviceaccount.com";

/// Starts one. Returns its `host:port`, for `GCE_METADATA_HOST`.
pub async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    address
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let asked_well = request
        .headers()
        .get("metadata-flavor")
        .is_some_and(|value| value == "Google");
    let path = request.uri().path();
    let said = match path.strip_prefix("/computeMetadata/v1/") {
        _ if !asked_well => None,
        Some("project/numeric-project-id") => Some("123456".to_owned()),
        Some("project/project-id") => Some("my-project".to_owned()),
        Some("instance/region") => Some("projects/123456/regions/europe-west1".to_owned()),
        Some("instance/service-accounts/default/email") => Some(EMAIL.to_owned()),
        Some("instance/service-accounts/default/token") => Some(format!(
            r#"{{"access_token":"{ACCESS_TOKEN}","expires_in":3599,"token_type":"Bearer"}}"#
        )),
        _ => None,
    };
    let (status, text) = match said {
        Some(text) => (StatusCode::OK, text),
        None if asked_well => (StatusCode::NOT_FOUND, String::new()),
        None => (StatusCode::FORBIDDEN, String::new()),
    };
    Response::builder()
        .status(status)
        .header("metadata-flavor", "Google")
        .body(Full::from(text))
        .unwrap()
}
