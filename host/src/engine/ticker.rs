use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How long an instance computes before it lets others have the thread.
const TICK: Duration = Duration::from_millis(1);
/// After how many ticks without work the clock rests.
const QUIET: u32 = 20;
/// How long it rests at most.
const REST: Duration = Duration::from_secs(60);

/// Moves an engine's clock, by which busy instances yield. Cheap to clone.
///
/// A thread of its own: a timer of the async runtime would not fire while instances keep all of
/// the runtime's threads busy, which is the one situation that it exists for. It rests while nothing
/// is computed, and ends with the engine.
#[derive(Debug, Clone)]
pub struct Ticker(Arc<Pulse>);

#[derive(Debug, Default)]
struct Pulse {
    /// Polls of instances that are going on.
    computing: AtomicUsize,
    resting: AtomicBool,
    thread: OnceLock<Thread>,
}

/// While it lives, the clock moves.
#[derive(Debug)]
pub(super) struct Computing<'a>(&'a Pulse);

impl Ticker {
    /// Starts the clock of `engine`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(engine: &Engine) -> io::Result<Self> {
        let engine = engine.weak();
        let pulse = Arc::new(Pulse::default());
        let beating = pulse.clone();
        let thread = thread::Builder::new()
            .name("epoch".to_owned())
            .spawn(move || {
                let mut quiet = 0;
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    quiet = if beating.is_quiet() { quiet + 1 } else { 0 };
                    if quiet < QUIET {
                        thread::sleep(TICK);
                    } else {
                        beating.rest();
                        quiet = 0;
                    }
                }
            })?;
        let _ = pulse.thread.set(thread.thread().clone());
        Ok(Self(pulse))
    }

    pub(super) fn compute(&self) -> Computing<'_> {
        let pulse = &*self.0;
        // Either this sees that the clock rests, or the clock sees this: see `rest`.
        pulse.computing.fetch_add(1, Ordering::SeqCst);
        if pulse.resting.load(Ordering::SeqCst)
            && pulse.resting.swap(false, Ordering::SeqCst)
            && let Some(thread) = pulse.thread.get()
        {
            thread.unpark();
        }
        Computing(pulse)
    }
}

impl Drop for Computing<'_> {
    fn drop(&mut self) {
        self.0.computing.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Pulse {
    fn is_quiet(&self) -> bool {
        self.computing.load(Ordering::SeqCst) == 0
    }

    fn rest(&self) {
        self.resting.store(true, Ordering::SeqCst);
        if self.is_quiet() {
            thread::park_timeout(REST);
        }
        self.resting.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use wasmtime::{Config, Module, Store, Trap};

    #[test]
    fn it_moves_again_after_a_rest() {
        let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
        let ticker = Ticker::start(&engine).unwrap();
        let spinning = wat::parse_str("(module (func (export \"spin\") (loop (br 0))))").unwrap();
        let spinning = Module::new(&engine, spinning).unwrap();
        for _ in 0..3 {
            let deadline = Instant::now() + REST / 2;
            while !ticker.0.resting.load(Ordering::SeqCst) {
                assert!(Instant::now() < deadline, "it never rests");
                thread::yield_now();
            }
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(2);
            let instance = wasmtime::Instance::new(&mut store, &spinning, &[]).unwrap();
            let spin = instance
                .get_typed_func::<(), ()>(&mut store, "spin")
                .unwrap();
            let computing = ticker.compute();
            let trap = spin.call(&mut store, ()).unwrap_err();
            drop(computing);
            assert_eq!(trap.downcast_ref(), Some(&Trap::Interrupt));
        }
    }
}
