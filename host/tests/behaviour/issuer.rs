//! Those who vouch for callers: an issuer of tokens, with its keys and what it publishes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
    RsaPublicKeyComponents,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A private key, and the name that its issuer gives it.
pub(crate) struct Key {
    pub(crate) id: &'static str,
    pair: Pair,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

fn coded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

impl Key {
    /// `ring` makes no such keys.
    pub(crate) fn rsa(id: &'static str) -> Self {
        let made = Command::new("openssl")
            .args([
                "genpkey",
                "-algorithm",
                "RSA",
                "-pkeyopt",
                "rsa_keygen_bits:2048",
            ])
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(made.status.success(), "openssl makes no RSA key");
        let der = PrivatePkcs8KeyDer::from_pem_slice(&made.stdout).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        Self {
            id,
            pair: Pair::Rsa(Box::new(pair)),
        }
    }

    pub(crate) fn p256(id: &'static str) -> Self {
        let (algorithm, rng) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &rng).unwrap();
        Self {
            id,
            pair: Pair::P256(pair),
        }
    }

    pub(crate) fn p384(id: &'static str) -> Self {
        let (algorithm, rng) = (&ECDSA_P384_SHA384_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &rng).unwrap();
        Self {
            id,
            pair: Pair::P384(pair),
        }
    }

    pub(crate) fn ed25519(id: &'static str) -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
        Self {
            id,
            pair: Pair::Ed25519(pair),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        let halves = |point: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            (coded(x), coded(y))
        };
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
                let (n, e) = (coded(public.n), coded(public.e));
                json!({"kty": "RSA", "use": "sig", "kid": self.id, "n": n, "e": e})
            }
            Pair::P256(pair) => {
                let (x, y) = halves(pair.public_key().as_ref());
                json!({"kty": "EC", "use": "sig", "kid": self.id, "crv": "P-256", "x": x, "y": y})
            }
            Pair::P384(pair) => {
                let (x, y) = halves(pair.public_key().as_ref());
                json!({"kty": "EC", "use": "sig", "kid": self.id, "crv": "P-384", "x": x, "y": y})
            }
            Pair::Ed25519(pair) => {
                let x = coded(pair.public_key().as_ref());
                json!({"kty": "OKP", "use": "sig", "kid": self.id, "crv": "Ed25519", "x": x})
            }
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding: &dyn RsaEncoding = match algorithm {
                    "PS256" => &RSA_PSS_SHA256,
                    "RS512" => &RSA_PKCS1_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &rng, message, &mut signature).unwrap();
                signature
            }
            Pair::P256(pair) | Pair::P384(pair) => {
                pair.sign(&rng, message).unwrap().as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token that this key signs, under its own name.
    pub(crate) fn token(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({"alg": algorithm, "kid": self.id, "typ": "JWT"});
        self.token_with(&header, claims)
    }

    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let algorithm = header["alg"].as_str().unwrap_or_default();
        let signature = coded(self.sign(algorithm, signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Header and claims, without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        coded(header.to_string()),
        coded(claims.to_string())
    )
}

/// A token whose signature is made with what everybody knows of a key.
pub(crate) fn signed_with_public(header: &Value, claims: &Value, public: &[u8]) -> String {
    let signed = unsigned(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, public);
    let signature = coded(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The modulus of an RSA key in the form that files have: what a confused checker would use as a secret.
pub(crate) fn public_pem(key: &Key) -> String {
    let Pair::Rsa(pair) = &key.pair else {
        panic!("not an RSA key");
    };
    let body = STANDARD.encode(pair.public().as_ref());
    format!("-----BEGIN RSA PUBLIC KEY-----\n{body}\n-----END RSA PUBLIC KEY-----\n")
}

type Pages = Arc<Mutex<BTreeMap<String, (u16, Value)>>>;

/// A server of documents that can be changed, and that counts who asks for them.
pub(crate) struct Issuer {
    pub(crate) address: SocketAddr,
    pages: Pages,
    asked: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn start_on(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (pages, asked) = (Pages::default(), Arc::<Mutex<Vec<String>>>::default());
        let (served, noted) = (pages.clone(), asked.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (pages, asked) = (served.clone(), noted.clone());
                let answer = service_fn(move |request: http::Request<Incoming>| {
                    asked.lock().unwrap().push(request.uri().to_string());
                    let page = pages.lock().unwrap().get(request.uri().path()).cloned();
                    let (status, body) = page.unwrap_or((404, json!({})));
                    let response = Response::builder()
                        .status(StatusCode::from_u16(status).unwrap())
                        .header("cache-control", "public, max-age=3600")
                        .header("connection", "close")
                        .body(Full::new(Bytes::from(body.to_string())));
                    async move { response }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        Self {
            address,
            pages,
            asked,
            serving,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn page(&self, path: &str, status: u16, body: Value) {
        let mut pages = self.pages.lock().unwrap();
        pages.insert(path.to_owned(), (status, body));
    }

    /// Publishes where its keys are, and the keys.
    pub(crate) fn publish(&self, keys: &[&Key]) {
        let described = json!({"issuer": self.url(""), "jwks_uri": self.url("/keys")});
        self.page("/.well-known/openid-configuration", 200, described);
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.page("/keys", 200, json!({ "keys": keys }));
    }

    /// How often a path was asked for.
    pub(crate) fn asked_for(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|uri| uri.split('?').next() == Some(path))
            .count()
    }

    pub(crate) fn stop(self) -> SocketAddr {
        self.serving.abort();
        self.address
    }
}
