use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use super::session::{Access, Session};
use super::{Client, Progress};
use crate::artifact::{INDEXES, shown};
use crate::signature::{ANNOTATION, place};
use crate::{
    COMPILED_LAYER, Descriptor, Digest, Error, MANIFEST, Manifest, PublicKey, Reference,
    SIGNATURE_LAYER, Version,
};

/// Manifests have a few kilobytes; registries take up to four megabytes.
const LONGEST_MANIFEST: u64 = 4 << 20;
/// What is signed has a few hundred bytes.
const LONGEST_STATEMENT: u64 = 64 << 10;
/// Signatures of one artifact that are looked at.
const SIGNATURES: usize = 32;
const CREATED: &str = "org.opencontainers.image.created";

/// An artifact that is a component, as its manifest describes it.
#[derive(Debug, Clone)]
pub struct Found {
    reference: Reference,
    digest: Digest,
    manifest: Manifest,
    layer: Descriptor,
}

impl Found {
    /// The artifact, by its digest.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The digest of the manifest.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The layer: of a component that was not compiled, its digest is the component's.
    pub fn layer(&self) -> &Descriptor {
        &self.layer
    }

    /// Whether it holds machine code.
    pub fn is_compiled(&self) -> bool {
        self.layer.media_type == COMPILED_LAYER
    }

    /// When it was made, in RFC 3339, if it says so.
    pub fn created(&self) -> Option<&str> {
        self.manifest.annotations.get(CREATED).map(String::as_str)
    }
}

/// A signature as it is kept.
#[derive(Serialize, Deserialize)]
struct Statement {
    payload: String,
    signature: String,
}

