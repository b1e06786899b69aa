//! `attache check COMPONENT|URL`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use url::Url;

use crate::a2a::CredentialFlags;
use crate::check::{self, Agent, Binding, Listed, Reach, Report, Selection};
use crate::failure::{Exit, Failure};
use crate::manifest::Outline;
use crate::project::{HostPlan, HostProgram};
use crate::terminal::Terminal;

/// What would lead a check of a component to the service and the database that it is deployed with.
const PRODUCTION: [&str; 8] = [
    "AGENT_URL",
    "APP_URL",
    "ATTACHE_AGENTS",
    "ATTACHE_PUBLIC_URL",
    "DATABASE_URL",
    "DATABASE_URL_FILE",
    "DB_HOST",
    "K_SERVICE",
];

/// Checks a component or a running agent against A2A 1.0.1, and ends with status 1 when it breaks a
/// MUST. A component is served on this machine for as long as it takes, with its tasks in memory.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A component's file, or the URL of an agent. [default: the component that attache.toml names]
    #[arg(value_name = "COMPONENT|URL")]
    target: Option<String>,

    /// Only these: a requirement, a group such as `send`, or a name of the official kit.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,

    /// Not these.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    skip: Vec<String>,

    /// One binding alone.
    #[arg(long)]
    binding: Option<Binding>,

    /// End with status 1 for a SHOULD too.
    #[arg(long)]
    strict: bool,

    /// Show what passed and what was skipped, too.
    #[arg(short, long)]
    all: bool,

    /// Print every requirement, and check nothing.
    #[arg(long)]
    list: bool,

    /// The text that the agent is sent.
    #[arg(long, default_value = "Hello", value_name = "TEXT")]
    text: String,

    /// The longest wait for one answer.
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,

    #[command(flatten)]
    credentials: CredentialFlags,

    #[command(flatten)]
    host: HostProgram,
}

impl Check {
    /// # Errors
    /// When there is nothing to check, or it cannot be reached.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        if self.list {
            terminal.result(&Listed::all(), |all| {
                all.iter().map(Listed::shown).collect::<Vec<_>>().join("\n")
            });
            return Ok(Exit::Ok);
        }
        let selection = Selection::new(self.only.clone(), self.skip.clone(), self.binding)?;
        let target = match &self.target {
            Some(target) => target.clone(),
            None => of_manifest()?,
        };
        let checks = match url(&target)? {
            Some(url) => {
                let agent = Agent::read(self.reach(url).await?).await?;
                check::run(&agent, &selection).await
            }
            None => {
                self.component(Path::new(&target), &selection, terminal)
                    .await?
            }
        };
        let report = Report::new(target, checks, self.strict, self.all);
        terminal.result(&report, Report::shown);
        Ok(if report.passes() {
            Exit::Ok
        } else {
            Exit::Wanting
        })
    }

    async fn component(
        &self,
        component: &Path,
        selection: &Selection,
        terminal: &Terminal,
    ) -> Result<Vec<check::Row>, Failure> {
        if !component.is_file() {
            return Err(Failure::new(
                Exit::NoInput,
                format!("there is no component at {}", component.display()),
            )
            .remedy("`attache build` makes one; a URL begins with http:// or https://"));
        }
        let program = self.host.find()?;
        let contract = check::contract(&program, component).await?;
        if contract.is_failed() {
            return Ok(vec![contract]);
        }
        let plan = HostPlan {
            program,
            arguments: vec![component.into(), "--watch".into(), "0".into()],
            port: 0,
            data: PathBuf::from(":memory:"),
            variables: vec![
                ("ATTACHE_AUTH", "none"),
                ("ATTACHE_IDEMPOTENCY_WINDOW", "0"),
            ],
            without: &PRODUCTION,
        };
        terminal.note(format!("serving {} for the check", component.display()));
        let mut host = plan.start(|_| {}).await?;
        let url =
            url(&host.url())?.ok_or_else(|| Failure::new(Exit::Software, "the host has no URL"))?;
        let agent = Agent::read(self.reach(url).await?).await;
        let rows = match agent {
            Ok(agent) => tokio::select! {
                rows = check::run(&agent, selection) => Ok(rows),
                ended = host.drained() => Err(Failure::new(
                    Exit::Unavailable,
                    format!("the host ended during the check ({})", ended.0),
                )),
            },
            Err(failure) => Err(failure),
        };
        host.end().await;
        let mut rows = rows?;
        rows.insert(0, contract);
        Ok(rows)
    }

    async fn reach(&self, url: Url) -> Result<Reach, Failure> {
        Ok(Reach {
            headers: self.credentials.headers(&url).await?,
            also_for: self.credentials.also_for().to_vec(),
            url,
            patience: Duration::from_secs(self.timeout),
            text: self.text.clone(),
        })
    }
}

/// A URL, or nothing when it is a path.
fn url(target: &str) -> Result<Option<Url>, Failure> {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| target.starts_with(scheme));
    if !is_url {
        return Ok(None);
    }
    match Url::parse(target) {
        Ok(url) if url.username().is_empty() && url.password().is_none() => Ok(Some(url)),
        Ok(_) => Err(Failure::new(Exit::Usage, "the URL has credentials in it")
            .remedy("leave them out, and use --bearer-env or --header")),
        Err(error) => Err(Failure::new(
            Exit::Usage,
            format!("{target:?} is no URL: {error}"),
        )),
    }
}

fn of_manifest() -> Result<String, Failure> {
    Outline::of(Path::new("."))?
        .component
        .map(|path| path.to_string_lossy().into_owned())
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "what is to be checked? There is no attache.toml here that names a component",
            )
            .remedy("give a component's file or an agent's URL")
        })
}
