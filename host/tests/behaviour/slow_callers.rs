//! Callers that take their time, in both directions, and that abuse HTTP/2.

use std::future::poll_fn;
use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::client::{get, in_time, piece};
use super::process::Host;

/// Of HTTP/2: two kinds of frames, and a flag.
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

/// Reads what comes until the connection is closed.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = in_time(stream.read_to_end(&mut answer)).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let host = Host::start(&["--idle-timeout", "1"]);
    // Of HTTP/1.1, of neither protocol yet, and of HTTP/2.
    for begun in [
        "GET / HTTP/1.1\r\nhos",
        "P",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(host.address).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        let began = Instant::now();
        let mut answer = Vec::new();
        let _ = in_time(stream.read_to_end(&mut answer)).await;
        assert!(began.elapsed() < Duration::from_secs(30), "{begun:?}");
    }
    // A pace that is slow but steady makes no difference.
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let dripping = async {
        let letters = "GET / HTTP/1.1\r\nx: "
            .bytes()
            .chain(std::iter::repeat(b'x'));
        for letter in letters {
            if stream.write_all(&[letter]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    in_time(dripping).await;
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_of_http2_is_told_to_go() {
    let host = Host::start(&["--idle-timeout", "1"]);
    // By hand: a client of h2 says farewell, too, and fails where the host has closed before that.
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(hello).await.unwrap();
    let mut was_told = false;
    let mut head = [0; 9];
    while in_time(stream.read_exact(&mut head)).await.is_ok() {
        let [_, high, low, kind, flags, ..] = head;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        stream.read_exact(&mut payload).await.unwrap();
        was_told |= kind == GOAWAY;
        if kind == PING && flags & ACK == 0 {
            let answer = [&head[..4], &[ACK], &head[5..], &payload].concat();
            let _ = stream.write_all(&answer).await;
        }
    }
    assert!(was_told);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stops_is_answered_with_408() {
    let host = Host::start(&["--body-idle", "1"]);
    let head = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";
    // Before an instance is taken for it, and in the midst of it.
    for sent in [10, 40_000] {
        let mut stream = TcpStream::connect(host.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; sent]).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(
            answer.contains("the request body came too slowly"),
            "{answer}"
        );
        let begun = host
            .entries()
            .iter()
            .any(|entry| entry["message"] == "reading the body");
        assert_eq!(begun, sent > 16 << 10);
    }
    host.log_with("broken");
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_has_an_end_too() {
    let host = Host::start(&["--body-idle", "30", "--body-time", "1"]);
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let head = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = [0; 13];
    in_time(reader.read_exact(&mut answer)).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408 ");
    drop(reader);
    in_time(dripping).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_http2_whose_body_stops_is_answered_with_408() {
    let host = Host::start(&["--body-idle", "1"]);
    let stream = TcpStream::connect(host.address).await.unwrap();
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = Request::post(host.url("/body")).body(()).unwrap();
    let (response, mut body) = sender.send_request(request, false).unwrap();
    body.send_data("begun".into(), false).unwrap();
    let response = in_time(response).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    // Others on the connection are not concerned.
    let request = Request::get(host.url("/")).body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    assert_eq!(in_time(response).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_nothing_is_not_written_to_for_ever() {
    let host = Host::start(&["--write-stall", "1"]);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = socket.connect(host.address).await.unwrap();
    let head = "GET /stream?count=100000000&name=all HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    host.log_with("the reader of all left");
    let entry = host.log_with("GET /stream 200");
    assert_eq!(entry["broken"], "the client left before the end");
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

/// Asks without end and reads nothing, until the host has had enough.
async fn ask_only(host: &Host, begin: &[u8], question: &[u8]) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = socket.connect(host.address).await.unwrap();
    stream.write_all(begin).await.unwrap();
    let questions = question.repeat(1_000);
    let asking = async { while stream.write_all(&questions).await.is_ok() {} };
    in_time(asking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_and_does_not_listen_is_cut_off() {
    let host = Host::start(&["--write-stall", "1"]);
    let request = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
    ask_only(&host, b"", request.as_bytes()).await;
    let ping = *b"\0\0\x08\x06\0\0\0\0\0deafness";
    let settings = *b"\0\0\0\x04\0\0\0\0\0";
    let begin = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &settings].concat();
    ask_only(&host, &begin, &ping).await;
    ask_only(&host, &begin, &settings).await;
    assert_eq!(get(&host, "/").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_window_ends_and_the_others_go_on() {
    let host = Host::start(&["--write-stall", "1"]);
    let stream = TokioIo::new(TcpStream::connect(host.address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(64)
        .handshake::<_, super::client::Body>(stream)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let mut ask = |path: &str| {
        let request = Request::get(host.url(path)).body(super::client::empty());
        sender.send_request(request.unwrap())
    };
    // Its client reads on, and so it lives, however slowly it is written.
    let mut lively = ask("/stream?count=100000&ms=50&name=lively").await.unwrap();
    piece(lively.body_mut()).await.unwrap().unwrap();
    let mut stalled = ask("/stream?count=1000000&name=stalled").await.unwrap();
    let reading =
        tokio::spawn(async move { while let Some(Ok(_)) = piece(lively.body_mut()).await {} });
    host.log_with("the reader of stalled left");
    assert!(!reading.is_finished() && !connection.is_finished());
    assert_eq!(ask("/").await.unwrap().status(), StatusCode::OK);
    // When it does read on, it finds that there is no more.
    while let Some(Ok(_)) = piece(stalled.body_mut()).await {}
    let entry = host.log("the end of it", |entry| {
        entry["broken"] == "the client did not take the response"
    });
    assert_eq!(entry["httpRequest"]["requestUrl"], "/stream");
    assert!(!reading.is_finished() && !connection.is_finished());

    // A connection that has only such streams is of no use.
    reading.abort();
    host.log_with("the reader of lively left");
    let _alone = ask("/stream?count=1000000&name=alone").await.unwrap();
    host.log_with("the reader of alone left");
    let _ = in_time(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_and_resetting_streams_ends_the_connection() {
    let host = Host::start(&[]);
    let stream = TcpStream::connect(host.address).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let resetting = async {
        loop {
            if poll_fn(|cx| sender.poll_ready(cx)).await.is_err() {
                return;
            }
            let request = Request::get(host.url("/sleep?ms=1000")).body(()).unwrap();
            match sender.send_request(request, true) {
                Ok((_, mut stream)) => stream.send_reset(h2::Reason::CANCEL),
                Err(_) => return,
            }
        }
    };
    in_time(resetting).await;
    let ended = in_time(connection).await.unwrap().unwrap_err();
    // Whoever still writes may find the connection closed before it reads why.
    let told = ended.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
    assert!(told || ended.is_io(), "{ended}");
    assert_eq!(get(&host, "/health/live").await.status, StatusCode::OK);
}
