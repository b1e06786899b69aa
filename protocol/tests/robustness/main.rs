//! No input makes a parser panic, stand still, or cost more than its length.
//!
//! Every parser that a client reaches is fed at least 100,000 inputs in each run: arbitrary bytes, and
//! valid inputs that were tampered with. `ROBUSTNESS_SEED` repeats a run, `ROBUSTNESS_INPUTS` sets
//! another number.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and prints what it counted"
)]

mod cost;
mod depth;
mod drive;
mod generate;
#[allow(
    dead_code,
    reason = "shared with the tests of behaviour, which use more of it"
)]
#[path = "../engine/memory.rs"]
mod memory;
mod surface;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use drive::{Driver, Watchdog};
use generate::Rng;
use http::Request;
use surface::{Feed, Surface};

const INPUTS: u64 = 100_000;

/// What became of one parser.
struct Counted {
    name: &'static str,
    slowest: Duration,
    failures: Vec<String>,
}

#[test]
fn no_input_makes_a_parser_panic_or_hang() {
    let number = |name: &str| std::env::var(name).ok().map(|v| v.parse::<u64>().unwrap());
    let seed = number("ROBUSTNESS_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        u64::from(now.unwrap().subsec_nanos())
    });
    let inputs = number("ROBUSTNESS_INPUTS").unwrap_or(INPUTS);
    let began = Instant::now();
    let surfaces = surface::all();
    let next = AtomicUsize::new(0);
    let done = Arc::new(AtomicBool::new(false));
    let counted = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism()
            .map_or(2, usize::from)
            .min(4)
        {
            scope.spawn(|| {
                let watchdog = Watchdog::start(&done);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(surface) = surfaces.get(index) else {
                        return;
                    };
                    let seed = seed.wrapping_add(index as u64);
                    let result = feed(surface, seed, inputs, &watchdog);
                    counted.lock().unwrap().push((index, result));
                }
            });
        }
    });
    done.store(true, Ordering::Relaxed);
    let mut counted = counted.into_inner().unwrap();
    counted.sort_by_key(|(index, _)| *index);
    println!(
        "ROBUSTNESS_SEED={seed}, {:.1} s",
        began.elapsed().as_secs_f64()
    );
    for (
        _,
        Counted {
            name,
            slowest,
            failures,
        },
    ) in &counted
    {
        let slowest = slowest.as_secs_f64() * 1000.0;
        println!(
            "{name:<32} {inputs} inputs, {} failures, slowest {slowest:.1} ms",
            failures.len()
        );
    }
    let failures: Vec<_> = counted
        .iter()
        .flat_map(|(_, c)| c.failures.iter().take(3))
        .collect();
    assert!(
        failures.is_empty(),
        "ROBUSTNESS_SEED={seed}\n{}",
        failures
            .iter()
            .map(|f| f.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    );
}

fn feed(surface: &Surface, seed: u64, inputs: u64, watchdog: &Watchdog) -> Counted {
    let mut counted = Counted {
        name: surface.name,
        slowest: Duration::ZERO,
        failures: Vec::new(),
    };
    let mut rng = Rng::new(seed);
    let mut driver = Driver::new();
    for number in 0..inputs {
        let what = || format!("{}, input {number}", surface.name);
        let (took, result) = match &surface.feed {
            Feed::Call(call) => watchdog.watch(what, || call(&mut rng)),
            Feed::Request(make, check) => {
                let request = make(&mut rng);
                let shown = request.clone();
                let (took, got) = watchdog.watch(what, || driver.answer(request));
                let result = got.and_then(|got| {
                    check(&got).map_err(|why| {
                        let body = String::from_utf8_lossy(&got.body).into_owned();
                        format!("the answer {why}: {} {body:.300}", got.status)
                    })
                });
                (
                    took,
                    result.map_err(|why| format!("{} {why}", show(&shown))),
                )
            }
        };
        counted.slowest = counted.slowest.max(took);
        if let Err(why) = result {
            counted.failures.push(format!("{}: {why}", surface.name));
            driver = Driver::new();
        }
    }
    counted
}

fn show(request: &Request<Vec<u8>>) -> String {
    let body = String::from_utf8_lossy(request.body());
    format!(
        "{} {} {:?} {body:?}:",
        request.method(),
        request.uri(),
        request.headers()
    )
}
