//! The task store's executor over `spin:sqlite`.
//!
//! Spin gives a component a connection per `open` and one function that runs one statement, so an
//! operation is `BEGIN`, its statements, and `COMMIT`, each a call. The calls block the component
//! until they are answered; the futures of the executor's traits are therefore ready at once, and
//! nobody has to poll twice.
//!
//! Apart from the adapter because the store's test-suite runs over this executor too, in a component
//! of its own.

mod bindings;
mod database;
mod fault;
mod transaction;

pub use bindings::spin::sqlite::sqlite as interface;
pub use database::SpinSqlite;
