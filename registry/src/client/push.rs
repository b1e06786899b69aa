use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::Client;
use super::pull::read;
use super::session::{Access, Session};
use crate::signature::{ANNOTATION, place};
use crate::{
    Descriptor, Digest, Error, MANIFEST, Manifest, PrivateKey, Reference, SIGNATURE_LAYER, Version,
};

/// What a signature says of itself: nothing.
const SIGNATURE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LONGEST_MANIFEST: usize = 4 << 20;

impl Client {
    /// Publishes an artifact of this config and this layer under `reference`. Content that is there
    /// already is not sent again. The artifact's reference by digest comes back.
    ///
    /// # Errors
    /// [`Error`]; what was sent until then is under no name.
    pub async fn push(
        &self,
        reference: &Reference,
        manifest: &Manifest,
        config: Bytes,
        layer: Bytes,
    ) -> Result<Reference, Error> {
        let push = async {
            let session = self.pushing(reference);
            let layers = manifest
                .layers
                .first()
                .map(|descriptor| (descriptor, layer));
            for (descriptor, content) in layers.into_iter().chain([(&manifest.config, config)]) {
                self.send_blob(&session, descriptor, content).await?;
            }
            self.send_manifest(&session, manifest).await
        };
        let digest = self.in_time(reference, push).await?;
        Ok(reference.at(Version::Digest(digest)))
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
            let described = Descriptor::of(SIGNATURE_CONFIG, &config);
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

    async fn send_blob(
        &self,
        session: &Session<'_>,
        descriptor: &Descriptor,
        content: Bytes,
    ) -> Result<(), Error> {
        let what = format!("{} (layer {})", session.reference, descriptor.digest);
        let url = session.url(&format!("blobs/{}", descriptor.digest))?;
        let there = session.ask(Method::HEAD, url, HeaderMap::new(), Bytes::new());
        // Whoever may push and not pull is told so by the next answer.
        if there.await?.status() == StatusCode::OK {
            return Ok(());
        }
        let url = session.url("blobs/uploads/")?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let response = session
            .ask(Method::POST, url.clone(), headers, Bytes::new())
            .await?;
        if response.status() != StatusCode::ACCEPTED {
            return Err(session.failed(what, response).await);
        }
        let mut to = session.location(&url, response.headers())?;
        to.query_pairs_mut()
            .append_pair("digest", &descriptor.digest.to_string());
        let mut headers = HeaderMap::new();
        let media_type = HeaderValue::from_static("application/octet-stream");
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(content.len() as u64));
        let response = session.ask(Method::PUT, to, headers, content).await?;
        if response.status() != StatusCode::CREATED {
            return Err(session.failed(what, response).await);
        }
        Ok(())
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
        let response = session
            .ask(Method::PUT, url, headers, content.into())
            .await?;
        if !response.status().is_success() {
            let what = session.reference.to_string();
            return Err(session.failed(what, response).await);
        }
        Ok(digest)
    }
}
