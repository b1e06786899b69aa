use super::client::{get, keys};
use super::process::{Host, compiled_probe};

#[tokio::test(flavor = "multi_thread")]
async fn config_keys_come_from_flags_environment_and_host() {
    let host = Host::start_with(
        &[
            "--config",
            "Model=one",
            "--card",
            "hybrid",
            "--public-url",
            "https://agent.example/",
        ],
        &[
            ("ATTACHE_CONFIG_MODEL", "two"),
            ("ATTACHE_CONFIG_LOCATION", "global"),
        ],
    );
    assert_eq!(
        keys(&host).await,
        "attache_card=hybrid\nattache_max_body=33554432\nattache_public_url=https://agent.example\nlocation=global\nmodel=one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_configuration_there_are_only_the_hosts_own_limits() {
    let host = Host::start(&["--max-body", "1MiB"]);
    assert_eq!(keys(&host).await, "attache_max_body=1048576");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_learns_when_its_file_was_written() {
    let written = compiled_probe().metadata().unwrap().modified().unwrap();
    let written = written.duration_since(std::time::UNIX_EPOCH).unwrap();
    let keys = get(&Host::start(&[]), "/config").await.text;
    let expected = format!("attache_deployed_at={}", written.as_secs());
    assert!(keys.lines().any(|line| line == expected), "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_sees_no_environment_no_folder_and_no_socket() {
    let host = Host::start_with(&[], &[("SECRET", "value")]);
    assert_eq!(get(&host, "/environment").await.text, "[] 0 false");
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_anonymous() {
    assert_eq!(get(&Host::start(&[]), "/caller").await.text, "anonymous");
}
