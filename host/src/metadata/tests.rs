use std::convert::Infallible;
use std::sync::Mutex;

use http::Response;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

/// A metadata server that answers the next of these, and notes what it was asked.
#[derive(Clone)]
struct Fake {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    async fn start(answers: &[(u16, &str)]) -> (Self, Metadata) {
        let answers = answers.iter().rev();
        let fake = Self {
            answers: Arc::new(Mutex::new(
                answers
                    .map(|(status, text)| (*status, (*text).to_owned()))
                    .collect(),
            )),
            asked: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let metadata = Metadata::new(&listener.local_addr().unwrap().to_string());
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                let answer = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let answer = fake.answer(&request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        (fake, metadata)
    }

    fn answer(&self, request: &Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
        assert_eq!(request.headers()["metadata-flavor"], "Google");
        self.asked.lock().unwrap().push(request.uri().to_string());
        let (status, text) = self.answers.lock().unwrap().pop().unwrap();
        Response::builder()
            .status(status)
            .body(Full::from(text))
            .unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn token(name: &str, seconds: u64) -> String {
    format!(r#"{{"access_token":"{name}","expires_in":{seconds},"token_type":"Bearer"}}"#)
}

#[tokio::test]
async fn a_token_is_asked_for_once_by_all_who_need_it() {
    let (fake, metadata) = Fake::start(&[(200, &token("first", 3599))]).await;
    let all = futures_util::future::join_all((0..20).map(|_| metadata.access_token())).await;
    assert!(all.iter().all(|got| got.as_ref().unwrap() == "first"));
    assert_eq!(metadata.clone().access_token().await.unwrap(), "first");
    assert_eq!(
        *fake.asked.lock().unwrap(),
        ["/computeMetadata/v1/instance/service-accounts/default/token"]
    );
}

#[tokio::test]
async fn a_token_is_not_used_in_its_last_minute() {
    let (fake, metadata) = Fake::start(&[
        (200, &token("short", 60)),
        (200, &token("long", 62)),
        (200, &token("never", 3599)),
    ])
    .await;
    for expected in ["short", "long", "long"] {
        assert_eq!(metadata.access_token().await.unwrap(), expected);
    }
    assert_eq!(fake.asked(), 2);
}

#[tokio::test]
async fn a_failure_is_a_sentence_for_all_who_waited_and_not_the_last_word() {
    let (fake, metadata) = Fake::start(&[
        (404, "no such account"),
        (200, r#"{"access_token":"secret","expires_in":"soon"}"#),
        (200, &token("at last", 3599)),
    ])
    .await;
    let host = metadata.0.host.clone();
    let all = futures_util::future::join_all((0..20).map(|_| metadata.access_token())).await;
    for got in all {
        assert_eq!(
            got.unwrap_err().to_string(),
            format!(
                "the metadata server at {host} did not tell \
                 instance/service-accounts/default/token: it answered 404 Not Found"
            )
        );
    }
    assert_eq!(fake.asked(), 1);
    let error = metadata.access_token().await.unwrap_err().to_string();
    assert!(
        error.ends_with("its answer is not an access token"),
        "{error}"
    );
    assert_eq!(metadata.access_token().await.unwrap(), "at last");
    assert!(!format!("{metadata:?}").contains("at last"));
}

#[tokio::test]
async fn an_identity_is_for_one_audience() {
    let (fake, metadata) = Fake::start(&[(200, "me@example.com\n"), (200, "e30.e30.x")]).await;
    assert_eq!(metadata.email().await.unwrap(), "me@example.com");
    let audience = "https://agent.example.com/a?b";
    assert_eq!(
        metadata.identity_token(audience).await.unwrap(),
        "e30.e30.x"
    );
    assert_eq!(
        fake.asked.lock().unwrap()[1],
        "/computeMetadata/v1/instance/service-accounts/default/identity?audience=\
         https%3A%2F%2Fagent%2Eexample%2Ecom%2Fa%3Fb&format=full"
    );
}
