//! Clients that use the pair in every way, and write down what they were promised.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use attache_tests::a2a::{CallError, Event, at_once, has_ended, message};
use attache_tests::receiver::Receiver;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::pair::Pair;

/// A pause before a request is sent to the other one.
const PAUSE: Duration = Duration::from_millis(30);

pub(super) struct Load {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Done>,
}

/// What clients were promised.
#[derive(Default)]
pub(super) struct Done {
    /// Every message that was answered, and the task that it made.
    pub(super) tasks: Vec<(String, String)>,
    /// What was answered as ended, as it was answered.
    pub(super) ended: Vec<Value>,
    /// Each task that was followed to its end, with the events that its follower saw.
    pub(super) followed: Vec<(String, Vec<Event>)>,
    /// Tasks with a webhook, by the path of it.
    pub(super) webhooks: Vec<(String, String)>,
    pub(super) canceled: usize,
    /// Connections that were lost under a client.
    pub(super) lost: usize,
    /// Requests that were refused because the log could not be reached.
    pub(super) refused: usize,
}

impl Done {
    fn failed(&mut self, error: &CallError) {
        match error {
            CallError::Lost(_) => self.lost += 1,
            CallError::Refused { status: 503, .. } => self.refused += 1,
            CallError::Refused { .. } => panic!("{error}"),
        }
    }

    fn acknowledged(&mut self, id: &str, task: &Value) -> String {
        let task_id = task["id"].as_str().unwrap().to_owned();
        self.tasks.push((id.to_owned(), task_id.clone()));
        if has_ended(task) {
            self.ended.push(task.clone());
        }
        task_id
    }
}

impl Load {
    pub(super) fn start(pair: &Pair, receiver: &Receiver) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for number in 0..2 {
            let client = || {
                let client = Client {
                    pair: pair.clone(),
                    which: number,
                    done: Done::default(),
                };
                (client, stop.clone())
            };
            let (blocking, stop) = client();
            clients.spawn(blocking.again_and_again(stop, "blocking", async |c, id| {
                c.send(&id, &message(&id)).await;
            }));
            let (at_once_, stop) = client();
            clients.spawn(at_once_.again_and_again(stop, "at-once", async |c, id| {
                c.send(&id, &at_once(&id)).await;
                tokio::time::sleep(PAUSE).await;
            }));
            for more in 0..4 {
                let (mut streaming, stop) = client();
                streaming.which += 2 * more;
                clients.spawn(
                    streaming.again_and_again(stop, "stream", async |c, id| c.follow(&id).await),
                );
            }
            let (cancelling, stop) = client();
            clients.spawn(
                cancelling.again_and_again(stop, "cancel", async |c, id| c.cancel(&id).await),
            );
            let (hooked, stop) = client();
            let origin = receiver.origin();
            clients.spawn(hooked.again_and_again(stop, "push", async move |c, id| {
                let path = format!("/{id}");
                let mut body = message(&id);
                body["configuration"] = json!({
                    "taskPushNotificationConfig": { "id": "h", "url": format!("{origin}{path}") },
                });
                let task_id = c.send(&id, &body).await;
                c.done.webhooks.push((path, task_id));
            }));
        }
        Self { stop, clients }
    }

    /// Lets every client finish what it is at.
    pub(super) async fn stop(mut self) -> Done {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Done::default();
        while let Some(done) = self.clients.join_next().await {
            let done = done.unwrap();
            all.tasks.extend(done.tasks);
            all.ended.extend(done.ended);
            all.followed.extend(done.followed);
            all.webhooks.extend(done.webhooks);
            all.canceled += done.canceled;
            all.lost += done.lost;
            all.refused += done.refused;
        }
        all
    }
}

struct Client {
    pair: Pair,
    /// Whom it asks next.
    which: usize,
    done: Done,
}

impl Client {
    async fn again_and_again(
        mut self,
        stop: Arc<AtomicBool>,
        name: &str,
        mut once: impl AsyncFnMut(&mut Self, String),
    ) -> Done {
        let kind = match name {
            "stream" | "cancel" => "tck-slow",
            _ => "tck-artifact-data",
        };
        let first = self.which;
        for number in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            once(&mut self, format!("{kind}-{name}-{first}-{number}")).await;
        }
        self.done
    }

    /// Sends a message until it is answered, now to the one and now to the other. Returns its task.
    async fn send(&mut self, id: &str, body: &Value) -> String {
        loop {
            let client = self.pair.client(self.which).await;
            match client.send(body).await {
                Ok(task) => return self.done.acknowledged(id, &task),
                Err(error) => self.elsewhere(&error).await,
            }
        }
    }

    async fn elsewhere(&mut self, error: &CallError) {
        self.done.failed(error);
        self.which += 1;
        tokio::time::sleep(PAUSE).await;
    }

    /// Sends a message and follows its task to its end, through every loss of the connection.
    async fn follow(&mut self, id: &str) {
        let body = message(id);
        let mut seen: Vec<Event> = Vec::new();
        let mut task_id = String::new();
        loop {
            let client = self.pair.client(self.which).await;
            let last = seen.last().and_then(|event| event.number);
            let mut events = match client.stream("/message:stream", &body, last).await {
                Ok(events) => events,
                Err(error) => {
                    self.elsewhere(&error).await;
                    continue;
                }
            };
            let broke_off = loop {
                match events.next().await {
                    Ok(Some(event)) => {
                        if let Some(first) = event.data["task"]["id"].as_str() {
                            first.clone_into(&mut task_id);
                        }
                        seen.push(event);
                    }
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            match broke_off {
                // A whole stream ends with the end of the task.
                None if seen.last().is_some_and(|event| is_end(&event.data)) => break,
                None => panic!("the stream of {id} ended before its task: {seen:?}"),
                Some(error) => self.elsewhere(&error).await,
            }
        }
        self.done.tasks.push((id.to_owned(), task_id.clone()));
        self.done.followed.push((task_id, seen));
    }

    /// Begins a task with one and cancels it with the other.
    async fn cancel(&mut self, id: &str) {
        let task_id = self.send(id, &at_once(id)).await;
        tokio::time::sleep(PAUSE * 3).await;
        self.which += 1;
        loop {
            let client = self.pair.client(self.which).await;
            match client.cancel(&task_id).await {
                Ok(task) => {
                    self.done.ended.push(task);
                    self.done.canceled += 1;
                    return;
                }
                // It has ended: the one who worked on it was killed, or it was cancelled when the
                // answer was lost.
                Err(CallError::Refused {
                    status: 400 | 409, ..
                }) => return,
                Err(error) => self.elsewhere(&error).await,
            }
        }
    }
}

pub(super) fn is_end(event: &Value) -> bool {
    has_ended(&event["statusUpdate"]) || has_ended(&event["task"])
}
