//! A running application.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::config::SpinConfig;
use super::error::SpinError;
use super::handler::Handler;
use super::log::Log;
use super::platform::{self, Loaded};

/// How long the end waits for connections to close. They close when they are next scheduled.
const CLOSING: Duration = Duration::from_secs(5);

/// An application that listens, on a runtime of its own as a process would have.
///
/// Dropping it is what SIGTERM is to Spin: everything stops where it stands. Requests in flight get
/// no answer, streams end without their terminator, and guests are not told.
pub struct SpinApp {
    address: SocketAddr,
    log: Log,
    listening: JoinHandle<()>,
    /// Disconnected when no connection is left.
    connected: Receiver<()>,
    runtime: Option<Runtime>,
}

impl SpinApp {
    /// Loads the application and begins to listen. Blocks while the component compiles; may be called
    /// inside and outside of an asynchronous context.
    ///
    /// # Errors
    /// When a file is missing, the components do not fit together, something is imported that Spin
    /// does not have, or the address is taken.
    pub fn start(config: &SpinConfig) -> Result<Self, SpinError> {
        let listening = |source| SpinError::Listen {
            address: config.listen,
            source,
        };
        let listener = std::net::TcpListener::bind(config.listen).map_err(listening)?;
        listener.set_nonblocking(true).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;

        let Loaded { pre, shared } = platform::load(config, address)?;
        let log = shared.log.clone();
        let pre = ProxyPre::new(pre).map_err(|error| {
            SpinError::Component(format!(
                "the component exports no wasi:http/incoming-handler@0.2: {error:#}"
            ))
        })?;
        let handler = Arc::new(Handler {
            name: config.name.clone(),
            pre,
            shared,
        });

        let runtime = Runtime::new().map_err(SpinError::Runtime)?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener).map_err(listening)?
        };
        let (connection, connected) = channel();
        let listening = runtime.spawn(serve(listener, handler, connection));
        Ok(Self {
            address,
            log,
            listening,
            connected,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What components and harness logged so far.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Stops at once, as dropping does.
    pub fn shutdown(self) {}
}

impl Drop for SpinApp {
    /// The connections first: a guest that ends would otherwise finish its body, which the end of a
    /// process does not do.
    fn drop(&mut self) {
        self.listening.abort();
        let _ = self.connected.recv_timeout(CLOSING);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener, handler: Arc<Handler>, open: Sender<()>) {
    // Aborts its tasks when it is dropped.
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, client)) => {
                let (handler, open) = (handler.clone(), open.clone());
                connections.spawn(async move {
                    converse(stream, client, handler).await;
                    drop(open);
                });
            }
            Err(error) => {
                // Out of file descriptors, or a client that was gone already.
                handler.shared.log.line(format_args!("accept: {error}"));
                tokio::task::yield_now().await;
            }
        }
    }
}

/// TCP_NODELAY stays off, as in Spin: an answer that leaves in two parts waits for the client's
/// delayed acknowledgement.
async fn converse(stream: TcpStream, client: SocketAddr, handler: Arc<Handler>) {
    let log = handler.shared.log.clone();
    let service = service_fn(move |request| {
        let handler = handler.clone();
        async move { handler.respond(request, client).await }
    });
    let served = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        log.line(format_args!("Error serving HTTP connection: {error}"));
    }
}
