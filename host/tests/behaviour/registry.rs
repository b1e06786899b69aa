//! A component from Artifact Registry, as whom the process runs. What other registries do, the tool's
//! tests show.

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::client::get;
use super::metrics::admin;
use super::name_server::NameServer;
use super::process::{Host, guest, run};

const GOOGLE: &str = "europe-docker.pkg.dev";
const STORAGE: &str = "storage.run.test";
const OF_GOOGLE: &str = "ya29.of-the-service";
const OF_REGISTRY: &str = "of-the-token-service";

fn openssl(folder: &Path, arguments: &str) {
    let openssl = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output();
    let output = openssl.unwrap();
    let written = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {written}");
}

/// An authority, and a certificate of it for the registry, its storage and another token service.
fn certificates(folder: &Path) {
    let new = "-newkey rsa:2048 -nodes -days 2";
    let authority = "req -x509 -subj /CN=ca -keyout ca.key -out ca.crt";
    openssl(folder, &format!("{authority} {new}"));
    let server = "req -subj /CN=run.test -keyout server.key -out server.csr";
    openssl(folder, &format!("{server} {new}"));
    let names = format!("subjectAltName=DNS:{GOOGLE},DNS:*.run.test");
    fs::write(folder.join("names"), names).unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names \
         -out server.crt",
    );
}

fn digest(content: &[u8]) -> String {
    let digits = <sha2::Sha256 as sha2::Digest>::digest(content);
    let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// A registry with one artifact, the probe, whose layer is elsewhere.
struct Artifacts {
    folder: TempDir,
    names: NameServer,
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Host, path and Authorization.
type Seen = (String, String, Option<String>);

struct Content {
    component: Vec<u8>,
    manifest: String,
    /// The host of the token service.
    tokens: &'static str,
}

impl Artifacts {
    async fn start(tokens: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let names = NameServer::start(60).await;
        for name in [GOOGLE, STORAGE, "tokens.run.test"] {
            names.add(name, &["127.0.0.1"]);
        }
        let component = fs::read(guest("host-probe")).unwrap();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": digest(b"{}"),
                "size": 2,
            },
            "layers": [{
                "mediaType": "application/wasm",
                "digest": digest(&component),
                "size": component.len(),
            }],
        });
        let content = Arc::new(Content {
            component,
            manifest: manifest.to_string(),
            tokens,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let acceptor = acceptor(folder.path());
        let noted = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, content) = (acceptor.clone(), content.clone());
                let noted = noted.clone();
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let answer = service_fn(|request: Request<Incoming>| {
                        let answer = content.answer(&request, port, &noted);
                        std::future::ready(Ok::<_, Infallible>(answer))
                    });
                    let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
        Self {
            folder,
            names,
            port,
            seen,
        }
    }

    fn component(&self) -> String {
        format!("oci://{GOOGLE}:{}/project/agents/probe:1", self.port)
    }

    fn authority(&self) -> String {
        let path = self.folder.path().join("ca.crt");
        path.to_str().unwrap().to_owned()
    }
}

