//! Gives an agent, on Spin, the interfaces that the native host gives it: the task log over the
//! application's SQLite database, a caller who is always anonymous, and cards that nobody signs.
//!
//! What Spin lacks shapes everything here:
//!
//! - **Nothing runs between requests**, and every request has an instance of its own. So a lease is
//!   long, the run renews it by what it does anyway, and a lease that ended is found and its task
//!   failed by whoever next looks at the task ([`leases`]).
//! - **No instance can wake another.** Whoever waits for a task asks the database again, first soon
//!   and then every 100 ms ([`waiting`]).
//! - **Nobody sends webhooks in the background.** The run that appends events posts them while it goes
//!   on, and waits a little for the last ones when it ends ([`push`]).
//! - **Spin authenticates nobody.** All callers share one owner; tenants are kept apart.
//!
//! Meant for development on one machine. In production the native host does all of this better.

mod bindings;
mod caller;
mod card_signer;
mod contract;
mod leases;
mod log;
mod push;
mod run;
mod settings;
mod store;
mod usage;
mod waiting;

/// The component.
struct Adapter;
