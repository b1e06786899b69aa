//! The operations of the log, one file each.

mod append;
mod begin;
mod cancel;
mod check;
mod claim_expired;
mod events;
mod fail;
mod get;
mod list;
mod migrate;
mod read_state;
mod renew;
mod write_state;

pub use append::{Append, Appended};
pub use begin::Begin;
pub use cancel::Cancel;
pub use check::Check;
pub use claim_expired::ClaimExpired;
pub use events::Events;
pub use fail::Fail;
pub use get::Get;
pub use list::List;
pub use migrate::{IsMigrated, Migrate};
pub use read_state::ReadState;
pub use renew::Renew;
pub use write_state::WriteState;
