//! What is learnt from name servers, and for how long it is kept.

use super::Call;
use crate::client::until;
use crate::elsewhere::Elsewhere;
use crate::name_server::NameServer;
use crate::process::Host;

struct Setting {
    names: NameServer,
    port: u16,
    host: Host,
    // Ends with the test.
    _target: Elsewhere,
}

impl Setting {
    async fn of(ttl: u32, more: &[&str]) -> Self {
        let names = NameServer::start(ttl).await;
        let target = Elsewhere::start().await;
        let dns = names.address.to_string();
        let mut arguments = vec!["--allow-outbound", "*", "--outbound-allow-private"];
        arguments.extend(["--dns", &dns]);
        arguments.extend(more);
        Self {
            host: Host::start(&arguments),
            port: target.address.port(),
            names,
            _target: target,
        }
    }

    /// Calls a name over a new connection.
    async fn call(&self, name: &str) -> String {
        let url = format!("http://{name}:{}/", self.port);
        Call::many(&url, 1).from(&self.host).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_asked_for_once_while_its_answer_holds() {
    let setting = Setting::of(60, &[]).await;
    setting.names.add("a.test", &["127.0.0.1"]);
    for _ in 0..10 {
        assert_eq!(setting.call("a.test").await, "1 times 200 reached /");
    }
    assert_eq!(setting.names.asked("a.test"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_exist_is_not_asked_for_again_at_once() {
    let setting = Setting::of(60, &[]).await;
    let first = setting.call("none.test").await;
    assert!(first.contains("DnsError"), "{first}");
    let asked = setting.names.asked("none.test");
    for _ in 0..10 {
        setting.call("none.test").await;
    }
    assert_eq!(setting.names.asked("none.test"), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_to_be_kept_is_asked_for_again_a_second_later() {
    let setting = Setting::of(0, &[]).await;
    setting.names.add("a.test", &["127.0.0.1"]);
    let calls = || async {
        setting.call("a.test").await;
        setting.names.asked("a.test")
    };
    let began = std::time::Instant::now();
    until(calls, |asked| *asked >= 3).await;
    assert!(began.elapsed().as_secs() >= 2, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_answers_are_kept_than_was_set() {
    const NAMES: usize = 150;
    let setting = Setting::of(60, &["--dns-cache", "4"]).await;
    let name = |number: usize| format!("n{number}.test");
    for round in 1..=2 {
        for number in 0..NAMES {
            setting.names.add(&name(number), &["127.0.0.1"]);
            assert_eq!(
                setting.call(&name(number)).await,
                "1 times 200 reached /",
                "{round}"
            );
        }
    }
    let asked: usize = (0..NAMES)
        .map(|number| setting.names.asked(&name(number)))
        .sum();
    // Some more are kept until the cache is tidied.
    assert!(asked > NAMES + NAMES / 2, "{asked}");
}
