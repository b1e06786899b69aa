use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use attache_registry::{Body, Reference, Transport};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::BodyExt;
use reqwest::redirect::Policy;

use super::Bar;
use crate::failure::{Exit, Failure};

const CONNECT: Duration = Duration::from_secs(15);
/// Without a byte for so long, the other side is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// What is sent at a time, so that it can be told.
const CHUNK: usize = 64 << 10;

/// A way out over HTTP. It follows no redirect: the protocol of registries says which ones lead where.
pub(super) struct Https {
    client: reqwest::Client,
    bar: Bar,
}

impl Https {
    pub(super) fn new(
        reference: &Reference,
        ca_file: Option<&Path>,
        bar: Bar,
    ) -> Result<Self, Failure> {
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE);
        if reference.is_loopback() {
            builder = builder.no_proxy();
        }
        if let Some(path) = ca_file {
            let shown = path.display();
            let pem = std::fs::read(path).map_err(|error| {
                Failure::new(Exit::NoInput, format!("{shown} cannot be read: {error}"))
            })?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem);
            let certificates = certificates.ok().filter(|found| !found.is_empty());
            let certificates = certificates.ok_or_else(|| {
                Failure::new(Exit::Data, format!("{shown} holds no certificates in PEM"))
            })?;
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let client = builder.build().map_err(|error| {
            Failure::new(
                Exit::Software,
                format!("no connection can be made: {error}"),
            )
        })?;
        Ok(Self { client, bar })
    }

    fn told(&self, content: Bytes) -> reqwest::Body {
        if content.len() <= CHUNK {
            return content.into();
        }
        let (bar, size) = (self.bar.clone(), content.len() as u64);
        let pieces = stream::unfold((content, 0), move |(mut rest, sent)| {
            let bar = bar.clone();
            async move {
                if rest.is_empty() {
                    return None;
                }
                let piece = rest.split_to(rest.len().min(CHUNK));
                let sent = sent + piece.len() as u64;
                bar.tell(sent, size);
                Some((Ok::<_, std::convert::Infallible>(piece), (rest, sent)))
            }
        });
        reqwest::Body::wrap_stream(pieces)
    }
}

#[async_trait]
impl Transport for Https {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, String> {
        let request = request.map(|content| self.told(content));
        let request = reqwest::Request::try_from(request).map_err(why)?;
        let response = self.client.execute(request).await.map_err(why)?;
        let response: Response<reqwest::Body> = response.into();
        Ok(response.map(|body| body.map_err(why).boxed_unsync()))
    }
}

/// An error and what is behind it, without the URL, which may be signed.
fn why(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}
