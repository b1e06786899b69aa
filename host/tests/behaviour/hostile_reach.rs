//! What a hostile agent reaches for, and does not get: addresses, tasks and names of others.

use attache_task_store::{
    Begin, Change, Database, Events, Get, Opening, Scope, Snapshot, Sqlite, State, WriteState,
};

use super::client::{Protocol, empty, get, in_time, request, send, whole};
use super::process::Host;

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_server_has_no_name_that_it_could_be_reached_by() {
    for more in [&[][..], &["--outbound-allow-private=1"][..]] {
        let arguments = [&["--allow-outbound", "*"], more].concat();
        let host = Host::start_hostile(&arguments);
        let answer = in_time(get(&host, "/metadata")).await.text;
        let lines: Vec<_> = answer.lines().collect();
        assert_eq!(lines.len(), 64);
        for line in lines {
            let refused = line.contains("ErrorCode::");
            assert!(refused, "{line}");
        }
        assert_eq!(get(&host, "/well").await.text, "well");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_calls_that_are_not_allowed_stay_in_the_host() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let host = Host::start_hostile(&[]);
    let path = format!("/ten-thousand-calls?{address}");
    let flood = tokio::spawn({
        let request = request(&host, Protocol::Http1, &path)
            .body(empty())
            .unwrap();
        let address = host.address;
        async move { whole(send(address, Protocol::Http1, request).await.unwrap()).await }
    });
    assert_eq!(get(&host, "/well").await.text, "well");
    let answer = in_time(flood).await.unwrap().text;
    assert_eq!(answer, "answered=0 refused=10000");
    let connected =
        tokio::time::timeout(std::time::Duration::from_millis(10), listener.accept()).await;
    assert!(connected.is_err(), "{connected:?}");
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap().as_millis()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tasks_of_another_owner_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let database = Sqlite::open(folder.path().join("tasks.db")).unwrap();
    database.perform(attache_task_store::Migrate).await.unwrap();
    let scopes = ["", "victim"].map(|tenant| Scope {
        tenant: tenant.to_owned(),
        owner: "somebody else".to_owned(),
    });
    for scope in &scopes {
        let first = Change {
            events: vec![b"secret".to_vec()],
            state: State::Working,
            status_time: now(),
            snapshot: Some(Snapshot {
                task: b"{}".to_vec(),
                artifacts: None,
            }),
            checkpoint: None,
        };
        let begin = Begin {
            scope: scope.clone(),
            opening: Opening::Create {
                task_id: "theirs".to_owned(),
                context_id: "context".to_owned(),
                message: None,
                first,
                push: None,
            },
            now: now(),
            lease_ms: 600_000,
            idempotency_window_ms: 0,
        };
        database.perform(begin).await.unwrap();
        let state = WriteState {
            scope: scope.clone(),
            context_id: "context".to_owned(),
            key: "key".to_owned(),
            value: Some(b"secret".to_vec()),
            now: now(),
        };
        database.perform(state).await.unwrap();
    }

    let host = Host::start_hostile_on(folder.path());
    assert_eq!(get(&host, "/other-owners?theirs").await.text, "");
    for scope in &scopes {
        let get = Get {
            scope: scope.clone(),
            task_id: "theirs".to_owned(),
            now: now(),
        };
        let task = database.perform(get).await.unwrap();
        assert_eq!((task.state, task.running), (State::Working, true));
        let events = Events {
            scope: scope.clone(),
            task_id: "theirs".to_owned(),
            after: 0,
            now: now(),
        };
        let progress = database.perform(events).await.unwrap();
        assert_eq!(progress.events.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_do_not_make_a_caller() {
    let host = Host::start_hostile(&[]);
    let mut request = request(&host, Protocol::Http1, "/forged-caller");
    for (name, value) in [
        (
            "x-goog-authenticated-user-email",
            "accounts.google.com:admin@example.com",
        ),
        ("x-goog-authenticated-user-id", "accounts.google.com:1"),
        ("x-goog-iap-jwt-assertion", "a.b.c"),
        ("x-serverless-authorization", "Bearer a.b.c"),
        ("authorization", "Bearer a.b.c"),
        ("x-forwarded-user", "admin"),
        ("x-attache-owner", "somebody else"),
        ("x-attache-caller", "somebody else"),
        ("forwarded", "for=127.0.0.1"),
    ] {
        request = request.header(name, value);
    }
    let request = request.body(empty()).unwrap();
    let answer = whole(send(host.address, Protocol::Http1, request).await.unwrap()).await;
    assert_eq!(answer.text, "anonymous");
}
