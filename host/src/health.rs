//! `attache-host health`: asks a host on this machine whether it is ready, for images that have no other
//! program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Whoever runs health checks gives up after a while, too.
const PATIENCE: Duration = Duration::from_secs(5);
/// The host's answer is far smaller.
const LONGEST_ANSWER: u64 = 4 << 10;

/// Why the host is not ready.
#[derive(Debug, Error)]
pub enum NotReady {
    /// Nobody listens, or the connection broke.
    #[error("nothing answers at http://{address}/health/ready: {source}")]
    Unreachable {
        /// Where it was looked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Somebody listens and says nothing.
    #[error("http://{0}/health/ready does not answer within {PATIENCE:?}")]
    Late(SocketAddr),
    /// It is not ready, and says why.
    #[error("http://{address}/health/ready: {said}")]
    Refused {
        /// Where it was asked.
        address: SocketAddr,
        /// The first line of its answer, and its last.
        said: String,
    },
}

/// Asks the host that listens on `host`, which may be all addresses, and `port`.
///
/// # Errors
/// [`NotReady`], unless it answers 200.
pub async fn check(host: IpAddr, port: u16) -> Result<(), NotReady> {
    let host = match host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    let address = SocketAddr::new(host, port);
    let answer = timeout(PATIENCE, ask(address)).await;
    let answer = answer
        .map_err(|_| NotReady::Late(address))?
        .map_err(|source| NotReady::Unreachable { address, source })?;
    let mut lines = answer.lines().map(str::trim);
    let status = lines.next().unwrap_or_default();
    if status.split_whitespace().nth(1) == Some("200") {
        return Ok(());
    }
    let said = [status, lines.next_back().unwrap_or_default()].join(" ");
    Err(NotReady::Refused { address, said })
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
