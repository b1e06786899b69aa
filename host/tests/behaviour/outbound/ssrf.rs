//! Attempts to have the host call what it must not.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::Call;
use crate::client::{Protocol, bytes, request, send, until, whole};
use crate::elsewhere::Elsewhere;
use crate::name_server::NameServer;
use crate::process::{Host, guest};

/// Where each is refused: by the host, or already by the interface, which takes no such URL.
const REFUSED: [&str; 3] = [
    "ErrorCode::HttpRequestDenied",
    "ErrorCode::HttpRequestUriInvalid",
    "ErrorCode::HttpProtocolError",
];

/// Spellings of this machine and of private networks. PORT is a server that must not be reached.
const PRIVATE: [&str; 66] = [
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.255.255.254:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.000.000.001:PORT/",
    "http://2130706433:PORT/",
    "http://2130706433.:PORT/",
    "http://0x7f000001:PORT/",
    "http://0X7F000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.0.0.01:PORT/",
    "http://017700000001:PORT/",
    "http://00000177.0.0.1:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0:PORT/",
    "http://0x0:PORT/",
    "http://10.0.0.1:PORT/",
    "http://172.16.0.1:PORT/",
    "http://192.168.0.1:PORT/",
    "http://100.64.0.1:PORT/",
    "http://[::1]:PORT/",
    "http://[::]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000::0001]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::FFFF:7F00:1]:PORT/",
    "http://[::ffff:0:127.0.0.1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:7f00:1::]:PORT/",
    "http://[2600::5efe:127.0.0.1]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fe80::1%lo]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[::1]x:PORT/",
    "http://::1:PORT/",
    "http://good.test@127.0.0.1:PORT/",
    "http://good.test:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT@good.test/",
    "http://good.test\\@127.0.0.1:PORT/",
    "http://good.test#@127.0.0.1:PORT/",
    "http://good.test?@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT:80/",
    "http://127.0.0.1:0PORT/",
    "http://127.0.0.1:+PORT/",
    "http://127.0.0.1 :PORT/",
    "http://127.0.0.1%2e:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://127。0。0。1:PORT/",
    "http://127.0.0。1:PORT/",
    "http://１２７.0.0.1:PORT/",
    "http://①②⑦.⓪.⓪.①:PORT/",
    "http://localhost:PORT/",
    "http://LOCALHOST.:PORT/",
    "http://evil.localhost:PORT/",
    "http://ｌocalhost:PORT/",
    "https://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
];

/// Spellings of metadata servers.
const METADATA: [&str; 34] = [
    "http://169.254.169.254/computeMetadata/v1/",
    "http://169.254.169.254:8080/",
    "https://169.254.169.254/",
    "http://169.254.169.254./",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0xa9.0xfe.0xa9.0xfe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.43518/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[::169.254.169.254]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2600::5efe:a9fe:a9fe]/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fd20:ce::254]/",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.170.23/v1/credentials",
    "http://169.254.169.252:988/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine/",
    "http://192.0.0.192/latest/",
    "http://metadata.google.internal/",
    "http://METADATA.google.INTERNAL./",
    "http://metadata.google.internal:8080/",
    "https://metadata.goog/",
    "http://metadata/",
    "http://instance-data/latest/",
    "http://instance-data.ec2.internal/",
    "http://metadata.tencentyun.com/",
    "http://metadata.azure.internal/",
    "http://api.metadata.cloud.ibm.com/",
];

/// Names that lead to private addresses.
fn private_names(names: &NameServer) -> Vec<&'static str> {
    names.add("private.test", &["127.0.0.1"]);
    names.add("six.test", &["::1"]);
    names.add("mapped.test", &["::ffff:127.0.0.1"]);
    names.add("nat64.test", &["64:ff9b::127.0.0.1"]);
    names.add("unspecified.test", &["0.0.0.0"]);
    names.add("mixed.test", &["93.184.215.14", "127.0.0.1"]);
    names.add("versions.test", &["2600::1", "127.0.0.1"]);
    names.alias("alias.test", "private.test");
    names.alias("chain.test", "alias.test");
    vec![
        "private.test",
        "PRIVATE.test.",
        "six.test",
        "mapped.test",
        "nat64.test",
        "unspecified.test",
        "mixed.test",
        "versions.test",
        "alias.test",
        "chain.test",
    ]
}

