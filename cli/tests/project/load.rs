//! Clients that never stop asking, and count what goes wrong.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const CLIENTS: usize = 2;

/// A load on an agent, until it ends.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    seen: Arc<Mutex<Seen>>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    last: String,
    failures: Vec<String>,
}

impl Load {
    pub(crate) fn on(address: &str) -> Self {
        let (is_over, answered) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let seen = Arc::new(Mutex::new(Seen::default()));
        let clients = (0..CLIENTS)
            .map(|client| {
                let (address, is_over) = (address.to_owned(), is_over.clone());
                let (answered, seen) = (answered.clone(), seen.clone());
                thread::spawn(move || {
                    for number in 0.. {
                        if is_over.load(Ordering::Relaxed) {
                            return;
                        }
                        let answer = ask(&address, &format!("{client}-{number}"));
                        let mut seen = seen.lock().unwrap();
                        match answer {
                            Ok(answer) if answer.contains("TASK_STATE_COMPLETED") => {
                                answered.fetch_add(1, Ordering::Relaxed);
                                seen.last = answer;
                            }
                            Ok(answer) => seen.failures.push(answer),
                            Err(error) => seen.failures.push(error.to_string()),
                        }
                        drop(seen);
                        thread::sleep(Duration::from_millis(20));
                    }
                })
            })
            .collect();
        Self {
            is_over,
            answered,
            seen,
            clients,
        }
    }

    /// Waits until an answer has these words, and says how long that took.
    pub(crate) fn until_answered(&self, words: &str) -> Duration {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(240) {
            if self.last().contains(words) {
                return begun.elapsed();
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("never answered {words:?}; last: {}", self.last());
    }

    /// Waits for more answers, so that what is seen is not what was on the way.
    pub(crate) fn after_more(&self) -> String {
        let wanted = self.answered.load(Ordering::Relaxed) + 2 * CLIENTS + 1;
        let begun = Instant::now();
        while self.answered.load(Ordering::Relaxed) < wanted {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "nothing is answered any more"
            );
            thread::sleep(Duration::from_millis(20));
        }
        self.last()
    }

    /// Ends it: how many were answered, and what went wrong.
    pub(crate) fn end(self) -> (usize, Vec<String>) {
        self.is_over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("a client");
        }
        let failures = std::mem::take(&mut self.seen.lock().unwrap().failures);
        (self.answered.load(Ordering::Relaxed), failures)
    }

    fn last(&self) -> String {
        self.seen.lock().unwrap().last.clone()
    }
}

fn ask(address: &str, id: &str) -> std::io::Result<String> {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{{"message":
        {{"messageId":"{id}","role":"ROLE_USER","parts":[{{"text":"To be, or not to be."}}]}}}}}}"#
    );
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nA2A-Version: 1.0\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
