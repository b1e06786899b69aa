//! Encrypted connections, and whom they trust.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use attache_task_store::{Postgres, PostgresSettings};
use attache_tests::postgres::Cluster;

use crate::{connect, unavailable};

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let written = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {written}");
}

/// A CA, and a certificate of it for `db.test`.
fn certificates(folder: &Path) {
    let new = "-newkey rsa:2048 -nodes -days 2";
    for name in ["ca", "other"] {
        openssl(
            folder,
            &format!("req -x509 {new} -subj /CN={name} -keyout {name}.key -out {name}.crt"),
        );
    }
    openssl(
        folder,
        &format!("req {new} -subj /CN=db.test -keyout server.key -out server.csr"),
    );
    fs::write(folder.join("names"), "subjectAltName=DNS:db.test").unwrap();
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names \
         -out server.crt",
    );
}

/// The key must belong to the server, and nobody else may read it.
fn hand_over(cluster: &Cluster, folder: &Path) {
    let data = cluster.folder().join("data");
    let owner = fs::metadata(&data).unwrap();
    for name in ["server.key", "server.crt"] {
        let file = data.join(name);
        fs::copy(folder.join(name), &file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}

#[tokio::test]
async fn checks_what_it_is_told_to_check() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let cluster = Cluster::start(&[]).unwrap();
    hand_over(&cluster, folder.path());
    cluster.stop().unwrap();
    cluster.start_again(&["ssl=on"]).unwrap();
    let url = |options: &str| {
        let options = options.replace("FOLDER", &folder.path().display().to_string());
        format!("{}?{options}", cluster.url())
    };
    // By the name in the certificate, wherever that leads.
    let named = |url: String| url.replace("@127.0.0.1", "@db.test") + "&hostaddr=127.0.0.1";

    for good in [
        url("sslmode=disable"),
        url("sslmode=prefer"),
        url("sslmode=require"),
        url("sslmode=verify-ca&sslrootcert=FOLDER/ca.crt"),
        url("sslmode=require&sslrootcert=FOLDER/ca.crt"),
        named(url("sslmode=verify-full&sslrootcert=FOLDER/ca.crt")),
    ] {
        let database = connect(&good).await;
        database.server_time().await.unwrap();
        let encrypted = cluster
            .sql(
                "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                WHERE application_name = 'attache'",
            )
            .await
            .unwrap();
        let expected = if good.contains("disable") { "f" } else { "t" };
        assert_eq!(encrypted, [[expected]], "{good}");
        database.close().await;
        cluster.terminate_clients().await.unwrap();
    }
    for (bad, part) in [
        (
            url("sslmode=verify-full&sslrootcert=FOLDER/ca.crt"),
            "its certificate is for another name",
        ),
        (
            url("sslmode=verify-ca&sslrootcert=FOLDER/other.crt"),
            "its certificate is not trusted",
        ),
        (url("sslmode=verify-full"), "its certificate is not trusted"),
        (
            url("sslmode=verify-ca&sslrootcert=FOLDER/missing.crt"),
            "missing.crt cannot be used",
        ),
        (
            url("sslmode=verify-ca&sslrootcert=FOLDER/ca.key"),
            "ca.key cannot be used",
        ),
    ] {
        let settings = PostgresSettings::parse(&bad).unwrap();
        let text = unavailable(Postgres::connect(settings).await);
        assert!(text.contains(part), "{bad}: {text}");
    }
}

#[tokio::test]
async fn is_told_that_the_server_wants_tls() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let cluster = Cluster::start(&[]).unwrap();
    hand_over(&cluster, folder.path());
    let rules = cluster.folder().join("data/pg_hba.conf");
    fs::write(&rules, "hostssl all all 127.0.0.1/32 scram-sha-256\n").unwrap();
    cluster.stop().unwrap();
    cluster.start_again(&["ssl=on"]).unwrap();
    let settings = PostgresSettings::parse(&format!("{}?sslmode=disable", cluster.url())).unwrap();
    let text = unavailable(Postgres::connect(settings).await);
    assert!(text.contains("set sslmode=require"), "{text}");
    connect(cluster.url()).await;
}
