//! What no well-behaved client sends, against the agent that ships: each gets the specified error or
//! a task that says what was wrong, nothing panics, and the next request is answered.

use attache_tests::clients::run_python;
use attache_tests::guests::component;
use attache_tests::server::Server;

#[test]
fn bad_input_is_answered_and_survived() {
    let agent = component("agent-component").expect("the agent");
    let data = tempfile::tempdir().expect("a folder for the data");
    let server = Server::host(&agent, data.path()).expect("the host");
    let verdict = run_python("bad_input.py", &[server.url()]);
    let said = server.output();
    if let Err(error) = verdict {
        panic!("{error}\nthe server said:\n{said}");
    }
    assert!(!said.contains("panicked"), "the server panicked:\n{said}");
}
