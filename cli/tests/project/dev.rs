//! A new agent, from nothing to one that is swapped under load.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::load::Load;
use crate::{attache, run, said};

/// What the agent is built from is built first, perhaps on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);
const PROMISED: Duration = Duration::from_secs(10);

/// `attache dev`, and the events that it tells.
struct Dev {
    child: Child,
    events: Receiver<Value>,
}

impl Dev {
    fn start(folder: &Path) -> Self {
        let mut child = attache(folder)
            .args(["dev", "--port", "0", "-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("attache runs");
        let out = child.stdout.take().expect("its output");
        let (told, events) = channel();
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("each line is an event");
                let _ = told.send(event);
            }
        });
        Self { child, events }
    }

    fn until(&self, name: &str) -> Value {
        loop {
            let event = self.events.recv_timeout(PATIENCE);
            let event = event.unwrap_or_else(|_| panic!("no event {name:?}"));
            if event["event"] == name {
                return event;
            }
        }
    }

    fn interrupt(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_new_agent_passes_its_test_and_is_swapped_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(
        run(attache(folder.path()).args(["new", "word-counter"]))
            .status
            .success()
    );
    let agent = folder.path().join("word-counter");

    let mut dev = Dev::start(&agent);
    let serving = dev.until("serving");
    let url = serving["url"].as_str().expect("a URL").to_owned();
    let address = url.strip_prefix("http://").expect("an address").to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    assert_eq!(serving["inspector"], format!("{url}/inspector/"));
    let load = Load::on(&address);
    load.until_answered("6 words in 1 sentences");

    // The machine may be busy with other tests: the best of three is what the tool can do.
    let source = agent.join("src/count.rs");
    let first = fs::read_to_string(&source).expect("the source");
    let mut best = Duration::MAX;
    for words in ["nouns", "verbs", "tokens"] {
        let changed = first.replace("{} words in", &format!("{{}} {words} in"));
        fs::write(&source, changed).expect("a change");
        best = best.min(load.until_answered(&format!("6 {words} in")));
        if best <= PROMISED {
            break;
        }
    }
    assert!(best <= PROMISED, "a change was served after {best:?}");
    let swapped = dev.until("swapped");
    assert!(
        swapped["digest"]
            .as_str()
            .is_some_and(|digest| digest.starts_with("sha256:"))
    );

    // A mistake is told, and what served before goes on.
    let good = fs::read_to_string(&source).expect("the source");
    fs::write(&source, format!("{good}\nthis is no Rust")).expect("a mistake");
    let failed = dev.until("failed");
    assert!(failed["serving"]["digest"].is_string(), "{failed}");
    assert!(load.after_more().contains(" in 1 sentences"));
    fs::write(&source, &first).expect("the source as it was");
    load.until_answered("6 words in 1 sentences");

    let (answered, failures) = load.end();
    assert!(
        failures.is_empty(),
        "{} of {answered} were lost: {failures:?}",
        failures.len()
    );
    assert!(answered > 50, "only {answered} were answered");

    dev.interrupt();
    let status = dev.child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
    assert!(TcpStream::connect(&address).is_err(), "the host goes on");

    // Its own test, and what is said of a build.
    let mut cargo = attache(&agent);
    let target = cargo
        .get_envs()
        .find(|(name, _)| *name == "CARGO_TARGET_DIR");
    let target = target
        .and_then(|(_, value)| value)
        .expect("a folder")
        .to_owned();
    let tested = run(Command::new(env!("CARGO"))
        .args(["test", "--quiet"])
        .current_dir(&agent)
        .env("CARGO_TARGET_DIR", target));
    assert!(tested.status.success(), "{}", said(&tested));
    let built = run(cargo.args(["build", "-o", "json"]));
    assert!(built.status.success(), "{}", said(&built));
    let built: Value = serde_json::from_slice(&built.stdout).expect("a document");
    assert!(built["size"].as_u64().expect("a size") > 100_000);

    // What attache.toml names is checked without an argument. Here another folder has it.
    let component = built["component"].as_str().expect("a path");
    let manifest = format!(
        "[agent]\nname = \"word-counter\"\ncomponent = {component:?}\n[service]\nregion = \"us-central1\"\n"
    );
    fs::write(agent.join("attache.toml"), manifest).expect("a manifest");
    let checked = run(attache(&agent).arg("check"));
    let report = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{report}{}", said(&checked));
}
