//! Taking all there is.

use std::hint::black_box;

use attache_sdk::bindings::attache::agent::tasks::{
    Begun, Change, Creation, Opening, Query, Snapshot, State, TaskLog,
};
use attache_sdk::wasip2::clocks::monotonic_clock::subscribe_duration;

pub(crate) fn spin() -> ! {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

/// Goes on where there is none left, in smaller and smaller pieces, and then does not care.
pub(crate) fn memory() -> ! {
    let mut size = 64 << 20;
    loop {
        let mut more: Vec<u8> = Vec::new();
        if more.try_reserve_exact(size).is_ok() {
            more.resize(size, 1);
            std::mem::forget(black_box(more));
        } else if size > 1 {
            size /= 2;
        } else {
            std::process::abort();
        }
    }
}

pub(crate) fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    if black_box(depth) == 0 {
        return 0;
    }
    let deeper = recurse(black_box(depth + 1));
    deeper + frame.iter().sum::<u64>()
}

/// Handles that the host keeps something for.
pub(crate) fn resources() -> ! {
    loop {
        std::mem::forget(subscribe_duration(3_600_000_000_000));
    }
}

pub(crate) fn logs() {
    let line = "x".repeat(1_000);
    for _ in 0..16_000 {
        println!("{line}");
    }
}

/// Writes to a task for as long as the log takes it, and then ends it.
pub(crate) fn store() -> String {
    let log = TaskLog::new("");
    let mut first = change(State::Working);
    first.snapshot = Some(Snapshot {
        task: b"{}".to_vec(),
        artifacts: None,
    });
    let opening = Opening::Create(Creation {
        task_id: "flood".to_owned(),
        context_id: "context".to_owned(),
        message: None,
        first,
        push: None,
    });
    let run = match log.begin(&opening) {
        Ok(Begun::Started(started)) => started.run,
        other => return format!("{:?}", other.err()),
    };
    let mut written = 0;
    let refusal = loop {
        match run.append(&change(State::Working)) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    let ended = run.append(&change(State::Completed)).is_ok();
    let mut later = 0;
    while log.get("flood").is_ok() {
        later += 1;
    }
    format!("written={written} ended={ended} later={later} {refusal:?}")
}

pub(crate) fn everything() -> Query {
    Query {
        context_id: None,
        state: None,
        status_since: None,
        after: None,
        page_size: 100,
        include_artifacts: true,
        max_bytes: 1 << 20,
    }
}

fn change(state: State) -> Change {
    Change {
        events: vec![b"event".to_vec()],
        state,
        status_time: 1,
        snapshot: None,
        checkpoint: None,
    }
}
