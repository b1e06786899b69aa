use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::pull::read;
use super::session::{ATTEMPTS, Access, PAUSE, Session, may_pass};
use super::{Body, Client};
use crate::signature::{ANNOTATION, place};
use crate::{
    Descriptor, Digest, Error, IMAGE_CONFIG, MANIFEST, Manifest, PrivateKey, Reference,
    SIGNATURE_LAYER, Version,
};

const LONGEST_MANIFEST: usize = 4 << 20;

/// What became of a piece of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Which one.
    pub digest: Digest,
    /// The registry had it already, so that it was not sent.
    pub was_there: bool,
}

impl Client {
    /// Publishes an artifact of this config and these layers, in the order of `manifest`, under
    /// `reference`. Content that is there already is not sent again; what became of each layer comes back,
    /// and of the config behind them.
    ///
    /// # Errors
    /// [`Error`]; what was sent until then is under no name.
    pub async fn push(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        config: Bytes,
        layers: Vec<Bytes>,
    ) -> Result<Vec<Sent>, Error> {
        let push = async {
            let session = self.pushing(reference);
            let layers = manifest.layers.iter().zip(layers);
            let mut sent = Vec::new();
            for (descriptor, content) in layers.chain([(&manifest.config, config)]) {
                let was_there = self.send_blob(&session, descriptor, content).await?;
                let digest = descriptor.digest;
                sent.push(Sent { digest, was_there });
            }
            self.send_manifest(&session, manifest).await?;
            Ok(sent)
        };
        self.in_time(reference, push).await
    }