impl Client {
    /// Finds out which artifact `reference` is now. A digest that was seen before is not asked for again.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn find(&self, reference: &Reference) -> Result<Found, Error> {
        self.in_time(reference, self.find_artifact(reference)).await
    }

    /// The component of an artifact. Its size and its digest are compared.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn component(&self, found: &Found, progress: Progress<'_>) -> Result<Vec<u8>, Error> {
        let most = self.0.limits.component;
        let session = self.session(&found.reference);
        let blob = self.blob(&session, &found.layer, most, progress);
        self.in_time(&found.reference, blob).await
    }

    /// Looks for a signature of `key` over this artifact.
    ///
    /// # Errors
    /// [`Error::Unsigned`] when there is none that is valid, and what kept it from being looked for.
    pub async fn verify(&self, found: &Found, key: &PublicKey) -> Result<(), Error> {
        self.in_time(&found.reference, self.verify_artifact(found, key))
            .await
    }

    pub(super) async fn in_time<T>(
        &self,
        reference: &Reference,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let time = self.0.limits.time;
        let late = |_| {
            Err(Error::Unreachable {
                registry: reference.host().to_owned(),
                why: format!("it was not done within {time:?}"),
            })
        };
        tokio::time::timeout(time, work).await.unwrap_or_else(late)
    }

    fn session<'a>(&'a self, reference: &'a Reference) -> Session<'a> {
        Session {
            client: self,
            reference,
            access: Access::Pull,
        }
    }

    async fn find_artifact(&self, reference: &Reference) -> Result<Found, Error> {
        let bytes = match reference.version() {
            Version::Tag(_) => self.manifest(reference).await?,
            Version::Digest(digest) => match self.recall(digest) {
                Some(bytes) => bytes,
                None => self.manifest(reference).await?,
            },
        };
        let digest = Digest::of(&bytes);
        if let Version::Digest(expected) = reference.version()
            && *expected != digest
        {
            return Err(wrong(reference.to_string(), expected, digest));
        }
        let not = |why: String| Error::NotAComponent {
            what: reference.to_string(),
            why,
        };
        let manifest = read(&bytes).map_err(not)?;
        let layer = manifest.component().map_err(not)?.clone();
        self.remember(&digest, &bytes);
        Ok(Found {
            reference: reference.at(Version::Digest(digest)),
            digest,
            manifest,
            layer,
        })
    }

    async fn manifest(&self, reference: &Reference) -> Result<Vec<u8>, Error> {
        let session = self.session(reference);
        let version = match reference.version() {
            Version::Tag(tag) => tag.clone(),
            Version::Digest(digest) => digest.to_string(),
        };
        let url = session.url(&format!("manifests/{version}"))?;
        let mut headers = HeaderMap::new();
        // Indexes too, so that one is named as what it is.
        for media_type in [MANIFEST].into_iter().chain(INDEXES) {
            headers.append(ACCEPT, HeaderValue::from_static(media_type));
        }
        let response = session.ask(Method::GET, url, headers, Bytes::new()).await?;
        if !response.status().is_success() {
            return Err(session.failed(reference.to_string(), response).await);
        }
        let what = format!("the manifest of {reference}");
        read_body(
            &session,
            response.into_body(),
            &what,
            LONGEST_MANIFEST,
            &|_| (),
        )
        .await
    }

    async fn blob(
        &self,
        session: &Session<'_>,
        layer: &Descriptor,
        most: u64,
        progress: Progress<'_>,
    ) -> Result<Vec<u8>, Error> {
        let what = format!("{} (layer {})", session.reference, layer.digest);
        if layer.size > most {
            return Err(Error::TooLarge { what, most });
        }
        if let Some(kept) = self.recall(&layer.digest) {
            progress(layer.size, layer.size);
            return Ok(kept);
        }
        let url = session.url(&format!("blobs/{}", layer.digest))?;
        let response = session.ask(Method::GET, url, HeaderMap::new(), Bytes::new());
        let response = response.await?;
        if !response.status().is_success() {
            return Err(session.failed(what, response).await);
        }
        let tell = |came: u64| progress(came, layer.size);
        let bytes = read_body(session, response.into_body(), &what, layer.size, &tell).await;
        let bytes = match bytes {
            // What is longer than the manifest says is something else.
            Err(Error::TooLarge { what, .. }) => {
                return Err(session.answered(format!(
                    "with more than the {} bytes that the manifest says of {what}; it is not used",
                    layer.size
                )));
            }
            bytes => bytes?,
        };
        let digest = Digest::of(&bytes);
        if digest != layer.digest {
            return Err(wrong(what, &layer.digest, digest));
        }
        self.remember(&digest, &bytes);
        Ok(bytes)
    }

    async fn verify_artifact(&self, found: &Found, key: &PublicKey) -> Result<(), Error> {
        let name = format!("{}.sig", kept_name(&found.digest));
        let verified = |statement: &Statement| {
            let payload = STANDARD.decode(&statement.payload);
            let payload = payload.map_err(|_| "it is damaged".to_owned())?;
            key.verify(
                &found.reference,
                &found.digest,
                &payload,
                &statement.signature,
            )
        };
        let kept = self.0.kept.as_ref().and_then(|kept| kept.get(&name));
        let kept = kept.and_then(|kept| serde_json::from_slice(&kept).ok());
        if kept.is_some_and(|statement: Statement| verified(&statement).is_ok()) {
            return Ok(());
        }
        let unsigned = |why: String| Error::Unsigned {
            what: found.reference.to_string(),
            why,
        };
        let place = place(&found.reference, &found.digest);
        let bytes = match self.manifest(&place).await {
            Err(Error::NotFound { .. }) => {
                return Err(unsigned("there is none in the registry".to_owned()));
            }
            bytes => bytes?,
        };
        let manifest = read(&bytes).map_err(unsigned)?;
        let session = self.session(&found.reference);
        let mut why = "there is none in the registry".to_owned();
        for layer in manifest.layers.iter().take(SIGNATURES) {
            let signature = layer.annotations.get(ANNOTATION);
            let (SIGNATURE_LAYER, Some(signature)) = (layer.media_type.as_str(), signature) else {
                continue;
            };
            let payload = self.blob(&session, layer, LONGEST_STATEMENT, &|_, _| ());
            let statement = Statement {
                payload: STANDARD.encode(payload.await?),
                signature: signature.clone(),
            };
            match verified(&statement) {
                Ok(()) => {
                    let statement = serde_json::to_vec(&statement).unwrap_or_default();
                    if let Some(kept) = &self.0.kept {
                        kept.put(&name, &statement);
                    }
                    return Ok(());
                }
                Err(flaw) => why = flaw,
            }
        }
        Err(unsigned(why))
    }

    fn recall(&self, digest: &Digest) -> Option<Vec<u8>> {
        let kept = self.0.kept.as_ref()?.get(&kept_name(digest))?;
        (Digest::of(&kept) == *digest).then_some(kept)
    }

    fn remember(&self, digest: &Digest, content: &[u8]) {
        if let Some(kept) = &self.0.kept {
            kept.put(&kept_name(digest), content);
        }
    }
}

fn kept_name(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

pub(super) fn read(bytes: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kind {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    if let Ok(kind) = serde_json::from_slice::<Kind>(bytes) {
        let media_type = kind.media_type.as_deref().unwrap_or(MANIFEST);
        if kind.manifests.is_some() || INDEXES.contains(&media_type) {
            return Err(
                "it is an index of several artifacts; give the digest of one of them".to_owned(),
            );
        }
        if media_type != MANIFEST {
            return Err(format!("it is {}, and not {MANIFEST}", shown(media_type)));
        }
    }
    serde_json::from_slice(bytes).map_err(|error| format!("its manifest cannot be read ({error})"))
}

async fn read_body(
    session: &Session<'_>,
    mut body: super::Body,
    what: &str,
    most: u64,
    tell: &(dyn Fn(u64) + Send + Sync),
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Error::Unreachable {
            registry: session.reference.host().to_owned(),
            why: format!("{what} breaks off ({error})"),
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        bytes.extend_from_slice(&data);
        if bytes.len() as u64 > most {
            let what = what.to_owned();
            return Err(Error::TooLarge { what, most });
        }
        tell(bytes.len() as u64);
    }
    Ok(bytes)
}

fn wrong(what: String, expected: &Digest, found: Digest) -> Error {
    Error::WrongDigest {
        what,
        expected: *expected,
        found,
    }
}
