//! Server-Sent Events (sections 9.4.2 and 11.7): one `data:` line an event, its number as `id:`.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};

use crate::error::Error;
use crate::operation::Frames;
use crate::platform::Platform;
use crate::run::Frame;
use crate::server::Piece;

/// How long a stream may be silent before it says that it is alive. Proxies cut idle connections
/// after a minute or less.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How a binding writes one event or the error that ends the stream.
pub(super) trait Framing: 'static {
    fn event(&self, payload: &[u8], into: &mut Vec<u8>);
    fn error(&self, error: &Error) -> Vec<u8>;
}

struct Writer<F> {
    frames: Frames,
    platform: Rc<dyn Platform>,
    framing: F,
}

/// The bytes of an event stream.
pub(super) fn events<F: Framing>(
    frames: Frames,
    platform: Rc<dyn Platform>,
    framing: F,
) -> LocalBoxStream<'static, Piece> {
    let writer = Writer {
        frames,
        platform,
        framing,
    };
    stream::unfold(Some(writer), |writer| async move {
        let mut writer = writer?;
        let platform = writer.platform.clone();
        // The clock is asked only when no event is there yet.
        let silence = Box::pin(async move { platform.sleep(KEEP_ALIVE).await });
        match select(writer.frames.next(), silence).await {
            Either::Left((Some(Ok(frame)), _)) => {
                Some((Piece::Data(writer.print(&frame)), Some(writer)))
            }
            Either::Left((Some(Err(error)), _)) => {
                Some((Piece::Data(writer.framing.error(&error)), None))
            }
            Either::Left((None, _)) => None,
            Either::Right(_) => Some((Piece::Data(b": keep-alive\n\n".to_vec()), Some(writer))),
        }
    })
    .boxed_local()
}

impl<F: Framing> Writer<F> {
    fn print(&self, frame: &Frame) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(frame.payload.len() + 128);
        if let Some(number) = frame.number {
            bytes.extend_from_slice(b"id: ");
            bytes.extend_from_slice(number.to_string().as_bytes());
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(b"data: ");
        self.framing.event(&frame.payload, &mut bytes);
        bytes.extend_from_slice(b"\n\n");
        bytes
    }
}
