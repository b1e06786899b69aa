//! Hosts that share a database.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant, UNIX_EPOCH};

use attache_tests::a2a::Client;
use attache_tests::guests::component;
use attache_tests::server::{Server, host_command};

/// Seconds; as short as a busy machine allows, since the tests wait for leases to end.
pub(crate) const LEASE: u64 = 3;
/// The longest that anything may take here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The test agent, compiled, so that hosts start at once: once for all tests, although each runs in a
/// process of its own.
pub(crate) fn agent() -> PathBuf {
    static COMPILED: LazyLock<PathBuf> = LazyLock::new(|| {
        let source = component("tck-agent").unwrap();
        let mut compile = host_command().unwrap();
        let age = |file: &Path| {
            let written = file.metadata().unwrap().modified().unwrap();
            written.duration_since(UNIX_EPOCH).unwrap().as_nanos()
        };
        let host = age(Path::new(compile.get_program()));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = folder.join(format!("tck-agent-{}-{host}.cwasm", age(&source)));
        if !file.exists() {
            let own = folder.join(format!("{}.cwasm", std::process::id()));
            let compile = compile.arg("compile").arg(&source).arg("-o").arg(&own);
            let output = compile.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            // Several tests may come to this at once; each leaves a whole file.
            std::fs::rename(own, &file).unwrap();
        }
        file
    });
    COMPILED.clone()
}

/// The command of a host on this database.
pub(crate) fn command(database: &str) -> Command {
    let mut command = host_command().unwrap();
    command
        .arg("serve")
        .arg(agent())
        .env("DATABASE_URL", database)
        .env("ATTACHE_LEASE", LEASE.to_string())
        .env("ATTACHE_IDEMPOTENCY_WINDOW", "600")
        .env("ATTACHE_PUSH_ALLOW_PRIVATE", "1")
        .env("RUST_LOG", "info");
    command
}

/// A host on this database.
pub(crate) fn host(database: &str) -> Server {
    Server::start(&mut command(database), "/health/ready").unwrap()
}

/// Two of them, and their clients.
pub(crate) fn two(database: &str) -> ([Server; 2], [Client; 2]) {
    let hosts = [host(database), host(database)];
    let clients = [Client::new(hosts[0].url()), Client::new(hosts[1].url())];
    (hosts, clients)
}

/// Waits until `holds` is true.
pub(crate) async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