/// Names that lead to metadata servers.
fn metadata_names(names: &NameServer) -> Vec<&'static str> {
    names.add("meta.test", &["169.254.169.254"]);
    names.add("meta-mapped.test", &["::ffff:169.254.169.254"]);
    names.add("meta-nat64.test", &["64:ff9b::a9fe:a9fe"]);
    names.add("meta-aws.test", &["fd00:ec2::254"]);
    names.add("meta-alibaba.test", &["100.100.100.200"]);
    names.add("meta-mixed.test", &["127.0.0.1", "169.254.169.254"]);
    names.alias("meta-alias.test", "meta.test");
    // An alias of the name, whatever that stands for.
    names.add("metadata.google.internal", &["127.0.0.1"]);
    names.alias("meta-name.test", "metadata.google.internal");
    vec![
        "meta.test",
        "meta-mapped.test",
        "meta-nat64.test",
        "meta-aws.test",
        "meta-alibaba.test",
        "meta-mixed.test",
        "meta-alias.test",
        "meta-name.test",
    ]
}

async fn all_refused(host: &Host, urls: impl Iterator<Item = String>) {
    for url in urls {
        let answer = Call::one(&url).with("connect_ms", 2_000).from(host).await;
        assert!(REFUSED.contains(&answer.as_str()), "{url}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_reaches_a_private_address() {
    let names = NameServer::start(60).await;
    let target = Elsewhere::start().await;
    let (dns, port) = (names.address.to_string(), target.address.port().to_string());
    let host = Host::start(&["--allow-outbound", "*", "--dns", &dns]);
    let spelled = PRIVATE.iter().map(|url| url.replace("PORT", &port));
    let named = private_names(&names).into_iter();
    let named = named.map(|name| format!("http://{name}:{port}/"));
    all_refused(&host, spelled.chain(named)).await;
    assert_eq!(target.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_reaches_a_metadata_server_even_where_everything_is_allowed() {
    let names = NameServer::start(60).await;
    // Where the metadata server is said to be.
    let metadata = Elsewhere::start().await;
    let (dns, place) = (names.address.to_string(), metadata.address.to_string());
    let arguments = [
        "--allow-outbound",
        "*",
        "--outbound-allow-private",
        "--dns",
        &dns,
    ];
    let host = Host::start_with(&arguments, &[("GCE_METADATA_HOST", &place)]);
    let port = metadata.address.port();
    names.add("there.test", &["127.0.0.1"]);
    let there = [
        "127.0.0.1",
        "127.1.1.1",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "there.test",
    ];
    let there = there.map(|name| format!("http://{name}:{port}/"));
    let spelled = METADATA.iter().map(ToString::to_string);
    let named = metadata_names(&names).into_iter();
    let named = named.map(|name| format!("http://{name}:{port}/"));
    all_refused(&host, spelled.chain(named).chain(there)).await;
    host.log_with("is the metadata server of the cloud, which nothing may reach from here");
    assert_eq!(metadata.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_new_request_under_the_same_policy() {
    let names = NameServer::start(60).await;
    let (open, closed) = (Elsewhere::start().await, Elsewhere::start().await);
    let (dns, port) = (names.address.to_string(), closed.address.port());
    let allowed = format!("{},*.test", open.address);
    let arguments = [
        "--allow-outbound",
        &allowed,
        "--outbound-allow-private",
        "--dns",
        &dns,
    ];
    let host = Host::start(&arguments);
    metadata_names(&names);
    names.add("other.test", &["127.0.0.1"]);
    let once = |url: &str| open.url(&format!("/to/{url}"));
    for chain in [
        once(&closed.url("/")),
        once(&once(&closed.url("/"))),
        once(&once(&once(&closed.url("/secret")))),
        once("http://169.254.169.254/computeMetadata/v1/"),
        once(&once("http://169.254.169.254/")),
        once("http://0xa9fea9fe/"),
        once("http://[::ffff:a9fe:a9fe]/"),
        once("http://metadata.google.internal/"),
        once("http://meta.test/"),
        once("http://meta-alias.test/"),
        once(&format!("http://user@127.0.0.1:{port}/")),
        once(&format!("http://localhost:{port}/")),
        // An allowed name, on a port that is not.
        once(&format!("http://other.test:{port}/")),
    ] {
        let answer = Call::one(&chain).with("follow", 5).from(&host).await;
        let last = answer.lines().last().unwrap();
        assert!(answer.starts_with("< 302"), "{chain}: {answer}");
        assert_eq!(last, REFUSED[0], "{chain}: {answer}");
    }
    assert_eq!(closed.connections(), 0);
    let allowed = once(&open.url("/end"));
    let answer = Call::one(&allowed).with("follow", 5).from(&host).await;
    assert!(answer.ends_with("reached /end"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_follows_redirects_is_refused_where_they_lead() {
    let (open, closed) = (Elsewhere::start().await, Elsewhere::start().await);
    let allowed = open.address.to_string();
    let environment = [
        ("ATTACHE_ALLOW_OUTBOUND", allowed.as_str()),
        ("ATTACHE_OUTBOUND_ALLOW_PRIVATE", "1"),
    ];
    // It reads the tables that a message names, with the client of the SDK.
    let host = Host::start_component(&guest("agent-component"), &environment);
    for leads in [closed.url("/"), "http://169.254.169.254/".to_owned()] {
        let table = open.url(&format!("/to/{}", open.url(&format!("/to/{leads}"))));
        let parts = json!([
            {"text": "How many rows are there?"},
            {"url": table, "mediaType": "text/csv"},
        ]);
        let message = json!({"messageId": leads, "role": "ROLE_USER", "parts": parts});
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {"message": message},
        });
        let request = request(&host, Protocol::Http1, "/")
            .method(Method::POST)
            .header("content-type", "application/json")
            .header("a2a-version", "1.0")
            .body(bytes(call.to_string()))
            .unwrap();
        let sent = send(host.address, Protocol::Http1, request).await.unwrap();
        let answer = whole(sent).await;
        let said = host.entries();
        assert!(
            answer.text.contains("may not reach"),
            "{}\n{said:?}",
            answer.text
        );
    }
    assert_eq!(open.connections(), 4);
    assert_eq!(closed.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let names = NameServer::start(0).await;
    let target = Elsewhere::start().await;
    let (dns, port) = (names.address.to_string(), target.address.port());
    // An address of the public internet that nobody has been given.
    names.add("rebinding.test", &["3000::1"]);
    names.then("rebinding.test", &["::ffff:127.0.0.1"]);
    let host = Host::start(&["--allow-outbound", "*", "--dns", &dns]);
    let call = Call::one(&format!("http://rebinding.test:{port}/")).with("connect_ms", 300);
    let first = call.from(&host).await;
    assert!(!REFUSED.contains(&first.as_str()), "{first}");
    until(|| call.from(&host), |answer| answer == REFUSED[0]).await;
    assert_eq!(target.connections(), 0);

    // What was connected to is what was checked, for as long as the connection lasts.
    let arguments = [
        "--allow-outbound",
        "*",
        "--outbound-allow-private",
        "--dns",
        &dns,
    ];
    let host = Host::start(&arguments);
    names.add("meta-rebinding.test", &["127.0.0.1"]);
    names.then("meta-rebinding.test", &["169.254.169.254"]);
    let call = Call::one(&format!("http://meta-rebinding.test:{port}/"));
    let first = call.from(&host).await;
    assert!(first.ends_with("reached /"), "{first}");
    tokio::time::timeout(
        Duration::from_secs(30),
        until(|| call.from(&host), |answer| answer == REFUSED[0]),
    )
    .await
    .unwrap();
    let reached = target.connections();
    assert_eq!(call.from(&host).await, REFUSED[0]);
    assert_eq!(target.connections(), reached);
}
