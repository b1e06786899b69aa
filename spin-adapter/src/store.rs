//! The database of this instance.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use attache_spin_sqlite::SpinSqlite;
use attache_task_store::{Database, Error, IsMigrated, Migrate, Operation, Transaction};

/// The label of the database that Spin gives an application without further configuration.
const LABEL: &str = "default";

/// The task log's database, opened by the first call that needs it.
pub(crate) struct Store {
    database: SpinSqlite,
    migrated: Cell<bool>,
}

impl Store {
    /// The store of this instance.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be opened. The next call tries again.
    pub(crate) fn of_this_instance() -> Result<Rc<Self>, Error> {
        thread_local! {
            static STORE: RefCell<Option<Rc<Store>>> = const { RefCell::new(None) };
        }
        STORE.with_borrow_mut(|store| {
            if let Some(store) = store {
                return Ok(store.clone());
            }
            let database = SpinSqlite::open(LABEL)?;
            if database.is_in_memory() {
                eprintln!(
                    "attache: the SQLite database \"{LABEL}\" is in memory, so tasks are lost after \
                     each request: start spin with --state-dir, or name a file for it in the runtime \
                     configuration"
                );
            }
            let opened = Rc::new(Self {
                database,
                migrated: Cell::new(false),
            });
            Ok(store.insert(opened).clone())
        })
    }

    /// Runs an operation. The first of an instance looks at the schema in the same transaction, and
    /// brings it up to date when it is not.
    ///
    /// # Errors
    /// What the operation returns, or [`Error::Unavailable`].
    pub(crate) fn perform<O: Operation + Clone + 'static>(
        &self,
        operation: O,
    ) -> Result<O::Output, Error> {
        if !self.migrated.get() {
            match finish(self.database.perform(WhenMigrated(operation.clone())))? {
                Some(output) => {
                    self.migrated.set(true);
                    return Ok(output);
                }
                None => finish(self.database.perform(Migrate))?,
            }
            self.migrated.set(true);
        }
        finish(self.database.perform(operation))
    }
}

/// An operation that does nothing when the schema is not up to date.
struct WhenMigrated<O>(O);

impl<O: Operation> Operation for WhenMigrated<O> {
    type Output = Option<O::Output>;
    const READ_ONLY: bool = O::READ_ONLY;

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Self::Output, Error> {
        if !IsMigrated.run(transaction).await? {
            return Ok(None);
        }
        self.0.run(transaction).await.map(Some)
    }
}

/// The executor's futures are ready at once: a call of Spin's blocks until it is answered.
fn finish<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::Unavailable(
            "the executor of the task log did not answer at once".to_owned(),
        )),
    }
}
