use std::io::Write as _;
use std::process::Stdio;

use super::*;

const SECRET: &str = "GOCSPX-hush";

#[test]
fn an_authorization_is_made_of_an_oauth_client() {
    let world = world();
    let made = world.gives_with_secret(&["--scope=openid", "--scope=email", "--pkce"]);
    assert_eq!(made["displayName"], "mail");
    let sent = &world.bodies("POST", "/authorizations")[0]["serverSideOauth2"];
    assert_eq!(sent["clientSecret"], SECRET);
    assert_eq!(sent["tokenUri"], "https://oauth2.googleapis.com/token");
    let uri = sent["authorizationUri"].as_str().unwrap();
    for needed in [
        "client_id=the-client",
        "response_type=code",
        "access_type=offline",
        "prompt=consent",
        "scope=openid+email",
    ] {
        assert!(uri.contains(needed), "{uri}");
    }
    assert_eq!(sent["pkceVerificationEnabled"], true);
    let shown = world.gives(&["authorization", "get", "mail"]).to_string();
    assert!(
        shown.contains("the-client") && !shown.contains(SECRET),
        "{shown}"
    );
    assert_eq!(
        world.gives(&["authorization", "list"])["authorizations"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let agent = world.register(&["--authorization=mail"]);
    let name = "projects/my-project/locations/global/authorizations/mail";
    assert_eq!(
        agent["authorizationConfig"],
        json!({"agentAuthorization": name})
    );
    world.gives(&["authorization", "delete", name]);
    assert_eq!(
        world.gives(&["authorization", "list"])["authorizations"],
        json!([])
    );
}

#[test]
fn an_id_is_taken_once() {
    let world = world();
    world.gives_with_secret(&["--scope=openid"]);
    let (_, err) = google::ended(&mut world.create(&["--scope=openid"]), 65);
    assert!(
        err.contains("ALREADY_EXISTS") && err.contains("authorization delete mail"),
        "{err}"
    );
}

#[test]
fn a_secret_is_given_by_a_variable_a_file_or_standard_input() {
    let world = world();
    let file = world.google.home.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let base = [
        "authorization",
        "create",
        "mail",
        "--client-id=c",
        "--scope=openid",
    ];
    world.gives(&[&base[..], &["--client-secret-file", file.to_str().unwrap()]].concat());
    assert_eq!(
        world.bodies("POST", "/authorizations")[0]["serverSideOauth2"]["clientSecret"],
        SECRET
    );

    let base = [
        "authorization",
        "create",
        "other",
        "--client-id=c",
        "--scope=openid",
    ];
    let mut command = world.attache(&[&base[..], &["--client-secret-file=-"]].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(SECRET.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(
        world.bodies("POST", "/authorizations")[1]["serverSideOauth2"]["clientSecret"],
        SECRET
    );

    let (message, _) = world.fails(66, &[&base[..], &["--client-secret-env=NOT_SET"]].concat());
    assert!(
        message.contains("the variable NOT_SET: it is not set"),
        "{message}"
    );
    google::ended(&mut world.attache(&base), 2 + 62);
    google::ended(
        &mut world.attache(&[&base[..], &["--client-secret=x"]].concat()),
        64,
    );
}

#[test]
fn what_cannot_be_one_is_refused_here() {
    let world = world();
    for bad in ["Mail", "-x", "a_b", "x-", &"a".repeat(64)] {
        let arguments = [
            "authorization",
            "create",
            bad,
            "--client-id=c",
            "--scope=s",
            "--client-secret-env=S",
        ];
        google::ended(&mut world.attache(&arguments), 64);
    }
    let (message, _) = world.fails(
        64,
        &[
            "authorization",
            "get",
            "projects/p/locations/eu/authorizations/a",
        ],
    );
    assert!(
        message.contains("it is in eu, the app in global"),
        "{message}"
    );
    let mut command = world.create(&["--scope=s", "--token-uri=http://tokens.example/"]);
    let (_, err) = google::ended(&mut command, 64);
    assert!(err.contains("https only"), "{err}");
    assert_eq!(world.google.calls(), Vec::<String>::new());
}

impl World {
    fn create(&self, more: &[&str]) -> Command {
        let base = [
            "authorization",
            "create",
            "mail",
            "--client-id=the-client",
            "--client-secret-env=SECRET",
        ];
        let mut command = self.attache(&[&base[..], more].concat());
        command.env("SECRET", SECRET);
        command
    }

    fn gives_with_secret(&self, more: &[&str]) -> Value {
        let (out, err) = google::ended(&mut self.create(more), 0);
        assert!(!out.contains(SECRET) && !err.contains(SECRET), "{out}{err}");
        assert!(
            err.contains("https://vertexaisearch.cloud.google.com/oauth-redirect"),
            "{err}"
        );
        serde_json::from_str(&out).unwrap()
    }
}
