//! Long-running operations: Google says that it has begun, and is asked until it is done.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::{Error, Refusal};
use super::{Api, Google, Request};
use crate::failure::{Exit, Failure};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A database is longest in coming.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// How often the reader hears that it goes on.
const WORD: Duration = Duration::from_secs(15);

#[allow(dead_code, reason = "each command uses its own few")]
impl Google {
    /// Waits until `operation` is done and gives its `response`. `what` is the end of "waiting for ...".
    ///
    /// # Errors
    /// It ends in an error, or does not end.
    pub(crate) async fn wait(
        &self,
        api: Api,
        version: &str,
        mut operation: Value,
        what: &str,
    ) -> Result<Value, Error> {
        let begun = Instant::now();
        let mut told = begun;
        let mut pause = FIRST_PAUSE;
        let name = operation
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let request = Request::get(api, format!("{version}/{name}"));
        loop {
            if operation.get("done").and_then(Value::as_bool) == Some(true) {
                return ended(&request, &operation);
            }
            if name.is_empty() {
                let sentence = format!("the answer about {what} is no operation: it has no name");
                return Err(Failure::new(Exit::Data, sentence).into());
            }
            let passed = begun.elapsed();
            if passed > LIMIT {
                let sentence = format!("{what} is not done after {} minutes", LIMIT.as_secs() / 60);
                let failure = Failure::new(Exit::Unavailable, sentence);
                return Err(failure
                    .remedy(format!("Ask later: {}", request.curl()?))
                    .into());
            }
            if pause == FIRST_PAUSE {
                self.terminal.note(format!("waiting for {what}"));
            } else if told.elapsed() > WORD {
                told = Instant::now();
                self.terminal
                    .note(format!("waiting for {what} ({} s)", passed.as_secs()));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            operation = self.call(&request).await?;
        }
    }
}

fn ended(request: &Request, operation: &Value) -> Result<Value, Error> {
    match operation.get("error") {
        Some(error) => {
            let mut refusal = Refusal {
                api: request.api.name(),
                call: format!(
                    "the operation {}",
                    operation
                        .get("name")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                ),
                project: request.project().map(str::to_owned),
                ..Refusal::default()
            };
            refusal.read(error);
            Err(Error::Refused(Box::new(refusal)))
        }
        None => Ok(operation.get("response").cloned().unwrap_or_default()),
    }
}
