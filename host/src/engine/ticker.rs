use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// How long an instance computes before it lets others have the thread.
const TICK: Duration = Duration::from_millis(1);

/// Moves an engine's clock, by which busy instances yield.
///
/// A thread of its own: a timer of the async runtime would not fire while instances keep all of
/// the runtime's threads busy, which is the one situation that it exists for. It ends with the
/// engine.
#[derive(Debug)]
pub struct Ticker;

impl Ticker {
    /// Starts the clock of `engine`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(engine: &Engine) -> std::io::Result<()> {
        let engine = engine.weak();
        thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    thread::sleep(TICK);
                }
            })?;
        Ok(())
    }
}
