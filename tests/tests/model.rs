//! An agent that asks a model, against fakes of Gemini, Vertex AI and OpenAI's wire, under the host and
//! under Spin.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::time::{Duration, Instant};

use attache_tests::a2a::{Client, has_ended, message, state};
use attache_tests::guests::component;
use attache_tests::metadata;
use attache_tests::models::{Answer, Fake, KEY, SIGNATURE, Step, text};
use attache_tests::receiver::until;
use attache_tests::server::{Server, host_command};
use attache_tests::spin::{SpinApp, SpinConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

#[derive(Clone, Copy, PartialEq)]
enum Under {
    Host,
    Spin,
}

const BOTH: [Under; 2] = [Under::Host, Under::Spin];

/// An agent that runs, and what it needs to.
struct Agent {
    client: Client,
    running: Running,
    _data: TempDir,
}

enum Running {
    Host(Server),
    Spin(SpinApp),
}

impl Agent {
    fn start(
        under: Under,
        fake: &Fake,
        settings: &[(&str, &str)],
        environment: &[(&str, &str)],
    ) -> Self {
        let agent = component("model-probe").unwrap();
        let data = tempfile::tempdir().unwrap();
        let (running, url) = match under {
            Under::Host => {
                let mut command = host_command().unwrap();
                command
                    .arg("serve")
                    .arg(agent)
                    .env("ATTACHE_DATA_DIR", data.path())
                    .env(
                        "ATTACHE_ALLOW_OUTBOUND",
                        fake.origin().trim_start_matches("http://"),
                    )
                    .env("ATTACHE_OUTBOUND_ALLOW_PRIVATE", "1")
                    .env_remove("GOOGLE_APPLICATION_CREDENTIALS")
                    .env("HOME", data.path())
                    .envs(environment.iter().copied());
                for (key, value) in settings {
                    command.env(format!("ATTACHE_CONFIG_{}", key.to_uppercase()), value);
                }
                let server = Server::start(&mut command, "/health/ready").unwrap();
                let url = server.url().to_owned();
                (Running::Host(server), url)
            }
            Under::Spin => {
                let adapter = component("attache-spin-adapter").unwrap();
                let config = SpinConfig::agent(agent, adapter, data.path().join("tasks.db"))
                    .allow_outbound(fake.origin());
                let config = settings
                    .iter()
                    .fold(config, |config, (key, value)| config.variable(*key, *value));
                let app = SpinApp::start(&config).unwrap();
                let url = app.url();
                (Running::Spin(app), url.clone())
            }
        };
        Self {
            client: Client::new(&url),
            running,
            _data: data,
        }
    }

    /// With Gemini's key among its settings.
    fn with_key(under: Under, fake: &Fake) -> Self {
        let settings = [
            ("gemini_api_key", KEY),
            ("openai_api_key", ""),
            ("model_base_url", fake.origin()),
            ("model_silence", "2"),
        ];
        Self::start(under, fake, &settings, &[])
    }

    fn log(&self) -> String {
        match &self.running {
            Running::Host(server) => server.output(),
            Running::Spin(app) => app.log(),
        }
    }
}

fn words_of(task: &Value) -> String {
    let parts = task["artifacts"][0]["parts"].as_array();
    let texts = parts
        .into_iter()
        .flatten()
        .map(|part| part["text"].as_str());
    texts.map(Option::unwrap_or_default).collect()
}

fn sentence_of(task: &Value) -> &str {
    let text = task["status"]["message"]["parts"][0]["text"].as_str();
    text.unwrap_or_default()
}

fn asking(words: &str) -> Value {
    let mut body = message("m1");
    body["message"]["parts"][0]["text"] = words.into();
    body
}

#[tokio::test]
async fn the_first_piece_is_there_before_the_model_has_finished() {
    for under in BOTH {
        let fake = Fake::gemini(vec![Answer::Steps(vec![
            Step::Text("The first"),
            Step::Gate,
            Step::Text(" and the last"),
        ])])
        .await;
        let agent = Agent::with_key(under, &fake);
        let mut events = agent
            .client
            .stream("/message:stream", &message("m1"), None)
            .await
            .unwrap();
        loop {
            let event = events.next().await.unwrap().expect("a piece");
            let part = &event.data["artifactUpdate"]["artifact"]["parts"][0];
            if part["text"] == "The first" {
                break;
            }
        }
        fake.open();
        let rest = events.rest().await.unwrap();
        assert_eq!(
            rest.last().unwrap().data["statusUpdate"]["status"]["state"],
            "TASK_STATE_COMPLETED"
        );
        let asked = &fake.asked()[0];
        assert!(!asked.path.contains(KEY) && !agent.log().contains(KEY));
        assert_eq!(fake.hung_up(), 0);
    }
}

#[tokio::test]
async fn an_overloaded_model_is_asked_again() {
    for under in BOTH {
        let fake = Fake::gemini(vec![
            Answer::Status(429, Some(2)),
            Answer::Status(503, None),
            text(&["at ", "last"]),
        ])
        .await;
        let agent = Agent::with_key(under, &fake);
        let begun = Instant::now();
        let task = agent.client.send(&message("m1")).await.unwrap();
        assert_eq!(state(&task), "TASK_STATE_COMPLETED", "{task}");
        assert_eq!(words_of(&task), "at last");
        assert_eq!(fake.asked().len(), 3);
        assert!(begun.elapsed() >= Duration::from_secs(4));
    }
}

#[tokio::test]
async fn what_goes_wrong_fails_the_task_with_a_sentence() {
    let half = || Step::Text("half");
    let cases: Vec<(Vec<Step>, &str)> = vec![
        (
            vec![half(), Step::Raw("data: {\"candidates\": [\r\n\r\n")],
            "cannot be read",
        ),
        (vec![half(), Step::Raw("")], "before the model has finished"),
        (
            vec![half(), Step::Error(503)],
            "not available: HTTP status 503",
        ),
        (vec![Step::Finish("SAFETY")], "declined to answer (SAFETY)"),
        (
            vec![Step::Blocked],
            "declined to answer (PROHIBITED_CONTENT)",
        ),
        (
            vec![half(), Step::Pause(Duration::from_secs(300))],
            "did not answer within 2 s",
        ),
    ];
    for under in BOTH {
        let script = cases.iter().map(|(steps, _)| Answer::Steps(steps.clone()));
        let fake = Fake::gemini(script.collect()).await;
        let agent = Agent::with_key(under, &fake);
        for (index, (_, sentence)) in cases.iter().enumerate() {
            let begun = Instant::now();
            let task = agent
                .client
                .send(&message(&format!("m{index}")))
                .await
                .unwrap();
            assert_eq!(state(&task), "TASK_STATE_FAILED", "{task}");
            assert!(sentence_of(&task).contains(sentence), "{task}");
            assert!(begun.elapsed() < Duration::from_secs(30));
        }
        assert_eq!(fake.asked().len(), cases.len());
        until(|| fake.hung_up(), |hung_up| *hung_up == 1).await;
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_and_not_repeated() {
    for under in BOTH {
        let fake = Fake::gemini(vec![]).await;
        let settings = [
            ("gemini_api_key", "wrong-key"),
            ("model_base_url", fake.origin()),
        ];
        let agent = Agent::start(under, &fake, &settings, &[]);
        let task = agent.client.send(&message("m1")).await.unwrap();
        assert_eq!(state(&task), "TASK_STATE_FAILED");
        assert!(
            sentence_of(&task).contains("refused the request (400): API key not valid: [key]"),
            "{task}"
        );
        assert!(!agent.log().contains("wrong-key"));
    }
}

#[tokio::test]
async fn cancelling_ends_the_call_upstream() {
    for under in BOTH {
        let steps = vec![Step::Text("begun"), Step::Pause(Duration::from_secs(300))];
        let fake = Fake::gemini(vec![Answer::Steps(steps)]).await;
        let settings = [("gemini_api_key", KEY), ("model_base_url", fake.origin())];
        let agent = Agent::start(under, &fake, &settings, &[]);
        let mut events = agent
            .client
            .stream("/message:stream", &message("m1"), None)
            .await
            .unwrap();
        let id = loop {
            let event = events.next().await.unwrap().expect("a piece");
            if let Some(id) = event.data["artifactUpdate"]["taskId"].as_str() {
                break id.to_owned();
            }
        };
        agent.client.cancel(&id).await.unwrap();
        until(|| fake.hung_up(), |hung_up| *hung_up == 1).await;
        let task = agent.client.task(&id).await.unwrap();
        assert!(
            has_ended(&task) && state(&task) == "TASK_STATE_CANCELED",
            "{task}"
        );
    }
}

#[tokio::test]
async fn signatures_go_back_with_the_calls_they_came_with() {
    let calls = Step::Calls(vec![
        ("get_weather", json!({"city": "Rome"})),
        ("get_weather", json!({"city": "Oslo"})),
    ]);
    for under in BOTH {
        let fake = Fake::gemini(vec![Answer::Steps(vec![calls.clone()]), text(&["21"])]).await;
        let agent = Agent::with_key(under, &fake);
        let task = agent.client.send(&asking("tools")).await.unwrap();
        assert_eq!(words_of(&task), "21", "{task}");
        let contents = &fake.asked()[1].body["contents"];
        assert_eq!(contents[1]["parts"][0]["thoughtSignature"], SIGNATURE);
        assert_eq!(contents[2]["parts"][1]["functionResponse"]["id"], "c1");
    }
}

#[tokio::test]
async fn a_server_of_openais_wire_serves_too() {
    let calls = Step::Calls(vec![("get_weather", json!({"city": "Rome"}))]);
    for under in BOTH {
        let fake = Fake::openai(vec![
            Answer::Steps(vec![calls.clone()]),
            Answer::Steps(vec![Step::Text("warm")]),
            Answer::Steps(vec![Step::Blocked]),
            Answer::Status(401, None),
        ])
        .await;
        let base = format!("{}/v1", fake.origin());
        let settings = [
            ("openai_api_key", KEY),
            ("gemini_api_key", ""),
            ("model", "llama"),
            ("model_base_url", base.as_str()),
        ];
        let agent = Agent::start(under, &fake, &settings, &[]);
        let task = agent.client.send(&asking("tools")).await.unwrap();
        assert_eq!(words_of(&task), "warm", "{task}");
        assert_eq!(
            fake.asked()[1].body["messages"][2]["tool_call_id"],
            "call_0"
        );
        for (id, sentence) in [("m2", "(content_filter)"), ("m3", "(401): as scripted")] {
            let task = agent.client.send(&message(id)).await.unwrap();
            assert!(sentence_of(&task).contains(sentence), "{task}");
        }
    }
}

#[tokio::test]
async fn a_task_that_took_its_tokens_ends_with_a_sentence() {
    let calls = Step::Calls(vec![("get_weather", json!({"city": "Rome"}))]);
    for under in BOTH {
        let fake = Fake::gemini(vec![Answer::Steps(vec![calls.clone()])]).await;
        let mut settings = vec![("gemini_api_key", KEY), ("model_base_url", fake.origin())];
        let mut environment = vec![];
        match under {
            Under::Host => environment.push(("ATTACHE_MODEL_TOKENS_PER_TASK", "40")),
            Under::Spin => settings.push(("attache_tokens_per_task", "40")),
        }
        let agent = Agent::start(under, &fake, &settings, &environment);
        let task = agent.client.send(&asking("tools")).await.unwrap();
        assert_eq!(state(&task), "TASK_STATE_FAILED", "{task}");
        let sentence = sentence_of(&task);
        assert!(sentence.contains("took 51 tokens for this task"), "{task}");
        assert_eq!(fake.asked().len(), 1);
        // Another task has its own.
        let next = agent.client.send(&message("m2")).await.unwrap();
        assert_eq!(words_of(&next), "ok", "{next}");
    }
}

#[tokio::test]
async fn vertex_ai_is_asked_as_the_service_whose_token_the_agent_never_has() {
    let fake = Fake::gemini(vec![text(&["by ", "Vertex"])]).await;
    let metadata = metadata::start().await;
    let settings = [
        ("model_provider", "vertex"),
        ("google_cloud_project", "my-project"),
        ("google_cloud_location", "europe-west1"),
        ("model_base_url", fake.origin()),
    ];
    let rule = format!("{}=google-access-token", fake.origin());
    let environment = [
        ("GCE_METADATA_HOST", metadata.as_str()),
        ("ATTACHE_CREDENTIALS", rule.as_str()),
    ];
    let agent = Agent::start(Under::Host, &fake, &settings, &environment);
    let task = agent.client.send(&message("m1")).await.unwrap();
    assert_eq!(words_of(&task), "by Vertex", "{task}");
    let path = "/v1/projects/my-project/locations/europe-west1/publishers/google/models/\
                gemini-3.5-flash:streamGenerateContent?alt=sse";
    assert_eq!(fake.asked()[0].path, path);
    assert!(!agent.log().contains(metadata::ACCESS_TOKEN));
    assert!(!task.to_string().contains(metadata::ACCESS_TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_of_gemini_serves_the_official_client() {
    let call = Step::Calls(vec![("get_weather", json!({"city": "Rome"}))]);
    let fake = Fake::gemini(vec![
        text(&["one", " two"]),
        text(&["one", " two"]),
        Answer::Steps(vec![call]),
        text(&["warm"]),
        Answer::Status(429, Some(1)),
    ])
    .await;
    let url = fake.origin().to_owned();
    let ran = tokio::task::spawn_blocking(move || {
        attache_tests::clients::run_python("gemini_client.py", &[&url, "--key", KEY])
    });
    ran.await.unwrap().unwrap_or_else(|error| panic!("{error}"));
}
