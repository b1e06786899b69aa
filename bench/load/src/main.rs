//! Loads a server with concurrent senders, and prints what became of it as a line of JSON.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use attache_load::{Call, Load, open, run_calls};
use clap::{Parser, ValueEnum};
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Sends messages to an A2A server from many connections at once")]
struct Arguments {
    /// The servers, which speak JSON-RPC at /. The senders are spread over them.
    #[arg(value_name = "ADDRESS:PORT", required = true)]
    addresses: Vec<SocketAddr>,
    /// What is asked for. `open` opens as many streams as there are senders, and prints a line when all
    /// are open and another when all have ended.
    #[arg(long, value_enum, default_value_t = What::Send)]
    what: What,
    /// How many send at the same time.
    #[arg(long, default_value_t = 32)]
    senders: usize,
    /// For how long; for `open`, how long the agent holds each.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// What the ids of the messages begin with: the kit's agent does what it says.
    #[arg(long, default_value = "bench")]
    prefix: String,
    /// Bytes of the message's text.
    #[arg(long, default_value_t = 5)]
    bytes: usize,
    /// Take any completed task for an answer, not only one with the message's text in it.
    #[arg(long)]
    any: bool,
    /// Pieces of the artifact of each stream.
    #[arg(long, default_value_t = 10)]
    events: usize,
    /// Ids of the tasks that `get` asks for, with commas between them.
    #[arg(long, value_delimiter = ',')]
    tasks: Vec<String>,
    /// Tasks on the page that `list` asks for.
    #[arg(long, default_value_t = 50)]
    page: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    Send,
    Stream,
    Get,
    List,
    Card,
    Open,
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

fn measure(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let time = Duration::try_from_secs_f64(arguments.seconds)?;
    let first = *arguments.addresses.first().ok_or("no address")?;
    if matches!(arguments.what, What::Open) {
        let opening = open(first, arguments.senders, time, |opened| {
            if let Err(error) = print(&opened) {
                eprintln!("load: {error}");
            }
        });
        return print(&runtime.block_on(opening));
    }
    let load = Load {
        address: first,
        senders: arguments.senders,
        time,
        prefix: arguments.prefix.clone(),
    };
    print(&runtime.block_on(run_calls(&load, &arguments.addresses, &call(&arguments))))
}

fn call(arguments: &Arguments) -> Call {
    match arguments.what {
        What::Stream => Call::Stream {
            events: arguments.events,
        },
        What::Get => Call::Get {
            tasks: arguments.tasks.clone().into(),
        },
        What::List => Call::List {
            size: arguments.page,
        },
        What::Card => Call::Card,
        What::Send | What::Open => Call::Send {
            text: text(arguments.bytes).into(),
            echoed: !arguments.any,
        },
    }
}

fn text(length: usize) -> String {
    "hello".chars().cycle().take(length).collect()
}

fn print(figures: &impl Serialize) -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string(figures)?)?;
    Ok(())
}
