//! The whole host, put together from its configuration.

mod start_error;

pub use start_error::StartError;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;
use tracing::{info, warn};
use wasmtime::Engine;

use crate::admin::Admin;
use crate::agent::{Program, ReloadError, Roster, Shared, Slot, Terms, Watcher};
use crate::card_signer::CardSigner;
use crate::cloud_run;
use crate::component::{Cache, Origin};
use crate::config::{
    AgentConfig, CallerLimits, Config, Dispatching, InspectorAccess, Platform, PublicUrl,
    PushSettings, Queueing,
};
use crate::dispatch::{Callback, CloudTasks, Dispatcher};
use crate::ending::{Ending, Part};
use crate::engine::{self, AddressSpace, Capacity, Drafts, SlowLane, Ticker};
use crate::identity::Authenticator;
use crate::life::Stage;
use crate::metadata::Metadata;
use crate::outbound::{Network, Outbound};
use crate::paths;
use crate::push::{Deliverer, DelivererSettings, NotificationSigner};
use crate::registry::Registry;
use crate::server;
use crate::service::{OwnPages, Service};
use crate::settings::Settings;
use crate::signals::{Hangups, Signals};
use crate::tasks::{Keeper, Retention, Sweeper, TaskDatabase};
use crate::telemetry::Telemetry;
use crate::telemetry::metrics::{Pool, Prometheus, watch_pool};
use crate::work::Work;

/// How long the last responses may take to leave when nothing else is waited for.
const LEAVING: Duration = Duration::from_secs(1);

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
    roster: Arc<Roster>,
    watch: Option<Duration>,
    poll: Option<Duration>,
    push: DelivererSettings,
    drain: Duration,
    callers: CallerLimits,
    public_url: Option<PublicUrl>,
    inspector: Option<InspectorAccess>,
    data: String,
    admin: Option<Admin>,
    telemetry: Telemetry,
}

impl App {
    /// Opens the task log, loads the component and listens.
    ///
    /// # Errors
    /// The first of these that fails.
    pub async fn start(config: Config, telemetry: &Telemetry) -> Result<Self, StartError> {
        let began = Instant::now();
        let metadata = config.google.metadata().clone();
        // What takes longest is begun first, and goes on beside the rest.
        let opening = {
            let (data, metadata) = (config.data.clone(), metadata.clone());
            // It blocks, and what is spawned next would wait for the same thread.
            let here = Handle::current();
            spawn_blocking(move || here.block_on(TaskDatabase::open(&data, &metadata)))
        };
        let cache = Cache::open(config.cache.as_deref());
        let poll = config.registry.poll;
        let registry = Registry::new(
            config.registry,
            config.google,
            config.network.clone(),
            &cache,
        );
        let (engine_made, made) = oneshot::channel();
        let loading = tokio::spawn(programs(
            config
                .agents
                .iter()
                .map(|agent| agent.component.clone())
                .collect(),
            made,
            cache.clone(),
            registry.clone(),
        ));
        let capacity = Capacity::of(config.agents.iter().map(|agent| &agent.guest));
        let engine = match config.address_space {
            Some(AddressSpace::Small) => engine::one_by_one(AddressSpace::Small),
            Some(space) => engine::for_serving(capacity, space),
            // Code that was compiled before most likely counts on the large one.
            None if config.agents.iter().any(AgentConfig::is_compiled) => {
                engine::for_serving(capacity, AddressSpace::Large)
            }
            None => engine::for_serving(capacity, AddressSpace::Small),
        };
        let engine = engine.map_err(|error| StartError::Engine(format!("{error:#}")))?;
        // Whoever does not listen any more has failed, and says so.
        let _ = engine_made.send(engine.clone());
        let ticker =
            Ticker::start(&engine).map_err(|error| StartError::Engine(error.to_string()))?;
        let found = find_out(&config.platform, &metadata).await;
        let database = ended(opening).await?;
        let project = found.as_ref().map(|found| found.project.clone());
        if let Some(project) = config.project.or(project) {
            telemetry.set_project(project);
        }
        let region = found.as_ref().map(|found| found.region.clone());
        let started = telemetry.start(&config.telemetry, region, &metadata, &config.network);
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
        let authenticator = Authenticator::new(
            config.auth,
            public_url.as_ref().map(PublicUrl::as_str),
            &config.network,
        )?;
        let warmed = authenticator.clone();
        tokio::spawn(async move { warmed.warm().await });
        let push = deliverer_settings(config.push, public_url.as_ref(), config.network.clone())?;

        let dispatcher = match config.dispatching {
            Dispatching::CloudTasks(queue) => {
                let (url, found) = (public_url.as_ref(), found.as_ref());
                let queue = CloudTasks::find(queue, url, found, &metadata, &config.network).await?;
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
            registry,
            cache,
            ticker,
            keeper: keeper.clone(),
            dispatcher: dispatcher.clone(),
            card_signer: config.card_signing.map(CardSigner::new).unwrap_or_default(),
            spending: Default::default(),
        };
        let mut slots = Vec::with_capacity(config.agents.len());
        let programs = ended(loading).await?;
        for (agent, program) in config.agents.into_iter().zip(programs) {
            let url = agent.url(public_url.as_ref());
            slots.push(
                open_slot(
                    &shared,
                    agent,
                    program,
                    config.callers.queue,
                    url.as_ref(),
                    &config.platform,
                    config.secrets_reread,
                )
                .await?,
            );
        }
        let roster = Arc::new(Roster::new(slots, public_url.as_ref()));

        let address = config.listen;
        let listen = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let admin = match (config.telemetry.admin, metrics) {
            (Some(address), Some(metrics)) => {
                Some(admin(address, metrics).await?.with_agents(&roster))
            }
            _ => None,
        };

        let lane = SlowLane::start().map_err(|error| StartError::Engine(error.to_string()))?;
        let work = Work::beside(lane);
        let callback = match &public_url {
            Some(url) if dispatcher.is_by_queue() => {
                Some(Callback::new(keeper.clone(), roster.clone(), url))
            }
            _ => None,
        };
        let sweeper = Sweeper::new(keeper.clone(), roster.clone(), work.clone());
        let retention = Retention::new(
            database.clone(),
            config.retention,
            config.keeping.idempotency_window,
        );
        let key_set = push.signer.as_ref().map(|signer| signer.key_set());
        let callers = config.callers;
        let service = Service::new(
            roster.clone(),
            authenticator,
            work.clone(),
            database,
            callback,
            OwnPages {
                key_set,
                inspector: config.inspector,
            },
            callers.clone(),
        );
        for slot in roster.slots() {
            info!(
                agent = slot.label(),
                component = %slot.origin(),
                "agent {} is component {}",
                slot.label(),
                slot.current().digest()
            );
        }
        info!(
            address = %address,
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
            roster,
            watch: config.watch,
            poll,
            push,
            drain: config.drain,
            callers,
            public_url,
            inspector: config.inspector,
            data: config.data.to_string(),
            admin,
            telemetry: telemetry.clone(),
        })
    }

