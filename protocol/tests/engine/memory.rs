//! A platform and a task log in memory, for one process and one caller.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use attache_protocol::wire::{AgentCard, TaskState};
use attache_protocol::{
    Begun, Caller, CardSignature, Change, Cursor, LogError, MessageKey, Opening, Page, Placement,
    Platform, Progress, PushConfig, Query, Run, SharedLog, Started, StoredEvent, StoredSnapshot,
    StoredTask, TaskLog,
};
use futures_util::future::LocalBoxFuture;
use tokio::sync::Notify;

#[derive(Default)]
pub struct World {
    tasks: RefCell<HashMap<String, Kept>>,
    sent: RefCell<HashMap<(String, Vec<u8>), String>>,
    changed: Notify,
    clock: Cell<u64>,
    random: Cell<u64>,
    pub config: RefCell<HashMap<String, String>>,
    /// The agent's cards, and who calls.
    pub card: RefCell<Option<AgentCard>>,
    pub extended_card: RefCell<Option<AgentCard>>,
    pub caller: RefCell<Option<Caller>>,
    /// The id of the key that signs cards, and what it signed.
    pub card_key: RefCell<Option<&'static str>>,
    pub signed: RefCell<Vec<Vec<u8>>>,
    /// Where dispatched work goes.
    pub elsewhere: Cell<bool>,
    /// How often something was written.
    pub writes: Cell<u64>,
}

struct Kept {
    stored: StoredTask,
    events: Vec<StoredEvent>,
    fence: u64,
    cancel: bool,
    push: Vec<PushConfig>,
    checkpoint: Option<Vec<u8>>,
    dispatched: bool,
    handed_over: bool,
}

pub struct Memory(pub Rc<World>, String);

impl Memory {
    pub fn new(world: &Rc<World>) -> Rc<Self> {
        Rc::new(Self(world.clone(), String::new()))
    }
}

impl Platform for Memory {
    fn now(&self) -> u64 {
        let now = self.0.clock.get() + 1;
        self.0.clock.set(now);
        1_790_000_000_000 + now
    }
    fn random(&self) -> [u8; 16] {
        let next = self.0.random.get() + 1;
        self.0.random.set(next);
        u128::from(next).to_be_bytes()
    }
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
    fn config(&self, key: &str) -> Option<String> {
        self.0.config.borrow().get(key).cloned()
    }
    fn caller(&self) -> Option<Caller> {
        self.0.caller.borrow().clone()
    }
    fn log(&self, tenant: &str) -> SharedLog {
        Rc::new(Self(self.0.clone(), tenant.to_owned()))
    }
    fn sign_card(&self, card: &[u8]) -> Option<CardSignature> {
        let key = (*self.0.card_key.borrow())?;
        let mut signed = self.0.signed.borrow_mut();
        signed.push(card.to_vec());
        // Another one each time, as ECDSA gives.
        Some(CardSignature {
            protected: key.to_owned(),
            signature: format!("signature-{}", signed.len()),
        })
    }
}

impl Memory {
    fn key(&self, id: &str) -> String {
        format!("{}/{id}", self.1)
    }

    /// What the host makes of a task before it calls `worker.run`: its run is gone, or has yet to begin.
    pub fn hand_over(&self, id: &str) {
        self.with(id, |kept| {
            kept.fence += 1;
            kept.stored.running = false;
            kept.handed_over = true;
        })
        .expect("a task to hand over");
        self.0.changed.notify_waiters();
    }

    fn with<T>(&self, id: &str, f: impl FnOnce(&mut Kept) -> T) -> Result<T, LogError> {
        let mut tasks = self.0.tasks.borrow_mut();
        tasks
            .get_mut(&self.key(id))
            .map(f)
            .ok_or(LogError::NotFound)
    }

    fn run(&self, id: &str, fence: u64) -> Box<dyn Run> {
        Box::new(MemoryRun {
            log: Self(self.0.clone(), self.1.clone()),
            id: id.to_owned(),
            fence,
        })
    }
}

