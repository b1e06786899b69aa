use super::*;

#[test]
fn nothing_is_sent_and_everything_shown() {
    let world = world();
    let card = world.card.to_str().unwrap();
    let one = |arguments: &[&str]| {
        let all = [&["--dry-run", "--app=app"][..], arguments].concat();
        world.gives(&all)["requests"].as_array().unwrap().clone()
    };
    let assistant = format!(
        "{}/discoveryengine/v1alpha/{APP}/assistants/default_assistant",
        world.google.url()
    );
    let requests = one(&[
        "register",
        card,
        "--authorization=mail",
        "--share=all-users",
    ]);
    let lines: Vec<_> = requests
        .iter()
        .map(|r| (r["method"].as_str().unwrap(), r["url"].as_str().unwrap()))
        .collect();
    let mask = "updateMask=authorizationConfig%2CdisplayName%2Cdescription%2Ca2aAgentDefinition";
    assert_eq!(
        lines[0],
        ("GET", &*format!("{assistant}/agents?pageSize=100"))
    );
    assert_eq!(lines[1], ("POST", &*format!("{assistant}/agents")));
    assert!(
        lines[2]
            .1
            .starts_with(&format!("{assistant}/agents/ID?updateMask=")),
        "{mask} {lines:?}"
    );
    assert_eq!(
        requests[1]["when"],
        format!("if no agent has the URL {URL}")
    );
    assert_eq!(requests[1]["body"]["sharingConfig"]["scope"], "ALL_USERS");
    assert!(
        requests[1]["curl"]
            .as_str()
            .unwrap()
            .contains("gcloud auth print-access-token")
    );

    let create = one(&[
        "authorization",
        "create",
        "mail",
        "--client-id=c",
        "--scope=s",
        "--client-secret-env=NOT_SET",
    ]);
    assert_eq!(
        create[0]["body"]["serverSideOauth2"]["clientSecret"],
        "********"
    );
    assert_eq!(one(&["delete", "1"])[0]["method"], "DELETE");
    assert_eq!(
        one(&["share", "1"])[0]["body"],
        json!({"sharingConfig": {"scope": "ALL_USERS"}})
    );
    assert_eq!(one(&["probe", "1"]).len(), 2);
    assert_eq!(one(&["apps"]).len(), 1);
    assert_eq!(world.google.calls(), Vec::<String>::new());
}

#[test]
fn each_location_is_asked_at_its_own_host() {
    let world = world();
    for (location, host) in [
        ("global", "https://discoveryengine."),
        ("us", "https://us-discoveryengine."),
        ("eu", "https://eu-discoveryengine."),
    ] {
        let flag = format!("--location={location}");
        let mut command = world.attache(&["--dry-run", &flag, "apps"]);
        command.env_remove("CLOUDSDK_API_ENDPOINT_OVERRIDES_DISCOVERYENGINE");
        let (out, _) = google::ended(&mut command, 0);
        let shown: Value = serde_json::from_str(&out).unwrap();
        let url = shown["requests"][0]["url"].as_str().unwrap();
        assert!(url.starts_with(host), "{url}");
        assert!(url.contains(&format!("/locations/{location}/")), "{url}");
    }
}

#[test]
fn the_manifest_says_which_app() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let shown = |more: &[&str]| {
        let mut command = world.google.attache();
        command
            .current_dir(folder.path())
            .env_remove("CLOUDSDK_API_ENDPOINT_OVERRIDES_DISCOVERYENGINE")
            .args(["gemini-enterprise", "-o", "json", "--dry-run", "list"])
            .args(more);
        let (out, _) = google::ended(&mut command, 0);
        let shown: Value = serde_json::from_str(&out).unwrap();
        shown["requests"][0]["url"].as_str().unwrap().to_owned()
    };
    let agent = "[agent]\nname = \"hello\"\n[service]\nproject = \"of-agents\"\n";
    let manifest = |text: &str| std::fs::write(folder.path().join("attache.toml"), text).unwrap();

    manifest(&format!(
        "{agent}[gemini_enterprise]\napp = \"work\"\nlocation = \"eu\"\n"
    ));
    let url = shown(&[]);
    assert!(url.starts_with("https://eu-discoveryengine."), "{url}");
    assert!(url.contains("/projects/of-agents/locations/eu/"), "{url}");
    assert!(url.contains("/engines/work/"), "{url}");
    let url = shown(&["--project=mine", "--location=us", "--app=other"]);
    assert!(url.contains("/projects/mine/locations/us/"), "{url}");
    assert!(url.contains("/engines/other/"), "{url}");

    manifest(&format!(
        "{agent}[gemini_enterprise]\napp = \"work\"\nproject_number = 123456789012\n"
    ));
    let url = shown(&[]);
    assert!(
        url.contains("/projects/123456789012/locations/global/"),
        "{url}"
    );

    manifest(&format!("{agent}[gemini_enterprise]\nap = \"work\"\n"));
    let mut command = world.google.attache();
    command
        .current_dir(folder.path())
        .args(["gemini-enterprise", "--dry-run", "list"]);
    let (_, err) = google::ended(&mut command, 65);
    assert!(
        err.contains("attache.toml:6: [gemini_enterprise] has no key ap"),
        "{err}"
    );
}
