//! Calling out.

use std::collections::BTreeMap;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, ResponseOutparam, Scheme,
};
use wasip2::io::streams::{OutputStream, StreamError};

use crate::Target;
use crate::reply::Reply;

/// Bytes of one write.
const PIECE: usize = 4096;

/// The status and the body, or the error.
pub(crate) fn fetch(url: &str, first_byte_ms: u64) -> String {
    let call = Call {
        first_byte_ms,
        ..Call::to(url)
    };
    answer(call.send())
}

pub(crate) fn handle(path: &str, target: &Target, out: ResponseOutparam) {
    let call = Call::of(target);
    let times = target.number("times");
    Reply::to(out).end(&match path {
        // One call, its redirects followed, with all that it sees of itself and of the responses.
        "/calls/one" => call.followed(target.number("follow")),
        // One after the other: how often each outcome.
        "/calls/many" => count((0..times).map(|_| answer(call.send()))),
        // All at the same time, of which none is read before all have answered.
        "/calls/at-once" => {
            let pending: Vec<_> = (0..times).map(|_| call.begin()).collect();
            let responses: Vec<_> = pending.into_iter().map(finish).collect();
            count(responses.into_iter().map(answer))
        }
        _ => "no such path".to_owned(),
    });
}

/// What a request asks for; texts in hexadecimal, since some are no part of a URL.
#[derive(Clone, Default)]
struct Call {
    url: String,
    post: bool,
    headers: Vec<(String, String)>,
    /// Bytes of the body.
    body: usize,
    connect_ms: u64,
    first_byte_ms: u64,
}

impl Call {
    fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..Self::default()
        }
    }

    fn of(target: &Target) -> Self {
        let headers = unhex(&target.text("headers"));
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        Self {
            url: unhex(&target.text("url")),
            post: target.number("body") > 0,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: usize::try_from(target.number("body")).unwrap_or(0),
            connect_ms: target.number("connect_ms"),
            first_byte_ms: target.number("first_byte_ms"),
        }
    }

    fn send(&self) -> Result<IncomingResponse, ErrorCode> {
        finish(self.begin())
    }

    fn begin(&self) -> Result<FutureIncomingResponse, ErrorCode> {
        let (request, options) = self.request()?;
        let body = self.post.then(|| request.body().ok()).flatten();
        let future = outgoing_handler::handle(request, Some(options))?;
        if let Some(body) = body {
            if let Ok(stream) = body.write() {
                self.write(&stream);
            }
            let _ = OutgoingBody::finish(body, None);
        }
        Ok(future)
    }

    fn request(&self) -> Result<(OutgoingRequest, RequestOptions), ErrorCode> {
        let (scheme, rest) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let fields = Fields::new();
        for (name, value) in &self.headers {
            let _ = fields.append(name, value.as_bytes());
        }
        let request = OutgoingRequest::new(fields);
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        let set = request.set_scheme(Some(&scheme)).is_ok()
            && request.set_authority(Some(authority)).is_ok()
            && request
                .set_path_with_query(Some(&format!("/{path}")))
                .is_ok();
        if !set {
            return Err(ErrorCode::HttpRequestUriInvalid);
        }
        if self.post {
            let _ = request.set_method(&Method::Post);
        }
        let options = RequestOptions::new();
        let given = |ms: u64| Some(ms * 1_000_000).filter(|time| *time > 0);
        let _ = options.set_connect_timeout(given(self.connect_ms));
        let _ = options.set_first_byte_timeout(given(self.first_byte_ms));
        Ok((request, options))
    }

    fn write(&self, stream: &OutputStream) {
        let mut left = self.body;
        while left > 0 {
            let piece = left.min(PIECE);
            if stream.blocking_write_and_flush(&vec![b'x'; piece]).is_err() {
                return;
            }
            left -= piece;
        }
    }

    /// The head of each response, and the body of the last.
    fn followed(&self, redirects: u64) -> String {
        let mut call = self.clone();
        let mut seen = String::new();
        for _ in 0..=redirects {
            if let Ok((request, _)) = call.request() {
                for (name, value) in request.headers().entries() {
                    seen.push_str(&format!("> {name}: {}\n", String::from_utf8_lossy(&value)));
                }
            }
            let response = match call.send() {
                Ok(response) => response,
                Err(code) => return format!("{seen}{code:?}"),
            };
            seen.push_str(&format!("< {}\n", response.status()));
            for (name, value) in response.headers().entries() {
                seen.push_str(&format!("< {name}: {}\n", String::from_utf8_lossy(&value)));
            }
            let location = response.headers().get("location");
            let Some(location) = location.first() else {
                return format!("{seen}{}", read(response));
            };
            call.url = String::from_utf8_lossy(location).into_owned();
        }
        seen
    }
}

fn finish(
    pending: Result<FutureIncomingResponse, ErrorCode>,
) -> Result<IncomingResponse, ErrorCode> {
    let future = pending?;
    future.subscribe().block();
    match future.get() {
        Some(Ok(response)) => response,
        _ => Err(ErrorCode::InternalError(None)),
    }
}

fn answer(response: Result<IncomingResponse, ErrorCode>) -> String {
    match response {
        Ok(response) => format!("{} {}", response.status(), read(response)),
        Err(code) => format!("{code:?}"),
    }
}

/// What one write of the reply holds.
fn short(answer: String) -> String {
    if answer.len() < 1000 {
        return answer;
    }
    let broken = if answer.ends_with("(broken)") {
        " (broken)"
    } else {
        ""
    };
    format!("{} and more{broken}", &answer[..10])
}

fn read(response: IncomingResponse) -> String {
    let mut text = String::new();
    if let Ok(body) = response.consume()
        && let Ok(stream) = body.stream()
    {
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(bytes) => text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(_)) => {
                    text.push_str(" (broken)");
                    break;
                }
            }
        }
    }
    text
}

fn count(outcomes: impl Iterator<Item = String>) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    for outcome in outcomes {
        *counts.entry(short(outcome)).or_default() += 1;
    }
    let lines = counts
        .iter()
        .map(|(outcome, times)| format!("{times} times {outcome}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn unhex(text: &str) -> String {
    let digits = text.as_bytes().chunks(2);
    let bytes = digits.filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
}
