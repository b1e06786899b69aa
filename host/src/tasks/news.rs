//! What processes that share a database tell each other.
//!
//! Whoever writes says so on a channel of the database, and those that wait elsewhere look. It is
//! said after the commit rather than in it: PostgreSQL lets transactions that notify commit one at a
//! time only. What is lost by that, with the process or with a connection, is found a little later,
//! because nobody sleeps for long without looking.
//!
//! Many writes that follow each other are said together. A task is named by a digest, which is short
//! enough for the 8,000 bytes of a notification, and tells nobody who listens whose task it is.
//!
//! Whether notifications arrive is not taken for granted: behind a pooler that hands a connection to
//! another client after each transaction they do not, and nothing says so. So each process listens
//! for words of its own, and as long as it does not hear them it looks more often instead.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use attache_task_store::{Notice, Postgres, Scope};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tracing::{debug, info, warn};

/// The channel of the database.
const CHANNEL: &str = "attache";
/// Bytes of a notification that are used: PostgreSQL takes fewer than 8,000.
const LONGEST: usize = 7_900;
/// How long news waits for more of it.
const GATHER: Duration = Duration::from_millis(3);
/// How often this process says something to itself, and for how long it may go unheard.
const PROBE: Duration = Duration::from_secs(15);
const HEARD_WITHIN: Duration = Duration::from_secs(5);
/// How long a reader sleeps at most while notifications arrive: a run that dies ends without a word.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The same while they do not.
const LOOK_OFTEN: Duration = Duration::from_millis(300);

/// Names a task without saying whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TaskKey(u128);

impl TaskKey {
    pub(super) fn of(scope: &Scope, task_id: &str) -> Self {
        let mut digest = Sha256::new();
        // No identifier holds a control character.
        for part in [scope.tenant.as_str(), "\0", &scope.owner, "\0", task_id] {
            digest.update(part);
        }
        let digest = digest.finalize();
        let half = digest.first_chunk::<16>().copied().unwrap_or_default();
        Self(u128::from_be_bytes(half))
    }
}

/// A word about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum News {
    /// There may be an event that a reader does not have.
    Event(TaskKey),
    /// Somebody asked to cancel it.
    Cancel(TaskKey),
    /// A process has ended and left tasks to be taken up.
    Left,
}

impl News {
    fn word(self) -> String {
        match self {
            Self::Event(TaskKey(key)) => format!("e{key:032x}"),
            Self::Cancel(TaskKey(key)) => format!("c{key:032x}"),
            Self::Left => "l0".to_owned(),
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        let (kind, key) = word.split_at_checked(1)?;
        let key = TaskKey(u128::from_str_radix(key, 16).ok()?);
        match kind {
            "e" => Some(Self::Event(key)),
            "c" => Some(Self::Cancel(key)),
            "l" => Some(Self::Left),
            // Of a newer version.
            _ => None,
        }
    }
}

/// Tells the other processes, and says how long to trust their silence. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Herald(Option<Arc<Spoken>>);

#[derive(Debug)]
struct Spoken {
    words: UnboundedSender<News>,
    /// This process hears what it says.
    heard: AtomicBool,
    /// What the log was told of that.
    told: Mutex<Option<bool>>,
}

/// The other end: what is to be said and heard.
#[derive(Debug)]
pub(super) struct Gazette {
    postgres: Postgres,
    herald: Herald,
    words: UnboundedReceiver<News>,
    /// Begins everything that this process says, so that it knows its own words.
    name: String,
}

/// What to do with what was heard.
pub(super) trait Reader {
    /// Somebody said this.
    fn hear(&self, news: News);
    /// Anything may have been missed.
    fn look_everywhere(&self);
}

impl Herald {
    /// One that tells others through a database.
    pub(super) fn through(postgres: Postgres) -> (Self, Gazette) {
        let (sender, words) = unbounded_channel();
        let herald = Self(Some(Arc::new(Spoken {
            words: sender,
            heard: AtomicBool::new(false),
            told: Mutex::new(None),
        })));
        let gazette = Gazette {
            postgres,
            herald: herald.clone(),
            words,
            name: format!("{:08x}", fastrand::u32(..)),
        };
        (herald, gazette)
    }

    /// Says something to the others, if there can be any. Does not wait.
    pub(super) fn say(&self, news: News) {
        if let Some(spoken) = &self.0 {
            // Nobody listens any more when the process ends.
            let _ = spoken.words.send(news);
        }
    }

    /// How long a reader may sleep before it looks by itself.
    pub(super) fn look_again(&self) -> Duration {
        if self.is_deaf() {
            LOOK_OFTEN
        } else {
            LOOK_AGAIN
        }
    }

