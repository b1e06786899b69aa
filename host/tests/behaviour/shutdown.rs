use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http::StatusCode;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{
    Body, Protocol, bytes, empty, get, in_time, piece, request, send, until, whole,
};
use super::process::{Host, binary, compiled_probe};

async fn stream_of(host: &Host, path: &str) -> hyper::body::Incoming {
    let request = request(host, Protocol::Http1, path).body(empty()).unwrap();
    let mut body = send(host.address, Protocol::Http1, request)
        .await
        .unwrap()
        .into_body();
    piece(&mut body).await.unwrap().unwrap();
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_request_finishes_and_no_other_begins() {
    for signal in ["TERM", "INT"] {
        let mut host = Host::start(&["--drain", "60"]);
        let mut running = TcpStream::connect(host.address).await.unwrap();
        // More than the host reads before it asks the component.
        let begin = format!(
            "POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n8000\r\n{}\r\n",
            "x".repeat(0x8000)
        );
        running.write_all(begin.as_bytes()).await.unwrap();
        host.log_with("reading the body");

        host.signal(signal);
        let ready = until(
            || get(&host, "/health/ready"),
            |answer| answer.status != StatusCode::OK,
        )
        .await;
        assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(get(&host, "/health/live").await.status, StatusCode::OK);
        let refused = get(&host, "/").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers["retry-after"], "1");
        assert_eq!(refused.headers["connection"], "close");

        assert!(!host.has_ended());
        running.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        in_time(running.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.contains("32768 whole"), "{answer}");
        assert_eq!(host.wait(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_after_the_answer_finishes_too() {
    let mut host = Host::start(&[]);
    get(&host, "/answer-then-work?ms=500&name=last").await;
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    host.log_with("work last is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_the_drain_is_cut_off() {
    let mut host = Host::start(&["--drain", "1"]);
    let mut body = stream_of(&host, "/stream?count=100000&ms=10").await;
    let began = Instant::now();
    host.signal("TERM");
    let broken = loop {
        match piece(&mut body).await {
            Some(Ok(_)) => {}
            end => break end,
        }
    };
    assert!(
        matches!(broken, Some(Err(_))),
        "the stream ended cleanly: {broken:?}"
    );
    assert_eq!(host.wait(), Some(0));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(400), "{took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    host.log_with("1 requests were cut off");
}

/// Closing the connection instead would lose a request that is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_kept_is_told_that_it_ends() {
    let mut host = Host::start(&["--drain", "60"]);
    let stream = TokioIo::new(TcpStream::connect(host.address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let ask = async |sender: &mut SendRequest<Body>| {
        sender.ready().await.unwrap();
        let request = request(&host, Protocol::Http1, "/").body(bytes("some body"));
        whole(sender.send_request(request.unwrap()).await.unwrap()).await
    };
    assert_eq!(ask(&mut sender).await.status, StatusCode::OK);
    let mut running = stream_of(&host, "/stream?count=100000&ms=10").await;
    host.signal("TERM");
    host.log_with("running requests may finish");
    let refused = in_time(async {
        loop {
            let answer = ask(&mut sender).await;
            if answer.status != StatusCode::OK {
                return answer;
            }
        }
    })
    .await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["connection"], "close");
    in_time(connection).await.unwrap().unwrap();
    assert!(!host.has_ended());
    drop(piece(&mut running).await);
    host.signal("TERM");
    host.wait();
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_the_connection_says_goodbye_and_what_runs_finishes() {
    let mut host = Host::start(&["--drain", "60"]);
    let stream = TokioIo::new(TcpStream::connect(host.address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let request = request(&host, Protocol::H2c, "/stream?count=150&ms=10").body(empty());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    let mut body = response.into_body();
    piece(&mut body).await.unwrap().unwrap();
    host.signal("TERM");
    // GOAWAY: no request may be begun on this connection any more.
    in_time(async {
        while sender.ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let mut pieces = 1;
    while let Some(piece) = piece(&mut body).await {
        piece.unwrap();
        pieces += 1;
    }
    assert!(pieces >= 100, "{pieces}");
    in_time(connection).await.unwrap().unwrap();
    assert_eq!(host.wait(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_ends_nothing() {
    let mut host = Host::start(&[]);
    let mut body = stream_of(&host, "/stream?count=50&ms=10").await;
    host.signal("HUP");
    while let Some(piece) = piece(&mut body).await {
        piece.unwrap();
    }
    assert!(!host.has_ended());
    assert_eq!(get(&host, "/health/ready").await.status, StatusCode::OK);
}

/// What writes to a log that nobody reads waits, and soon everything does. The process still ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_in_which_everything_waits_ends_too() {
    let data = tempfile::tempdir().unwrap();
    let mut child = binary()
        .arg("serve")
        .arg(compiled_probe())
        .args(["--drain", "1"])
        .env("PORT", "0")
        .env("ATTACHE_DATA_DIR", data.path())
        .env("ATTACHE_LOG_FORMAT", "json")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let address = loop {
        line.clear();
        log.read_line(&mut line).unwrap();
        let entry: serde_json::Value = serde_json::from_str(&line).unwrap();
        if let Some(address) = entry["address"].as_str() {
            break address.parse::<SocketAddr>().unwrap();
        }
    };
    // Each request leaves a line, until none of them is answered any more.
    let long = "x".repeat(8_000);
    in_time(async {
        loop {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let ask =
                format!("GET /health/{long} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(ask.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let answered = stream.read_to_end(&mut answer);
            if tokio::time::timeout(Duration::from_secs(2), answered)
                .await
                .is_err()
            {
                break;
            }
        }
    })
    .await;
    let began = Instant::now();
    let id = child.id().to_string();
    let status = Command::new("kill").args(["-s", "TERM", &id]).status();
    assert!(status.unwrap().success());
    let ended = in_time(async {
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!(ended.code(), Some(143));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_process_at_once() {
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        let mut host = Host::start(&["--drain", "60"]);
        let _body = stream_of(&host, "/stream?count=100000&ms=10").await;
        host.signal("TERM");
        host.log_with("running requests may finish");
        assert!(!host.has_ended());
        host.signal(signal);
        assert_eq!(host.wait(), Some(status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_host_ends_at_once() {
    let mut host = Host::start(&[]);
    // Idle connections do not count.
    let _idle = TcpStream::connect(host.address).await.unwrap();
    let began = Instant::now();
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}
