//! The whole host, put together from its configuration.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::admin::Admin;
use crate::agent::{Agent, RehearsalError, Shared};
use crate::card_signer::CardSigner;
use crate::cloud_run;
use crate::component::{self, LoadError};
use crate::config::{Config, Dispatching, Platform, PublicUrl, PushSettings};
use crate::dispatch::{Callback, CloudTasks, Dispatcher, NotUsable};
use crate::engine::{self, Ticker};
use crate::metadata::Metadata;
use crate::outbound::Outbound;
use crate::push::{Deliverer, DelivererSettings, NotificationSigner, Translate};
use crate::server::{self, HeaderPatience};
use crate::service::Service;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::tasks::{Keeper, OpenError, Resume, Retention, Sweeper, TaskDatabase};
use crate::telemetry::metrics::{Pool, Prometheus, watch_pool};
use crate::telemetry::{self, Telemetry};
use crate::work::Work;

/// How long the last responses may take to leave, and the tasks of dropped runs to be settled.
const SETTLING: Duration = Duration::from_secs(1);

const MAY_STAND_STILL: &str = "\
    under request-based billing Cloud Run takes the processor away when the response is sent, and \
    then the tasks of clients that do not wait (returnImmediately) and late webhooks stand still \
    until the next request; set ATTACHE_TASKS_QUEUE (--tasks-queue) to a queue of Cloud Tasks, or \
    use instance-based billing (--no-cpu-throttling) and set ATTACHE_DISPATCH (--dispatch) to inline";

/// A host that listens. [`App::serve`] does the rest.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    service: Service,
    keeper: Keeper,
    work: Work,
    sweeper: Sweeper,
    retention: Retention,
    translate: Option<Arc<dyn Translate>>,
    push: DelivererSettings,
    drain: Duration,
    patience: HeaderPatience,
    public_url: Option<PublicUrl>,
    data: String,
    admin: Option<Admin>,
    telemetry: Telemetry,
}

/// Why the host does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The component cannot be used.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// The task log cannot be used.
    #[error(transparent)]
    Tasks(#[from] OpenError),
    /// The address is taken, or not this machine's.
    #[error(
        "cannot listen on {address}: {source}; PORT (--port) and ATTACHE_HOST (--host) choose \
         another"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The address of the admin port is taken, or not this machine's.
    #[error(
        "cannot listen on {address} for admin: {source}; ATTACHE_ADMIN_ADDRESS (--admin-address) \
         chooses another"
    )]
    Admin {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Traces and metrics cannot be exported.
    #[error(transparent)]
    Telemetry(#[from] telemetry::StartError),
    /// The component loads, and does not do what it is for.
    #[error(transparent)]
    Rehearsal(#[from] RehearsalError),
    /// There is a key, and no URL in whose name it could sign.
    #[error(
        "{0} cannot be signed, because the public URL could not be found out; set \
         ATTACHE_PUBLIC_URL (--public-url), or unset the key for that"
    )]
    UnknownUrl(&'static str),
    /// The queue that is configured cannot be used.
    #[error(transparent)]
    Queue(#[from] NotUsable),
    /// The engine cannot be set up.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
}

impl StartError {
    /// The status that the process ends with.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Component(_) | Self::Rehearsal(RehearsalError::Card { .. }) => 65,
            Self::Tasks(_)
            | Self::Listen { .. }
            | Self::Admin { .. }
            | Self::Telemetry(_)
            | Self::Rehearsal(RehearsalError::Instance(_))
            | Self::UnknownUrl(_)
            | Self::Queue(_)
            | Self::Engine(_) => 69,
        }
    }
}

