//! How PostgreSQL runs the log's statements on many tasks, with what it knows of them: every one by an
//! index. The suite notes the statements, so none can be forgotten here.

use attache_task_store::suite::{self, Noting};
use attache_task_store::{
    ClaimDeliveries, ClaimExpired, Cursor, Database, List, Query, Scope, State, Value,
};
use attache_tests::postgres::{TestDatabase, connect as raw};
use tokio_postgres::types::{ToSql, Type};

use crate::connect;

const TASKS: u64 = 120_000;
/// When the first of them got its status; each of the others a millisecond later.
const NOW: u64 = 1_700_000_000_000;

/// Four of five tasks belong to one owner, in 500 conversations; one in 400 is being worked on.
const SEED: [&str; 8] = [
    "INSERT INTO attache_task (tenant, owner, id, context_id, state, status_time, newest, bytes,
    tail_after, tail_start, task_bytes, artifacts_bytes, fence, lease_until, cancel, push)
    SELECT '', CASE WHEN n % 5 = 0 THEN 'other' || n % 50 ELSE 'big' END, 'task' || n,
    'context' || n % 500, (ARRAY[3, 3, 3, 3, 3, 4, 5, 6])[1 + n % 8], 1700000000000 + n, 1, 5,
    1, 5, 2, 0, 1, CASE WHEN n % 400 = 0 THEN 1700000000000 + n ELSE 0 END, 0, n % 6 / 5
    FROM generate_series(1, 120000) AS n",
    "INSERT INTO attache_snapshot (tenant, owner, task_id, task)
    SELECT tenant, owner, id, '{}' FROM attache_task",
    "INSERT INTO attache_event (tenant, owner, task_id, number, start, payload)
    SELECT tenant, owner, id, 1, 0, 'event' FROM attache_task",
    "INSERT INTO attache_message (tenant, owner, message_id, digest, task_id, created)
    SELECT tenant, owner, 'm' || id, sha256(id::bytea), id, status_time FROM attache_task",
    "INSERT INTO attache_push (tenant, owner, task_id, id, url, protocol_version)
    SELECT tenant, owner, id, 'w', 'https://example.com', '1.0' FROM attache_task WHERE push = 1",
    "INSERT INTO attache_outbox (tenant, owner, task_id, config_id, next, newest, attempts, due, fence)
    SELECT tenant, owner, id, 'w', 1, 1, 0, status_time, 0 FROM attache_task WHERE push = 1",
    "INSERT INTO attache_state (tenant, owner, context_id, name, value)
    SELECT tenant, owner, 'c' || id, 'k', 'v' FROM attache_task WHERE push = 1",
    "ANALYZE",
];

