//! Messages and calls by their bytes: what the engine's own types cannot be wrong about.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;

use super::*;

/// A field of the wire format.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    Number(u64),
    Fixed(f64),
    Bytes(Vec<u8>),
}

/// The fields of a message, in the order of their arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(pub Vec<(u64, Field)>);

pub fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (first, rest) = bytes.split_first().unwrap();
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    value
}

impl Fields {
    pub fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => {
                    let (eight, rest) = bytes.split_first_chunk::<8>().unwrap();
                    bytes = rest;
                    Field::Fixed(f64::from_le_bytes(*eight))
                }
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (value, rest) = bytes.split_at(length);
                    bytes = rest;
                    Field::Bytes(value.to_vec())
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        Self(fields)
    }

    pub fn get(&self, tag: u64) -> Option<&Field> {
        self.0.iter().find(|(t, _)| *t == tag).map(|(_, f)| f)
    }

    pub fn bytes(&self, tag: u64) -> &[u8] {
        match self.get(tag) {
            Some(Field::Bytes(bytes)) => bytes,
            other => panic!("field {tag} is {other:?} in {self:?}"),
        }
    }

    pub fn text(&self, tag: u64) -> String {
        String::from_utf8(self.bytes(tag).to_vec()).unwrap()
    }

    pub fn number(&self, tag: u64) -> u64 {
        match self.get(tag) {
            Some(Field::Number(number)) => *number,
            None => 0,
            other => panic!("field {tag} is {other:?}"),
        }
    }

    pub fn message(&self, tag: u64) -> Fields {
        Fields::read(self.bytes(tag))
    }

    pub fn all(&self, tag: u64) -> Vec<Fields> {
        let messages = self.0.iter().filter(|(t, _)| *t == tag);
        messages
            .map(|(_, field)| match field {
                Field::Bytes(bytes) => Fields::read(bytes),
                other => panic!("field {tag} is {other:?}"),
            })
            .collect()
    }
}

pub fn put(mut value: u64, into: &mut Vec<u8>) {
    while value > 0x7f {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

pub fn number(tag: u64, value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(tag << 3, &mut bytes);
    put(value, &mut bytes);
    bytes
}

pub fn field(tag: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(tag << 3 | 2, &mut bytes);
    put(value.as_ref().len() as u64, &mut bytes);
    bytes.extend(value.as_ref());
    bytes
}

pub fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend((message.len() as u32).to_be_bytes());
    bytes.extend(message);
    bytes
}

pub fn unframed(mut body: &[u8]) -> Vec<Fields> {
    let mut messages = Vec::new();
    while let Some(([0, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let (message, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        messages.push(Fields::read(message));
        body = rest;
    }
    assert_eq!(body, b"");
    messages
}

pub fn request(method: &str, body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = post(&format!("/lf.a2a.v1.A2AService/{method}"), body);
    let headers = request.headers_mut();
    headers.insert("content-type", "application/grpc".parse().unwrap());
    headers.insert("te", "trailers".parse().unwrap());
    request
}

pub async fn call(world: &Rc<World>, method: &str, message: &[u8]) -> Got {
    ask(world, request(method, framed(message))).await
}

/// The only message of a call that went well.
pub fn answer(got: &Got) -> Fields {
    assert_eq!(got.trailers["grpc-status"], "0", "{:?}", got.trailers);
    assert_eq!(got.headers["content-type"], "application/grpc");
    let mut messages = unframed(&got.body);
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

/// The code, the sentence, the reason and the fields at fault of a call that did not.
pub fn refusal(got: &Got) -> (u32, String, String, Vec<String>) {
    assert_eq!((got.status.as_u16(), got.body.len()), (200, 0));
    assert_eq!(got.headers["content-type"], "application/grpc");
    let text = |name: &str| got.trailers[name].to_str().unwrap();
    let code = text("grpc-status").parse().unwrap();
    let message = percent_decode_str(text("grpc-message"))
        .decode_utf8()
        .unwrap()
        .into_owned();
    let Some(details) = got.trailers.get("grpc-status-details-bin") else {
        return (code, message, String::new(), Vec::new());
    };
    let status = Fields::read(&STANDARD_NO_PAD.decode(details).unwrap());
    assert_eq!(status.number(1), u64::from(code));
    let mut reason = String::new();
    let mut at_fault = Vec::new();
    for any in status.all(3) {
        let detail = any.message(2);
        match any.text(1).as_str() {
            "type.googleapis.com/google.rpc.ErrorInfo" => {
                assert_eq!(detail.text(2), "a2a-protocol.org");
                reason = detail.text(1);
            }
            "type.googleapis.com/google.rpc.BadRequest" => {
                at_fault.extend(detail.all(1).iter().map(|violation| violation.text(1)));
            }
            other => panic!("{other}"),
        }
    }
    (code, message, reason, at_fault)
}

/// A `SendMessageRequest` with one part.
pub fn sending(id: &str, part: &[u8], task: &str) -> Vec<u8> {
    let mut message = [field(1, id), number(4, 1), field(5, part)].concat();
    if !task.is_empty() {
        message.extend(field(3, task));
    }
    field(2, message)
}

pub fn saying(id: &str, text: &str) -> Vec<u8> {
    sending(id, &field(1, text), "")
}
