//! Where credentials go, and where they do not.

use serde_json::json;

use crate::attache::{attache, attache_with};
use crate::fake::{Asked, Fake, card, json_response, response, rpc_result};
use crate::servers::host;

const SECRET: (&str, &str) = ("TOKEN", "s3cret-token");

fn answer() -> String {
    let part = json!({"text": "hello"});
    rpc_result(&json!({"message": {"messageId": "m", "role": "ROLE_AGENT", "parts": [part]}}))
}

fn agent() -> Fake {
    Fake::start(|asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => answer(),
    })
}

fn shown(asked: &[Asked], header: &str) -> Vec<Option<String>> {
    asked
        .iter()
        .map(|asked| asked.header(header).map(str::to_owned))
        .collect()
}

#[test]
fn each_kind_reaches_the_origin_that_was_given() {
    let (fake, folder) = (agent(), tempfile::tempdir().unwrap());
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret-token\n").unwrap();
    let path = file.to_str().unwrap();
    let from_file = format!("X-Two=@file:{path}");
    for (flags, header, value) in [
        (
            &["--bearer-env", "TOKEN"][..],
            "authorization",
            "Bearer s3cret-token",
        ),
        (
            &["--bearer-file", path],
            "authorization",
            "Bearer s3cret-token",
        ),
        (&["--api-key-env", "TOKEN"], "x-api-key", "s3cret-token"),
        (&["--api-key-env", "TOKEN:X-Own"], "x-own", "s3cret-token"),
        (&["--header", "X-One=@env:TOKEN"], "x-one", "s3cret-token"),
        (&["--header", &from_file], "x-two", "s3cret-token"),
    ] {
        let before = fake.asked().len();
        let arguments = [&["send", &fake.url, "-v"][..], flags, &["hi"]].concat();
        let said = attache_with(&arguments, &[SECRET], "").ends(0);
        assert!(!said.err.contains("s3cret"), "{said:?}");
        let asked = &fake.asked()[before..];
        assert_eq!(
            shown(asked, header),
            [Some(value.to_owned()), Some(value.to_owned())]
        );
    }
}

#[test]
fn a_redirect_elsewhere_gets_nothing_unless_it_is_allowed() {
    let elsewhere = agent();
    let to = elsewhere.url.clone();
    let fake = Fake::start(move |_, _| {
        let location = format!("Location: {to}/.well-known/agent-card.json\r\n");
        response("302 Found", &location, "")
    });
    let send = ["send", &fake.url, "--bearer-env", "TOKEN", "hi"];
    let said = attache_with(&send, &[SECRET], "").ends(77);
    said.complains(&format!("redirects to {}", elsewhere.url))
        .complains(&format!("--also-for {}", elsewhere.url));
    assert!(elsewhere.asked().is_empty());

    let allowed = [&send[..], &["--also-for", &elsewhere.url]].concat();
    attache_with(&allowed, &[SECRET], "").ends(0);
    assert_eq!(shown(&elsewhere.asked(), "authorization").len(), 2);

    // Without credentials a card may be anywhere.
    let before = elsewhere.asked().len();
    attache(&["send", &fake.url, "hi"]).ends(0);
    assert_eq!(
        shown(&elsewhere.asked()[before..], "authorization"),
        [None, None]
    );
}

#[test]
fn a_card_that_points_elsewhere_gets_nothing_unless_it_is_allowed() {
    let elsewhere = agent();
    let to = elsewhere.url.clone();
    let fake = Fake::start(move |_, _| json_response(&card(&to)));
    for command in [&["send"][..], &["stream"], &["tasks", "get"]] {
        let arguments = [command, &[fake.url.as_str(), "--bearer-env", "TOKEN", "hi"]].concat();
        let said = attache_with(&arguments, &[SECRET], "").ends(77);
        said.complains(&format!("says that the agent is at {}", elsewhere.url))
            .complains(&format!("--also-for {}", elsewhere.url));
    }
    assert!(elsewhere.asked().is_empty());
    let arguments = [
        "send",
        &fake.url,
        "--bearer-env",
        "TOKEN",
        "--also-for",
        &elsewhere.url,
        "hi",
    ];
    attache_with(&arguments, &[SECRET], "").ends(0);
    assert_eq!(
        shown(&elsewhere.asked(), "authorization"),
        [Some("Bearer s3cret-token".to_owned())]
    );
}

#[test]
fn a_message_does_not_follow_a_redirect_to_another_origin() {
    let elsewhere = agent();
    let to = elsewhere.url.clone();
    let fake = Fake::start(move |asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => response(
            "307 Temporary Redirect",
            &format!("Location: {to}/\r\n"),
            "",
        ),
    });
    attache(&["send", &fake.url, "hi"])
        .ends(77)
        .complains("--also-for");
    assert!(elsewhere.asked().is_empty());
    attache(&["send", &fake.url, "--also-for", &elsewhere.url, "hi"]).ends(0);

    // Within the origin the message goes along.
    let fake = Fake::start(
        |asked, url| match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", _) => json_response(&card(url)),
            (_, "/") => response("308 Permanent Redirect", "Location: /there\r\n", ""),
            _ => answer(),
        },
    );
    attache(&["send", &fake.url, "hi"]).ends(0);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let fake = agent();
    for (flags, why) in [
        (["--bearer", "s3cret-token"], "--bearer-env"),
        (["--api-key", "s3cret-token"], "--api-key-env"),
        (["--bearer-env", "s3cret-token"], "the name of a variable"),
        (
            ["--header", "Authorization: Bearer s3cret-token"],
            "list of processes",
        ),
        (["--header", "X-Key=s3cret-token"], "list of processes"),
    ] {
        let arguments = [&["send", fake.url.as_str()], &flags[..], &["hi"]].concat();
        let said = attache(&arguments);
        assert!(matches!(said.status, 64 | 77), "{said:?}");
        assert!(!said.err.contains("s3cret"), "{said:?}");
        said.complains(why);
    }
    attache(&["send", &fake.url, "--bearer-env", "NONE", "hi"])
        .ends(77)
        .complains("NONE is not set");
    assert!(fake.asked().is_empty());
}

