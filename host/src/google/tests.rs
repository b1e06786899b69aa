use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

/// Everybody who gives tokens, on one port. Notes what is asked.
#[derive(Clone)]
struct Fake {
    address: String,
    asked: Arc<Mutex<Vec<(String, String)>>>,
    /// For how long tokens are valid, in seconds.
    lasts: u64,
}

impl Fake {
    async fn start(lasts: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap().to_string(),
            asked: Arc::default(),
            lasts,
        };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = serving.clone();
                let answer = service_fn(move |request| {
                    let fake = fake.clone();
                    async move { Ok::<_, Infallible>(fake.answer(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        fake
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let bearer = head.headers.get("authorization");
        let bearer = bearer.map_or("", |value| value.to_str().unwrap());
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push((head.uri.to_string(), format!("{bearer} {body}")));
            asked.len()
        };
        let path = head.uri.path();
        let value = if path.ends_with(":generateAccessToken") {
            let ends = time::OffsetDateTime::now_utc() + Duration::from_secs(self.lasts);
            let format = &time::format_description::well_known::Rfc3339;
            let ends = ends.format(format).unwrap();
            json!({"accessToken": format!("impersonated-{number}"), "expireTime": ends})
        } else if path.ends_with(":generateIdToken") {
            json!({"token": self.jwt(number)})
        } else if path.ends_with("/identity") {
            return Response::new(Full::from(self.jwt(number)));
        } else if body.contains("refused") {
            let refused = json!({"error": "invalid_grant", "error_description": "expired"});
            let response = Response::builder().status(400);
            return response.body(Full::from(refused.to_string())).unwrap();
        } else {
            json!({
                "access_token": format!("access-{number}"),
                "expires_in": self.lasts,
                "id_token": self.jwt(number),
            })
        };
        Response::new(Full::from(value.to_string()))
    }

    fn jwt(&self, number: usize) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let claims = json!({"exp": now.as_secs() + self.lasts, "number": number});
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn asked(&self) -> Vec<(String, String)> {
        self.asked.lock().unwrap().clone()
    }

    /// With what a file says.
    fn google(&self, file: &Value) -> (Google, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials.json");
        std::fs::write(&path, file.to_string()).unwrap();
        (
            self.find(&[("GOOGLE_APPLICATION_CREDENTIALS", &path)]),
            folder,
        )
    }

    fn find(&self, variables: &[(&str, &PathBuf)]) -> Google {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| {
            let value = value.to_str().unwrap().to_owned();
            ((*name).to_owned(), value)
        });
        let metadata = Metadata::new(&self.address);
        Google::find(&variables.collect(), metadata, Network::default())
    }

    fn user(&self) -> Value {
        json!({
            "type": "authorized_user",
            "client_id": "id",
            "client_secret": "client s3cret",
            "refresh_token": "refresh s3cret",
            "quota_project_id": "payer",
            "token_uri": format!("http://{}/token", self.address),
        })
    }

    fn account(&self, key: &str) -> Value {
        json!({
            "type": "service_account",
            "client_email": "agent@p.iam.gserviceaccount.com",
            "private_key": key,
            "private_key_id": "key-1",
            "token_uri": format!("http://{}/token", self.address),
        })
    }
}

/// Google's own are for RSA, which `ring` does not make; what is signed has the same form.
fn key() -> String {
    let (rng, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let der = EcdsaKeyPair::generate_pkcs8(algorithm, &rng).unwrap();
    let body = STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn scope(name: &str) -> Vec<String> {
    vec![format!("https://www.googleapis.com/auth/{name}")]
}

#[tokio::test]
async fn a_person_refreshes_a_token() {
    let fake = Fake::start(3600).await;
    let (google, _folder) = fake.google(&fake.user());
    assert_eq!(google.access_token(&[]).await.unwrap(), "access-1");
    assert_eq!(google.access_token(&[]).await.unwrap(), "access-1");
    assert_eq!(google.quota_project(), Some("payer"));
    let (path, body) = fake.asked()[0].clone();
    assert_eq!(path, "/token");
    assert_eq!(
        body.trim(),
        "grant_type=refresh_token&client_id=id&client_secret=client%20s3cret&\
         refresh_token=refresh%20s3cret"
    );
    let error = google.id_token("https://a.test").await.unwrap_err();
    assert!(error.to_string().contains("impersonate"), "{error}");
    assert!(!format!("{google:?} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_service_account_signs_for_a_token() {
    let fake = Fake::start(3600).await;
    let (google, _folder) = fake.google(&fake.account(&key()));
    assert_eq!(google.access_token(&scope("a")).await.unwrap(), "access-1");
    let token = google.id_token("https://a.test").await.unwrap();
    assert_eq!(google.id_token("https://a.test").await.unwrap(), token);
    assert_eq!(fake.asked().len(), 2);
    let claims = |body: &str| -> Value {
        assert!(body.contains("jwt-bearer"), "{body}");
        let assertion = body.split("assertion=").nth(1).unwrap();
        let decoded = percent_encoding::percent_decode_str(assertion);
        let assertion = decoded.decode_utf8().unwrap().into_owned();
        let parts: Vec<_> = assertion.split('.').collect();
        let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!(
            header,
            json!({"alg": "ES256", "typ": "JWT", "kid": "key-1"})
        );
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
    };
    let access = claims(&fake.asked()[0].1);
    assert_eq!(access["iss"], "agent@p.iam.gserviceaccount.com");
    assert_eq!(access["scope"], "https://www.googleapis.com/auth/a");
    assert_eq!(access["aud"], format!("http://{}/token", fake.address));
    let id = claims(&fake.asked()[1].1);
    assert_eq!(id["target_audience"], "https://a.test");
    assert!(id.get("scope").is_none());
}

#[tokio::test]
async fn an_account_is_impersonated_by_another() {
    let fake = Fake::start(3600).await;
    let account = format!("http://{}/v1/projects/-/serviceAccounts/b@p", fake.address);
    let (google, _folder) = fake.google(&json!({
        "type": "impersonated_service_account",
        "service_account_impersonation_url": format!("{account}:generateAccessToken"),
        "delegates": ["c@p"],
        "source_credentials": fake.user(),
    }));
    assert_eq!(google.access_token(&[]).await.unwrap(), "impersonated-2");
    let (path, body) = fake.asked()[1].clone();
    assert!(path.ends_with("/b@p:generateAccessToken"), "{path}");
    assert!(body.starts_with("Bearer access-1 {"), "{body}");
    assert!(
        body.contains("c@p") && body.contains("cloud-platform"),
        "{body}"
    );
    google.id_token("https://a.test").await.unwrap();
    let (path, body) = fake.asked()[3].clone();
    assert!(path.ends_with("/b@p:generateIdToken"), "{path}");
    assert!(body.contains(r#""audience":"https://a.test""#), "{body}");
}

#[tokio::test]
async fn the_metadata_server_is_asked_once_for_each_scope_and_audience() {
    let fake = Fake::start(3600).await;
    let google = fake.find(&[]);
    let (a, b) = (scope("a"), scope("b"));
    let all = (0..20).map(|_| google.access_token(&a));
    for token in futures_util::future::join_all(all).await {
        assert_eq!(token.unwrap(), "access-1");
    }
    assert_eq!(google.access_token(&b).await.unwrap(), "access-2");
    let all = (0..20).map(|_| google.id_token("https://a.test"));
    let all = futures_util::future::join_all(all).await;
    assert!(
        all.iter()
            .all(|token| token.as_ref().unwrap() == all[0].as_ref().unwrap())
    );
    google.id_token("https://b.test").await.unwrap();
    let asked: Vec<_> = fake.asked().into_iter().map(|(path, _)| path).collect();
    let account = "/computeMetadata/v1/instance/service-accounts/default";
    let scopes = "https%3A%2F%2Fwww%2Egoogleapis%2Ecom%2Fauth%2F";
    assert_eq!(
        asked,
        [
            format!("{account}/token?scopes={scopes}a"),
            format!("{account}/token?scopes={scopes}b"),
            format!("{account}/identity?audience=https%3A%2F%2Fa%2Etest&format=full"),
            format!("{account}/identity?audience=https%3A%2F%2Fb%2Etest&format=full"),
        ]
    );
}

#[tokio::test]
async fn a_token_is_not_used_in_its_last_minute() {
    let fake = Fake::start(61).await;
    let google = fake.find(&[]);
    assert_eq!(google.access_token(&scope("a")).await.unwrap(), "access-1");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(google.access_token(&scope("a")).await.unwrap(), "access-2");
}

#[tokio::test]
async fn a_token_that_ends_soon_is_used_while_the_next_one_is_asked_for() {
    let cache = TokenCache::default();
    let wanted = || Wanted::Id("https://a.test".to_owned());
    let (let_go, wait) = tokio::sync::oneshot::channel::<()>();
    let token = |name: &str, lasts| Token::lasting(name.to_owned(), Duration::from_secs(lasts));
    // Half of it is still more than the minute in which it is not used.
    let first = Token::stale_now("first".to_owned());
    let got = cache.get(wanted(), || std::future::ready(Ok(first))).await;
    assert_eq!(got.unwrap(), "first");
    let second = token("second", 3600);
    let got = cache.get(wanted(), || async move {
        wait.await.unwrap();
        Ok(second)
    });
    assert_eq!(got.await.unwrap(), "first");
    // Nobody else asks meanwhile.
    let nobody = || std::future::pending();
    assert_eq!(cache.get(wanted(), nobody).await.unwrap(), "first");
    let_go.send(()).unwrap();
    let renewed = async {
        while cache.get(wanted(), nobody).await.unwrap() != "second" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), renewed)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_token_server_says_is_repeated_and_what_it_was_asked_is_not() {
    let fake = Fake::start(3600).await;
    let mut user = fake.user();
    user["refresh_token"] = "refused s3cret".into();
    let (google, _folder) = fake.google(&user);
    let all = futures_util::future::join_all((0..5).map(|_| google.access_token(&[]))).await;
    for answer in all {
        assert_eq!(
            answer.unwrap_err().to_string(),
            "127.0.0.1 gave no token: it answered 400 Bad Request (\"expired\")"
        );
    }
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_file_is_looked_for_in_the_order_of_googles_libraries() {
    let fake = Fake::start(3600).await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/gcloud");
    std::fs::create_dir_all(&folder).unwrap();
    let home = home.path().to_owned();
    let find = || fake.find(&[("HOME", &home)]);
    assert_eq!(format!("{:?}", find()), "Google(Ok(Metadata))");
    let file = folder.join("application_default_credentials.json");
    std::fs::write(&file, fake.user().to_string()).unwrap();
    assert_eq!(format!("{:?}", find()), "Google(Ok(User))");
    let named = folder.join("named.json");
    std::fs::write(&named, fake.account(&key()).to_string()).unwrap();
    let google = fake.find(&[("HOME", &home), ("GOOGLE_APPLICATION_CREDENTIALS", &named)]);
    assert_eq!(format!("{google:?}"), "Google(Ok(ServiceAccount))");
    let google = fake.find(&[("HOME", &home), ("GOOGLE_APPLICATION_CREDENTIALS", &folder)]);
    assert!(google.usable().unwrap_err().contains("can be read"));
    assert!(google.access_token(&[]).await.is_err());
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_without_being_quoted() {
    let fake = Fake::start(3600).await;
    let mut elsewhere = fake.account(&key());
    elsewhere["token_uri"] = "https://evil.test/token".into();
    let mut broken = fake.account("s3cret");
    broken["client_email"] = "a@b".into();
    for (file, says) in [
        (
            json!({"type": "external_account", "k": "s3cret"}),
            "external_account",
        ),
        (json!({"k": "s3cret"}), "names their type"),
        (
            json!({"type": "authorized_user", "client_secret": "s3cret"}),
            "is missing",
        ),
        (broken, "private_key"),
        (elsewhere, "evil.test"),
    ] {
        let (google, _folder) = fake.google(&file);
        let why = google.usable().unwrap_err();
        assert!(why.contains(says), "{why}");
        assert!(!why.contains("s3cret"), "{why}");
    }
}
