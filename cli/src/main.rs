//! `attache`: from a new agent to one that answers in Gemini Enterprise, a command for each step.
//!
//! Every command prints its result on standard output, as text or with `-o json` as one JSON document,
//! and everything else (progress, notes, errors) on standard error. The status says what happened: see
//! [`Exit`].

mod a2a;
mod check;
mod commands;
mod deploy;
mod doctor;
mod failure;
mod gemini_enterprise;
mod google;
mod image;
mod manifest;
mod project;
#[cfg(test)]
mod reference;
mod registry;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use commands::Arguments;
use failure::{Exit, Failure};
use terminal::Terminal;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(said) => {
            // To standard output what was asked for, to standard error what was not.
            let _ = said.print();
            let exit = if said.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            return exit.into();
        }
    };
    let terminal = Terminal::new(arguments.format());
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Software, format!("the runtime cannot start: {why}")))
        .and_then(|runtime| runtime.block_on(arguments.run(&terminal)));
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal.failure(&failure);
            failure.exit().into()
        }
    }
}
