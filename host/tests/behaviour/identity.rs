//! Who may call, and who the component is told that it is.

mod api_keys;
mod card;
mod google;
mod keys;
mod owners;
mod tokens;

use http::Method;
use serde_json::Value;

use super::client::{Answer, Protocol, empty, request, send, whole};
use super::process::Host;

/// Sends a request with these headers.
async fn ask_with(host: &Host, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut asked = request(host, Protocol::Http1, path).method(method);
    for (name, value) in headers {
        asked = asked.header(*name, *value);
    }
    let asked = asked.body(empty()).unwrap();
    whole(send(host.address, Protocol::Http1, asked).await.unwrap()).await
}

async fn get_with(host: &Host, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask_with(host, Method::GET, path, headers).await
}

async fn with_token(host: &Host, path: &str, token: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    get_with(host, path, &[("authorization", &authorization)]).await
}

/// Who the component is told that the holder of a token is.
async fn caller(host: &Host, token: &str) -> String {
    let answer = with_token(host, "/caller", token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text
}

/// The message of an error that the host answered.
fn message(answer: &Answer) -> String {
    let error: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(error["error"]["code"], answer.status.as_u16());
    error["error"]["message"].as_str().unwrap().to_owned()
}

fn challenges(answer: &Answer) -> Vec<&str> {
    let values = answer.headers.get_all("www-authenticate").iter();
    values.map(|value| value.to_str().unwrap()).collect()
}
