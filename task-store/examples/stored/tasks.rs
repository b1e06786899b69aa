//! The tasks that are stored: the same in every database, as far as it goes.

use attache_task_store::State;

/// There are no smaller databases: every page has to be full.
pub(crate) const FEWEST: u64 = 1_000;
/// The status time of the first task, in milliseconds since the epoch.
const FIRST: u64 = 1_800_000_000_000;
/// From one task to the next, in milliseconds.
const STEP: u64 = 20;
/// Tasks of one conversation.
const TASKS_OF_A_CONTEXT: u64 = 10;

/// The status time of a task.
pub(crate) fn status_time(number: u64) -> u64 {
    FIRST + number * STEP
}

/// The id of a task, as the engine makes one: UUID version 7.
pub(crate) fn task_id(number: u64) -> String {
    uuid(
        (status_time(number) << 16) | (mixed(number) & 0xffff),
        mixed(!number),
        7,
    )
}

/// The conversation of a task. Clients may choose these ids, so they are anywhere among the others:
/// UUID version 4.
pub(crate) fn context_id(number: u64) -> String {
    let context = number / TASKS_OF_A_CONTEXT;
    uuid(mixed(context << 1), mixed((context << 1) | 1), 4)
}

/// Most tasks have ended.
pub(crate) fn state(number: u64) -> State {
    match number % TASKS_OF_A_CONTEXT {
        0 => State::InputRequired,
        1 => State::Failed,
        _ => State::Completed,
    }
}

fn uuid(high: u64, low: u64, version: u64) -> String {
    let high = (high & !0xf000) | (version << 12);
    let low = (low & !(0x3 << 62)) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

/// Evenly spread, and the same for the same number: SplitMix64.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
