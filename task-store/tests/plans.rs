//! How SQLite runs the log's statements: every one by an index, none with a sort.
//!
//! The suite is run on a database that notes every statement, so none can be forgotten here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends where it fails"
)]

use attache_task_store::suite::{self, Noting};
use attache_task_store::{Database, Migrate, Sqlite};

/// Every statement about tasks that the suite leads to, with the lines of its plan.
async fn plans() -> Vec<(&'static str, Vec<String>)> {
    let noting = Noting::new(Sqlite::open(":memory:").unwrap());
    suite::run_all(&noting).await.unwrap();

    // Plans are made for a database that is empty and has no statistics, as SQLite sees every one
    // that nobody runs ANALYZE on.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tasks.db");
    let database = Sqlite::open(&path).unwrap();
    database.perform(Migrate).await.unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    noting
        .statements()
        .into_keys()
        .filter(|sql| {
            !["CREATE", "ALTER", "DROP"]
                .iter()
                .any(|ddl| sql.starts_with(ddl))
        })
        // What a migration copies.
        .filter(|sql| !sql.contains("schema") && !sql.contains("_4"))
        .map(|sql| {
            let mut explain = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let parameters = vec![rusqlite::types::Null; explain.parameter_count()];
            let lines = explain
                .query_map(rusqlite::params_from_iter(parameters), |row| {
                    row.get("detail")
                })
                .unwrap()
                .collect::<Result<Vec<String>, _>>()
                .unwrap();
            (sql, lines)
        })
        .collect()
}

#[tokio::test]
async fn no_statement_scans_or_sorts() {
    let plans = plans().await;
    assert!(plans.len() > 30, "only {} statements", plans.len());
    for (sql, lines) in plans {
        for line in &lines {
            // The values of the statement itself, and the rows of a part that is limited.
            let few = line.ends_with("VALUES CLAUSE")
                || line == "SCAN counted"
                || line == "SCAN CONSTANT ROW";
            let scan = line.starts_with("SCAN") && !few;
            let sort = line.contains("TEMP B-TREE");
            assert!(!scan && !sort, "{sql}\n{lines:#?}");
        }
    }
}

#[tokio::test]
async fn listings_use_the_index_of_their_filter() {
    let plans = plans().await;
    let listings: Vec<_> = plans
        .iter()
        .filter(|(sql, _)| sql.contains("ORDER BY status_time DESC") || sql.contains("COUNT(*)"))
        .filter(|(sql, _)| sql.contains("attache_task"))
        .collect();
    // Four combinations to page through, one of them twice; as many to count in the index but the two
    // that are counters.
    assert_eq!(listings.len(), 12, "{listings:#?}");
    for (sql, lines) in listings {
        // The state of what has completed, and of a conversation's tasks, is read in the index.
        let columns = match (
            sql.contains("AND context_id ="),
            sql.contains("AND state <> 3"),
        ) {
            (true, _) => "context_id=? AND tenant=? AND owner=?",
            (false, true) => "tenant=? AND owner=? AND state=?",
            (false, false) => "tenant=? AND owner=?",
        };
        let range = if sql.contains("status_time >=") {
            " AND status_time>?"
        } else if sql.contains("ORDER BY") {
            " AND (status_time,id)<(?,?)"
        } else {
            ""
        };
        let expected = format!(" ({columns}{range})");
        let found = lines
            .iter()
            .any(|line| line.contains(" INDEX ") && line.ends_with(&expected));
        assert!(found, "{expected}\n{sql}\n{lines:#?}");
    }
}

#[tokio::test]
async fn sweeps_use_the_index_of_what_they_look_for() {
    for (table, index, condition) in [
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
            "DELETE FROM attache_dispatch",
            "attache_dispatch_by_age",
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
        let plans = plans().await;
        let (sql, lines) = plans
            .iter()
            .find(|(sql, _)| sql.starts_with(table) && sql.contains(condition))
            .unwrap_or_else(|| panic!("no statement {table} … {condition}"));
        assert!(
            lines.iter().any(|line| line.contains(index)),
            "{sql}\n{lines:#?}"
        );
    }
}
