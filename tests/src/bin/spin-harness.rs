//! Serves an agent as Spin 4.0.2 would, for clients that are not written in Rust.
//!
//! Prints the base URL as the first line on stdout and runs until it is killed.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use attache_tests::spin::{SpinApp, SpinConfig, SpinError};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Serves an agent component as Spin 4.0.2 would")]
struct Arguments {
    /// The agent component.
    #[arg(long, value_name = "WASM", required_unless_present = "manifest")]
    agent: Option<PathBuf>,
    /// The component that gives the agent attache:agent/*.
    #[arg(long, value_name = "WASM", required_unless_present = "manifest")]
    adapter: Option<PathBuf>,
    /// Take everything from this spin.toml; --agent and --adapter then replace its components.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Where to listen; port 0 is a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The file of the SQLite database "default". Without it, a temporary one.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// A variable of the component, or of the application when there is a manifest.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    variable: Vec<(String, String)>,
    /// One more entry of allowed_outbound_hosts, for example http://127.0.0.1:9000.
    #[arg(long, value_name = "PATTERN")]
    allow_outbound: Vec<String>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!("{text:?} is not NAME=VALUE")),
    }
}

fn main() -> ExitCode {
    match serve(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spin-harness: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let temporary = tempfile::tempdir()?;
    let database = arguments
        .db
        .clone()
        .unwrap_or_else(|| temporary.path().join("sqlite_db.db"));
    let config = config(arguments, temporary.path(), database)?;
    let app = SpinApp::start(&config.echo_log())?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", app.url())?;
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

fn config(
    arguments: Arguments,
    state: &std::path::Path,
    database: PathBuf,
) -> Result<SpinConfig, SpinError> {
    let variables = arguments.variable.into_iter();
    let mut config = match (arguments.manifest, arguments.agent, arguments.adapter) {
        (Some(manifest), agent, adapter) => {
            let mut config = SpinConfig::from_manifest(manifest, state, &variables.collect())?;
            if let Some(agent) = agent {
                config = config.component(agent);
            }
            if let Some(adapter) = adapter {
                config = config.adapter(adapter);
            }
            config.database("default", attache_tests::spin::Database::File(database))
        }
        (None, Some(agent), Some(adapter)) => variables.fold(
            SpinConfig::agent(agent, adapter, database),
            |config, (name, value)| config.variable(name, value),
        ),
        (None, ..) => {
            return Err(SpinError::Setting(
                "give --agent and --adapter, or --manifest".to_owned(),
            ));
        }
    };
    for pattern in arguments.allow_outbound {
        config = config.allow_outbound(pattern);
    }
    Ok(config.listen(arguments.listen))
}
