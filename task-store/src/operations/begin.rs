//! Begins a run: creates a task, or continues one.

use crate::changes::{Contained, Tip, append_events, write_snapshot};
use crate::limits::{self, integer};
use crate::stored::{self, keyed, lease_end};
use crate::{
    Begun, Change, Error, Evidence, Lease, MessageKey, Opening, Operation, PushConfig, Scope,
    Transaction, Value, checkpoint, counters, messages, push,
};

const CREATE: &str = "INSERT INTO attache_task (tenant, owner, id, context_id, state, status_time,
newest, bytes, tail_after, tail_start, task_bytes, artifacts_bytes, fence, lease_until, cancel,
push, checkpoint) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0, ?15, ?16)
ON CONFLICT (tenant, owner, id) DO NOTHING";

const RESUME: &str =
    "UPDATE attache_task SET fence = ?4, lease_until = ?5, cancel = 0, dispatched = 0
WHERE tenant = ?1 AND owner = ?2 AND id = ?3 AND fence = ?6";

/// The fence of the run that creates a task.
const FIRST_FENCE: i64 = 1;

/// Creates a task or continues one, and leases it to a new run.
///
/// A message that was sent before, within the window, begins nothing: its task comes back as
/// [`Begun::Repeated`]. A resumed task forgets an earlier request to cancel it, and that it was
/// dispatched. A webhook that comes
/// with the opening is stored in the same transaction.
///
/// Errors: [`Error::Invalid`] for an identifier that is not acceptable, a first change without a
/// snapshot, or the id of a task that exists; [`Error::TooLarge`]; for `Resume` also
/// [`Error::NotFound`], [`Error::Finished`], and [`Error::Busy`] while another run holds the task
/// and `take_over` is false.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Whose task it is.
    pub scope: Scope,
    /// Create or resume.
    pub opening: Opening,
    /// The time, in milliseconds since the epoch.
    pub now: u64,
    /// How long the lease lasts without [`crate::Append`] or [`crate::Renew`], in milliseconds.
    pub lease_ms: u64,
    /// How long a repeated message finds its task, in milliseconds; 0 turns this off.
    pub idempotency_window_ms: u64,
}

impl Operation for Begin {
    type Output = Begun;
    const READ_ONLY: bool = false;

    fn evidence(&self, output: &Begun) -> Evidence {
        match output {
            Begun::Started { lease, .. } => stored::leased(lease, self.lease_until()),
            Begun::Repeated(_) => Evidence::Needless,
        }
    }

    async fn run<T: Transaction>(&self, transaction: &mut T) -> Result<Begun, Error> {
        limits::scope(&self.scope)?;
        match &self.opening {
            Opening::Create {
                task_id,
                context_id,
                message,
                first,
                push,
            } => {
                limits::identifier("task id", task_id)?;
                limits::identifier("context id", context_id)?;
                limits::change(first)?;
                push.as_ref().map_or(Ok(()), limits::push_config)?;
                match self.earlier(transaction, message.as_ref(), task_id).await? {
                    Some(begun) => Ok(begun),
                    None => {
                        let push = push.as_ref();
                        self.create(transaction, task_id, context_id, first, push)
                            .await
                    }
                }
            }
            Opening::Resume {
                task_id,
                message,
                take_over,
                push,
            } => {
                push.as_ref().map_or(Ok(()), limits::push_config)?;
                match self.earlier(transaction, message.as_ref(), task_id).await? {
                    Some(begun) => Ok(begun),
                    None => {
                        let push = push.as_ref();
                        self.resume(transaction, task_id, *take_over, push).await
                    }
                }
            }
        }
    }
}

impl Begin {
    /// The task that this message began before. Otherwise records that it begins this one.
    async fn earlier<T: Transaction>(
        &self,
        transaction: &mut T,
        message: Option<&MessageKey>,
        task_id: &str,
    ) -> Result<Option<Begun>, Error> {
        let Some(key) = message else {
            return Ok(None);
        };
        limits::message(key)?;
        let window = self.idempotency_window_ms;
        let earlier =
            messages::claim(transaction, &self.scope, key, task_id, self.now, window).await?;
        let Some(id) = earlier else {
            return Ok(None);
        };
        let head = stored::head(transaction, &self.scope, &id).await?;
        let task = stored::task(transaction, &self.scope, &id, head, self.now).await?;
        Ok(Some(Begun::Repeated(task)))
    }