fn acceptor(folder: &Path) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(folder.join("server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

impl Content {
    fn answer(
        &self,
        request: &Request<Incoming>,
        port: u16,
        noted: &Mutex<Vec<Seen>>,
    ) -> Response<Full<Bytes>> {
        let host = match request.uri().host() {
            Some(host) => host.to_owned(),
            None => {
                let host = request.headers()["host"].to_str().unwrap();
                host.split(':').next().unwrap().to_owned()
            }
        };
        let path = request.uri().path();
        let told = request.headers().get("authorization");
        let told = told.map(|value| value.to_str().unwrap().to_owned());
        noted
            .lock()
            .unwrap()
            .push((host.clone(), path.to_owned(), told.clone()));
        let of_google = STANDARD.encode(format!("oauth2accesstoken:{OF_GOOGLE}"));
        let answer = Response::builder();
        let answer = match (host.as_str(), path) {
            (STORAGE, _) => answer.body(Full::from(self.component.clone())),
            (_, "/v2/token") if told == Some(format!("Basic {of_google}")) => {
                let token = json!({"token": OF_REGISTRY, "expires_in": 3600});
                answer.body(Full::from(token.to_string()))
            }
            (_, "/v2/token") => answer.status(403).body(Full::default()),
            _ if told != Some(format!("Bearer {OF_REGISTRY}")) => {
                let realm = format!("https://{}:{port}/v2/token", self.tokens);
                let wanted = format!(r#"Bearer realm="{realm}",service="{GOOGLE}""#);
                let answer = answer.status(401).header("www-authenticate", wanted);
                answer.body(Full::default())
            }
            (_, path) if path.contains("/blobs/") => {
                let there = format!("https://{STORAGE}:{port}/signed");
                let answer = answer.status(302).header("location", there);
                answer.body(Full::default())
            }
            _ => answer.body(Full::from(self.manifest.clone())),
        };
        answer.unwrap()
    }
}

/// A metadata server that has a token.
async fn metadata() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|_: Request<Incoming>| async {
                let token = json!({"access_token": OF_GOOGLE, "expires_in": 3600});
                let body = Full::<Bytes>::from(token.to_string());
                Ok::<_, Infallible>(Response::new(body))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn artifact_registry_is_asked_as_the_service_and_its_storage_as_nobody() {
    let artifacts = Artifacts::start(GOOGLE).await;
    let (dns, authority) = (artifacts.names.address.to_string(), artifacts.authority());
    let component = artifacts.component();
    let arguments = [
        component.as_str(),
        "--dns",
        &dns,
        "--outbound-ca-file",
        &authority,
    ];
    let metadata = metadata().await;
    let environment = [("GCE_METADATA_HOST", metadata.as_str())];
    let host = Host::start_without_component(&arguments, &environment);
    assert_eq!(get(&host, "/").await.text, "ok");
    let seen = artifacts.seen.lock().unwrap().clone();
    let of_storage = seen.iter().filter(|(host, ..)| host == STORAGE);
    let of_storage: Vec<_> = of_storage.collect();
    assert_eq!(of_storage.len(), 1, "{seen:?}");
    assert_eq!(of_storage[0].2, None);
    // The token of the service went to the token service, once, and nowhere else.
    let basic = |(_, _, told): &&Seen| told.as_ref().is_some_and(|told| told.starts_with("Basic "));
    let paths: Vec<_> = seen.iter().filter(basic).map(|(_, path, _)| path).collect();
    assert_eq!(paths, ["/v2/token"]);
    let written = format!("{:?}", host.entries());
    assert!(!written.contains(OF_GOOGLE) && !written.contains(OF_REGISTRY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_googles_is_shown_to_no_token_service_elsewhere() {
    let artifacts = Artifacts::start("tokens.run.test").await;
    let (dns, authority) = (artifacts.names.address.to_string(), artifacts.authority());
    let component = artifacts.component();
    let metadata = metadata().await;
    let arguments = [
        "serve",
        component.as_str(),
        "--dns",
        &dns,
        "--outbound-ca-file",
        &authority,
    ];
    let environment = [
        ("GCE_METADATA_HOST", metadata.as_str()),
        ("ATTACHE_DATA_DIR", ":memory:"),
        ("PORT", "0"),
    ];
    let ended = run(&arguments, &environment);
    assert_eq!(ended.status.code(), Some(69), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("tokens come from tokens.run.test"), "{said}");
    let seen = artifacts.seen.lock().unwrap().clone();
    assert!(seen.iter().all(|(_, _, told)| told.is_none()), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_says_nothing_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let component = format!("oci://{}/agent:1", listener.local_addr().unwrap());
    let arguments = ["serve", component.as_str(), "--registry-timeout", "1"];
    let ended = run(
        &arguments,
        &[("ATTACHE_DATA_DIR", ":memory:"), ("PORT", "0")],
    );
    assert_eq!(ended.status.code(), Some(69), "{ended:?}");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(said.contains("it was not done within 1s"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_in_a_file_is_not_swapped_to_a_registry() {
    let host = Host::start(&["--admin-address=127.0.0.1:0"]);
    let address = admin(&host);
    let ask = |body: &'static str| async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let head = "POST /agents/reload HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = ask(r#"{"component": "oci://127.0.0.1:1/agent:1"}"#).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("this agent's component is in a file"),
        "{answer}"
    );
    for body in ["reload", r#"{"component": 1}"#, r#"{"file": "x"}"#] {
        let answer = ask(body).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("give no body, or"), "{answer}");
    }
    let answer = ask("").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["agents"][0]["outcome"], "unchanged");
}
