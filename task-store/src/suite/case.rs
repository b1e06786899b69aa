//! A case: its own scope, the operations on it, and its checks.

use std::fmt::Debug;

use crate::{
    Append, Appended, Begin, Begun, Change, Database, Error, Get, Lease, MessageKey, Opening,
    Operation, Query, Scope, Snapshot, State, Task,
};

/// When the cases take place, in milliseconds since the epoch.
pub(super) const NOW: u64 = 1_800_000_000_000;
/// How long leases last.
pub(super) const LEASE: u64 = 30_000;
/// How long messages are remembered.
pub(super) const WINDOW: u64 = 600_000;

/// One case.
pub(super) struct Case<'d, D> {
    database: &'d D,
    name: &'static str,
    /// Whose tasks this case is about. No other case uses it.
    pub(super) scope: Scope,
    checks: u32,
}

impl<'d, D: Database> Case<'d, D> {
    pub(super) fn new(database: &'d D, tenant: &str, name: &'static str) -> Self {
        let scope = Scope {
            tenant: tenant.to_owned(),
            owner: name.to_owned(),
        };
        Self {
            database,
            name,
            scope,
            checks: 0,
        }
    }

    /// How many checks held.
    pub(super) fn checks(&self) -> u32 {
        self.checks
    }

    /// Runs an operation that has to succeed.
    pub(super) async fn perform<O>(&mut self, what: &str, operation: O) -> Result<O::Output, String>
    where
        O: Operation + 'static,
    {
        self.checks += 1;
        let outcome = self.database.perform(operation).await;
        outcome.map_err(|error| format!("{}: {what}: refused as {error:?}", self.name))
    }

    /// Runs an operation that has to be refused. Where the error has a text, `expected` is a part
    /// of it.
    pub(super) async fn refuse<O>(
        &mut self,
        what: &str,
        operation: O,
        expected: Error,
    ) -> Result<(), String>
    where
        O: Operation + 'static,
    {
        self.checks += 1;
        let refused = match self.database.perform(operation).await {
            Ok(_) => return Err(format!("{}: {what}: not refused", self.name)),
            Err(refused) => refused,
        };
        let same = match (&refused, &expected) {
            (Error::Invalid(text), Error::Invalid(part))
            | (Error::TooLarge(text), Error::TooLarge(part)) => text.contains(part.as_str()),
            (refused, expected) => refused == expected,
        };
        if same {
            return Ok(());
        }
        Err(format!(
            "{}: {what}: refused as {refused:?} instead of {expected:?}",
            self.name
        ))
    }

    /// Compares.
    pub(super) fn equal<T>(&mut self, what: &str, found: T, expected: T) -> Result<(), String>
    where
        T: PartialEq + Debug,
    {
        self.checks += 1;
        if found == expected {
            return Ok(());
        }
        Err(format!(
            "{}: {what}: found {} instead of {}",
            self.name,
            brief(&found),
            brief(&expected)
        ))
    }

    /// What cannot be right.
    pub(super) fn wrong(&self, what: &str, found: &impl Debug) -> String {
        format!("{}: {what}: found {}", self.name, brief(found))
    }

    /// Creates a task with one event and a snapshot.
    pub(super) async fn create(
        &mut self,
        id: &str,
        context_id: &str,
        state: State,
        now: u64,
    ) -> Result<Lease, String> {
        let first = with_snapshot(change(state, now, &["first"]), "{\"first\":1}");
        let begin = self.creation(id, context_id, None, first, now);
        match self.perform(&format!("create {id}"), begin).await? {
            Begun::Started {
                lease, task: None, ..
            } => Ok(lease),
            other => Err(self.wrong(&format!("create {id}"), &other)),
        }
    }

    /// The operation that creates a task.
    pub(super) fn creation(
        &self,
        id: &str,
        context_id: &str,
        message: Option<MessageKey>,
        first: Change,
        now: u64,
    ) -> Begin {
        self.beginning(
            Opening::Create {
                task_id: id.to_owned(),
                context_id: context_id.to_owned(),
                message,
                first,
                push: None,
            },
            now,
        )
    }

    /// The operation that resumes a task.
    pub(super) fn resumption(
        &self,
        id: &str,
        message: Option<MessageKey>,
        take_over: bool,
        now: u64,
    ) -> Begin {
        self.beginning(
            Opening::Resume {
                task_id: id.to_owned(),
                message,
                take_over,
                push: None,
            },
            now,
        )
    }

    fn beginning(&self, opening: Opening, now: u64) -> Begin {
        Begin {
            scope: self.scope.clone(),
            opening,
            now,
            lease_ms: LEASE,
            idempotency_window_ms: WINDOW,
        }
    }

    /// Resumes a task, which has to succeed.
    pub(super) async fn resume(
        &mut self,
        id: &str,
        take_over: bool,
        now: u64,
    ) -> Result<(Lease, Task), String> {
        let begin = self.resumption(id, None, take_over, now);
        match self.perform(&format!("resume {id}"), begin).await? {
            Begun::Started {
                lease,
                task: Some(task),
                ..
            } => Ok((lease, task)),
            other => Err(self.wrong(&format!("resume {id}"), &other)),
        }
    }

    /// Appends a change, which has to succeed.
    pub(super) async fn append(
        &mut self,
        lease: &Lease,
        change: Change,
        now: u64,
    ) -> Result<Appended, String> {
        self.perform("append", append(lease, change, now)).await
    }

    /// The task, which has to exist.
    pub(super) async fn get(&mut self, id: &str, now: u64) -> Result<Task, String> {
        let get = get(&self.scope, id, now);
        self.perform(&format!("get {id}"), get).await
    }
}

pub(super) fn append(lease: &Lease, change: Change, now: u64) -> Append {
    Append {
        lease: lease.clone(),
        change,
        now,
        lease_ms: LEASE,
    }
}

pub(super) fn get(scope: &Scope, id: &str, now: u64) -> Get {
    Get {
        scope: scope.clone(),
        task_id: id.to_owned(),
        now,
    }
}

/// A change without a snapshot.
pub(super) fn change(state: State, status_time: u64, events: &[&str]) -> Change {
    Change {
        events: events
            .iter()
            .map(|event| event.as_bytes().to_vec())
            .collect(),
        state,
        status_time,
        snapshot: None,
        checkpoint: None,
    }
}

/// The change with this snapshot, which has no artifacts.
pub(super) fn with_snapshot(change: Change, task: &str) -> Change {
    Change {
        snapshot: Some(Snapshot {
            task: task.as_bytes().to_vec(),
            artifacts: None,
        }),
        ..change
    }
}

pub(super) fn key(id: &str, digest: u8) -> Option<MessageKey> {
    Some(MessageKey {
        id: id.to_owned(),
        digest: vec![digest; 32],
    })
}

/// The query for all tasks, in large pages.
pub(super) fn everything() -> Query {
    Query {
        context_id: None,
        state: None,
        status_since: None,
        after: None,
        page_size: 100,
        include_artifacts: false,
        max_bytes: u64::MAX,
    }
}

/// The numbers and texts of events.
pub(super) fn texts(events: &[crate::Event]) -> Vec<(u64, String)> {
    let text = |event: &crate::Event| String::from_utf8_lossy(&event.payload).into_owned();
    events
        .iter()
        .map(|event| (event.number, text(event)))
        .collect()
}

fn brief(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(600) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
