use super::*;

#[test]
fn a_service_is_found_by_its_name_or_its_url() {
    let google = FakeGoogle::start();
    well().put_into(&google);
    let knative = |region: &str, url: &str| {
        json!({
            "metadata": {"name": "agent", "namespace": NUMBER, "labels": {"cloud.googleapis.com/location": region}},
            "status": {"url": url},
        })
    };
    let listed = "https://agent-abcdefghij-uc.a.run.app";
    google.tell("items", json!([knative("us-central1", listed)]));
    let through = format!("--through={}", google.url());
    let finds = |arguments: &[&str]| {
        let mut command = google.attache();
        command
            .args(["doctor", "--project=my-project", "-o", "json", &through])
            .args(arguments);
        let (out, _) = google::ended(&mut command, 0);
        assert_eq!(
            serde_json::from_str::<Value>(&out).unwrap()["service"],
            NAME
        );
    };
    finds(&["agent", "--region=us-central1"]);
    finds(&["agent"]);
    finds(&[URL]);
    finds(&[listed]);

    let fails = |status: i32, arguments: &[&str], said: &str| {
        let mut command = google.attache();
        command
            .args(["doctor", "--project=my-project", &through])
            .args(arguments);
        let (_, err) = google::ended(&mut command, status);
        assert!(err.contains(said), "{err}");
    };
    fails(
        66,
        &["https://agent.example.com"],
        "give the name and --region",
    );
    fails(
        66,
        &["other", "--region=us-central1"],
        "gcloud run services list",
    );
    fails(64, &["a/b"], "a name has letters");
    google.tell(
        "items",
        json!([
            knative("us-central1", listed),
            knative("europe-west1", "https://x.a.run.app")
        ]),
    );
    fails(64, &["agent"], "Choose one with --region");
}

#[test]
fn what_may_not_be_seen_is_not_called_well() {
    let google = FakeGoogle::start();
    well().put_into(&google);
    google.script(json!({
        "method": "POST", "path": "projects/my-project:getIamPolicy", "status": 403,
        "body": {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "The caller does not have permission"}},
    }));
    let said = examine(&google, 0, &[]);
    assert_eq!(said["unknown"], 1);
    let finding = &said["findings"][0];
    assert_eq!(
        (&finding["check"], &finding["severity"]),
        (&json!("permissions"), &json!("unknown"))
    );
    assert!(
        finding["mend"]
            .as_str()
            .unwrap()
            .contains("roles/resourcemanager.projectIamAdmin"),
        "{finding}"
    );
}

#[test]
fn a_person_reads_a_line_for_each() {
    let google = FakeGoogle::start();
    let mut world = well();
    world.service["ingress"] = json!("INGRESS_TRAFFIC_INTERNAL_ONLY");
    world.put_into(&google);
    let through = format!("--through={}", google.url());
    let mut command = google.attache();
    command.args(["doctor", URL, "--project=my-project", &through]);
    let (out, _) = google::ended(&mut command, 1);
    let lines: Vec<_> = out.lines().collect();
    assert!(
        lines[0].starts_with("error: ingress: ingress is INGRESS_TRAFFIC_INTERNAL_ONLY"),
        "{out}"
    );
    assert_eq!(
        lines[1],
        "    gcloud run services update agent --region=us-central1 --project=my-project --ingress=all"
    );
    assert!(
        lines[2].ends_with("errors: 1, warnings: 0, not looked at: 0"),
        "{out}"
    );
}