/// Every statement about tasks, with the lines of its plan.
async fn plans() -> Vec<(&'static str, Vec<String>)> {
    let own = TestDatabase::create().await.unwrap();
    let noting = Noting::new(connect(own.url()).await);
    suite::run_all(&noting).await.unwrap();
    own.sql("DELETE FROM attache_task").await.unwrap();
    own.sql("DELETE FROM attache_outbox").await.unwrap();
    for statement in SEED {
        own.sql(statement).await.unwrap();
    }
    // Noted again with parameters that mean the many.
    let states = [None, Some(State::Completed), Some(State::InputRequired)];
    for (state, context, since, after) in states.into_iter().flat_map(|state| {
        (0..8).map(move |bits: u32| {
            let given = |bit: u32| bits >> bit & 1 == 1;
            (state, given(0), given(1), given(2))
        })
    }) {
        let query = Query {
            context_id: context.then(|| "context7".to_owned()),
            state,
            status_since: since.then_some(NOW + TASKS / 2),
            after: after.then(|| Cursor {
                status_time: NOW + TASKS - 100,
                task_id: format!("task{}", TASKS - 100),
            }),
            page_size: 50,
            include_artifacts: context != state.is_some(),
            max_bytes: u64::MAX,
        };
        let scope = Scope {
            tenant: String::new(),
            owner: "big".to_owned(),
        };
        let list = List {
            scope,
            query,
            now: NOW,
        };
        let page = noting.perform(list).await.unwrap();
        assert_eq!(page.tasks.len(), 50);
    }
    let claim = ClaimExpired {
        now: NOW + TASKS,
        lease_ms: 1_000_000,
        limit: 10,
    };
    assert_eq!(noting.perform(claim).await.unwrap().len(), 10);
    let claim = ClaimDeliveries {
        now: NOW + TASKS,
        lease_ms: 1_000_000,
        limit: 10,
    };
    assert_eq!(noting.perform(claim).await.unwrap().deliveries.len(), 10);

    let client = raw(own.url()).await.unwrap();
    let mut plans = Vec::new();
    for (sql, params) in noting.statements() {
        let schema =
            sql.starts_with("CREATE") || sql.starts_with("ALTER") || sql.contains("schema");
        if schema {
            continue;
        }
        let params: Vec<_> = params.iter().map(typed).collect();
        let params: Vec<_> = params
            .iter()
            .map(|(value, r#type)| (&**value, r#type.clone()))
            .collect();
        let explain = format!("EXPLAIN {}", sql.replace('?', "$"));
        let lines = client.query_typed(&explain, &params).await.unwrap();
        let lines = lines.iter().map(|line| line.get(0)).collect();
        plans.push((sql, lines));
    }
    plans
}

fn typed(value: &Value) -> (Box<dyn ToSql + Sync>, Type) {
    match value.clone() {
        Value::Integer(value) => (Box::new(value), Type::INT8),
        Value::Real(value) => (Box::new(value), Type::FLOAT8),
        Value::Text(value) => (Box::new(value), Type::TEXT),
        Value::Blob(value) => (Box::new(value), Type::BYTEA),
        Value::Null => (Box::new(None::<String>), Type::UNKNOWN),
    }
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = plans().await;
    assert!(plans.len() > 30, "only {} statements", plans.len());
    for (sql, lines) in &plans {
        for table in [
            "attache_task",
            "attache_snapshot",
            "attache_event",
            "attache_message",
            "attache_push",
            "attache_outbox",
            "attache_state",
        ] {
            let scan = lines
                .iter()
                .any(|line| line.contains(&format!("Seq Scan on {table}")));
            assert!(!scan, "{sql}\n{lines:#?}");
        }
    }
    listings(&plans);
    for (statement, index, condition) in [
        (
            "UPDATE attache_task",
            "attache_task_by_lease",
            "lease_until <= ?1",
        ),
        (
            "DELETE FROM attache_message",
            "attache_message_by_age",
            "created <= ?1",
        ),
        (
            "UPDATE attache_outbox",
            "attache_outbox_by_due",
            "due <= ?1",
        ),
        (
            "SELECT due FROM attache_outbox",
            "attache_outbox_by_due",
            "due > ?1",
        ),
    ] {
        let (sql, lines) = plans
            .iter()
            .find(|(sql, _)| sql.starts_with(statement) && sql.contains(condition))
            .unwrap_or_else(|| panic!("no statement {statement} … {condition}"));
        assert!(
            lines.iter().any(|line| line.contains(index)),
            "{sql}\n{lines:#?}"
        );
    }
}

fn listings(plans: &[(&'static str, Vec<String>)]) {
    let listings: Vec<_> = plans
        .iter()
        .filter(|(sql, _)| sql.contains("ORDER BY status_time DESC") || sql.contains("COUNT(*)"))
        .filter(|(sql, _)| sql.contains("attache_task"))
        .collect();
    assert_eq!(listings.len(), 12, "{listings:#?}");
    for (sql, lines) in listings {
        let index = match (
            sql.contains("AND context_id ="),
            sql.contains("AND state ="),
        ) {
            (false, false) => "attache_task_by_time",
            (true, false) => "attache_task_by_context",
            (false, true) => "attache_task_by_state",
            (true, true) => "attache_task_by_context_and_state",
        };
        let uses = |how: &str| {
            lines
                .iter()
                .any(|line| line.contains(&format!("{how} {index}")))
        };
        // A page is read in the order of the index. A count that may stop somewhere need not be,
        // when most of what matches is counted anyway.
        let page = sql.contains("(status_time, id) <");
        let by_index = uses("using") || !page && uses("Bitmap Index Scan on");
        let sorts = page && lines.iter().any(|line| line.contains("Sort"));
        assert!(by_index && !sorts, "{index}\n{sql}\n{lines:#?}");
    }
}
