use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::{Habit, clock};

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
/// that are soon done. Where that is the [`Habit`] of a component, its instances begin there. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct SlowLane(Arc<Lane>);

#[derive(Debug)]
struct Lane {
    /// None only while it is dropped.
    runtime: Option<Runtime>,
    /// Of that runtime.
    away: Handle,
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
            away: runtime.handle().clone(),
            runtime: Some(runtime),
            home: Handle::current(),
        })))
    }

    /// Runs `future` on the runtime that serves, and here from when it has computed for long, or from
    /// its beginning if that is its habit.
    pub fn spawn<F>(&self, future: F, habit: &Habit) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let future = Box::pin(future);
        if habit.is_long() {
            return self.take(future, Some(habit.clone()));
        }
        self.0.home.spawn(Carried {
            place: Place::Home(future),
            spent: 0,
            is_suspect: false,
            habit: habit.clone(),
            lane: self.clone(),
        })
    }

    /// `learns` is told when it has ended whether it computed for long.
    fn take<F>(&self, future: Pin<Box<F>>, learns: Option<Habit>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.0.away.spawn(Away {
            home: self.0.home.clone(),
            future: Some(future),
            spent: 0,
            learns,
        })
    }
}

/// Puts this thread behind those that serve. Where the kernel does not allow it, it still shares the
/// processors fairly among threads.
pub(super) fn give_way() {
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
struct Carried<F: Future> {
    place: Place<F>,
    /// Nanoseconds of polls at home: as they passed, and of the processor once it is suspect.
    spent: u64,
    is_suspect: bool,
    habit: Habit,
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
                this.habit.note(false);
                return polled;
            }
            if Duration::from_nanos(this.spent) < most {
                return Poll::Pending;
            }
            if !std::mem::replace(&mut this.is_suspect, true) {
                this.spent = 0;
                return Poll::Pending;
            }
            this.habit.note(true);
            if let Place::Home(future) = std::mem::replace(&mut this.place, Place::Nowhere) {
                this.place = Place::Lane(this.lane.take(future, None));
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
    /// Nanoseconds of the processor, if somebody learns from them.
    spent: u64,
    learns: Option<Habit>,
}

impl<F: Future> Future for Away<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let _home = this.home.enter();
        let Some(future) = &mut this.future else {
            return Poll::Pending;
        };
        let Some(habit) = &this.learns else {
            return future.as_mut().poll(cx);
        };
        let began = clock::of_processor();
        let polled = future.as_mut().poll(cx);
        this.spent += clock::of_processor().saturating_sub(began);
        if polled.is_ready() {
            habit.note(Duration::from_nanos(this.spent) >= SUSPECT + SHORT);
        }
        polled
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
        let habit = Habit::default();
        let waits = async {
            for _ in 0..4 {
                thread::sleep(SUSPECT);
                tokio::task::yield_now().await;
            }
            here()
        };
        let short = lane.spawn(waits, &habit);
        assert_ne!(short.await.unwrap(), "slow-lane");
        let computes = async {
            compute().await;
            let spawned = tokio::spawn(async { here() });
            // A timer of the lane's own would panic.
            tokio::time::sleep(Duration::from_millis(1)).await;
            (here(), spawned.await.unwrap())
        };
        let (long, spawned) = lane.spawn(computes, &habit).await.unwrap();
        assert_eq!(long, "slow-lane");
        assert_ne!(spawned, "slow-lane");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn whose_habit_it_is_begins_there_until_it_is_no_more() {
        let lane = SlowLane::start().unwrap();
        let habit = Habit::default();
        while !habit.is_long() {
            lane.spawn(compute(), &habit).await.unwrap();
        }
        let first = || lane.spawn(async { here() }, &habit);
        assert_eq!(first().await.unwrap(), "slow-lane");
        while habit.is_long() {
            first().await.unwrap();
        }
        assert_ne!(first().await.unwrap(), "slow-lane");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn what_is_dropped_is_dropped_wherever_it_is() {
        let lane = SlowLane::start().unwrap();
        let (held, dropped) = tokio::sync::oneshot::channel::<()>();
        let holds = async move {
            let _held = held;
            compute().await;
            std::future::pending::<()>().await;
        };
        let carried = lane.spawn(holds, &Habit::default());
        tokio::time::sleep(SHORT * 4).await;
        carried.abort();
        assert!(dropped.await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_panic_comes_back() {
        let lane = SlowLane::start().unwrap();
        let panics = async {
            compute().await;
            panic!("on purpose");
        };
        let carried = lane.spawn(panics, &Habit::default());
        assert!(carried.await.unwrap_err().is_panic());
    }
}