    /// True when there may be others and their words do not arrive.
    pub(super) fn is_deaf(&self) -> bool {
        let spoken = self.0.as_ref();
        spoken.is_some_and(|spoken| !spoken.heard.load(Ordering::Relaxed))
    }

    fn hears(&self, heard: bool) {
        let Some(spoken) = &self.0 else { return };
        spoken.heard.store(heard, Ordering::Relaxed);
        let mut told = spoken.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.replace(heard) == Some(heard) {
            return;
        }
        if heard {
            info!("other instances are heard: the database passes notifications on");
        } else {
            warn!(
                "other instances are not heard, so tasks are looked at every {LOOK_OFTEN:?} \
                 instead; behind a pooler in transaction mode, ATTACHE_DATABASE_LISTEN_URL names an \
                 address without it"
            );
        }
    }
}

impl Gazette {
    /// Says and hears, until it is dropped.
    pub(super) async fn run(self, reader: &impl Reader) {
        let Self {
            postgres,
            herald,
            words,
            name,
        } = self;
        let echo = format!("{name} p");
        tokio::join!(
            speak(&postgres, words, &name),
            listen(&postgres, &herald, &name, &echo, reader),
        );
    }
}

async fn speak(postgres: &Postgres, mut words: UnboundedReceiver<News>, name: &str) {
    while let Some(first) = words.recv().await {
        sleep(GATHER).await;
        let mut said = HashSet::from([first]);
        let mut message = format!("{name} {}", first.word());
        while let Ok(news) = words.try_recv() {
            if !said.insert(news) {
                continue;
            }
            let word = news.word();
            if message.len() + 1 + word.len() > LONGEST {
                tell(postgres, std::mem::replace(&mut message, name.to_owned())).await;
                // What was said before this pause may have news of its own by now.
                said = HashSet::from([news]);
            }
            message.push(' ');
            message.push_str(&word);
        }
        tell(postgres, message).await;
    }
}

/// Tells the others that this process leaves tasks behind, at once and not with what else is said.
pub(super) async fn leave(postgres: &Postgres) {
    tell(postgres, format!("leaving {}", News::Left.word())).await;
}

async fn tell(postgres: &Postgres, message: String) {
    if let Err(error) = postgres.notify(CHANNEL, message).await {
        debug!("other instances were not told, and look by themselves: {error}");
    }
}

async fn listen(
    postgres: &Postgres,
    herald: &Herald,
    name: &str,
    echo: &str,
    reader: &impl Reader,
) {
    let mut listener = postgres.listen(CHANNEL);
    let mut probes = interval(PROBE);
    probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connected = false;
    let mut waits_for_echo = false;
    loop {
        tokio::select! {
            notice = timeout(HEARD_WITHIN, listener.next()) => match notice {
                Ok(Some(Notice::Connected)) => {
                    connected = true;
                    waits_for_echo = true;
                    tell(postgres, echo.to_owned()).await;
                    // What was said before is not heard any more.
                    reader.look_everywhere();
                }
                Ok(Some(Notice::Lost)) => {
                    connected = false;
                    herald.hears(false);
                }
                Ok(Some(Notice::Message(message))) => {
                    waits_for_echo = false;
                    herald.hears(true);
                    let mut words = message.split(' ');
                    if words.next() != Some(name) {
                        words.filter_map(News::of_word).for_each(|news| reader.hear(news));
                    }
                }
                // The database was closed.
                Ok(None) => return,
                Err(_) if waits_for_echo => {
                    waits_for_echo = false;
                    herald.hears(false);
                }
                Err(_) => {}
            },
            _ = probes.tick(), if connected => {
                waits_for_echo = true;
                tell(postgres, echo.to_owned()).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        let scope = |tenant: &str, owner: &str| Scope {
            tenant: tenant.to_owned(),
            owner: owner.to_owned(),
        };
        let key = TaskKey::of(&scope("t", "o"), "id");
        for news in [News::Event(key), News::Cancel(key), News::Left] {
            assert_eq!(News::of_word(&news.word()), Some(news));
        }
        for word in ["", "e", "x00", "eé", "e-1"] {
            assert_eq!(News::of_word(word), None, "{word}");
        }
        // What belongs to whom cannot be shifted.
        for (tenant, owner, id) in [("to", "", "id"), ("t", "oi", "d"), ("", "to", "id")] {
            assert_ne!(TaskKey::of(&scope(tenant, owner), id), key);
        }
    }

    #[test]
    fn nobody_is_missed_where_nobody_is() {
        let herald = Herald::default();
        assert!(!herald.is_deaf());
        assert_eq!(herald.look_again(), LOOK_AGAIN);
        herald.say(News::Event(TaskKey(1)));
    }
}
