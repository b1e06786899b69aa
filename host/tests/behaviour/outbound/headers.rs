//! What the host adds to requests and takes out of them.

use super::Call;
use crate::elsewhere::Elsewhere;
use crate::process::Host;

const OPEN: [&str; 3] = [
    "--allow-outbound",
    "127.0.0.1:*",
    "--outbound-allow-private",
];
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_belongs_to_the_trace_of_the_request() {
    let target = Elsewhere::start().await;
    let host = Host::start(&OPEN);
    let call = Call::one(&target.url("/"));
    let parent = format!("00-{TRACE}-{SPAN}-01");
    call.called_with(&host, &[("traceparent", &parent)]).await;
    let sent = target.header("traceparent").unwrap();
    // Without a trace of its own the host is no part of the caller's.
    assert_eq!(sent, parent);

    let own = format!("00-{}-{SPAN}-00", TRACE.replace('4', "5"));
    let call = call.headers(&format!("traceparent: {own}"));
    call.called_with(&host, &[("traceparent", &parent)]).await;
    assert_eq!(target.header("traceparent").unwrap(), own);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_between_neighbours_is_not_passed_on() {
    let target = Elsewhere::start().await;
    let host = Host::start(&OPEN);
    let answer = Call::one(&target.url("/neighbours"))
        .headers("te: gzip\nx-kept: 1")
        .from(&host)
        .await;
    assert_eq!(target.header("te"), None);
    assert_eq!(target.header("x-kept").unwrap(), "1");
    assert!(answer.contains("< x-yours: 1"), "{answer}");
    assert!(!answer.contains("x-mine"), "{answer}");
    assert!(!answer.contains("< connection"), "{answer}");
}
