//! PostgreSQL for tests: a database of one's own on the common server, or a server of one's own to
//! break.

mod cluster;
mod database;

use std::thread;

pub use cluster::Cluster;
pub use database::TestDatabase;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A connection without TLS.
///
/// # Errors
/// When the server does not let it in.
pub async fn connect(url: &str) -> Result<Client, String> {
    let (client, driver) = tokio_postgres::connect(url, NoTls)
        .await
        .map_err(|error| describe(&error))?;
    tokio::spawn(async move { drop(driver.await) });
    Ok(client)
}

/// Runs statements, and returns the rows of them all as texts.
///
/// # Errors
/// When one of them fails.
pub async fn sql(url: &str, statements: &str) -> Result<Vec<Vec<String>>, String> {
    let messages = connect(url)
        .await?
        .simple_query(statements)
        .await
        .map_err(|error| format!("{statements}: {}", describe(&error)))?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = (0..row.len()).map(|column| row.get(column).unwrap_or("NULL").to_owned());
            Some(columns.collect())
        }
        _ => None,
    });
    Ok(rows.collect())
}

/// Ends every connection of clients to a server, its own excepted. Returns how many there were.
///
/// # Errors
/// When the server does not answer.
pub async fn terminate_clients(url: &str) -> Result<usize, String> {
    let ended = sql(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    Ok(ended.await?.len())
}

/// The same server and role, another database.
#[must_use]
pub fn with_database(url: &str, database: &str) -> String {
    let (before, options) = url
        .split_once('?')
        .map_or((url, ""), |(before, options)| (before, options));
    let Some((scheme, rest)) = before.split_once("://") else {
        return format!("{url} dbname={database}");
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let separator = if options.is_empty() { "" } else { "?" };
    format!("{scheme}://{authority}/{database}{separator}{options}")
}

/// Runs statements to the end from code that cannot wait, such as a destructor.
fn sql_now(url: String, statements: String) {
    let done = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            // What stays behind goes with the server.
            let _ = runtime.block_on(sql(&url, &statements));
        }
    });
    let _ = done.join();
}

fn describe(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
