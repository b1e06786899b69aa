use super::process::{Host, compiled_probe, run};

type Variables<'a> = &'a [(&'a str, &'a str)];

#[test]
fn a_bad_value_ends_the_start_with_64_and_one_sentence() {
    let probe = compiled_probe().to_str().unwrap();
    let component = ("ATTACHE_COMPONENT", probe);
    let cases: [(&[&str], Variables, &str); 6] = [
        (
            &["serve"],
            &[],
            "ATTACHE_COMPONENT (COMPONENT) is not set: ",
        ),
        (
            &["serve"],
            &[component, ("PORT", "eighty")],
            r#"PORT (--port) is "eighty": give a whole number from 0 to 65535."#,
        ),
        (
            &["serve"],
            &[component, ("DATABASE_URL", "mysql://me:hidden@db/tasks")],
            "DATABASE_URL is set: ",
        ),
        (
            &["serve"],
            &[
                component,
                ("K_SERVICE", "agent"),
                ("APP_URL", "http://localhost:8080"),
            ],
            r#"APP_URL is "http://localhost:8080": on Cloud Run"#,
        ),
        (
            &["serve"],
            &[component, ("ATTACHE_HOST", "0.0.0.0")],
            "ATTACHE_AUTH (--auth) is not set: the host is to listen on 0.0.0.0",
        ),
        (&["serve", "--no-such-flag"], &[component], "--no-such-flag"),
    ];
    for (arguments, environment, sentence) in cases {
        let output = run(arguments, environment);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(64),
            "{arguments:?} {environment:?}: {complaint}"
        );
        assert!(complaint.contains(sentence), "{complaint} lacks {sentence}");
        assert!(!complaint.contains("hidden"), "{complaint}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn every_flag_names_its_variable_and_no_value_is_shown() {
    let output = run(
        &["serve", "--help"],
        &[("ATTACHE_PUBLIC_URL", "https://hidden.example")],
    );
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for variable in [
        "ATTACHE_COMPONENT",
        "PORT",
        "ATTACHE_HOST",
        "ATTACHE_AUTH",
        "ATTACHE_API_KEYS",
        "ATTACHE_API_KEYS_FILE",
        "ATTACHE_OIDC_ISSUER",
        "ATTACHE_OIDC_AUDIENCE",
        "ATTACHE_IAP_AUDIENCE",
        "ATTACHE_GOOGLE_CLIENT_ID",
        "ATTACHE_PUBLIC_URL",
        "APP_URL",
        "AGENT_URL",
        "ATTACHE_DATA_DIR",
        "ATTACHE_CARD",
        "ATTACHE_CARD_KEY",
        "ATTACHE_CARD_KEY_FILE",
        "ATTACHE_CARD_KEY_ID",
        "ATTACHE_CARD_JKU",
        "ATTACHE_IDEMPOTENCY_WINDOW",
        "ATTACHE_PUSH_ALLOW_PRIVATE",
        "ATTACHE_ALLOW_OUTBOUND",
        "ATTACHE_OUTBOUND_ALLOW_PRIVATE",
        "ATTACHE_CONFIG_<KEY>",
        "ATTACHE_MAX_BODY",
        "ATTACHE_MAX_INSTANCES",
        "ATTACHE_MAX_HEADER_SIZE",
        "ATTACHE_MAX_HEADERS",
        "ATTACHE_MAX_URI",
        "ATTACHE_BODY_IDLE",
        "ATTACHE_BODY_TIME",
        "ATTACHE_WRITE_STALL",
        "ATTACHE_IDLE_TIMEOUT",
        "ATTACHE_MAX_CONNECTIONS",
        "ATTACHE_MAX_CONNECTIONS_PER_ADDRESS",
        "ATTACHE_RATE_CALLER",
        "ATTACHE_RATE_ADDRESS",
        "ATTACHE_RATE_CARD",
        "ATTACHE_TRUSTED_PROXIES",
        "ATTACHE_QUEUE",
        "ATTACHE_QUEUE_WAIT",
        "ATTACHE_MEMORY",
        "ATTACHE_CPU_MS",
        "ATTACHE_DRAIN",
        "ATTACHE_LOG_FORMAT",
        "RUST_LOG",
        "K_SERVICE",
        "GCE_METADATA_HOST",
    ] {
        assert!(words.contains(variable), "--help lacks {variable}");
    }
    assert!(!help.contains("hidden"), "{help}");
}

#[test]
fn an_address_in_use_is_named() {
    let host = Host::start(&[]);
    let port = host.address.port().to_string();
    let probe = compiled_probe().to_str().unwrap();
    let output = run(
        &["serve", probe, "--port", &port, "--data-dir", ":memory:"],
        &[],
    );
    assert_eq!(output.status.code(), Some(69));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        complaint.contains(&format!("cannot listen on {}", host.address)),
        "{complaint}"
    );
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let probe = compiled_probe().to_str().unwrap();
    let output = run(
        &[
            "serve",
            probe,
            "--port",
            "0",
            "--data-dir",
            "/dev/null/tasks",
        ],
        &[],
    );
    assert_eq!(output.status.code(), Some(69));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("/dev/null/tasks"), "{complaint}");
    assert!(
        complaint.contains("ATTACHE_DATA_DIR (--data-dir)"),
        "{complaint}"
    );
}
