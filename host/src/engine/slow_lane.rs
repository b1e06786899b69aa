use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::clock;

/// An instance that was busy for so long, in all, on the threads that all requests share may be one
/// that computes for long. It may as well have waited for the processor, so from then on its processor
/// time is measured, which costs a system call at each look.
const SUSPECT: Duration = Duration::from_micros(500);
/// How much processor time it may take after that.
const SHORT: Duration = Duration::from_micros(500);
/// How much less of a processor the threads of the slow lane get where others want it, in `nice`
/// values: about a tenth.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Threads for instances that compute for long.
///
/// Instances that yield share a thread fairly, but whoever comes next still waits for the turn of
/// each: a request of a millisecond takes many times that beside two or three that compute. So an
/// instance that has computed for a while is carried over to threads of lower priority, where it
/// goes on among its like, and the threads that it came from stay free for sockets and for requests
/// that are soon done. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SlowLane(Arc<Lane>);

#[derive(Debug)]
struct Lane {
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    /// Where what is carried came from.
    home: Handle,
}

impl SlowLane {
    /// Starts the threads, as many as there are processors. Call it on the runtime that serves.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("slow-lane")
            .on_thread_start(|| {
                give_way();
                clock::count_processor_time();
            })
            .build()?;
        Ok(Self(Arc::new(Lane {
            runtime: Some(runtime),
            home: Handle::current(),
        })))
    }

    /// Runs `future` where it is polled, and here from when it has computed for long.
    pub fn carry<F>(&self, future: F) -> Carried<F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Carried {
            place: Place::Home(Box::pin(future)),
            spent: 0,
            is_suspect: false,
            lane: self.clone(),
        }
    }

    fn take<F>(&self, future: Pin<Box<F>>) -> Option<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let away = Away {
            home: self.0.home.clone(),
            future: Some(future),
        };
        let runtime = self.0.runtime.as_ref()?;
        Some(runtime.spawn(away))
    }
}

/// Where the kernel does not allow it, the kernel still shares the processors fairly among threads.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

impl Drop for Lane {
    /// The last of them may be dropped on a thread that must not wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A future that may be carried over to the slow lane. Dropping it drops what it carries.
pub struct Carried<F: Future> {
    place: Place<F>,
    /// Nanoseconds of polls at home: as they passed, and of the processor once it is suspect.
    spent: u64,
    is_suspect: bool,
    lane: SlowLane,
}

enum Place<F: Future> {
    Home(Pin<Box<F>>),
    Lane(JoinHandle<F::Output>),
    /// It has ended.
    Nowhere,
}

impl<F> Future for Carried<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Place::Home(future) = &mut this.place {
            let (clock, most): (fn() -> u64, _) = if this.is_suspect {
                (clock::of_processor, SHORT)
            } else {
                (clock::nanoseconds, SUSPECT)
            };
            let began = clock();
            let polled = future.as_mut().poll(cx);
            this.spent += clock().saturating_sub(began);
            if polled.is_ready() {
                this.place = Place::Nowhere;
                return polled;
            }
            if Duration::from_nanos(this.spent) < most {
                return Poll::Pending;
            }
            if !std::mem::replace(&mut this.is_suspect, true) {
                this.spent = 0;
                return Poll::Pending;
            }
            if let Place::Home(future) = std::mem::replace(&mut this.place, Place::Nowhere)
                && let Some(carried) = this.lane.take(future)
            {
                this.place = Place::Lane(carried);
            }
        }
        let Place::Lane(carried) = &mut this.place else {
            return Poll::Pending;
        };
        match ready!(Pin::new(carried).poll(cx)) {
            Ok(output) => Poll::Ready(output),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The threads are gone, and with them the process.
                Err(_) => Poll::Pending,
            },
        }
    }
}

impl<F: Future> Unpin for Carried<F> {}

impl<F: Future> Drop for Carried<F> {
    fn drop(&mut self) {
        if let Place::Lane(carried) = &self.place {
            carried.abort();
        }
    }
}

/// What is on the slow lane: what it spawns, and what it waits for, stays where it came from.
struct Away<F> {
    home: Handle,
    /// None only while it is dropped.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Away<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let home = self.home.clone();
        let _home = home.enter();
        match &mut self.future {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Away<F> {
    fn drop(&mut self) {
        let _home = self.home.enter();
        self.future = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn here() -> String {
        thread::current().name().unwrap_or_default().to_owned()
    }

    /// Computes for longer than one may that is suspect, and lets others have the thread.
    async fn compute() {
        for most in [SUSPECT, SHORT] {
            let began = clock::of_processor();
            while Duration::from_nanos(clock::of_processor() - began) <= most {
                std::hint::spin_loop();
            }
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn only_what_computes_for_long_is_carried_and_what_it_starts_is_not() {
        let lane = SlowLane::start().unwrap();
        // One that waits for the processor has not computed.
        let short = tokio::spawn(lane.carry(async {
            for _ in 0..4 {
                thread::sleep(SUSPECT);
                tokio::task::yield_now().await;
            }
            here()
        }));
        assert_ne!(short.await.unwrap(), "slow-lane");
        let long = tokio::spawn(lane.carry(async {
            compute().await;
            let spawned = tokio::spawn(async { here() });
            // A timer of the lane's own would panic.
            tokio::time::sleep(Duration::from_millis(1)).await;
            (here(), spawned.await.unwrap())
        }));
        let (long, spawned) = long.await.unwrap();
        assert_eq!(long, "slow-lane");
        assert_ne!(spawned, "slow-lane");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_dropped_is_dropped_wherever_it_is() {
        let lane = SlowLane::start().unwrap();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let carried = tokio::spawn(lane.carry(async move {
            let _held = held;
            compute().await;
            std::future::pending::<()>().await;
        }));
        tokio::time::sleep(SHORT * 4).await;
        carried.abort();
        assert!(dropped.await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_panic_comes_back() {
        let lane = SlowLane::start().unwrap();
        let carried = tokio::spawn(lane.carry(async {
            compute().await;
            panic!("on purpose");
        }));
        assert!(carried.await.unwrap_err().is_panic());
    }
}
