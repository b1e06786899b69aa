//! The task store's test-suite over `spin:sqlite`, run inside a component as the Spin adapter is.

mod bindings;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use attache_spin_sqlite::SpinSqlite;
use attache_task_store::suite;

/// The component.
struct Suite;

impl bindings::Guest for Suite {
    fn run() -> Result<u32, String> {
        let database = SpinSqlite::open("default").map_err(|error| error.to_string())?;
        // The suite awaits only its database, whose futures are ready at once.
        match pin!(suite::run_all(&database)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                Err("the suite waits for something other than its database".to_owned())
            }
        }
    }
}
