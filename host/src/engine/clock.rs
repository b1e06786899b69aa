use std::cell::Cell;
use std::sync::LazyLock;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

thread_local! {
    static SHARED: Cell<bool> = const { Cell::new(false) };
}

/// From now on time on this thread is what the processor gave it.
///
/// For threads that others come before: what passes while they wait is not their instances' doing.
/// Elsewhere it is not worth a system call at each look.
pub(super) fn count_processor_time() {
    SHARED.set(true);
}

/// The clock of this thread. Only differences mean something, and only on one thread.
pub(super) fn nanoseconds() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    if SHARED.get() {
        return of_processor();
    }
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// What the processor gave this thread, in nanoseconds. A system call.
pub(super) fn of_processor() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let rest = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}