    /// Publishes a signature over the artifact with this digest, beside those that there are.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn sign(
        &self,
        reference: &Reference,
        digest: &Digest,
        key: &PrivateKey,
    ) -> Result<Reference, Error> {
        let place = place(reference, digest);
        let sign = async {
            let session = self.pushing(&place);
            let (payload, signature) = key.sign(reference, digest).map_err(Error::Credentials)?;
            let mut layer = Descriptor::of(SIGNATURE_LAYER, &payload);
            layer.annotations.insert(ANNOTATION.to_owned(), signature);
            let mut layers = self.signatures(&session).await?;
            let public = key.public();
            // A signature that says the same of the same key is replaced.
            let mut kept = Vec::with_capacity(layers.len() + 1);
            for one in layers.drain(..) {
                let text = one.annotations.get(ANNOTATION).cloned().unwrap_or_default();
                let is_same = one.digest == layer.digest
                    && public.verify(reference, digest, &payload, &text).is_ok();
                if !is_same {
                    kept.push(one);
                }
            }
            kept.push(layer.clone());
            let digests: Vec<_> = kept.iter().map(|layer| layer.digest).collect();
            let config = serde_json::json!({
                "architecture": "", "os": "", "config": {},
                "rootfs": {"type": "layers", "diff_ids": digests},
            });
            let config = Bytes::from(config.to_string());
            let described = Descriptor::of(IMAGE_CONFIG, &config);
            self.send_blob(&session, &layer, payload.into()).await?;
            self.send_blob(&session, &described, config).await?;
            let manifest = Manifest {
                schema_version: 2,
                media_type: Some(MANIFEST.to_owned()),
                artifact_type: None,
                config: described,
                layers: kept,
                annotations: BTreeMap::new(),
            };
            self.send_manifest(&session, &manifest).await
        };
        self.in_time(&place, sign).await?;
        Ok(place)
    }

    fn pushing<'a>(&'a self, reference: &'a Reference) -> Session<'a> {
        Session {
            client: self,
            reference,
            access: Access::Push,
        }
    }

    /// The signatures that are there.
    async fn signatures(&self, session: &Session<'_>) -> Result<Vec<Descriptor>, Error> {
        use http_body_util::{BodyExt, Limited};
        let Version::Tag(tag) = session.reference.version() else {
            return Ok(Vec::new());
        };
        let url = session.url(&format!("manifests/{tag}"))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFEST));
        let response = session.ask(Method::GET, url, headers, Bytes::new()).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(Vec::new());
        }
        if !response.status().is_success() {
            let what = session.reference.to_string();
            return Err(session.failed(what, response).await);
        }
        let body = Limited::new(response.into_body(), LONGEST_MANIFEST).collect();
        let body = body
            .await
            .map_err(|error| session.answered(format!("and broke off ({error})")))?;
        let manifest = read(&body.to_bytes()).map_err(|why| Error::NotAComponent {
            what: session.reference.to_string(),
            why,
        })?;
        Ok(manifest.layers)
    }

    /// Whether it was there already.
    async fn send_blob(
        &self,
        session: &Session<'_>,
        descriptor: &Descriptor,
        content: Bytes,
    ) -> Result<bool, Error> {
        let mut pause = PAUSE;
        for attempt in 1.. {
            let url = session.url(&format!("blobs/{}", descriptor.digest))?;
            let there = session.ask(Method::HEAD, url, HeaderMap::new(), Bytes::new());
            // Whoever may push and not pull is told so by the next answer.
            if there.await?.status() == StatusCode::OK {
                // After a first attempt it is there because that came through.
                return Ok(attempt == 1);
            }
            match self.upload(session, descriptor, content.clone()).await? {
                None => break,
                Some(error) if attempt >= ATTEMPTS => return Err(error),
                Some(_) => {}
            }
            tokio::time::sleep(pause).await;
            pause *= 3;
        }
        Ok(false)
    }

    /// One attempt, in a session of its own: what an earlier one left half is not taken up. What it failed by
    /// comes back where the next may end better.
    async fn upload(
        &self,
        session: &Session<'_>,
        descriptor: &Descriptor,
        content: Bytes,
    ) -> Result<Option<Error>, Error> {
        let what = format!("{} (layer {})", session.reference, descriptor.digest);
        let url = session.url("blobs/uploads/")?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let begun = session.ask(Method::POST, url.clone(), headers, Bytes::new());
        let begun = match begun.await {
            Ok(response) if response.status() == StatusCode::ACCEPTED => response,
            other => return passing(session, what, other).await.map(Some),
        };
        let mut to = session.location(&url, begun.headers())?;
        to.query_pairs_mut()
            .append_pair("digest", &descriptor.digest.to_string());
        let mut headers = HeaderMap::new();
        let media_type = HeaderValue::from_static("application/octet-stream");
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len() as u64));
        match session.ask(Method::PUT, to, headers, content).await {
            Ok(response) if response.status() == StatusCode::CREATED => Ok(None),
            other => passing(session, what, other).await.map(Some),
        }
    }

    async fn send_manifest(
        &self,
        session: &Session<'_>,
        manifest: &Manifest,
    ) -> Result<Digest, Error> {
        let content = manifest.bytes();
        let digest = Digest::of(&content);
        let version = match session.reference.version() {
            Version::Tag(tag) => tag.clone(),
            Version::Digest(digest) => digest.to_string(),
        };
        let url = session.url(&format!("manifests/{version}"))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MANIFEST));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len() as u64));
        let content = Bytes::from(content);
        let mut pause = PAUSE;
        for attempt in 1.. {
            let put = session.ask(Method::PUT, url.clone(), headers.clone(), content.clone());
            let error = match put.await {
                Ok(response) if response.status().is_success() => break,
                other => {
                    let what = session.reference.to_string();
                    passing(session, what, other).await?
                }
            };
            if attempt >= ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause *= 3;
        }
        Ok(digest)
    }
}

/// Why an attempt failed, when the next may end better.
///
/// # Errors
/// When it would not.
async fn passing(
    session: &Session<'_>,
    what: String,
    outcome: Result<Response<Body>, Error>,
) -> Result<Error, Error> {
    match outcome {
        Ok(response) if may_pass(response.status()) => Ok(session.failed(what, response).await),
        Ok(response) => Err(session.failed(what, response).await),
        Err(error @ Error::Unreachable { .. }) => Ok(error),
        Err(error) => Err(error),
    }
}