    /// Serves until a signal, then lets what runs finish. Returns what is left of the time for the
    /// end.
    ///
    /// While runs finish, connections are still accepted, so that probes learn why: the process
    /// lives and is not ready. Whoever asks for more is told to try again, and elsewhere. What does
    /// not finish in time is cut off: its response breaks off, which tells its client to ask for the
    /// rest, and its task is left for another process, which is told.
    pub async fn serve(self, signals: Signals, mut hangups: Hangups) -> Ending {
        let admin = self.admin.map(|admin| tokio::spawn(admin.serve()));
        let keeper = self.keeper.clone();
        let renewing = tokio::spawn(async move { keeper.renew().await });
        let sweeping = tokio::spawn(self.sweeper.run());
        let retaining = tokio::spawn(self.retention.run());
        let (keeper, database) = (self.keeper.clone(), self.keeper.database().clone());
        let conversing = tokio::spawn(async move {
            tokio::join!(keeper.exchange_news(), database.keep_time());
        });
        let (stop_delivering, stopped) = watch::channel(None);
        let deliverer = Deliverer::new(&self.keeper, self.roster.clone(), self.push, stopped);
        let delivering = tokio::spawn(deliverer.run());

        let watcher = Watcher::new(self.roster.clone(), self.watch, self.poll);
        let watching = tokio::spawn(watcher.run());
        let roster = self.roster.clone();
        let finishing = tokio::spawn(async move {
            for slot in roster.slots() {
                slot.finish().await;
            }
        });
        let roster = self.roster.clone();
        let reloading = tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                info!("SIGHUP: looks for new components");
                roster.reload().await;
            }
        });

        let life = self.service.life().clone();
        let mut ending = None;
        let stop = async {
            let signal = signals.stop().await;
            let ending = ending.insert(Ending::new(self.drain, signal.at));
            life.enter(Stage::Draining);
            for slot in self.roster.slots() {
                slot.admission().close();
            }
            self.keeper.begin_leaving();
            retaining.abort();
            reloading.abort();
            watching.abort();
            finishing.abort();
            // It takes up nothing more, and says so: what it has just claimed is not forgotten.
            let finishing = async {
                let _ = sweeping.await;
                self.work.has_ended().await;
            };
            if timeout(ending.left_for(Part::Requests), finishing)
                .await
                .is_err()
            {
                self.keeper.begin_closing();
                let unfinished = self.work.cut_off(ending.left_for(Part::CuttingOff)).await;
                warn!(
                    "{unfinished} requests were cut off, because the process ends within {:?}",
                    self.drain
                );
            }
        };
        let connections = server::run(self.listener, self.service, &self.callers, stop).await;
        let ending = ending.unwrap_or_else(|| Ending::new(self.drain, Instant::now()));

        // What the last instances wrote may still be on its way.
        let leaving = LEAVING.min(ending.left_for(Part::Settling));
        let _ = tokio::join!(
            timeout(leaving, connections.close()),
            self.keeper.settle(ending.left_for(Part::Settling)),
        );
        renewing.abort();
        conversing.abort();
        // Last, so that webhooks hear of what ended while the process did.
        let parting = ending.left_for(Part::Webhooks);
        stop_delivering.send_replace(Some(Instant::now() + parting));
        let _ = timeout(parting, delivering).await;
        let closing = self.keeper.database().close();
        if timeout(ending.left_for(Part::Database), closing)
            .await
            .is_err()
        {
            warn!(
                "the task log could not be closed in time; nothing that was acknowledged is lost"
            );
        }
        info!("ended");
        let parting = ending.left_for(Part::Telemetry);
        let _ = timeout(parting, self.telemetry.flush()).await;
        // Until now it tells how far the end is.
        if let Some(admin) = admin {
            admin.abort();
        }
        ending
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
    network: Network,
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
        network,
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

