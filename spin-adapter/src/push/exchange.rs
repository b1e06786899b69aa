use attache_task_store::{Outcome, PushConfig};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, FutureIncomingResponse, IncomingResponse, OutgoingBody, RequestOptions,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::OutputStream;

use super::notification::request;
use crate::waiting::now;

const SECOND: u64 = 1_000_000_000;
const CONNECT: u64 = 5 * SECOND;
const FIRST_BYTE: u64 = 15 * SECOND;

/// A request that is on its way.
pub(super) struct Exchange {
    body: Option<Writing>,
    answer: FutureIncomingResponse,
}

/// The part of a body that is not written yet. The stream is a part of the body, and goes first.
struct Writing {
    stream: OutputStream,
    body: OutgoingBody,
    bytes: Vec<u8>,
    written: usize,
}

impl Exchange {
    /// Begins to send an event.
    pub(super) fn begin(config: &PushConfig, payload: Vec<u8>) -> Result<Self, Outcome> {
        let impossible = |why: &str| Outcome::Impossible(why.to_owned());
        let request = request(config, payload.len()).map_err(impossible)?;
        let options = RequestOptions::new();
        // Spin keeps longer time-outs of its own where it does not know these.
        let _ = options.set_connect_timeout(Some(CONNECT));
        let _ = options.set_first_byte_timeout(Some(FIRST_BYTE));
        let body = request
            .body()
            .map_err(|()| impossible("its request has no body"))?;
        let answer =
            outgoing_handler::handle(request, Some(options)).map_err(|code| of_code(&code))?;
        let stream = body
            .write()
            .map_err(|()| impossible("its request cannot be written"))?;
        Ok(Self {
            body: Some(Writing {
                stream,
                body,
                bytes: payload,
                written: 0,
            }),
            answer,
        })
    }

    /// Goes on without waiting. Gives the outcome once it is known.
    pub(super) fn advance(&mut self) -> Option<Outcome> {
        self.body = self.body.take().and_then(Writing::advance);
        Some(match self.answer.get()? {
            Ok(Ok(response)) => of_response(&response),
            Ok(Err(code)) => of_code(&code),
            Err(()) => Outcome::failed("its answer was taken already"),
        })
    }

    /// One of these is ready when [`Exchange::advance`] has something to do.
    pub(super) fn waits(&self) -> Vec<Pollable> {
        let stream = self.body.as_ref().map(|writing| writing.stream.subscribe());
        stream
            .into_iter()
            .chain([self.answer.subscribe()])
            .collect()
    }
}

impl Writing {
    /// Writes as much as is taken now. None when there is nothing more to write.
    fn advance(mut self) -> Option<Self> {
        while let Some(rest) = self.bytes.get(self.written..)
            && !rest.is_empty()
        {
            let room = usize::try_from(self.stream.check_write().ok()?).unwrap_or(usize::MAX);
            if room == 0 {
                return Some(self);
            }
            let piece = rest.get(..room.min(rest.len())).unwrap_or(rest);
            self.stream.write(piece).ok()?;
            self.written += piece.len();
        }
        let Self { stream, body, .. } = self;
        let _ = stream.flush();
        drop(stream);
        // What is wrong with it, the answer says.
        let _ = OutgoingBody::finish(body, None);
        None
    }
}

fn of_response(response: &IncomingResponse) -> Outcome {
    let retry_after = response.headers().get("retry-after").into_iter().next();
    let retry_after = retry_after.as_deref().map(str::from_utf8);
    Outcome::of_answer(response.status(), retry_after.and_then(Result::ok), now())
}

fn of_code(code: &ErrorCode) -> Outcome {
    match code {
        ErrorCode::HttpRequestDenied => Outcome::Impossible(
            "Spin does not allow its host: add it to allowed_outbound_hosts in spin.toml"
                .to_owned(),
        ),
        // What Spin answers to a dependency that may call nobody.
        ErrorCode::InternalError(Some(text)) if text.contains("is not permitted") => {
            Outcome::Impossible(
                "the adapter may call nobody: in spin.toml add \"allowed_outbound_hosts\" to the \
                 inherit_configuration of the dependency on attache:agent"
                    .to_owned(),
            )
        }
        ErrorCode::HttpRequestUriInvalid => Outcome::Impossible("its URL is not valid".to_owned()),
        other => Outcome::failed(other.to_string()),
    }
}
