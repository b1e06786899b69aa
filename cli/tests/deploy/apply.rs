//! Deploying to the fakes of Google's APIs, which refuse what the discovery documents do not allow.

use std::process::Command;

use serde_json::{Value, json};

use super::card::CardServer;
use super::google::{FakeGoogle, ended};
use super::manifest;

const INSTANCE: &str =
    "projects/data-project/locations/europe-west1/clusters/main/instances/primary";
pub(super) const SERVICE: &str = "projects/my-project/locations/us-central1/services/hello";

/// The deployment of a manifest to the fakes.
pub(super) fn deploy(google: &FakeGoogle, case: &str) -> Command {
    let mut command = google.attache();
    // The image's Rust has no gcloud; the identity token is that of the metadata server.
    command
        .args(["deploy", "cloud-run", "--manifest"])
        .arg(manifest(case));
    command
}

/// Steps by what came of them.
fn outcomes(out: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(out).unwrap();
    let text = |step: &Value, name: &str| step[name].as_str().unwrap().to_owned();
    let steps = report["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (text(step, "step"), text(step, "outcome")))
        .collect()
}

fn changes(google: &FakeGoogle, from: usize) -> Vec<String> {
    let is_change = |r: &&Value| {
        let path = r["path"].as_str().unwrap();
        r["method"] != "GET" && !path.ends_with(":getIamPolicy")
    };
    let line = |r: &Value| {
        format!(
            "{} {}",
            r["method"].as_str().unwrap(),
            r["path"].as_str().unwrap()
        )
    };
    google.requests()[from..]
        .iter()
        .filter(is_change)
        .map(line)
        .collect()
}

#[test]
fn the_smallest_agent_is_deployed_and_the_second_time_nothing_changes() {
    let google = FakeGoogle::start();
    let card = CardServer::start("https://hello-123456789012.us-central1.run.app");
    google.tell("served", json!({"url": card.url()}));

    let (out, err) = ended(deploy(&google, "smallest").args(["-o", "json"]), 0);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        report["url"],
        "https://hello-123456789012.us-central1.run.app"
    );
    let first = outcomes(&out);
    let words: Vec<_> = first.iter().map(|(_, outcome)| outcome.as_str()).collect();
    assert_eq!(
        words,
        ["changed", "created", "created", "checked", "skipped"],
        "{err}"
    );

    // The URL is right at the first deployment, though nobody said the project's number.
    let service = &google.kept("run")[SERVICE];
    let env = &service["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!(env[0]["name"], "ATTACHE_PUBLIC_URL");
    assert_eq!(
        env[0]["value"],
        "https://hello-123456789012.us-central1.run.app"
    );

    let asked = google.requests().len();
    let (out, _) = ended(deploy(&google, "smallest").args(["-o", "json"]), 0);
    assert!(
        outcomes(&out)
            .iter()
            .all(|(_, outcome)| outcome != "created" && outcome != "changed"),
        "{out}"
    );
    assert_eq!(changes(&google, asked), Vec::<String>::new());
}

#[test]
fn everything_is_deployed_and_the_second_time_nothing_changes() {
    let google = FakeGoogle::start();
    let flags = json!({"alloydb.iam_authentication": "on"});
    let instance = json!({"name": INSTANCE, "state": "READY", "databaseFlags": flags});
    google.put("alloydb", &format!("v1/{INSTANCE}"), instance);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("push.pem"), "the push key\n").unwrap();
    let card = CardServer::start("https://data-analyst-123456789012.europe-west1.run.app");
    google.tell("served", json!({"url": card.url()}));
    // Somebody's bindings, which have to be there afterwards.
    let theirs = json!([
        {"role": "roles/owner", "members": ["user:boss@example.com"]},
        {"role": "roles/aiplatform.user", "members": ["user:boss@example.com"]},
    ]);
    google.put_policy("cloudresourcemanager", "projects/my-project", theirs);

    let run = |status: i32| {
        let mut command = deploy(&google, "everything");
        command.args([
            "-o",
            "json",
            "--secret",
            "crm_token=env:CRM",
            "--secret",
            "card-key=-",
        ]);
        command.arg("--secret").arg(format!(
            "push-key=file:{}",
            folder.path().join("push.pem").display()
        ));
        command.env("CRM", "hunter2");
        let input = folder.path().join("card.pem");
        std::fs::write(&input, "the card key").unwrap();
        command.stdin(std::fs::File::open(&input).unwrap());
        ended(&mut command, status)
    };
    // The versions that the manifest names have to be there: 3 of crm_token, 2 of push-key.
    let (_, err) = run(65);
    assert!(
        err.contains("the secret crm_token has no version 3"),
        "{err}"
    );
    for (secret, count) in [("crm_token", 2), ("push-key", 2)] {
        for version in 1..=count {
            let name = format!("projects/my-project/secrets/{secret}/versions/{version}");
            google.put(
                "secretmanager",
                &format!("v1/{name}"),
                json!({"name": name, "state": "ENABLED"}),
            );
        }
    }
    let third = "projects/my-project/secrets/crm_token/versions/3";
    google.put(
        "secretmanager",
        &format!("v1/{third}"),
        json!({"name": third, "state": "ENABLED"}),
    );
    // Who may not read secrets adds a version.
    google.script(json!({
        "method": "GET", "path": ":access", "times": 9, "status": 403,
        "body": "{\"error\":{\"code\":403,\"status\":\"PERMISSION_DENIED\",\"message\":\"no\"}}",
    }));
    let (out, err) = run(0);
    assert!(
        !out.contains("hunter2") && !err.contains("hunter2"),
        "{out}{err}"
    );
    assert!(
        !out.contains("the card key") && !err.contains("the card key"),
        "{out}{err}"
    );

    let kept = |api: &str| google.kept(api);
    let iam = kept("iam");
    assert!(
        iam["projects/my-project/serviceAccounts/data-analyst@my-project.iam.gserviceaccount.com"]
            .is_object()
    );
    let queue = "projects/my-project/locations/europe-west1/queues/data-analyst";
    assert_eq!(
        kept("cloudtasks")[queue]["rateLimits"]["maxDispatchesPerSecond"],
        20
    );
    let user = "projects/data-project/locations/europe-west1/clusters/main/users/data-analyst@my-project.iam";
    assert_eq!(kept("alloydb")[user]["userType"], "ALLOYDB_IAM_USER");
    let policies: Vec<_> = google
        .requests()
        .iter()
        .filter(|r| r["path"].as_str().unwrap().ends_with(":setIamPolicy"))
        .map(|r| r["body"]["policy"].clone())
        .collect();
    let owners = policies
        .iter()
        .filter(|policy| policy["bindings"][0]["role"] == "roles/owner");
    assert!(owners.count() >= 2, "{policies:?}");
    let asks = policies
        .iter()
        .find(|policy| policy["bindings"][1]["members"][1].is_string())
        .unwrap();
    assert_eq!(asks["bindings"][1]["members"][0], "user:boss@example.com");

    let asked = google.requests().len();
    let mut again = deploy(&google, "everything");
    let (out, _) = ended(again.args(["-o", "json"]), 0);
    assert_eq!(changes(&google, asked), Vec::<String>::new(), "{out}");
}

