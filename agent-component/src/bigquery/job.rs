//! A job that is cancelled unless it has ended.

use http::{Method, Request};

use super::transport::Transport;

/// While this lives, a query is running that nobody else will end.
pub(super) struct Running<'a, T: Transport> {
    transport: &'a T,
    cancel: Option<String>,
}

impl<'a, T: Transport> Running<'a, T> {
    /// `url` is where the job is cancelled.
    pub(super) fn new(transport: &'a T, url: String) -> Self {
        Self {
            transport,
            cancel: Some(url),
        }
    }

    /// It has ended.
    pub(super) fn ended(mut self) {
        self.cancel = None;
    }
}

impl<T: Transport> Drop for Running<'_, T> {
    fn drop(&mut self) {
        let Some(url) = self.cancel.take() else {
            return;
        };
        let request = Request::builder().method(Method::POST).uri(url);
        if let Ok(request) = request.body(Vec::new()) {
            self.transport.send_off(request);
        }
    }
}
