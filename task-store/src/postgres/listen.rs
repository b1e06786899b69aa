//! Hears what other processes announce.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};
use tokio_util::sync::DropGuard;

use super::Server;
use super::connect::{Dialer, Driver};
use super::patience::Backoff;
use super::place::quoted;

/// Messages that may wait for the listener. When there are more, the server keeps them.
const WAITING: usize = 1024;
/// A connection on which nothing is ever asked does not show that it is dead, so something is.
const PULSE: Duration = Duration::from_secs(20);
/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(5);

/// What a [`Listener`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// From now on every message is heard. What was announced before may have been missed: look at
    /// everything again.
    Connected,
    /// The payload of a message.
    Message(String),
    /// Nothing is heard until the next [`Notice::Connected`].
    Lost,
}

/// Hears a channel on a connection of its own, and reconnects for as long as it lives. Read it
/// without delay: the server keeps what is not read. Dropping it closes the connection.
#[derive(Debug)]
pub struct Listener {
    notices: mpsc::Receiver<Notice>,
    _stop: DropGuard,
}

impl Listener {
    /// What was heard next. None when [`super::Postgres::close`] was called.
    pub async fn next(&mut self) -> Option<Notice> {
        self.notices.recv().await
    }

    pub(super) fn start(server: &Arc<Server>, channel: &'static str) -> Self {
        let (sender, notices) = mpsc::channel(WAITING);
        let stop = server.closing.child_token();
        let (dialer, stopped) = (server.listening.clone(), stop.clone());
        server.tasks.spawn(async move {
            stopped
                .run_until_cancelled(keep_listening(&dialer, channel, &sender))
                .await;
        });
        Self {
            notices,
            _stop: stop.drop_guard(),
        }
    }
}

/// The listener is gone.
struct Gone;

async fn keep_listening(dialer: &Dialer, channel: &str, listener: &mpsc::Sender<Notice>) {
    let mut backoff = Backoff::default();
    loop {
        match dialer.dial().await {
            Ok((client, driver)) => {
                let connected = listen(client, driver, channel, listener).await;
                match connected {
                    Err(Gone) => return,
                    Ok(true) => {
                        backoff.reset();
                        tracing::warn!(
                            "the connection to {} that listens was lost",
                            dialer.place()
                        );
                        if listener.send(Notice::Lost).await.is_err() {
                            return;
                        }
                    }
                    Ok(false) => {}
                }
            }
            Err(fault) => tracing::warn!("cannot listen: {}", fault.error),
        }
        backoff.wait().await;
    }
}

/// Listens until the connection breaks. Returns whether it ever listened.
async fn listen(
    client: Client,
    mut driver: Driver,
    channel: &str,
    listener: &mpsc::Sender<Notice>,
) -> Result<bool, Gone> {
    let (heard, mut messages) = mpsc::channel(WAITING);
    let driven = async {
        while let Some(Ok(message)) = poll_fn(|context| driver.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message {
                let payload = notification.payload().to_owned();
                if heard.send(payload).await.is_err() {
                    return;
                }
            }
        }
    };
    let mut listened = false;
    let asked = async {
        let sql = format!("LISTEN {}", quoted(channel));
        if !answers(client.batch_execute(&sql)).await {
            return Ok(());
        }
        listened = true;
        listener.send(Notice::Connected).await.map_err(|_| Gone)?;
        loop {
            tokio::select! {
                Some(payload) = messages.recv() => {
                    let notice = Notice::Message(payload);
                    listener.send(notice).await.map_err(|_| Gone)?;
                }
                () = sleep(PULSE) => {
                    if !answers(client.check_connection()).await {
                        return Ok(());
                    }
                }
            }
        }
    };
    tokio::select! {
        () = driven => Ok(()),
        ended = asked => ended,
    }?;
    Ok(listened)
}

async fn answers(asked: impl Future<Output = Result<(), tokio_postgres::Error>>) -> bool {
    matches!(timeout(ANSWER, asked).await, Ok(Ok(())))
}