#[test]
fn a_value_that_is_the_same_makes_no_version() {
    let google = FakeGoogle::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attache.toml");
    let text = std::fs::read_to_string(manifest("smallest")).unwrap();
    std::fs::write(&path, text + "[secrets]\nGEMINI_API_KEY = \"gemini-key\"\n").unwrap();
    let run = |value: &str| {
        let mut command = google.attache();
        command
            .args(["deploy", "cloud-run", "-o", "json", "--manifest"])
            .arg(&path);
        let (out, _) = ended(
            command
                .args(["--secret", "gemini-key=env:KEY"])
                .env("KEY", value),
            0,
        );
        let steps = outcomes(&out);
        steps
            .into_iter()
            .find(|(step, _)| step.contains("gemini-key"))
            .unwrap()
            .1
    };
    assert_eq!(run("one"), "created");
    assert_eq!(run("one"), "unchanged");
    assert_eq!(run("one\n"), "unchanged");
    assert_eq!(run("two"), "changed");
    let kept = google.kept("secretmanager");
    let versions = kept
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| name.contains("/versions/"));
    assert_eq!(versions.count(), 2);
}

#[test]
fn what_was_changed_elsewhere_is_set_right_and_nobody_is_overwritten() {
    let google = FakeGoogle::start();
    ended(&mut deploy(&google, "smallest"), 0);
    // Somebody turns it in the console.
    let mut service = google.kept("run")[SERVICE].clone();
    service["spec"]["template"]["spec"]["timeoutSeconds"] = json!(60);
    google.put("run", &format!("v1/{SERVICE}"), service);
    // And somebody else deploys at the same time.
    google.script(json!({
        "method": "PUT", "path": "services/hello", "times": 1, "status": 409,
        "body": "{\"error\":{\"code\":409,\"status\":\"ABORTED\",\"message\":\"Conflict for resource 'hello'\"}}",
    }));
    let (out, _) = ended(deploy(&google, "smallest").args(["-o", "json"]), 0);
    let service = outcomes(&out)
        .into_iter()
        .find(|(step, _)| step.starts_with("deploy the service"))
        .unwrap();
    assert_eq!(service.1, "changed");
    let kept = &google.kept("run")[SERVICE];
    assert_eq!(kept["spec"]["template"]["spec"]["timeoutSeconds"], 3600);
    let puts: Vec<_> = google
        .requests()
        .into_iter()
        .filter(|r| r["method"] == "PUT")
        .collect();
    assert_eq!(puts.len(), 2);
    assert!(puts[1]["body"]["metadata"]["resourceVersion"].is_string());
}

