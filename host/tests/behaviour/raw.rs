//! What really goes over the wire, without a client that makes something of it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::in_time;
use super::process::Host;

/// Everything that a connection of HTTP/1.1 brings until it is closed.
pub(crate) async fn http1(host: &Host, path: &str) -> String {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    // A reset is an end, too.
    let _ = in_time(stream.read_to_end(&mut text)).await;
    String::from_utf8_lossy(&text).into_owned()
}

/// A frame of HTTP/2.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    flags: u8,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

impl Frame {
    /// Says that nothing follows, and that this is how it should be.
    pub(crate) fn ends_stream(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & 1 == 1
    }
}

/// The frames of the one stream of a connection of HTTP/2, until one of them ends it.
pub(crate) async fn http2(host: &Host, path: &str, kind: &str) -> Vec<Frame> {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    // Fields of the static table by number; all others as they are.
    let mut fields = vec![0x82, 0x86];
    for (name, value) in [(4_u8, path), (1, "x")] {
        fields.push(name);
        fields.push(u8::try_from(value.len()).unwrap());
        fields.extend(value.as_bytes());
    }
    if !kind.is_empty() {
        // content-type is number 31: 15 in the first byte, and the rest in the next.
        fields.extend([0x0f, 31 - 15, u8::try_from(kind.len()).unwrap()]);
        fields.extend(kind.as_bytes());
    }
    let mut opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    opening.extend(frame(SETTINGS, 0, 0, &[]));
    opening.extend(frame(HEADERS, 0x4 | 0x1, 1, &fields));
    stream.write_all(&opening).await.unwrap();

    let mut frames: Vec<Frame> = Vec::new();
    while !frames
        .last()
        .is_some_and(|last| last.ends_stream() || last.kind == RST_STREAM)
    {
        let mut head = [0; 9];
        in_time(stream.read_exact(&mut head)).await.unwrap();
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        in_time(stream.read_exact(&mut payload)).await.unwrap();
        assert_ne!(kind, GOAWAY, "{payload:?}");
        if u32::from_be_bytes(id) == 1 {
            frames.push(Frame {
                kind,
                flags,
                payload,
            });
        }
    }
    frames
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