impl App {
    /// Opens the task log, loads the component and listens.
    ///
    /// # Errors
    /// The first of these that fails.
    pub async fn start(config: Config, telemetry: &Telemetry) -> Result<Self, StartError> {
        let began = Instant::now();
        let engine = engine::for_serving(&config.limits)
            .map_err(|error| StartError::Engine(format!("{error:#}")))?;
        Ticker::start(&engine).map_err(|error| StartError::Engine(error.to_string()))?;
        let metadata = Metadata::new(&config.metadata_host);
        let (database, found) = tokio::join!(
            TaskDatabase::open(&config.data, &metadata),
            find_out(&config.platform, &metadata),
        );
        let database = database?;
        let project = found.as_ref().map(|found| found.project.clone());
        if let Some(project) = config.project.or(project) {
            telemetry.set_project(project);
        }
        let region = found.as_ref().map(|found| found.region.clone());
        let started = telemetry.start(&config.telemetry, region, &metadata);
        let metrics = started.await?;
        if let Some(connections) = database.connections() {
            watch_pool(move || {
                let (size, in_use) = connections();
                Pool { size, in_use }
            });
        }
        let url = found.as_ref().map(|found| found.url.clone());
        let public_url = config.public_url.or(url);
        if config.card_signing.is_some() && public_url.is_none() {
            return Err(StartError::UnknownUrl("the agent card"));
        }
        let push = deliverer_settings(config.push, public_url.as_ref())?;

        let dispatcher = match config.dispatching {
            Dispatching::CloudTasks(queue) => {
                let (url, found) = (public_url.as_ref(), found.as_ref());
                let queue = CloudTasks::find(queue, url, found, &metadata).await?;
                info!("work goes on after the response in requests of its own: {queue}");
                Dispatcher::by(queue)
            }
            Dispatching::Inline { unchosen } => {
                if unchosen {
                    warn!("{MAY_STAND_STILL}");
                }
                Dispatcher::inline()
            }
        };

        let keeper = Keeper::new(database.clone(), config.keeping);
        let shared = Shared {
            engine,
            limits: config.limits,
            outbound: Outbound::new(config.outbound),
            keeper: keeper.clone(),
            dispatcher: dispatcher.clone(),
            card_signer: config.card_signing.map(CardSigner::new).unwrap_or_default(),
        };
        let deployed_at = component::written_at(&config.component).unwrap_or_else(now);
        let settings = Settings::new(
            config.settings,
            public_url.as_ref(),
            &config.platform,
            config.card,
            deployed_at,
            config.grpc,
            config.limits.max_body,
        );
        let path = config.component.clone();
        // On a thread of its own, so that a signal can end a start that compiles for long.
        let loading = tokio::task::spawn_blocking(move || Agent::load(shared, &path, settings));
        let agent = match loading.await {
            Ok(agent) => Arc::new(agent?),
            Err(error) => return Err(StartError::Engine(error.to_string())),
        };

        agent.rehearse().await?;

        let address = config.listen;
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let admin = match (config.telemetry.admin, metrics) {
            (Some(address), Some(metrics)) => Some(admin(address, metrics).await?),
            _ => None,
        };

        let work = Work::default();
        let resume = agent.resumes().then(|| agent.clone() as Arc<dyn Resume>);
        let translate = agent.resumes().then(|| agent.clone() as Arc<dyn Translate>);
        let callback = match (&resume, &public_url) {
            (Some(resume), Some(url)) if dispatcher.is_by_queue() => {
                Some(Callback::new(keeper.clone(), resume.clone(), url))
            }
            _ => None,
        };
        let sweeper = Sweeper::new(keeper.clone(), resume, work.clone());
        let retention = Retention::new(
            database.clone(),
            config.retention,
            config.keeping.idempotency_window,
        );
        let key_set = push.signer.as_ref().map(|signer| signer.key_set());
        let (limits, under) = (config.limits, work.clone());
        let service = Service::new(agent, limits, under, database, callback, key_set);
        let patience = if config.platform.is_cloud_run() {
            HeaderPatience::PROXY
        } else {
            HeaderPatience::STRANGERS
        };
        info!(
            address = %address,
            component = %config.component.display(),
            ready_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            "listening on http://{address}"
        );
        Ok(Self {
            listener,
            address,
            service,
            keeper,
            work,
            sweeper,
            retention,
            translate,
            push,
            drain: config.drain,
            patience,
            public_url,
            data: config.data.to_string(),
            admin,
            telemetry: telemetry.clone(),
        })
    }