fn write(kept: &mut Kept, change: Change) -> u64 {
    for payload in change.events {
        kept.stored.newest += 1;
        let event = StoredEvent {
            number: kept.stored.newest,
            payload,
        };
        kept.events.push(event.clone());
        kept.stored.tail.push(event);
    }
    match change.checkpoint {
        None => {}
        Some(data) => kept.checkpoint = Some(data).filter(|data| !data.is_empty()),
    }
    kept.stored.state = change.state;
    kept.stored.status_time = change.status_time;
    if let Some(snapshot) = change.snapshot {
        kept.stored.snapshot = snapshot;
        kept.stored.tail.clear();
    }
    if change.state.is_terminal() || change.state.is_interrupted() {
        kept.stored.running = false;
        kept.checkpoint = None;
    }
    kept.stored.newest
}

fn put(kept: &mut Kept, config: PushConfig) {
    kept.push.retain(|c| c.id != config.id);
    kept.push.push(config);
    kept.push.sort_by(|a, b| a.id.cmp(&b.id));
}

impl TaskLog for Memory {
    fn begin(&self, opening: Opening) -> Result<Begun, LogError> {
        let known = |message: &Option<MessageKey>| {
            let key = message
                .as_ref()
                .map(|m| (self.key(&m.id), m.digest.clone()))?;
            self.0.sent.borrow().get(&key).cloned()
        };
        let (id, message) = match &opening {
            Opening::Create {
                task_id, message, ..
            }
            | Opening::Resume {
                task_id, message, ..
            } => (task_id.clone(), message.clone()),
        };
        if let Some(task) = known(&message) {
            return Ok(Begun::Repeated(self.get(&task)?));
        }
        let begun = match opening {
            Opening::Create {
                context_id,
                first,
                push,
                ..
            } => {
                let mut kept = Kept {
                    stored: StoredTask {
                        id: id.clone(),
                        context_id,
                        state: TaskState::Submitted,
                        status_time: 0,
                        snapshot: StoredSnapshot::default(),
                        tail: Vec::new(),
                        newest: 0,
                        running: true,
                    },
                    events: Vec::new(),
                    fence: 1,
                    cancel: false,
                    push: push.into_iter().collect(),
                    checkpoint: None,
                    dispatched: false,
                    handed_over: false,
                };
                write(&mut kept, first);
                self.0.tasks.borrow_mut().insert(self.key(&id), kept);
                Begun::Started(Started {
                    run: self.run(&id, 1),
                    task: None,
                    checkpoint: None,
                    dispatched: false,
                })
            }
            Opening::Resume {
                take_over, push, ..
            } => {
                let (task, checkpoint, dispatched, fence) = self.with(&id, |kept| {
                    if kept.stored.state.is_terminal() {
                        return Err(LogError::Finished(kept.stored.state));
                    }
                    let adopted = std::mem::take(&mut kept.handed_over);
                    if (kept.stored.running || kept.dispatched) && !take_over && !adopted {
                        return Err(LogError::Busy);
                    }
                    let dispatched = std::mem::take(&mut kept.dispatched);
                    kept.fence += 1;
                    (kept.cancel, kept.stored.running) = (false, true);
                    push.into_iter().for_each(|config| put(kept, config));
                    let checkpoint = kept.checkpoint.clone();
                    Ok((kept.stored.clone(), checkpoint, dispatched, kept.fence))
                })??;
                Begun::Started(Started {
                    run: self.run(&id, fence),
                    task: Some(task),
                    checkpoint,
                    dispatched,
                })
            }
        };
        if let Some(message) = message {
            self.0
                .sent
                .borrow_mut()
                .insert((self.key(&message.id), message.digest), id);
        }
        self.0.changed.notify_waiters();
        Ok(begun)
    }

    fn get(&self, id: &str) -> Result<StoredTask, LogError> {
        self.with(id, |kept| kept.stored.clone())
    }

