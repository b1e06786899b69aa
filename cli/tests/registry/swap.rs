//! A running host's agent is swapped by what is published.

use std::cell::Cell;
use std::time::Duration;

use attache_load::{Figures, Load};
use serde_json::json;

use super::front::{Front, Manner};
use super::host::{Host, refused};
use super::publish::digest;
use super::store::{PASSWORD, Registry, USER};
use super::tool::Desk;

const SENDERS: usize = 16;

fn oci(reference: &str) -> String {
    format!("oci://{reference}")
}

async fn load(host: &Host, over: &Cell<bool>) -> Vec<Figures> {
    let mut rounds = Vec::new();
    while !over.get() {
        let address = host.server.url().trim_start_matches("http://");
        let load = Load {
            address: address.parse().unwrap(),
            senders: SENDERS,
            time: Duration::from_secs(2),
            prefix: format!("tck-artifact-text-{}", rounds.len()),
        };
        rounds.push(attache_load::run(&load).await);
    }
    rounds
}

/// By a signal, by the admin port, and by the host's own look, there and back; no request fails.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_swapped_under_load_without_a_failed_request() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let agents = ["one", "two", "three"].map(|name| desk.agent("tck-agent", name));
    let digests = agents
        .each_ref()
        .map(|agent| digest(&std::fs::read(agent).unwrap()));
    let reference = registry.reference("agents/kit:stable");
    let first = desk.push(&agents[0], &reference, &[]);
    let poll = [("ATTACHE_REGISTRY_POLL", "0.2")];
    let host = Host::start(&desk, &oci(&reference), &poll);
    assert_eq!(host.serving().await, digests[0]);

    let over = Cell::new(false);
    let swaps = async {
        desk.push(&agents[1], &registry.reference("agents/kit:candidate"), &[]);
        let candidate = oci(&registry.reference("agents/kit:candidate"));
        let (status, agent) = host.swap(&candidate).await;
        assert_eq!((status, agent["outcome"].as_str()), (200, Some("swapped")));
        assert_eq!(agent["digest"], digests[1]);
        // Back, by the digest that the tool printed.
        let (status, agent) = host.swap(&oci(first["reference"].as_str().unwrap())).await;
        assert_eq!((status, &agent["digest"]), (200, &json!(digests[0])));
        // The tag again, which then moves.
        let (status, agent) = host.swap(&oci(&reference)).await;
        assert_eq!(
            (status, agent["outcome"].as_str()),
            (200, Some("unchanged"))
        );
        desk.push(&agents[2], &reference, &[]);
        host.until_serves(&digests[2]).await;
        desk.push(&agents[0], &reference, &[]);
        host.hang_up();
        host.until_serves(&digests[0]).await;
        over.set(true);
    };
    let (rounds, ()) = tokio::join!(load(&host, &over), swaps);
    let sum = |count: fn(&Figures) -> u64| rounds.iter().map(count).sum::<u64>();
    let (requests, errors) = (sum(|round| round.requests), sum(|round| round.errors));
    println!("4 swaps under {SENDERS} senders: {requests} tasks, {errors} errors");
    let first = rounds.iter().find_map(|round| round.first_error.as_ref());
    assert_eq!(errors, 0, "{first:?}\n{}", host.server.output());
    assert!(requests > 50, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_stays_when_the_tag_moves() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let (one, two) = (
        desk.agent("hello-agent", "one"),
        desk.agent("hello-agent", "two"),
    );
    let served = digest(&std::fs::read(&one).unwrap());
    let reference = registry.reference("hello:1");
    let pushed = desk.push(&one, &reference, &[]);
    let fixed = oci(pushed["reference"].as_str().unwrap());
    let host = Host::start(&desk, &fixed, &[("ATTACHE_REGISTRY_POLL", "0.05")]);
    desk.push(&two, &reference, &[]);
    let other = registry.reference("other:1");
    // Nobody has to be asked what a digest is.
    let _stopped = registry.stop();
    host.hang_up();
    host.until_says("the component in the registry is the one that serves")
        .await;
    assert_eq!(host.serving().await, served);

    // The admin port takes artifacts of the same repository, and nothing else.
    for (elsewhere, why) in [
        (other, "only artifacts of"),
        ("evil.test/hello:1".to_owned(), "only artifacts of"),
        ("/tmp/agent.wasm".to_owned(), "give HOST/REPOSITORY"),
    ] {
        let (status, agent) = host.swap(&elsewhere).await;
        assert_eq!(status, 400, "{agent}");
        assert!(agent["error"].as_str().unwrap().contains(why), "{agent}");
    }
    assert_eq!(host.serving().await, served);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_keeps_what_serves_and_ends_a_start() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    let two = desk.agent("hello-agent", "two");
    let served = digest(&std::fs::read(&agent).unwrap());
    let reference = registry.reference("hello:1");
    let pushed = desk.push(&agent, &reference, &[]);
    let fixed = oci(pushed["reference"].as_str().unwrap());
    let cache = desk.path("cache");
    let cache = [("ATTACHE_CACHE_DIR", cache.to_str().unwrap())];
    let host = Host::start(&desk, &oci(&reference), &cache);

    let stopped = registry.stop();
    host.hang_up();
    host.until_says("no other component could be looked for")
        .await;
    let (status, answer) = host.swap(&oci(&reference)).await;
    assert_eq!((status, answer["outcome"].as_str()), (422, Some("refused")));
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("cannot be reached"),
        "{answer}"
    );
    assert_eq!(host.serving().await, served);
    drop(host);

    let (status, said) = refused(&desk, &oci(&reference), &cache);
    assert_eq!(status, 69, "{said}");
    assert!(said.contains("cannot be reached"), "{said}");
    // What is named by its digest was kept, and needs no registry.
    let host = Host::start(&desk, &fixed, &cache);
    assert_eq!(host.serving().await, served);
    drop(host);

    let registry = stopped.start();
    let host = Host::start(&desk, &oci(&reference), &cache);
    desk.push(&two, &registry.reference("hello:1"), &[]);
    host.hang_up();
    host.until_serves(&digest(&std::fs::read(&two).unwrap()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_on_its_way_is_refused() {
    let (registry, desk) = (Registry::start(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    desk.push(&agent, &registry.reference("hello:1"), &[]);
    let none = [("ATTACHE_CACHE_DIR", "off")];
    for (manner, status, why) in [
        (Manner::Corrupt, 65, "is not what its digest says"),
        (Manner::Longer, 69, "more than the"),
    ] {
        let front = Front::start(&registry, manner).await;
        let (ended, said) = refused(&desk, &oci(&front.reference("hello:1")), &none);
        assert_eq!(ended, status, "{said}");
        assert!(said.contains(why), "{said}");
    }
    let (status, said) = refused(&desk, &oci(&registry.reference("hello:2")), &none);
    assert_eq!(status, 65, "{said}");
    assert!(said.contains("hello:2 is not in the registry"), "{said}");
    let (status, said) = refused(&desk, "oci://me/agent:1", &none);
    assert_eq!(status, 64, "{said}");
    assert!(said.contains("the registry's host comes first"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_shows_dockers_credentials() {
    use base64::Engine as _;
    let (registry, desk) = (Registry::start(), Desk::new());
    let agent = desk.agent("hello-agent", "one");
    desk.push(&agent, &registry.reference("hello:1"), &[]);
    let auth = format!("{USER}:{PASSWORD}");
    let auth = base64::engine::general_purpose::STANDARD.encode(auth);
    let basic = format!("Basic {auth}");
    let front = Front::start(&registry, Manner::Token { basic }).await;
    let component = oci(&front.reference("hello:1"));
    let none = [("ATTACHE_CACHE_DIR", "off")];
    let (status, said) = refused(&desk, &component, &none);
    assert_eq!(status, 69, "{said}");
    assert!(
        said.contains("its token service refuses the credentials"),
        "{said}"
    );

    let host = &front.address;
    desk.docker(&json!({"credHelpers": {host: "tests"}}));
    let (status, said) = refused(&desk, &component, &none);
    assert_eq!(status, 69, "{said}");
    assert!(said.contains("the host runs no programs"), "{said}");

    desk.docker(&json!({"auths": {host: {"auth": auth}}}));
    let host = Host::start(&desk, &component, &none);
    assert_eq!(
        host.serving().await,
        digest(&std::fs::read(&agent).unwrap())
    );
    assert!(!host.server.output().contains(PASSWORD));
}