    async fn create<T: Transaction>(
        &self,
        transaction: &mut T,
        task_id: &str,
        context_id: &str,
        first: &Change,
        push: Option<&PushConfig>,
    ) -> Result<Begun, Error> {
        let Some(snapshot) = &first.snapshot else {
            return Err(Error::Invalid(
                "the first change of a task has no snapshot: give the Task as it begins".to_owned(),
            ));
        };
        let tip = Tip::default().with(&first.events);
        let contained = Contained::by(snapshot, tip);
        let lease_until = self.lease_until();
        let data = first.checkpoint.as_deref().filter(|_| lease_until > 0);
        let bytes = data.map_or(0, <[u8]>::len) as u64;
        let numbers = [
            first.state.code(),
            integer(first.status_time),
            integer(tip.newest),
            integer(tip.bytes),
            integer(contained.tip.newest),
            integer(contained.tip.bytes),
            integer(contained.task_bytes),
            integer(contained.artifacts_bytes),
            FIRST_FENCE,
            integer(lease_until),
            i64::from(push.is_some()),
            integer(bytes),
        ];
        let params = std::iter::once(Value::from(context_id)).chain(numbers.map(Value::Integer));
        let params = keyed(&self.scope, task_id, params);
        if transaction.execute(CREATE, &params).await? == 0 {
            return Err(Error::Invalid(format!(
                "the task {task_id:?} exists: choose another id, or resume it"
            )));
        }
        let start = Tip::default();
        append_events(transaction, &self.scope, task_id, start, &first.events).await?;
        if let Some(config) = push {
            push::insert(transaction, &self.scope, task_id, config).await?;
            push::announce(transaction, &self.scope, task_id, start, tip, self.now).await?;
        }
        write_snapshot(transaction, &self.scope, task_id, snapshot).await?;
        checkpoint::replace(transaction, &self.scope, task_id, 0, data).await?;
        counters::add(transaction, &self.scope, task_id, first.state).await?;
        Ok(Begun::Started {
            lease: self.lease(task_id, context_id, FIRST_FENCE),
            task: None,
            checkpoint: None,
            dispatched: false,
        })
    }

    async fn resume<T: Transaction>(
        &self,
        transaction: &mut T,
        task_id: &str,
        take_over: bool,
        push: Option<&PushConfig>,
    ) -> Result<Begun, Error> {
        let mut head = stored::head(transaction, &self.scope, task_id).await?;
        if head.state.is_terminal() {
            return Err(Error::Finished(head.state));
        }
        if head.is_held(self.now) && !take_over {
            return Err(Error::Busy);
        }
        let dispatched = head.dispatched != 0;
        let before = head.fence;
        head.dispatched = 0;
        head.fence = before.saturating_add(1);
        head.lease_until = self.lease_until();
        let numbers = [head.fence, integer(head.lease_until), before];
        let params = keyed(&self.scope, task_id, numbers.map(Value::Integer));
        if transaction.execute(RESUME, &params).await? != 1 {
            return Err(Error::Busy);
        }
        if let Some(config) = push {
            push::put(transaction, &self.scope, task_id, &head, config).await?;
        }
        let lease = self.lease(task_id, &head.context_id, head.fence);
        let checkpoint = checkpoint::read(transaction, &self.scope, task_id, &head).await?;
        let task = stored::task(transaction, &self.scope, task_id, head, self.now).await?;
        Ok(Begun::Started {
            lease,
            task: Some(task),
            checkpoint,
            dispatched,
        })
    }

    /// When the lease ends of a run that begins; 0 when it ends with the first change.
    fn lease_until(&self) -> u64 {
        match &self.opening {
            Opening::Create { first, .. } if first.state.ends_run() => 0,
            _ => lease_end(self.now, self.lease_ms),
        }
    }

    fn lease(&self, task_id: &str, context_id: &str, fence: i64) -> Lease {
        Lease {
            scope: self.scope.clone(),
            task_id: task_id.to_owned(),
            context_id: context_id.to_owned(),
            fence,
        }
    }
}
