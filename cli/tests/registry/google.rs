//! Artifact Registry is asked with a token of Google's: gcloud's, or the metadata server's.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::store::{GOOGLE_TOKEN, Registry};
use super::tool::{Desk, openssl};

const GOOGLE: &str = "europe-docker.pkg.dev";

/// A certificate that is its own authority, and its key.
fn certificate(desk: &Desk) -> (String, String) {
    let path = |name| desk.path(name).to_str().unwrap().to_owned();
    let (certificate, key) = (path("tls.crt"), path("tls.key"));
    let (subject, names) = (
        format!("/CN={GOOGLE}"),
        format!("subjectAltName=DNS:{GOOGLE}"),
    );
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        &subject,
        "-addext",
        &names,
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-keyout",
        &key,
        "-out",
        &certificate,
    ]);
    (certificate, key)
}

/// A proxy that leads all connections to one place, and notes where they were to go.
async fn proxy(to: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let wanted = Arc::new(Mutex::new(Vec::new()));
    let noted = wanted.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (to, noted) = (to.clone(), noted.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                noted.lock().unwrap().push(target);
                let mut there = TcpStream::connect(to).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut there).await;
            });
        }
    });
    (url, wanted)
}

async fn metadata() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: Request<Incoming>| async move {
                assert_eq!(request.headers()["metadata-flavor"], "Google");
                let token = format!(r#"{{"access_token":"{GOOGLE_TOKEN}","expires_in":3599}}"#);
                let mut answer = Response::new(Full::<Bytes>::from(token));
                let flavor = HeaderValue::from_static("Google");
                answer.headers_mut().insert("metadata-flavor", flavor);
                Ok::<_, Infallible>(answer)
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_comes_from_gcloud_or_from_the_metadata_server() {
    let desk = Desk::new();
    let (certificate, key) = certificate(&desk);
    let registry = Registry::start_as_google(certificate.as_ref(), key.as_ref());
    let (proxy, wanted) = proxy(registry.address.clone()).await;
    let agent = desk.agent("hello-agent", "one");
    let reference = format!("{GOOGLE}/project/agents/hello:1");
    let push = [
        "push",
        agent.to_str().unwrap(),
        &reference,
        "--ca-file",
        &certificate,
    ];
    let bin = desk.path("bin");
    let run = |metadata: &str| {
        let environment = [
            ("HTTPS_PROXY", proxy.as_str()),
            ("PATH", bin.to_str().unwrap()),
            ("GCE_METADATA_HOST", metadata),
        ];
        desk.tool_with(&push, &environment, "")
    };
    let nobody = run("127.0.0.1:1");
    nobody.refused(77, "it wants credentials, and there are none for it");
    nobody.refused(
        77,
        "gcloud artifacts repositories add-iam-policy-binding agents --location=europe \
         --project=project --member=user:EMAIL --role=roles/artifactregistry.writer",
    );
    let of_machine = run(&metadata().await);
    assert_eq!(of_machine.status, 0, "{}", of_machine.stderr);
    desk.program(
        "gcloud",
        &format!("[ \"$*\" = 'auth print-access-token --quiet' ] && echo {GOOGLE_TOKEN}"),
    );
    let of_gcloud = run("127.0.0.1:1");
    assert_eq!(of_gcloud.status, 0, "{}", of_gcloud.stderr);
    desk.program("gcloud", "echo ya29.of-nobody");
    let refused = run("127.0.0.1:1");
    refused.refused(77, "the credentials for it do not open it");
    assert!(!refused.stderr.contains("ya29"), "{}", refused.stderr);
    let wanted = wanted.lock().unwrap();
    assert!(
        wanted
            .iter()
            .all(|target| target == &format!("{GOOGLE}:443")),
        "{wanted:?}"
    );
}
