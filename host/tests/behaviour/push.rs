use super::client::{Protocol, empty, get, piece, request, send, until};
use super::process::{Host, message};
use super::receiver::Receiver;

const PRIVATE: &[&str] = &["--push-allow-private"];

/// The host's warnings about webhooks.
fn warnings(host: &Host) -> Vec<String> {
    let entries = host.entries();
    let texts = entries.iter().map(message);
    texts
        .filter(|text| text.contains("webhook"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_kept_with_their_task_and_survive_the_process() {
    let mut host = Host::start(&[]);
    let hook = "hook=first&url=http://example.com/a&token=t&credentials=c";
    get(&host, &format!("/runs/begin?id=one&{hook}")).await;
    for hook in [
        "hook=second&url=http://example.com/b",
        "hook=second&url=http://example.com/c",
        "hook=Third&url=http://example.com/d",
    ] {
        let answer = get(&host, &format!("/hooks/put?id=one&{hook}")).await.text;
        assert_eq!(answer, "Ok(())");
    }
    host.signal("KILL");
    host.wait();

    let next = Host::start_on(host.data(), &[]);
    assert_eq!(
        get(&next, "/hooks/list?id=one").await.text,
        "Third http://example.com/d None None 1.0\n\
         first http://example.com/a Some(\"t\") Some(\"c\") 1.0\n\
         second http://example.com/c None None 1.0\n"
    );
    for hook in ["first", "first", "Third"] {
        let path = format!("/hooks/delete?id=one&hook={hook}");
        assert_eq!(get(&next, &path).await.text, "Ok(())");
    }
    let left = get(&next, "/hooks/list?id=one").await.text;
    assert_eq!(left, "second http://example.com/c None None 1.0\n");
    for path in [
        "/hooks/list?id=one&tenant=other",
        "/hooks/put?id=two&url=http://example.com",
        "/hooks/delete?id=two&hook=first",
    ] {
        let answer = get(&next, path).await.text;
        assert!(answer.contains("Error::NotFound"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_sent_every_event_in_order_with_what_shows_who_asked() {
    let receiver = Receiver::answering(&[]).await;
    let host = Host::start(PRIVATE);
    let hook = receiver.hook();
    let path = format!("/runs/begin?id=one&events=20&{hook}&token=t0ken&credentials=s3cret");
    get(&host, &path).await;
    let mut expected = vec!["begun".to_owned()];
    expected.extend((0..20).map(|number| format!("event {number}")));
    expected.push("ended".to_owned());
    assert_eq!(receiver.first(22).await, expected);
    for taken in receiver.taken() {
        assert_eq!(taken.path, "POST /secret-path");
        assert_eq!(taken.headers["content-type"], "application/a2a+json");
        assert_eq!(taken.headers["a2a-version"], "1.0");
        assert_eq!(taken.headers["x-a2a-notification-token"], "t0ken");
        assert_eq!(taken.headers["authorization"], "Bearer s3cret");
        assert_eq!(taken.headers["host"], receiver.address.to_string());
    }
    assert_eq!(warnings(&host), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_tried_again_and_nothing_overtakes_it() {
    let receiver = Receiver::answering(&[500, 429]).await;
    let host = Host::start(PRIVATE);
    get(&host, &format!("/runs/begin?id=one&{}", receiver.hook())).await;
    let bodies = receiver.first(4).await;
    assert_eq!(bodies, ["begun", "begun", "begun", "ended"]);
    assert_eq!(warnings(&host), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_wanted_is_left_out_and_the_log_says_so_once() {
    let receiver = Receiver::answering(&[410, 307, 403]).await;
    let host = Host::start(PRIVATE);
    let hook = receiver.hook();
    get(
        &host,
        &format!("/runs/begin?id=one&events=2&{hook}&token=t0ken"),
    )
    .await;
    let bodies = receiver.first(4).await;
    assert_eq!(bodies, ["begun", "event 0", "event 1", "ended"]);
    let paths = receiver.taken().into_iter().map(|taken| taken.path);
    assert!(paths.into_iter().all(|path| path == "POST /secret-path"));
    let [warning] = <[String; 1]>::try_from(warnings(&host)).unwrap();
    assert_eq!(
        warning,
        "a webhook of task \"one\" at 127.0.0.1 is not sent event 1: the answer was 410; \
         `attache-host dead-letters` shows what it lacks"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_called_is_not_and_the_log_says_what_would_allow_it() {
    let receiver = Receiver::answering(&[]).await;
    let port = receiver.address.port();
    let host = Host::start(&["--allow-outbound", "*", "--outbound-allow-private"]);
    let name = format!("http://localhost:{port}");
    let address = format!("http://127.0.0.1:{port}");
    let mapped = format!("http://[::ffff:127.0.0.1]:{port}");
    let user = format!("http://me:s3cret@localhost:{port}");
    let allowed = "--push-allow-private (ATTACHE_PUSH_ALLOW_PRIVATE=1) would allow it";
    for (id, origin, why, remedy) in [
        ("address", &*address, "a loopback address", allowed),
        ("name", &name, "a loopback address", allowed),
        ("mapped", &mapped, "an address", allowed),
        ("metadata", "http://169.254.169.254", "metadata server", ""),
        ("user", &user, "not in a URL that may be called", "no user"),
        (
            "scheme",
            "ftp://example.com",
            "not in a URL that may be called",
            "use http or https",
        ),
        ("nothing", "nonsense", "", ""),
    ] {
        let hook = format!("url={origin}/secret-path&token=t0ken&credentials=s3cret");
        get(&host, &format!("/runs/begin?id={id}&{hook}")).await;
        let entry = host.log_with(&format!("a webhook of task \"{id}\""));
        let text = entry["message"].as_str().unwrap();
        assert_eq!(entry["severity"], "WARNING", "{entry}");
        assert!(text.contains(why) || why == "an address", "{text}");
        assert!(text.contains(remedy), "{text}");
        for secret in ["secret-path", "t0ken", "s3cret"] {
            assert!(!entry.to_string().contains(secret), "{entry}");
        }
    }
    assert_eq!(receiver.bodies(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_delivered_before_the_process_was_killed_is_delivered_by_the_next() {
    let receiver = Receiver::answering(&[503]).await;
    let mut host = Host::start(PRIVATE);
    get(&host, &format!("/runs/begin?id=one&{}", receiver.hook())).await;
    receiver.first(1).await;
    host.signal("KILL");
    host.wait();
    let next = Host::start_on(host.data(), PRIVATE);
    let bodies = until(
        || async { receiver.bodies() },
        |bodies| bodies.last().is_some_and(|body| body == "ended"),
    )
    .await;
    let begun = bodies.iter().filter(|body| *body == "begun").count();
    assert!(begun >= 2, "{bodies:?}");
    assert_eq!(bodies.len(), begun + 1, "{bodies:?}");
    assert_eq!(warnings(&next), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_event_is_sent_although_the_client_has_left_and_the_process_ends() {
    let receiver = Receiver::answering(&[]).await;
    let mut host = Host::start(PRIVATE);
    let path = format!("/runs/begin?id=one&ms=500&{}", receiver.hook());
    let asked = request(&host, Protocol::Http1, &path)
        .body(empty())
        .unwrap();
    let mut run = send(host.address, Protocol::Http1, asked)
        .await
        .unwrap()
        .into_body();
    assert_eq!(piece(&mut run).await.unwrap().unwrap(), "begun\n");
    drop(run);
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    assert_eq!(receiver.bodies(), ["begun", "ended"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_that_its_task_failed() {
    let receiver = Receiver::answering(&[]).await;
    let host = Host::start(PRIVATE);
    let path = format!("/runs/begin?id=one&then=leave&{}", receiver.hook());
    get(&host, &path).await;
    let bodies = receiver.first(2).await;
    assert_eq!(bodies[0], "begun");
    assert!(bodies[1].contains("TASK_STATE_FAILED"), "{bodies:?}");
}
