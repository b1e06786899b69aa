//! Messages and tasks, over both bindings in both versions.

use serde_json::{Value, json};

use crate::attache::{attache, attache_with};
use crate::fake::{Fake, card, json_response, response, rpc_result};
use crate::servers::{Server, host, reference};

const WAYS: [&[&str]; 4] = [
    &[],
    &["--binding", "http+json"],
    &["--protocol-version", "0.3"],
    &["--protocol-version", "0.3", "--binding", "rest"],
];

fn with<'a>(
    command: &[&'a str],
    server: &'a Server,
    way: &[&'a str],
    more: &[&'a str],
) -> Vec<&'a str> {
    [command, &[server.url.as_str()], way, more].concat()
}

fn id_of(task: &Value) -> String {
    let task = task.get("task").unwrap_or(task);
    task["id"].as_str().expect("an id").to_owned()
}

#[test]
fn this_projects_host_answers_every_way() {
    let host = host("hello_agent", &[]);
    for way in WAYS {
        let said = attache(&with(&["send"], &host, way, &["I", "am", "Ada"])).ends(0);
        assert_eq!(said.out, "Hello! You said: I am Ada\n", "{way:?}");
        let said = said.complains("is completed").complains("--context ");

        // The conversation goes on where it was.
        let context = said
            .err
            .rsplit("--context ")
            .next()
            .unwrap()
            .trim()
            .to_owned();
        let more = ["--context", &context, "-o", "json", "again"];
        let said = attache(&with(&["send"], &host, way, &more)).ends(0).json();
        let task = said.get("task").unwrap_or(&said);
        assert_eq!(task["contextId"], context.as_str(), "{way:?}");

        let said = attache(&with(&["stream"], &host, way, &["hi"]))
            .ends(0)
            .complains("submitted");
        assert_eq!(said.out, "Hello! You said: hi\n", "{way:?}");
        let events = attache(&with(&["stream"], &host, way, &["-o", "json", "hi"]))
            .ends(0)
            .json_lines();
        assert!(events.len() >= 3, "{events:?}");
    }
}

#[test]
fn the_official_python_server_answers_every_way() {
    let reference = reference();
    for (number, way) in WAYS.into_iter().enumerate() {
        let ask = |command: &[&str], more: &[&str]| {
            let command: Vec<_> = with(command, &reference, way, more);
            attache(&command)
        };
        let numbered = |prefix: &str| format!("{prefix}-{number}");

        let said = ask(
            &["send"],
            &["--message-id", &numbered("tck-reject-task"), "hi"],
        )
        .ends(1);
        assert_eq!(said.out, "Rejected\n");
        let said = ask(
            &["send"],
            &["--message-id", &numbered("tck-message-response"), "hi"],
        )
        .ends(0);
        assert_eq!(said.out, "Direct message response\n");
        let said = ask(
            &["send"],
            &["--message-id", &numbered("tck-artifact-data"), "hi"],
        )
        .ends(0);
        let data: Value = said.json();
        assert_eq!(data["key"], "value", "{way:?}");

        let folder = tempfile::tempdir().unwrap();
        let save = folder.path().to_str().unwrap();
        let file = [
            "--message-id",
            &numbered("tck-artifact-file"),
            "--save",
            save,
            "hi",
        ];
        ask(&["send"], &file)
            .ends(0)
            .complains("output.txt (3 bytes)");
        assert_eq!(
            std::fs::read(folder.path().join("output.txt")).unwrap(),
            b"tck"
        );

        // A question is answered with the command that the note gives.
        let said = ask(
            &["send"],
            &["--message-id", &numbered("tck-input-required"), "hi"],
        )
        .ends(0);
        assert_eq!(said.out, "Please say more\n");
        let note = said
            .err
            .lines()
            .find(|line| line.contains("attache send"))
            .expect("a command");
        let mut words: Vec<_> = note
            .split_whitespace()
            .skip(1)
            .filter(|word| *word != "\"…\"")
            .collect();
        words.push("more");
        assert_eq!(attache(&words).ends(0).out, "Hello from TCK\n", "{way:?}");

        let slow = numbered("tck-slow");
        let begun = ask(
            &["send"],
            &["--no-wait", "-o", "json", "--message-id", &slow, "go"],
        )
        .ends(0);
        let id = id_of(&begun.json());
        let said = ask(&["tasks", "follow"], &[&id])
            .ends(0)
            .complains("is completed");
        assert_eq!(
            said.out.replace('\n', ""),
            "0 1 2 3 4 5 6 7 8 9 ",
            "{way:?}"
        );
        let said = ask(&["tasks", "get"], &[&id]).ends(0);
        assert!(
            said.out.starts_with('0') && said.out.contains('9'),
            "{said:?}"
        );
        ask(&["tasks", "cancel"], &[&id])
            .ends(1)
            .complains("the task has ended");

        let begun = ask(
            &["send"],
            &[
                "--no-wait",
                "-o",
                "json",
                "--message-id",
                &(slow + "-two"),
                "go",
            ],
        );
        let id = id_of(&begun.ends(0).json());
        let said = ask(&["tasks", "cancel"], &[&id]).ends(0);
        assert_eq!(said.out, format!("task {id} is canceled\n"));
        ask(&["tasks", "get"], &["no-such-task"])
            .ends(1)
            .complains("Task not found");
    }
}

#[test]
fn the_analyst_takes_a_file_and_gives_files() {
    let (host, folder) = (host("agent_component", &[]), tempfile::tempdir().unwrap());
    let (table, charts) = (
        folder.path().join("sales.csv"),
        folder.path().join("charts"),
    );
    std::fs::write(&table, "region,amount\nnorth,3\nsouth,5\n").unwrap();
    let (table, charts) = (table.to_str().unwrap(), charts.to_str().unwrap());
    let question = "bar chart of amount by region";
    for (command, way) in [("send", WAYS[0]), ("stream", WAYS[1]), ("stream", WAYS[2])] {
        let more = ["--file", table, "--save", charts, question];
        let said = attache(&with(&[command], &host, way, &more)).ends(0);
        assert!(said.out.contains("south"), "{said:?}");
        said.complains("svg");
    }
    // The media types that the caller takes decide what comes.
    let text = [
        "--file",
        table,
        "--accept",
        "text/plain",
        "-o",
        "json",
        question,
    ];
    let said = attache(&with(&["send"], &host, &[], &text)).ends(0);
    assert!(!said.out.contains("image/svg+xml"), "{said:?}");
}

#[test]
fn a_tenant_sees_its_own_tasks() {
    let host = host("hello_agent", &[]);
    for way in &WAYS[..2] {
        attache(&with(&["send"], &host, way, &["--tenant", "acme", "hi"])).ends(0);
        let list = |tenant: &str| {
            let list = with(
                &["tasks", "list"],
                &host,
                way,
                &["--tenant", tenant, "-o", "json"],
            );
            attache(&list).ends(0).json()["tasks"]
                .as_array()
                .unwrap()
                .len()
        };
        assert_eq!(list("other"), 0);
        assert!(list("acme") > 0);
    }
}

#[test]
fn webhooks_are_set_shown_and_taken_away_without_their_secrets() {
    let host = host("hello_agent", &[]);
    for way in WAYS {
        let asked = attache(&with(&["send"], &host, way, &["-o", "json", " "])).ends(0);
        let id = id_of(&asked.json());
        let set = [
            "--token-env",
            "HOOK",
            "--auth-env",
            "HOOK",
            "-v",
            &id,
            "http://127.0.0.1:1/x",
        ];
        let set = with(&["tasks", "push", "set"], &host, way, &set);
        let said = attache_with(&set, &[("HOOK", "hush-hush")], "").ends(0);
        assert!(said.out.contains("http://127.0.0.1:1/x"), "{said:?}");
        assert!(
            said.err.contains("***") && !said.err.contains("hush-hush"),
            "{said:?}"
        );
        let list = |more: &[&str]| {
            let more = [more, &[id.as_str()]].concat();
            attache(&with(&["tasks", "push", "list"], &host, way, &more))
                .ends(0)
                .out
        };
        let listed = list(&[]);
        assert!(!list(&["-o", "json"]).contains("hush-hush"));
        let hook = listed.split_whitespace().next().unwrap();
        let got = attache(&with(&["tasks", "push", "get"], &host, way, &[&id, hook])).ends(0);
        assert!(
            got.out.contains(&format!("webhook {hook} of task {id}")),
            "{got:?}"
        );
        attache(&with(
            &["tasks", "push", "delete"],
            &host,
            way,
            &[&id, hook],
        ))
        .ends(0);
        assert_eq!(list(&[]), "no webhooks\n");
    }
}

#[test]
fn tasks_are_listed_by_page_and_by_state() {
    let host = host("hello_agent", &[]);
    for text in ["a", "b", "c", " "] {
        attache(&["send", &host.url, text]).ends(0);
    }
    for way in &WAYS[..2] {
        let page = attache(&with(&["tasks", "list"], &host, way, &["--page-size", "2"])).ends(0);
        assert_eq!(page.out.lines().count(), 3, "{page:?}");
        let token = page
            .err
            .split("--page-token ")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap();
        let more = ["--page-size", "2", "--page-token", token];
        attache(&with(&["tasks", "list"], &host, way, &more)).ends(0);
        let all = attache(&with(
            &["tasks", "list"],
            &host,
            way,
            &["--page-size", "1", "--all", "-o", "json"],
        ));
        assert_eq!(all.ends(0).json()["tasks"].as_array().unwrap().len(), 4);
        let waiting = with(
            &["tasks", "list"],
            &host,
            way,
            &["--state", "input-required"],
        );
        assert_eq!(attache(&waiting).ends(0).out.lines().count(), 2);
    }
    let old = with(&["tasks", "list"], &host, WAYS[2], &[]);
    attache(&old)
        .ends(1)
        .complains("0.3 has no operation that lists tasks");
}

#[test]
fn a_server_that_is_no_agent_or_not_there_is_named() {
    let page = Fake::start(|asked, url| match asked.path.as_str() {
        "/.well-known/agent-card.json" => json_response(&card(url)),
        _ => response(
            "502 Bad Gateway",
            "Content-Type: text/html\r\n",
            "<h1>Bad <b>Gateway</b></h1>",
        ),
    });
    let said = attache(&["send", &page.url, "hi"]).ends(69);
    said.complains("answers 502 Bad Gateway: Bad Gateway");
    let none = Fake::start(|_, _| response("404 Not Found", "", "nothing"));
    attache(&["send", &none.url, "hi"])
        .ends(69)
        .complains("has no agent card")
        .complains("--no-card");
    attache(&["send", "http://127.0.0.1:1", "hi"])
        .ends(69)
        .complains("cannot be reached");
    let said = attache(&["send", "http://127.0.0.1:1", "-o", "json", "hi"]).ends(69);
    let error: Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(error["error"]["exitCode"], 69);
}

#[test]
fn a_slow_server_is_waited_for_as_long_as_was_said() {
    let fake = Fake::start(|asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => {
            std::thread::park_timeout(std::time::Duration::from_secs(30));
            String::new()
        }
    });
    let said = attache(&["send", &fake.url, "--timeout", "1", "hi"]).ends(69);
    said.complains("did not answer within 1 s");
}

#[test]
fn a_server_that_does_not_wait_is_asked_until_the_task_has_ended() {
    let fake = Fake::start(|asked, url| {
        let task = |state: &str| json!({"id": "t", "contextId": "c", "status": {"state": state}});
        match asked.rpc().as_str() {
            "" => json_response(&card(url)),
            "SendMessage" => rpc_result(&json!({"task": task("TASK_STATE_WORKING")})),
            _ => rpc_result(&task("TASK_STATE_FAILED")),
        }
    });
    attache(&["send", &fake.url, "hi"])
        .ends(1)
        .complains("task t is failed");
    let said = attache(&["send", &fake.url, "--no-wait", "hi"]).ends(0);
    said.complains(&format!("attache tasks follow {} t", fake.url));
}

#[test]
fn an_agents_words_do_not_steer_the_terminal() {
    let fake = Fake::start(|asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => rpc_result(&json!({"message": {"messageId": "m", "role": "ROLE_AGENT",
            "parts": [{"text": "a\u{1b}]0;owned\u{7}b"}]}})),
    });
    assert_eq!(
        attache(&["send", &fake.url, "hi"]).ends(0).out,
        "a]0;ownedb\n"
    );
}
