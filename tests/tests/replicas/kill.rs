//! Two hosts on one database under a mixed load, one of which is killed again and again.
//!
//! Afterwards the promises are checked one by one: what was acknowledged is there, a message made one
//! task however often it was sent, whoever followed a task with `Last-Event-ID` saw every event once and
//! in order, no task is left in work, and every webhook got every event of its task in order.
//!
//! `KILLS=100` makes a long run of it.

mod load;
mod pair;
mod verdict;

use std::time::{Duration, Instant};

use attache_tests::postgres::TestDatabase;
use attache_tests::receiver::Receiver;

use self::load::Load;
use self::pair::Pair;

/// How many kills there are in a run that nobody asked to be longer.
const KILLS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost() {
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let database = TestDatabase::create().await.unwrap();
    let receiver = Receiver::answering(&[]).await;
    let pair = Pair::start(database.url());
    let load = Load::start(&pair, &receiver);
    let began = Instant::now();
    for kill in 0..kills {
        // Between a twentieth of a second and a whole one: any step of a send may be hit.
        let pause = 50 + u64::from(random(kill)) % 950;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        pair.kill_one(random(kill + kills).is_multiple_of(2)).await;
    }
    let done = load.stop().await;
    let lasted = began.elapsed();
    let figures = verdict::check(&pair, &receiver, done).await;
    println!("{kills} kills in {lasted:?}: {figures}");
}

/// A number that looks random and is the same in every run.
fn random(seed: usize) -> u32 {
    let mut bits = (seed as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits >> 40) as u32
}
