//! What sends the requests of cases, by the form of their files.

use std::path::Path;

use super::case::Request;
use super::exchange::{self, exchange};
use super::grpc::{self, Calls};

/// What a case is written in, which is the extension of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `name.http`: a request as it is sent.
    Http,
    /// `name.grpc`: a call with its message as ProtoJSON.
    Grpc,
}

impl Form {
    /// Nothing for a file that is no case.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "http" => Some(Self::Http),
            "grpc" => Some(Self::Grpc),
            _ => None,
        }
    }
}

/// What came back.
pub(super) enum Answer {
    Http(exchange::Answer),
    Grpc(grpc::Answer),
}

impl Answer {
    /// A text of the answer that later steps name.
    pub(super) fn capture(&self, pointer: &str) -> Option<String> {
        match self {
            Self::Http(answer) => answer.capture(pointer),
            Self::Grpc(answer) => answer.capture(pointer),
        }
    }
}

/// Sends to one server.
pub(super) struct Sender<'a> {
    pub(super) base: &'a str,
    /// Started by the first call.
    calls: Option<Calls>,
}

impl<'a> Sender<'a> {
    pub(super) fn new(base: &'a str) -> Self {
        Self { base, calls: None }
    }

    /// Sends the request of the step `name`.
    pub(super) async fn send(
        &mut self,
        form: Form,
        name: &str,
        request: &Request,
    ) -> Result<Answer, String> {
        match form {
            Form::Http => exchange(self.base, request).await.map(Answer::Http),
            Form::Grpc => {
                let calls = match &mut self.calls {
                    Some(calls) => calls,
                    none => none.insert(Calls::start(self.base)?),
                };
                calls.call(name, request).await.map(Answer::Grpc)
            }
        }
    }

    /// Leaves what a case has left open.
    pub(super) async fn leave(&mut self) -> Result<(), String> {
        match &mut self.calls {
            Some(calls) => calls.leave().await,
            None => Ok(()),
        }
    }
}
