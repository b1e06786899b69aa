//! A line to the server that breaks at a chosen moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// When the line breaks, once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Break {
    /// The server never hears of the next COMMIT.
    BeforeCommit = 1,
    /// The server is given the next COMMIT, and its answer gets lost.
    AfterCommit = 2,
}

/// A port that leads to a server.
pub(crate) struct Wire {
    port: u16,
    armed: Arc<AtomicU8>,
    closed: Arc<AtomicBool>,
}

impl Wire {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let wire = Self {
            port: listener.local_addr().unwrap().port(),
            armed: Arc::default(),
            closed: Arc::default(),
        };
        let (armed, closed) = (Arc::clone(&wire.armed), Arc::clone(&wire.closed));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if closed.load(Ordering::SeqCst) {
                    continue;
                }
                let armed = Arc::clone(&armed);
                tokio::spawn(async move {
                    let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    let _ = carry(client, server, &armed).await;
                });
            }
        });
        wire
    }

    /// The same URL through this wire.
    pub(crate) fn url(&self, url: &str, port: u16) -> String {
        url.replace(&format!(":{port}/"), &format!(":{}/", self.port))
    }

    pub(crate) fn arm(&self, moment: Break) {
        self.armed.store(moment as u8, Ordering::SeqCst);
    }

    /// Whether it takes connections. Those that it has it keeps.
    pub(crate) fn open(&self, open: bool) {
        self.closed.store(!open, Ordering::SeqCst);
    }

    /// Whether it broke since it was armed.
    pub(crate) fn broke(&self) -> bool {
        self.armed.load(Ordering::SeqCst) == 0
    }
}

async fn carry(
    mut client: TcpStream,
    mut server: TcpStream,
    armed: &AtomicU8,
) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let message = &up[..read?];
                if message.is_empty() {
                    return Ok(());
                }
                let commit = message.windows(7).any(|window| window == b"COMMIT\0");
                match if commit { armed.swap(0, Ordering::SeqCst) } else { 0 } {
                    1 => return Ok(()),
                    2 => {
                        server.write_all(message).await?;
                        let answered = server.read(&mut down).await?;
                        assert!(answered > 0, "the server did not answer");
                        return Ok(());
                    }
                    _ => server.write_all(message).await?,
                }
            }
            read = server.read(&mut down) => {
                let message = &down[..read?];
                if message.is_empty() {
                    return Ok(());
                }
                client.write_all(message).await?;
            }
        }
    }
}
