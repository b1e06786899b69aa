//! Asks the analyst the questions of `examples/evaluation` and says which answers are right.
//!
//! `evaluate URL` asks one that is served there; `evaluate` alone starts the host, with a model out of the
//! environment as `make run` does.

#![allow(clippy::print_stdout, reason = "a command's output")]

use std::process::ExitCode;

use attache_tests::evaluation::{Evaluation, report};
use attache_tests::guests::component;
use attache_tests::server::{MODEL_VARIABLES, Server, host_command};

#[tokio::main]
async fn main() -> ExitCode {
    match evaluate().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn evaluate() -> Result<bool, String> {
    let evaluation = Evaluation::load()?;
    let verdicts = match std::env::args().nth(1) {
        Some(url) => evaluation.ask(&url).await?,
        None => {
            let data = tempfile::tempdir().map_err(|error| error.to_string())?;
            let agent = component("agent-component").map_err(|error| error.to_string())?;
            let mut host = host_command().map_err(|error| error.to_string())?;
            host.arg("serve").arg(agent);
            // What chooses a model is this command's to hand on.
            host.envs(std::env::vars_os().filter(|(name, _)| {
                let name = name.to_string_lossy();
                MODEL_VARIABLES
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
            }));
            host.env("ATTACHE_DATA_DIR", data.path());
            let server = Server::start(&mut host, "/health/ready");
            let server = server.map_err(|error| error.to_string())?;
            evaluation.ask(server.url()).await?
        }
    };
    println!("{}", report(&verdicts));
    Ok(verdicts.iter().all(|verdict| verdict.fault.is_none()))
}