    fn list(&self, query: Query) -> Result<Page, LogError> {
        let tasks = self.0.tasks.borrow();
        let mut found: Vec<_> = tasks
            .iter()
            .filter(|(key, kept)| **key == self.key(&kept.stored.id))
            .map(|(_, kept)| kept.stored.clone())
            .filter(|t| query.context_id.as_ref().is_none_or(|c| *c == t.context_id))
            .filter(|t| query.state.is_none_or(|s| s == t.state))
            .filter(|t| query.status_since.is_none_or(|s| t.status_time >= s))
            .collect();
        found.sort_by(|a, b| (b.status_time, &b.id).cmp(&(a.status_time, &a.id)));
        let total = found.len() as u64;
        if let Some(after) = query.after {
            found.retain(|t| (t.status_time, &t.id) < (after.status_time, &after.task_id));
        }
        let more = found.len() > query.page_size as usize;
        found.truncate(query.page_size as usize);
        let next = found.last().filter(|_| more).map(|last| Cursor {
            status_time: last.status_time,
            task_id: last.id.clone(),
        });
        Ok(Page {
            tasks: found,
            next,
            total,
        })
    }

    fn events(&self, id: &str, after: u64) -> Result<Progress, LogError> {
        self.with(id, |kept| Progress {
            events: kept
                .events
                .iter()
                .filter(|e| e.number > after)
                .cloned()
                .collect(),
            state: kept.stored.state,
            running: kept.stored.running,
        })
    }

    fn watch(&self, _: &str, _: u64) -> Result<LocalBoxFuture<'static, ()>, LogError> {
        let world = self.0.clone();
        let mut notified = Box::pin(async move { world.changed.notified().await });
        // Registered before the caller reads the log.
        let _ = futures_util::FutureExt::now_or_never(&mut notified);
        Ok(notified)
    }

    fn cancel(&self, id: &str) -> Result<(), LogError> {
        self.with(id, |kept| kept.cancel = true)?;
        self.0.changed.notify_waiters();
        Ok(())
    }

    fn put_push_config(&self, id: &str, config: PushConfig) -> Result<(), LogError> {
        self.with(id, |kept| put(kept, config))
    }

    fn push_configs(&self, id: &str) -> Result<Vec<PushConfig>, LogError> {
        self.with(id, |kept| kept.push.clone())
    }

    fn delete_push_config(&self, id: &str, config: &str) -> Result<(), LogError> {
        self.with(id, |kept| kept.push.retain(|c| c.id != config))
    }

    fn read_state(&self, context_id: &str, key: &str) -> Result<Option<Vec<u8>>, LogError> {
        let key = format!("state:{context_id}:{key}");
        Ok(self
            .0
            .config
            .borrow()
            .get(&key)
            .map(|v| v.clone().into_bytes()))
    }

    fn write_state(&self, context: &str, key: &str, value: Option<&[u8]>) -> Result<(), LogError> {
        let key = format!("state:{context}:{key}");
        let mut config = self.0.config.borrow_mut();
        match value {
            Some(value) => config.insert(key, String::from_utf8_lossy(value).into_owned()),
            None => config.remove(&key),
        };
        Ok(())
    }
}

struct MemoryRun {
    log: Memory,
    id: String,
    fence: u64,
}

impl Run for MemoryRun {
    fn append(&self, change: Change) -> Result<u64, LogError> {
        let number = self.log.with(&self.id, |kept| {
            if kept.fence != self.fence {
                return Err(LogError::Lost);
            }
            Ok(write(kept, change))
        })??;
        self.log.0.writes.update(|writes| writes + 1);
        self.log.0.changed.notify_waiters();
        Ok(number)
    }
    fn stopping(&self) -> bool {
        self.log
            .with(&self.id, |kept| kept.cancel || kept.fence != self.fence)
            .unwrap_or(true)
    }
    fn watch(&self) -> LocalBoxFuture<'static, ()> {
        TaskLog::watch(&self.log, &self.id, 0).expect("memory can be watched")
    }
    fn dispatch(&self, checkpoint: Option<&[u8]>) -> Result<Placement, LogError> {
        if !self.log.0.elsewhere.get() {
            return Ok(Placement::Here);
        }
        self.log.with(&self.id, |kept| {
            kept.fence += 1;
            (kept.dispatched, kept.stored.running) = (true, false);
            kept.checkpoint = checkpoint.map(<[u8]>::to_vec).or(kept.checkpoint.take());
        })?;
        Ok(Placement::Elsewhere)
    }
}
