//! The data analyst with tables that nobody here made, its numbers compared with DuckDB's.

use std::process::Command;

use attache_tests::clients::run_python;
use attache_tests::guests::component;
use attache_tests::server::Server;

#[test]
fn real_tables_come_back_right_under_the_host() {
    let agent = component("agent-component").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    run_python("analyst_table.py", &[server.url()]).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn real_tables_come_back_right_under_spin() {
    let mut harness = Command::new(env!("CARGO_BIN_EXE_spin-harness"));
    harness
        .arg("--agent")
        .arg(component("agent-component").expect("the agent"))
        .arg("--adapter")
        .arg(component("attache-spin-adapter").expect("the adapter"));
    let server = Server::start(&mut harness, "/.well-known/agent-card.json").expect("the harness");
    run_python("analyst_table.py", &[server.url()]).unwrap_or_else(|error| panic!("{error}"));
}