#[test]
fn roles_are_added_again_when_the_policy_has_changed_meanwhile() {
    let google = FakeGoogle::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attache.toml");
    let text = std::fs::read_to_string(manifest("smallest")).unwrap();
    std::fs::write(&path, text + "[model]\nprovider = \"vertex\"\n").unwrap();
    google.script(json!({
        "method": "POST", "path": "v3/projects/my-project:setIamPolicy", "times": 2, "status": 409,
        "body": "{\"error\":{\"code\":409,\"status\":\"ABORTED\",\"message\":\"There were concurrent policy changes.\"}}",
    }));
    // The account that was made a moment ago is not known there yet.
    google.script(json!({
        "method": "POST", "path": "v3/projects/my-project:setIamPolicy", "times": 1, "status": 400,
        "body": "{\"error\":{\"code\":400,\"status\":\"INVALID_ARGUMENT\",\"message\":\"Service account hello-agent@my-project.iam.gserviceaccount.com does not exist.\"}}",
    }));
    let mut command = google.attache();
    command
        .args(["deploy", "cloud-run", "-o", "json", "--manifest"])
        .arg(&path);
    let (out, _) = ended(&mut command, 0);
    let grant = outcomes(&out)
        .into_iter()
        .find(|(step, _)| step.contains("aiplatform.user"))
        .unwrap();
    assert_eq!(grant.1, "changed");
    assert_eq!(
        google
            .calls()
            .iter()
            .filter(|call| call.ends_with("v3/projects/my-project:setIamPolicy"))
            .count(),
        4
    );
}

#[test]
fn dry_runs_and_forms_ask_nobody() {
    let google = FakeGoogle::start();
    ended(deploy(&google, "everything").arg("--dry-run"), 0);
    ended(
        deploy(&google, "everything").args(["--print", "terraform"]),
        0,
    );
    assert_eq!(google.calls(), Vec::<String>::new());
}
