//! Calls over TLS.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::Call;
use crate::name_server::NameServer;
use crate::process::Host;

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let written = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {written}");
}

/// An authority, and a certificate of it for names below `run.test` and `googleapis.com`.
fn certificates(folder: &Path) {
    let new = "-newkey rsa:2048 -nodes -days 2";
    let authority = "req -x509 -subj /CN=ca -keyout ca.key -out ca.crt";
    openssl(folder, &format!("{authority} {new}"));
    let server = "req -subj /CN=run.test -keyout server.key -out server.csr";
    openssl(folder, &format!("{server} {new}"));
    fs::write(
        folder.join("names"),
        "subjectAltName=DNS:*.run.test,DNS:*.googleapis.com",
    )
    .unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names \
         -out server.crt",
    );
}

/// Answers with the version of HTTP and what it was told in Authorization, over `protocols`; 401 to
/// `/closed` without that.
async fn serve(folder: &Path, protocols: &[&str]) -> (SocketAddr, Arc<AtomicUsize>) {
    let certificate = CertificateDer::from_pem_file(folder.join("server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().into())
        .collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, counted) = (acceptor.clone(), counted.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                counted.fetch_add(1, Ordering::Relaxed);
                let answer = service_fn(|request: Request<Incoming>| async move {
                    let told = request.headers().get("authorization").cloned();
                    let closed = told.is_none() && request.uri().path() == "/closed";
                    let status = if closed { 401 } else { 200 };
                    let text = format!("{:?} {told:?}", request.version());
                    let response = Response::builder().status(status);
                    Ok::<_, Infallible>(response.body(Full::<Bytes>::from(text)).unwrap())
                });
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    (address, connections)
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_is_spoken_where_the_other_side_speaks_it_over_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let authority = folder.path().join("ca.crt");
    let names = NameServer::start(60).await;
    names.add("a.run.test", &["127.0.0.1"]);
    let dns = names.address.to_string();
    let arguments = [
        "--allow-outbound",
        "*",
        "--outbound-allow-private",
        "--dns",
        &dns,
    ];
    let trusting = ["--outbound-ca-file", authority.to_str().unwrap()];
    let host = Host::start(&[&arguments[..], &trusting].concat());

    let (new, connections) = serve(folder.path(), &["h2", "http/1.1"]).await;
    let url = format!("https://a.run.test:{}/", new.port());
    let answer = Call::many(&url, 5).from(&host).await;
    assert_eq!(answer, "5 times 200 HTTP/2.0 None");
    let answer = Call::at_once(&url, 8).from(&host).await;
    assert_eq!(answer, "8 times 200 HTTP/2.0 None");
    assert_eq!(connections.load(Ordering::Relaxed), 1);

    let (old, _) = serve(folder.path(), &["http/1.1"]).await;
    let url = format!("https://a.run.test:{}/", old.port());
    let answer = Call::many(&url, 1).from(&host).await;
    assert_eq!(answer, "1 times 200 HTTP/1.1 None");

    // The name in the certificate counts, and the authority.
    let by_address = Call::many(&format!("https://{new}/"), 1).from(&host).await;
    assert_eq!(by_address, "1 times ErrorCode::TlsCertificateError");
    let host = Host::start(&arguments);
    let answer = Call::many(&url, 1).from(&host).await;
    assert_eq!(answer, "1 times ErrorCode::TlsCertificateError");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_for_every_name_below_a_domain_and_for_https_alone() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let authority = folder.path().join("ca.crt");
    let names = NameServer::start(60).await;
    names.add("a.run.test", &["127.0.0.1"]);
    names.add("b.run.test", &["127.0.0.1"]);
    let (address, _) = serve(folder.path(), &["h2"]).await;
    let plain = crate::elsewhere::Elsewhere::start().await;
    let (dns, port) = (names.address.to_string(), address.port());
    let rules = format!(
        "https://*.run.test:{port}=header:Authorization:env:KEY,\
         https://*.run.test:{}=header:Authorization:env:KEY",
        plain.address.port()
    );
    let arguments = [
        "--allow-outbound",
        "*",
        "--outbound-allow-private",
        "--dns",
        &dns,
    ];
    let more = [
        "--credentials",
        &rules,
        "--outbound-ca-file",
        authority.to_str().unwrap(),
    ];
    let host = Host::start_with(
        &[&arguments[..], &more].concat(),
        &[("KEY", "Basic s3cret")],
    );
    for name in ["a.run.test", "b.run.test"] {
        let answer = Call::many(&format!("https://{name}:{port}/"), 1)
            .from(&host)
            .await;
        assert_eq!(answer, r#"1 times 200 HTTP/2.0 Some("Basic s3cret")"#);
    }
    let url = format!("http://a.run.test:{}/", plain.address.port());
    Call::one(&url).from(&host).await;
    assert_eq!(plain.header("authorization"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_added_unasked_and_the_log_says_what_would_add_it() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let authority = folder.path().join("ca.crt");
    let names = NameServer::start(60).await;
    names.add("aiplatform.googleapis.com", &["127.0.0.1"]);
    let (address, _) = serve(folder.path(), &["h2"]).await;
    let origin = format!("https://aiplatform.googleapis.com:{}", address.port());
    let dns = names.address.to_string();
    let arguments = [
        "--allow-outbound",
        "aiplatform.googleapis.com:*",
        "--outbound-allow-private",
        "--dns",
        &dns,
        "--outbound-ca-file",
        authority.to_str().unwrap(),
    ];
    let host = Host::start_with(&arguments, &[("GOOGLE_CLOUD_PROJECT", "my-project")]);
    let url = format!("{origin}/closed");
    let answer = Call::many(&url, 1).from(&host).await;
    assert_eq!(answer, "1 times 401 HTTP/2.0 None");
    host.log_with(&format!("--credentials {origin}=google-access-token"));
}
