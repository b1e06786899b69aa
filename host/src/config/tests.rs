use super::*;

type Variables = &'static [(&'static str, &'static str)];

fn resolve(flags: Flags, environment: &[(&str, &str)]) -> Result<Config, String> {
    let flags = Flags {
        component: flags.component.or(Some(file!().to_owned())),
        identity: IdentityFlags {
            auth: flags.identity.auth.or(given("none")),
            ..flags.identity
        },
        ..flags
    };
    let environment = environment
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    // `file!()` is relative to the workspace, tests run in the crate.
    let flags = Flags {
        component: flags.component.map(|path| format!("../{path}")),
        ..flags
    };
    Config::resolve(flags, &environment).map_err(|error| error.to_string())
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn defaults_serve_this_machine_only() {
    let config = resolve(Flags::default(), &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    let DataLocation::Folder { path, max_bytes } = &config.data else {
        panic!("{:?}", config.data);
    };
    assert_eq!((path.to_str(), *max_bytes), (Some("./.attache"), 4 << 30));
    assert_eq!(config.retention, Some(Duration::from_secs(30 * 86_400)));
    assert_eq!(
        config.keeping.idempotency_window,
        Some(Duration::from_secs(600))
    );
    assert_eq!(config.agents[0].max_body, 33_554_432);
    assert_eq!(config.log.format, LogFormat::Text);
    assert!(!config.agents[0].outbound.allow_private);
}

#[test]
fn cloud_run_listens_on_every_address_and_logs_json() {
    let config = resolve(Flags::default(), &[("K_SERVICE", "agent")]).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn origins_are_origins() {
    let allowed = |origins: &str| {
        let flags = Flags {
            agent: AgentFlags {
                allow_origin: given(origins),
                ..AgentFlags::default()
            },
            ..Flags::default()
        };
        let config = resolve(flags, &[])?;
        Ok::<_, String>(
            config.agents[0]
                .settings
                .get("attache_allow_origin")
                .map(|value| value.current().as_ref().to_owned()),
        )
    };
    assert_eq!(allowed(""), Ok(None));
    for good in [
        "*",
        "https://a.example",
        "http://localhost:3000, https://b.example",
    ] {
        assert_eq!(allowed(good), Ok(Some(good.to_owned())));
    }
    for bad in [
        "a.example",
        "https://a.example/",
        "https://a.example/x",
        "ftp://a.example",
    ] {
        let refused = allowed(bad).unwrap_err();
        assert!(refused.contains("ATTACHE_ALLOW_ORIGIN"), "{refused}");
    }
}

#[test]
fn grpc_is_declared_unless_told_otherwise() {
    let grpc = |value: Option<&str>, environment| {
        let flags = Flags {
            agent: AgentFlags {
                grpc: value.map(str::to_owned),
                ..AgentFlags::default()
            },
            ..Flags::default()
        };
        resolve(flags, environment).map(|config| config.agents[0].grpc)
    };
    assert_eq!(grpc(None, &[]), Ok(true));
    assert_eq!(grpc(Some("off"), &[]), Ok(false));
    assert_eq!(grpc(Some("on"), &[]), Ok(true));
    // Cloud Run proxies gRPC to the container as such.
    assert_eq!(grpc(None, &[("K_SERVICE", "agent")]), Ok(true));
    let refused = grpc(Some("maybe"), &[]).unwrap_err();
    assert!(refused.contains("ATTACHE_GRPC (--grpc)"), "{refused}");
}

#[test]
fn an_empty_variable_counts_as_absent() {
    let flags = Flags {
        agent: AgentFlags {
            max_body: given(""),
            ..AgentFlags::default()
        },
        port: given(""),
        ..Flags::default()
    };
    let config = resolve(flags, &[("K_SERVICE", ""), ("DATABASE_URL", "")]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
}

#[test]
fn bad_values_end_in_one_sentence_with_key_value_and_remedy() {
    let cases: [(Flags, Variables, &str); 12] = [
        (
            Flags {
                port: given("http"),
                ..Flags::default()
            },
            &[],
            r#"PORT (--port) is "http": give a whole number from 0 to 65535."#,
        ),
        (
            Flags {
                port: given("70000"),
                ..Flags::default()
            },
            &[],
            r#"PORT (--port) is "70000": give a whole number from 0 to 65535."#,
        ),
        (
            Flags {
                host: given("everywhere"),
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_HOST (--host) is "everywhere": give an IP address"#,
        ),
        (
            Flags {
                agent: AgentFlags {
                    max_body: given("12 bananas"),
                    ..AgentFlags::default()
                },
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_MAX_BODY (--max-body) is "12 bananas": give a size from 1KiB to 4GiB, such as 64MiB."#,
        ),
        (
            Flags {
                drain: given("-1"),
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_DRAIN (--drain) is "-1": give seconds"#,
        ),
        (
            Flags {
                agent: AgentFlags {
                    card: given("both"),
                    ..AgentFlags::default()
                },
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_CARD (--card) is "both": give pure, hybrid or negotiated."#,
        ),
        (
            Flags {
                agent: AgentFlags {
                    allow_outbound: given("https://example.com/"),
                    ..AgentFlags::default()
                },
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_ALLOW_OUTBOUND (--allow-outbound) is "https://example.com/": "#,
        ),
        (
            Flags {
                push: PushFlags {
                    push_allow_private: given("maybe"),
                    ..PushFlags::default()
                },
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_PUSH_ALLOW_PRIVATE (--push-allow-private) is "maybe": give 1 or 0."#,
        ),
        (
            Flags {
                agent: AgentFlags {
                    config: vec!["attache_public_url=x".into()],
                    ..AgentFlags::default()
                },
                ..Flags::default()
            },
            &[],
            r#"a config key from --config is "attache_public_url": "#,
        ),
        (
            Flags::default(),
            &[("RUST_LOG", "host=loudly")],
            r#"RUST_LOG is "host=loudly": "#,
        ),
        (
            Flags::default(),
            &[("DATABASE_URL", "mysql://user:secret@db/tasks")],
            "DATABASE_URL is set: ",
        ),
        (
            Flags {
                component: given("no-such-file.wasm"),
                ..Flags::default()
            },
            &[],
            r#"ATTACHE_COMPONENT (COMPONENT) is "../no-such-file.wasm": "#,
        ),
    ];
    for (flags, environment, sentence) in cases {
        let error = resolve(flags, environment).unwrap_err();
        assert!(error.contains(sentence), "{error:?} lacks {sentence:?}");
        assert!(!error.contains("secret"), "{error}");
        assert!(error.ends_with('.'), "{error}");
    }
}

#[test]
fn public_url_takes_the_first_name_that_is_set() {
    let both = [
        ("APP_URL", "https://app.example"),
        ("AGENT_URL", "https://agent.example"),
    ];
    let flags = Flags {
        public_url: given("https://own.example/"),
        ..Flags::default()
    };
    let url = |config: Config| config.public_url.map(|url| url.to_string());
    assert_eq!(
        url(resolve(flags, &both).unwrap()).as_deref(),
        Some("https://own.example")
    );
    assert_eq!(
        url(resolve(Flags::default(), &both).unwrap()).as_deref(),
        Some("https://app.example")
    );
    assert_eq!(
        url(resolve(Flags::default(), &both[1..]).unwrap()).as_deref(),
        Some("https://agent.example")
    );
}

#[test]
fn on_cloud_run_a_public_url_that_nobody_can_reach_is_refused() {
    for url in [
        "http://agent.example.com",
        "https://localhost",
        "http://0.0.0.0:8080",
    ] {
        let error = resolve(
            Flags::default(),
            &[("K_SERVICE", "agent"), ("APP_URL", url)],
        );
        assert!(
            error
                .unwrap_err()
                .starts_with(&format!("APP_URL is {url:?}: ")),
            "{url}"
        );
    }
    assert!(resolve(Flags::default(), &[("APP_URL", "http://localhost:8080")]).is_ok());
    assert!(resolve(Flags::default(), &[("APP_URL", "http://0.0.0.0:8080")]).is_err());
}

#[test]
fn a_queue_is_used_where_it_is_wanted() {
    let full = "projects/example.com:p/locations/europe-west1/queues/agent-1";
    let mode = |mode: &str, queue: &str, environment| {
        let flags = Flags {
            dispatch: given(mode),
            tasks_queue: given(queue),
            ..Flags::default()
        };
        resolve(flags, environment).map(|config| config.dispatching)
    };
    let url: Variables = &[("APP_URL", "https://agent.example")];
    let cloud_run: Variables = &[("K_SERVICE", "agent")];
    let by_queue = |queue| {
        Ok(Dispatching::CloudTasks(QueueConfig {
            queue,
            service_account: None,
            deadline: Duration::from_secs(1800),
            endpoint: "https://cloudtasks.googleapis.com".to_owned(),
        }))
    };
    let by_name = || by_queue(QueueName::Full(full.to_owned()));
    let inline = |unchosen| Ok(Dispatching::Inline { unchosen });
    assert_eq!(mode("", "", url), inline(false));
    assert_eq!(mode("auto", full, url), inline(false));
    assert_eq!(mode("", "", cloud_run), inline(true));
    assert_eq!(mode("inline", full, cloud_run), inline(false));
    assert_eq!(mode("auto", full, cloud_run), by_name());
    assert_eq!(mode("cloud-tasks", full, url), by_name());
    let short = QueueName::Short("agent-1".to_owned());
    assert_eq!(mode("cloud-tasks", "agent-1", url), by_queue(short));
    let refused = |given: Result<Dispatching, String>| given.unwrap_err();
    assert!(refused(mode("later", "", url)).starts_with("ATTACHE_DISPATCH"));
    assert!(refused(mode("cloud-tasks", "", url)).contains("ATTACHE_TASKS_QUEUE"));
    assert!(refused(mode("cloud-tasks", full, &[])).contains("ATTACHE_PUBLIC_URL"));
    for queue in ["a b", "queues/a", "projects/p/locations/l/queues/", "a/b"] {
        let refused = refused(mode("inline", queue, url));
        assert!(refused.starts_with("ATTACHE_TASKS_QUEUE"), "{refused}");
    }
}

#[test]
fn what_a_queue_is_told_is_checked() {
    let set = |flags: Flags| {
        let flags = Flags {
            dispatch: given("cloud-tasks"),
            tasks_queue: given("agent"),
            public_url: given("https://agent.example"),
            ..flags
        };
        resolve(flags, &[]).map(|config| match config.dispatching {
            Dispatching::CloudTasks(queue) => queue,
            inline => panic!("{inline:?}"),
        })
    };
    let deadline = |seconds: &str| {
        set(Flags {
            tasks_deadline: given(seconds),
            ..Flags::default()
        })
    };
    assert_eq!(deadline("15").unwrap().deadline, Duration::from_secs(15));
    for seconds in ["14", "1801", "30s"] {
        let refused = deadline(seconds).unwrap_err();
        assert!(refused.contains("from 15 to 1800"), "{refused}");
    }
    let account = |email: &str| {
        set(Flags {
            tasks_service_account: given(email),
            ..Flags::default()
        })
    };
    let email = "queue@p.iam.gserviceaccount.com";
    assert_eq!(account(email).unwrap().service_account, given(email));
    for email in ["queue", "@p.com", "a@b", "a b@p.com", "a@b@c.d"] {
        assert!(account(email).is_err(), "{email}");
    }
    let endpoint = |url: &str| {
        set(Flags {
            cloud_tasks_url: given(url),
            ..Flags::default()
        })
    };
    let found = endpoint("http://127.0.0.1:9/").unwrap().endpoint;
    assert_eq!(found, "http://127.0.0.1:9");
    for url in ["127.0.0.1:9", "ftp://a.example", "https://a.example/v2"] {
        assert!(endpoint(url).is_err(), "{url}");
    }
}

#[test]
fn settings_come_from_both_sources_and_the_flag_wins() {
    let flags = Flags {
        agent: AgentFlags {
            config: vec!["Model=b".into(), "empty=".into()],
            ..AgentFlags::default()
        },
        ..Flags::default()
    };
    let environment = [
        ("ATTACHE_CONFIG_MODEL", "a"),
        ("ATTACHE_CONFIG_LOCATION", "global"),
    ];
    let config = resolve(flags, &environment).unwrap();
    let settings = &config.agents[0].settings;
    let expected = [("empty", ""), ("location", "global"), ("model", "b")];
    assert!(
        settings
            .iter()
            .map(|(key, value)| (key.as_str(), value.current()))
            .eq(expected.map(|(key, value)| (key, value.into()))),
        "{settings:?}"
    );
}

#[test]
fn sizes_are_shown_as_they_are_written() {
    assert_eq!(parse::shown(32 << 20), "32MiB");
    assert_eq!(parse::shown(1 << 10), "1KiB");
    assert_eq!(parse::shown(1500), "1500 bytes");
}

#[test]
fn a_component_may_be_in_a_registry() {
    let flags = |component: &str| Flags {
        component: given(component),
        ..Flags::default()
    };
    let agents = |given: &[&str]| Flags {
        agents: given.iter().map(|&agent| agent.to_owned()).collect(),
        ..Flags::default()
    };
    let origin = |flags: Flags| {
        let auth = given("none");
        let identity = IdentityFlags {
            auth,
            ..IdentityFlags::default()
        };
        Config::resolve(Flags { identity, ..flags }, &Environment::default())
    };
    let alone = origin(flags("oci://ghcr.io/me/agent:1")).unwrap();
    assert_eq!(
        alone.agents[0].component.to_string(),
        "oci://ghcr.io/me/agent:1"
    );
    let two = origin(agents(&[
        "a=oci://ghcr.io/me/a:1",
        "b=oci://ghcr.io/me/b:1",
    ]))
    .unwrap();
    assert_eq!(two.agents[1].component.to_string(), "oci://ghcr.io/me/b:1");
    for (flags, why) in [
        (flags("oci://ghcr.io/me/agent"), "say which one"),
        (
            agents(&["a=oci://me/agent:1"]),
            "the registry's host comes first",
        ),
        (
            Flags {
                registry: RegistryFlags {
                    registry_poll: given("often"),
                    ..RegistryFlags::default()
                },
                ..flags("oci://ghcr.io/me/agent:1")
            },
            "give seconds",
        ),
    ] {
        let error = origin(flags).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
