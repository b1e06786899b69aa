//! `attache-host`: the entrypoint of a container, and what `make run` starts.
//!
//! Reads from top to bottom: configuration, telemetry, runtime, listen, serve, drain.

use std::io::Write;
use std::net::IpAddr;
use std::process::ExitCode;

use attache_host::App;
use attache_host::compile;
use attache_host::config::{
    CommandLine, CompileFlags, Config, ConfigFlags, DeadLettersFlags, Effective, Environment,
    Sources, Unusable, Verb,
};
use attache_host::dead_letters::{self, DeadLettersError};
use attache_host::ending::Ending;
use attache_host::identity::NewApiKey;
use attache_host::signals::{Hangups, Signals};
use attache_host::telemetry::{LogFormat, Telemetry};
use clap::error::ErrorKind;

/// A request is begun on one thread and ended on another, and what they allocate goes back and forth:
/// glibc's own allocator makes them wait for each other, and musl's is dearer still. Without large pages
/// (`no_thp`), of which a small process fills little: they took 12 MB more and saved no time. See
/// docs/binary.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A flag or a variable that cannot be used.
const USAGE: u8 = 64;
/// Something outside that is needed and missing.
const UNAVAILABLE: u8 = 69;

fn main() -> ExitCode {
    let given = match CommandLine::read(std::env::args_os(), Environment::of_process()) {
        Ok(given) => given,
        Err(Unusable::Config(error)) => return refuse(USAGE, &error),
        Err(Unusable::Usage(error)) => {
            let _ = error.print();
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            return if asked {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(USAGE)
            };
        }
    };
    let CommandLine {
        verb,
        environment,
        sources,
    } = given;
    match verb {
        Verb::Compile(flags) => compile(&flags),
        Verb::ApiKey { name } => api_key(&name),
        Verb::Config(flags) => show_config(*flags, &environment, &sources),
        Verb::Health(flags) => match flags.resolve() {
            Ok((host, port)) => health(host, port),
            Err(error) => refuse(USAGE, &error),
        },
        Verb::DeadLetters(flags) => dead_letters(flags, &environment, &sources),
        Verb::Serve(flags) => match Config::resolve(*flags, &environment) {
            Ok(config) => serve(config),
            Err(error) => refuse(USAGE, &sources.attribute(error)),
        },
    }
}

fn serve(config: Config) -> ExitCode {
    let telemetry = Telemetry::install(&config.log, &config.telemetry);
    let longest = Ending::longest(config.drain);
    let for_people = config.log.format == LogFormat::Text;
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(UNAVAILABLE, &error),
    };
    let status = runtime.block_on(async {
        let taken = Signals::take(longest).and_then(|signals| Ok((signals, Hangups::take()?)));
        let (mut signals, hangups) = match taken {
            Ok(taken) => taken,
            Err(error) => return refuse(UNAVAILABLE, &error),
        };
        let started = tokio::select! {
            started = App::start(config, &telemetry) => started,
            signal = signals.first() => signal.exit(),
        };
        match started {
            Ok(app) => {
                if for_people {
                    say(&app);
                }
                app.serve(signals, hangups).await;
                ExitCode::SUCCESS
            }
            Err(error) => {
                tracing::error!("{error}");
                ExitCode::from(error.exit_status())
            }
        }
    });
    // Without waiting for threads that wait for something themselves, such as a name's address.
    runtime.shutdown_background();
    status
}

fn compile(flags: &CompileFlags) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(UNAVAILABLE, &error),
    };
    let space = match flags.address_space() {
        Ok(space) => space,
        Err(error) => return refuse(USAGE, &error),
    };
    match runtime.block_on(compile::compile(
        &flags.component,
        flags.cpu,
        space,
        &flags.output,
    )) {
        Ok(bytes) => {
            say(&format_args!("{}: {bytes} bytes\n", flags.output.display()));
            ExitCode::SUCCESS
        }
        Err(error) => refuse(error.exit_status(), &error),
    }
}

fn health(host: IpAddr, port: u16) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(UNAVAILABLE, &error),
    };
    match runtime.block_on(attache_host::health::check(host, port)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(UNAVAILABLE, &error),
    }
}

fn api_key(name: &str) -> ExitCode {
    match NewApiKey::for_name(name) {
        Ok(NewApiKey { key, line }) => {
            say(&format_args!("key:  {key}\nline: {line}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => refuse(USAGE, &error),
    }
}

fn show_config(flags: ConfigFlags, environment: &Environment, sources: &Sources) -> ExitCode {
    match Effective::resolve(flags.flags, environment, sources) {
        Ok(effective) => {
            say(&effective.shown(flags.output));
            ExitCode::SUCCESS
        }
        Err(error) => refuse(USAGE, &sources.attribute(error)),
    }
}

fn dead_letters(flags: DeadLettersFlags, environment: &Environment, sources: &Sources) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse(UNAVAILABLE, &error),
    };
    let mut out = std::io::stdout();
    match runtime.block_on(dead_letters::run(flags.verb, environment, &mut out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(DeadLettersError::Config(error)) => refuse(USAGE, &sources.attribute(error)),
        Err(error) => refuse(error.exit_status(), &error),
    }
}

fn say(text: &dyn std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{text}").and_then(|()| out.flush());
}

/// Before there is a log: one sentence on stderr.
fn refuse(status: u8, why: &dyn std::fmt::Display) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "attache-host: {why}");
    ExitCode::from(status)
}
