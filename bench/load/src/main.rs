//! Loads a server with concurrent senders, and prints what became of it as a line of JSON.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use attache_load::{Load, run};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Sends messages to an A2A server from many connections at once")]
struct Arguments {
    /// The server, which speaks JSON-RPC at /.
    #[arg(value_name = "ADDRESS:PORT")]
    address: SocketAddr,
    /// How many send at the same time.
    #[arg(long, default_value_t = 32)]
    senders: usize,
    /// For how long.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// What the ids of the messages begin with: the kit's agent does what it says.
    #[arg(long, default_value = "tck-artifact-text")]
    prefix: String,
}

fn main() -> ExitCode {
    match measure(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let load = Load {
        address: arguments.address,
        senders: arguments.senders,
        time: Duration::try_from_secs_f64(arguments.seconds)?,
        prefix: arguments.prefix,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let figures = runtime.block_on(run(&load));
    writeln!(
        std::io::stdout(),
        "{}",
        serde_json::to_string_pretty(&figures)?
    )?;
    Ok(())
}
