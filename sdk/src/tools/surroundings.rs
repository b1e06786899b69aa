//! Clock and metering, which the unit tests replace.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

/// One call of a tool, for whoever runs the agent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Called {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) task_id: Option<String>,
    pub(crate) took: Duration,
    pub(crate) failed: bool,
}

pub(crate) trait Surroundings {
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()>;
    fn called(&self, call: Called);
}

/// The component's own.
pub(crate) struct Wasi;

impl Surroundings for Wasi {
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        let duration = wstd::time::Duration::from(duration);
        Box::pin(async move {
            wstd::task::sleep(duration).await;
        })
    }

    fn called(&self, call: Called) {
        use crate::bindings::attache::agent::usage;
        usage::called(&usage::ToolCall {
            name: call.name,
            kind: call.kind.to_owned(),
            task_id: call.task_id,
            duration: u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
            failed: call.failed,
        });
    }
}