#[test]
fn a_server_that_repeats_a_secret_does_not_bring_it_to_light() {
    let fake = Fake::start(|asked, url| match asked.method.as_str() {
        "GET" => json_response(&card(url)),
        _ => {
            let error =
                json!({"code": 401, "message": format!("no {:?}", asked.header("authorization"))});
            response(
                "401 Unauthorized",
                "WWW-Authenticate: Bearer realm=\"x\"\r\n",
                &json!({"error": error}).to_string(),
            )
        }
    });
    let said = attache_with(
        &["send", &fake.url, "-v", "--bearer-env", "TOKEN", "hi"],
        &[SECRET],
        "",
    )
    .ends(77);
    assert!(!said.err.contains("s3cret"), "{said:?}");
    said.complains("it wants: Bearer realm=\"x\"")
        .complains("--google-id-token");
}

#[test]
fn an_id_token_comes_from_the_metadata_server_for_each_origin() {
    let metadata = Fake::start(|asked, _| {
        assert_eq!(asked.header("metadata-flavor"), Some("Google"));
        let (_, query) = asked.path.split_once("audience=").unwrap();
        let audience = query
            .split('&')
            .next()
            .unwrap()
            .replace("%3A", ".")
            .replace("%2F", "_");
        let token = format!("h.{}.s", audience.replace('.', "-"));
        response("200 OK", "", &token)
    });
    let fake = agent();
    let place = metadata.url.trim_start_matches("http://");
    let variables = [("GCE_METADATA_HOST", place), SECRET];
    let send = ["send", &fake.url, "-v", "--google-id-token", "hi"];
    let said = attache_with(&send, &variables, "").ends(0);
    let token = format!(
        "h.{}.s",
        fake.url.replace([':', '.'], "-").replace('/', "_")
    );
    assert!(!said.err.contains(&token), "{said:?}");
    let expected = Some(format!("Bearer {token}"));
    assert_eq!(
        shown(&fake.asked(), "authorization"),
        [expected.clone(), expected.clone()]
    );
    assert_eq!(metadata.asked().len(), 1);

    // Where the application has a token of its own, Google's goes beside it.
    let before = fake.asked().len();
    attache_with(
        &[&send[..], &["--bearer-env", "TOKEN"]].concat(),
        &variables,
        "",
    )
    .ends(0);
    let asked = &fake.asked()[before..];
    assert_eq!(
        asked[1].header("authorization"),
        Some("Bearer s3cret-token")
    );
    assert_eq!(
        asked[1]
            .header("x-serverless-authorization")
            .map(str::to_owned),
        expected
    );
}

#[test]
fn an_id_token_comes_from_gcloud_also_for_a_person() {
    use std::os::unix::fs::PermissionsExt as _;

    let (fake, folder) = (agent(), tempfile::tempdir().unwrap());
    let gcloud = folder.path().join("gcloud");
    let script = "#!/bin/sh\ncase \"$*\" in *--audiences*) echo 'Invalid account type' >&2; exit 1;; esac\necho h.person.s\n";
    std::fs::write(&gcloud, script).unwrap();
    std::fs::set_permissions(&gcloud, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let send = ["send", &fake.url, "--google-id-token", "hi"];
    attache_with(&send, &[("PATH", &path)], "").ends(0);
    assert_eq!(
        fake.asked()[1].header("authorization"),
        Some("Bearer h.person.s")
    );

    let empty = tempfile::tempdir().unwrap();
    let said = attache_with(&send, &[("PATH", empty.path().to_str().unwrap())], "").ends(69);
    said.complains("gcloud cannot be run")
        .complains("GCE_METADATA_HOST");
}

#[test]
fn this_projects_host_lets_in_who_has_a_key() {
    let hash = "ci:sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let host = host(
        "hello_agent",
        &[("ATTACHE_AUTH", "api-key"), ("ATTACHE_API_KEYS", hash)],
    );
    attache(&["send", &host.url, "hi"])
        .ends(77)
        .complains("X-API-Key")
        .complains("--api-key-env");
    let key = [("KEY", "secret")];
    let said = attache_with(&["send", &host.url, "--api-key-env", "KEY", "hi"], &key, "").ends(0);
    assert_eq!(said.out, "Hello! You said: hi\n");
    let shown = attache(&["card", "show", &host.url]).ends(0);
    assert!(
        shown.out.contains("an API key in the header X-API-Key"),
        "{shown:?}"
    );
}