    /// Serves until a signal, then lets what runs finish.
    ///
    /// While it does, connections are still accepted, so that probes learn why: the process lives
    /// and is not ready. Whoever asks for more is told to try again.
    pub async fn serve(self, signals: Signals) {
        let admin = self.admin.map(|admin| tokio::spawn(admin.serve()));
        let keeper = self.keeper.clone();
        let renewing = tokio::spawn(async move { keeper.renew().await });
        let sweeping = tokio::spawn(self.sweeper.run());
        let retaining = tokio::spawn(self.retention.run());
        let (keeper, database) = (self.keeper.clone(), self.keeper.database().clone());
        let conversing = tokio::spawn(async move {
            tokio::join!(keeper.exchange_news(), database.keep_time());
        });
        let (stop_delivering, stopped) = watch::channel(false);
        let deliverer = Deliverer::new(&self.keeper, self.translate, self.push, stopped);
        let delivering = tokio::spawn(deliverer.run());

        let draining = self.service.clone();
        let stop = async {
            signals.stop().await;
            draining.begin_draining();
            sweeping.abort();
            retaining.abort();
            if !self.work.has_ended_within(self.drain).await {
                // The tasks of what is cut off are left for the next process.
                self.keeper.begin_closing();
                let unfinished = self.work.cut_off().await;
                warn!("{unfinished} requests were cut off after {:?}", self.drain);
            }
        };
        let connections = server::run(self.listener, self.service, self.patience, stop).await;

        // What the last instances wrote may still be on its way.
        let _ = tokio::time::timeout(SETTLING, connections.shutdown()).await;
        renewing.abort();
        conversing.abort();
        // Last, so that webhooks hear of what ended while the process did.
        stop_delivering.send_replace(true);
        let _ = delivering.await;
        self.keeper.close(SETTLING).await;
        info!("ended");
        self.telemetry.flush().await;
        // Until now it tells how far the end is.
        if let Some(admin) = admin {
            admin.abort();
        }
    }
}

async fn admin(address: SocketAddr, metrics: Prometheus) -> Result<Admin, StartError> {
    let listen = |source| StartError::Admin { address, source };
    let admin = Admin::bind(address).await.map_err(listen)?;
    let at = admin.address().map_err(listen)?;
    info!(admin = %at, "metrics are at http://{at}/metrics");
    Ok(admin.with_metrics(metrics))
}

fn deliverer_settings(
    push: PushSettings,
    public_url: Option<&PublicUrl>,
) -> Result<DelivererSettings, StartError> {
    let signer = match (push.signing, public_url) {
        (None, _) => None,
        (Some(signing), Some(url)) => NotificationSigner::new(signing, url).map(Arc::new),
        (Some(_), None) => return Err(StartError::UnknownUrl("notifications")),
    };
    Ok(DelivererSettings {
        allow_private: push.allow_private,
        patience: push.patience,
        signer,
    })
}

/// On Cloud Run: what the service's URL and project are.
async fn find_out(platform: &Platform, metadata: &Metadata) -> Option<cloud_run::Description> {
    let Platform::CloudRun { service } = platform else {
        return None;
    };
    match cloud_run::describe(metadata, service).await {
        Ok(found) => Some(found),
        Err(error) => {
            warn!("the card's URL is taken from each request: {error}");
            None
        }
    }
}

/// Seconds since the epoch.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// What a person at a terminal wants to know.
impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let url = format!("http://{address}");
        writeln!(f, "listening on {url}")?;
        writeln!(f, "  card   {url}/.well-known/agent-card.json")?;
        if let Some(public_url) = &self.public_url {
            writeln!(f, "  public {public_url}")?;
        }
        writeln!(f, "  tasks  {}", self.data)?;
        writeln!(
            f,
            "  try    curl {url}/ -H 'content-type: application/json' \\"
        )?;
        writeln!(f, "           -H 'A2A-Version: 1.0' -d '{}'", TRY)
    }
}

const TRY: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":"#,
    r#"{"messageId":"first","role":"ROLE_USER","parts":[{"text":"hello"}]}}}"#
);