/// Loads the components, one after the other: the second may be the same as the first, and is in the
/// cache then. The first is read before there is an engine.
async fn programs(
    origins: Vec<Origin>,
    mut made: oneshot::Receiver<Engine>,
    cache: Cache,
    registry: Registry,
) -> Result<Vec<Program>, ReloadError> {
    let mut programs = Vec::with_capacity(origins.len());
    let mut engine = None;
    let mut drafts = None;
    for origin in origins {
        let Some(content) = origin.read(&registry, &[]).await? else {
            return Err(ReloadError::Failed(format!("{origin} holds nothing")));
        };
        let engine = match &engine {
            Some(engine) => engine,
            None => {
                let failed = |_| ReloadError::Failed("there is no engine".to_owned());
                engine.insert((&mut made).await.map_err(failed)?)
            }
        };
        if drafts.is_none() && !origin.is_compiled() {
            drafts = Drafts::beside(engine);
        }
        programs.push(Program::load(engine, drafts.as_ref(), &cache, content).await?);
    }
    Ok(programs)
}

/// What a task of the start returns.
async fn ended<T, E: Into<StartError>>(task: JoinHandle<Result<T, E>>) -> Result<T, StartError> {
    match task.await {
        Ok(outcome) => outcome.map_err(Into::into),
        Err(error) => Err(StartError::Engine(error.to_string())),
    }
}

/// Makes one agent ready, which clients reach at `url`.
async fn open_slot(
    shared: &Shared,
    agent: AgentConfig,
    program: Program,
    queueing: Queueing,
    url: Option<&PublicUrl>,
    platform: &Platform,
    secrets_reread: Duration,
) -> Result<Slot, StartError> {
    let settings = Settings::new(
        agent.settings,
        url,
        platform,
        agent.card,
        agent.grpc,
        agent.max_body,
    );
    if let Some(model) = &agent.model {
        let name = agent.name.as_ref().map(ToString::to_string);
        info!(agent = name, "model: {model}");
        if let Some(warning) = model.retirement() {
            warn!("{warning}");
        }
    }
    settings.follow_files(secrets_reread);
    agent.outbound.follow_secrets(secrets_reread);
    let terms = Terms {
        name: agent.name,
        limits: agent.guest,
        max_body: agent.max_body,
        outbound: Outbound::new(agent.outbound),
        settings,
    };
    Ok(Slot::open(
        shared.clone(),
        terms,
        queueing,
        agent.hosts,
        agent.component,
        program,
    )
    .await?)
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
        for slot in self.roster.slots() {
            match slot.name() {
                Some(name) => writeln!(f, "  agent  {url}{}{name}", paths::AGENTS)?,
                None => writeln!(f, "  card   {url}/.well-known/agent-card.json")?,
            }
        }
        if self.inspector.is_some() {
            writeln!(f, "  look   {url}{}/", paths::INSPECTOR)?;
        }
        if let Some(public_url) = &self.public_url {
            writeln!(f, "  public {public_url}")?;
        }
        writeln!(f, "  tasks  {}", self.data)?;
        let path = self.roster.slots().first().and_then(|slot| slot.name());
        let path = path.map_or("/".to_owned(), |name| format!("{}{name}", paths::AGENTS));
        writeln!(
            f,
            "  try    curl {url}{path} -H 'content-type: application/json' \\"
        )?;
        writeln!(f, "           -H 'A2A-Version: 1.0' -d '{}'", TRY)
    }
}

const TRY: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":"#,
    r#"{"messageId":"first","role":"ROLE_USER","parts":[{"text":"hello"}]}}}"#
);
