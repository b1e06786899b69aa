use std::time::{Duration, Instant};

use attache_task_store::{
    Begin, Begun, Cancel, Change, Database, Lease, Opening, Renew, Scope, Snapshot, Sqlite, State,
};

use super::client::{Protocol, empty, get, piece, request, send, until};
use super::process::Host;

/// Less than any interval at which the host looks for news.
const AT_ONCE: Duration = Duration::from_secs(4);

async fn open(host: &Host, path: &str) -> hyper::body::Incoming {
    let request = request(host, Protocol::Http1, path).body(empty()).unwrap();
    let mut body = send(host.address, Protocol::Http1, request)
        .await
        .unwrap()
        .into_body();
    assert_eq!(piece(&mut body).await.unwrap().unwrap(), "begun\n");
    body
}

async fn task(host: &Host, id: &str, is: impl Fn(&str) -> bool) -> String {
    let path = format!("/runs/get?id={id}");
    until(|| async { get(host, &path).await.text }, |text| is(text)).await
}

fn failed(text: &str) -> bool {
    text.starts_with("State::Failed running=false")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_completes_its_task_and_the_task_survives_the_process() {
    let mut host = Host::start(&[]);
    let answer = get(&host, "/runs/begin?id=one").await;
    assert_eq!(answer.text, "begun\nState::Completed Ok(2)");
    host.signal("KILL");
    host.wait();
    let next = Host::start_on(host.data(), &[]);
    let text = get(&next, "/runs/get?id=one").await.text;
    assert_eq!(text, "State::Completed running=false newest=2 ended");
    assert_eq!(get(&next, "/runs/list").await.text, "1 of 1");
    assert_eq!(
        get(&next, "/runs/get?id=other").await.text,
        "Error::NotFound"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_run_ends_too_early_is_failed_with_a_sentence() {
    let host = Host::start(&[]);
    for (id, then) in [("trapped", "trap"), ("left", "leave")] {
        let _run = open(&host, &format!("/runs/begin?id={id}&ms=50&then={then}")).await;
        let text = task(&host, id, failed).await;
        assert!(
            text.contains("The agent stopped before it finished this task."),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_gets_each_event_and_the_end_at_once() {
    let host = Host::start(&[]);
    let _run = open(&host, "/runs/begin?id=watched&ms=50000").await;
    let request = request(&host, Protocol::Http1, "/runs/watch?id=watched")
        .body(empty())
        .unwrap();
    let mut events = send(host.address, Protocol::Http1, request)
        .await
        .unwrap()
        .into_body();
    assert_eq!(piece(&mut events).await.unwrap().unwrap(), "1:begun\n");
    let began = Instant::now();
    get(&host, "/runs/cancel?id=watched").await;
    assert_eq!(piece(&mut events).await.unwrap().unwrap(), "2:ended\n");
    assert_eq!(
        piece(&mut events).await.unwrap().unwrap(),
        "State::Canceled\n"
    );
    // Well before a watcher would look by itself.
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_learns_that_the_run_is_gone() {
    let host = Host::start(&[]);
    let _run = open(&host, "/runs/begin?id=gone&ms=300&then=trap").await;
    let text = get(&host, "/runs/watch?id=gone&after=1").await.text;
    assert!(text.ends_with("State::Failed\n"), "{text}");
    assert_eq!(
        get(&host, "/runs/watch?id=unknown").await.text,
        "Error::NotFound"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_wakes_the_run_at_once() {
    let host = Host::start(&[]);
    let mut run = open(&host, "/runs/begin?id=long&ms=50000").await;
    let began = Instant::now();
    assert_eq!(get(&host, "/runs/cancel?id=long").await.text, "Ok(())");
    assert_eq!(
        piece(&mut run).await.unwrap().unwrap(),
        "State::Canceled Ok(2)"
    );
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    let answer = get(&host, "/runs/cancel?id=long").await.text;
    assert_eq!(answer, "Err(Error::Finished(State::Canceled))");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_loses_its_task_learns_it_at_once() {
    let host = Host::start(&[]);
    let mut run = open(&host, "/runs/begin?id=contested&ms=50000").await;
    let began = Instant::now();
    assert_eq!(
        get(&host, "/runs/take-over?id=contested").await.text,
        "begun\nOk(2)"
    );
    let end = piece(&mut run).await.unwrap().unwrap();
    assert!(end.starts_with("State::Canceled Err(Error::"), "{end}");
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    let text = task(&host, "contested", |_| true).await;
    assert_eq!(text, "State::Completed running=false newest=2 taken over");
}

#[tokio::test(flavor = "multi_thread")]
async fn dispatched_work_goes_on_here() {
    let host = Host::start(&[]);
    let answer = get(&host, "/runs/begin?id=later&ms=300&dispatch=1").await;
    assert_eq!(answer.text, "begun\nOk(Placement::Here)\n");
    task(&host, "later", |text| text.starts_with("State::Completed")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_message_finds_its_task_unless_that_is_off() {
    let host = Host::start(&[]);
    get(&host, "/runs/begin?id=first&message=m").await;
    assert_eq!(
        get(&host, "/runs/begin?id=second&message=m").await.text,
        "repeated first"
    );
    let host = Host::start(&["--idempotency-window", "0"]);
    get(&host, "/runs/begin?id=first&message=m").await;
    let answer = get(&host, "/runs/begin?id=second&message=m").await.text;
    assert_eq!(answer, "begun\nState::Completed Ok(2)");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_meet() {
    let host = Host::start(&[]);
    get(&host, "/runs/begin?id=one&tenant=a").await;
    assert_eq!(
        get(&host, "/runs/get?id=one&tenant=b").await.text,
        "Error::NotFound"
    );
    assert!(
        get(&host, "/runs/get?id=one&tenant=a")
            .await
            .text
            .starts_with("State::Completed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_keeps_values_for_a_conversation() {
    let host = Host::start(&[]);
    assert_eq!(get(&host, "/runs/read-state?id=c").await.text, "Ok(None)");
    assert_eq!(
        get(&host, "/runs/write-state?id=c&value=kept").await.text,
        "Ok(())"
    );
    assert_eq!(get(&host, "/runs/read-state?id=c").await.text, "kept");
}

/// A task whose run is gone, as another process would leave it.
async fn leave_behind(database: &Sqlite, id: &str) -> Lease {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = u64::try_from(now.as_millis()).unwrap();
    let first = Change {
        events: vec![b"begun".to_vec()],
        state: State::Working,
        status_time: now,
        snapshot: Some(Snapshot {
            task: b"{}".to_vec(),
            artifacts: None,
        }),
        checkpoint: None,
    };
    let opening = Opening::Create {
        task_id: id.to_owned(),
        context_id: "context".to_owned(),
        message: None,
        first,
        push: None,
    };
    let begin = Begin {
        scope: Scope::default(),
        opening,
        now,
        lease_ms: 60_000,
        idempotency_window_ms: 0,
    };
    let Begun::Started { lease, .. } = database.perform(begin).await.unwrap() else {
        panic!("a new task is not repeated");
    };
    lease
}

async fn expire(database: &Sqlite, lease: Lease) {
    let renew = Renew {
        leases: vec![lease],
        now: 1,
        lease_ms: 0,
    };
    database.perform(renew).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_without_a_run_is_resumed_or_failed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let database = Sqlite::open(folder.path().join("tasks.db")).unwrap();
    database.perform(attache_task_store::Migrate).await.unwrap();
    for id in ["resumed", "unwilling", "doomed"] {
        let lease = leave_behind(&database, id).await;
        expire(&database, lease).await;
    }
    let lease = leave_behind(&database, "canceled").await;
    let cancel = Cancel {
        scope: Scope::default(),
        task_id: "canceled".to_owned(),
    };
    assert!(database.perform(cancel).await.unwrap());
    expire(&database, lease).await;
    database.close().await;

    let host = Host::start_on(folder.path(), &[]);
    let text = task(&host, "resumed", |text| {
        text.starts_with("State::Completed")
    })
    .await;
    assert_eq!(text, "State::Completed running=false newest=2 resumed");
    let text = task(&host, "unwilling", failed).await;
    assert!(text.contains("could not take it up again"), "{text}");
    host.log_with("this one I do not resume");
    let text = task(&host, "doomed", failed).await;
    assert!(text.contains("The agent stopped"), "{text}");
    // Asked to stop before its run was lost, it stops when it is taken up again.
    task(&host, "canceled", |text| {
        text.starts_with("State::Canceled")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_the_end_of_the_process_cut_off_is_taken_up_by_the_next() {
    let mut host = Host::start(&["--drain", "0.1"]);
    let _run = open(&host, "/runs/begin?id=cut&ms=50000").await;
    host.signal("TERM");
    assert_eq!(host.wait(), Some(0));
    let next = Host::start_on(host.data(), &[]);
    task(&next, "cut", |text| text.starts_with("State::Completed")).await;
    next.log_with("resuming cut");
}
