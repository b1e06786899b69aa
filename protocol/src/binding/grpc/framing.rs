//! Length-prefixed messages: a flag, four bytes of length, and the message.
//!
//! Compressed messages are refused with the encodings that are taken, after which clients send them
//! plainly: an inflating decoder would be a third of the engine again, and a way to turn a small body
//! into a large one.

use http::{HeaderMap, HeaderName};
use prost::Message;

use super::status::{Code, Status};
use crate::error::{Error, ErrorKind};

const PREFIX: usize = 5;
const GRPC: &str = "application/grpc";
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// True for the media types of gRPC, whatever they say of the message's form.
pub(super) fn is_grpc(media_type: &str) -> bool {
    media_type == GRPC
        || media_type
            .strip_prefix(GRPC)
            .is_some_and(|rest| rest.starts_with('+'))
}

/// Messages are protobuf here; gRPC allows JSON and others too.
pub(super) fn require_protobuf(media_type: &str) -> Result<(), Status> {
    if media_type == GRPC || media_type == "application/grpc+proto" {
        return Ok(());
    }
    Err(Status::new(
        Code::Unimplemented,
        format!("Messages in {media_type:?} are not taken; send \"{GRPC}+proto\"."),
    ))
}

/// The one message of a request.
pub(super) fn only<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<&'a [u8], Status> {
    let invalid = |why: String| Err(Error::new(ErrorKind::InvalidRequest, why).into());
    if body.is_empty() {
        return invalid("The request holds no message; it takes one.".to_owned());
    }
    let Some(([flag, length @ ..], rest)) = body.split_first_chunk::<PREFIX>() else {
        return invalid(format!(
            "The request breaks off within the {PREFIX} bytes before its message."
        ));
    };
    match flag {
        0 => {}
        1 => return Err(compressed(headers)),
        other => {
            return invalid(format!(
                "The message is flagged {other}; 0 is plain and 1 compressed."
            ));
        }
    }
    let length = u32::from_be_bytes(*length) as usize;
    match rest.split_at_checked(length) {
        Some((message, [])) => Ok(message),
        Some((_, more)) => invalid(format!(
            "{} bytes follow the message; the request takes one message.",
            more.len()
        )),
        None => invalid(format!(
            "The message is announced with {length} bytes, and {} arrived.",
            rest.len()
        )),
    }
}

fn compressed(headers: &HeaderMap) -> Status {
    let encoding = headers.get(&ENCODING).and_then(|value| value.to_str().ok());
    match encoding {
        None | Some("identity") => Status::new(
            Code::Internal,
            "The message is flagged as compressed, and grpc-encoding does not say how.",
        ),
        Some(encoding) => Status::new(
            Code::Unimplemented,
            format!("The encoding {encoding:?} is not taken; send messages uncompressed."),
        ),
    }
}

/// A message with its prefix.
pub(super) fn framed(message: &impl Message) -> Result<Vec<u8>, Error> {
    let length = message.encoded_len();
    let announced = u32::try_from(length).map_err(|_| {
        Error::new(
            ErrorKind::Internal,
            format!("The answer has {length} bytes, and gRPC can carry 4 GiB at the most."),
        )
    })?;
    let mut bytes = Vec::with_capacity(PREFIX + length);
    bytes.push(0);
    bytes.extend_from_slice(&announced.to_be_bytes());
    message.encode_raw(&mut bytes);
    Ok(bytes)
}
