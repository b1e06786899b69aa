//! What Google refuses, and what it says of a service that does not start: each with what helps.

use serde_json::{Value, json};

use super::apply::deploy;
use super::card::prepare_public;
use super::google::{FakeGoogle, ended};

fn refused(status: u16, name: &str, message: &str) -> String {
    json!({"error": {"code": status, "status": name, "message": message}}).to_string()
}

#[test]
fn each_refusal_has_its_remedy() {
    let cases = [
        (
            "v1/projects/my-project/locations/us-central1/services/hello",
            "PUT",
            refused(
                403,
                "PERMISSION_DENIED",
                "Permission 'iam.serviceaccounts.actAs' denied on service account hello-agent",
            ),
            403,
            "roles/iam.serviceAccountUser",
        ),
        (
            "v1/projects/my-project/locations/us-central1/services/hello",
            "PUT",
            refused(
                403,
                "PERMISSION_DENIED",
                "Google Cloud Run Service Agent must have permission to read the image, us-central1-docker.pkg.dev/x",
            ),
            403,
            "roles/artifactregistry.reader",
        ),
        (
            "serviceusage/v1/projects/my-project/services:batchEnable",
            "POST",
            refused(
                403,
                "PERMISSION_DENIED",
                "Permission denied to enable service [run.googleapis.com]",
            ),
            403,
            "roles/serviceusage.serviceUsageAdmin",
        ),
        (
            "iam/v1/projects/my-project/serviceAccounts",
            "POST",
            refused(
                403,
                "PERMISSION_DENIED",
                "Permission 'iam.serviceAccounts.create' denied on resource",
            ),
            403,
            "roles/iam.serviceAccountAdmin",
        ),
    ];
    for (path, method, body, status, helps) in cases {
        let google = FakeGoogle::start();
        let mut command = deploy(&google, "smallest");
        if method == "PUT" {
            // Of a service that is there: for a new one what spreads is waited for.
            ended(&mut command, 0);
            command.args(["--image", "r/hello:2"]);
        }
        google.script(
            json!({"method": method, "path": path, "times": 99, "status": status, "body": body}),
        );
        let (_, err) = ended(&mut command, 77);
        assert!(err.contains(helps), "{helps}: {err}");
    }
}

#[test]
fn a_number_that_is_not_the_projects_is_refused() {
    let google = FakeGoogle::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attache.toml");
    let text = std::fs::read_to_string(super::manifest("smallest")).unwrap();
    std::fs::write(&path, text + "project_number = 42\n").unwrap();
    let mut command = google.attache();
    command
        .args(["deploy", "cloud-run", "--manifest"])
        .arg(&path);
    let (_, err) = ended(&mut command, 65);
    assert!(
        err.contains("has the number 123456789012, and the manifest says 42"),
        "{err}"
    );
}

#[test]
fn a_service_agent_that_is_not_there_yet_can_be_made() {
    let google = FakeGoogle::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attache.toml");
    let text = std::fs::read_to_string(super::manifest("smallest")).unwrap();
    std::fs::write(&path, text + "[gemini_enterprise]\napp = \"x\"\n").unwrap();
    google.script(json!({
        "method": "POST", "path": "services/hello:setIamPolicy", "times": 9, "status": 400,
        "body": refused(400, "INVALID_ARGUMENT", "Service account service-123456789012@gcp-sa-discoveryengine.iam.gserviceaccount.com does not exist."),
    }));
    let mut command = google.attache();
    command
        .args(["deploy", "cloud-run", "--manifest"])
        .arg(&path);
    let (_, err) = ended(&mut command, 65);
    assert!(err.contains("services identity create --service=discoveryengine.googleapis.com --project=123456789012"), "{err}");
}

#[test]
fn a_role_that_has_to_spread_is_waited_for() {
    let google = FakeGoogle::start();
    google.script(json!({
        "method": "POST", "path": "v1/projects/my-project/locations/us-central1/services", "times": 2, "status": 403,
        "body": refused(403, "PERMISSION_DENIED", "Permission denied; permissions might take a few minutes to propagate"),
    }));
    ended(&mut deploy(&google, "smallest"), 0);
}

#[test]
fn each_failed_start_has_its_remedy() {
    let cases = [
        (
            "HealthCheckContainerError",
            "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout.",
            "gcloud run services logs read hello --region=us-central1 --project=my-project",
        ),
        (
            "ContainerMissing",
            "Image 'us-central1-docker.pkg.dev/my-project/agents/hello:1' not found.",
            "Push the image first",
        ),
        (
            "ContainerPermissionDenied",
            "Google Cloud Run Service Agent service-123456789012@serverless-robot-prod.iam.gserviceaccount.com must have permission to read the image",
            "--member=serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com",
        ),
        (
            "SecretsAccessCheckFailed",
            "Permission denied on secret: projects/123456789012/secrets/x/versions/latest for Revision service account",
            "Run the command again",
        ),
    ];
    for (reason, message, helps) in cases {
        let google = FakeGoogle::start();
        let conditions =
            json!([{"type": "Ready", "status": "False", "reason": reason, "message": message}]);
        google.tell("served", json!({"conditions": conditions}));
        let (_, err) = ended(&mut deploy(&google, "smallest"), 65);
        assert!(
            err.contains(reason) && err.contains(helps),
            "{helps}: {err}"
        );
    }
}

#[test]
fn what_is_not_ready_for_the_service_is_said_before_it_is_deployed() {
    let instance = "projects/data-project/locations/europe-west1/clusters/main/instances/primary";
    let named = |name: &str| json!({"name": name, "state": "ENABLED"});
    let prepared = || {
        let google = FakeGoogle::start();
        for (secret, version) in [("crm_token", 3), ("card-key", 1), ("push-key", 2)] {
            let name = format!("projects/my-project/secrets/{secret}");
            google.put(
                "secretmanager",
                &format!("v1/{name}"),
                json!({"name": name}),
            );
            let version = format!("{name}/versions/{version}");
            google.put("secretmanager", &format!("v1/{version}"), named(&version));
        }
        google
    };
    let deployed = |google: &FakeGoogle| {
        google
            .kept("run")
            .as_object()
            .is_some_and(|kept| !kept.is_empty())
    };

    let google = prepared();
    let (_, err) = ended(&mut deploy(&google, "everything"), 65);
    assert!(
        err.contains("there is no database") && err.contains("gcloud alloydb instances list"),
        "{err}"
    );
    assert!(!deployed(&google));

    let flags = json!({"max_connections": "500"});
    google.put(
        "alloydb",
        &format!("v1/{instance}"),
        json!({"name": instance, "state": "READY", "databaseFlags": flags}),
    );
    let (_, err) = ended(&mut deploy(&google, "everything"), 65);
    assert!(
        err.contains("alloydb.iam_authentication is not on"),
        "{err}"
    );
    assert!(
        err.contains("--database-flags=alloydb.iam_authentication=on,max_connections=500"),
        "{err}"
    );

    google.put(
        "alloydb",
        &format!("v1/{instance}"),
        json!({"name": instance, "state": "STOPPED"}),
    );
    let (_, err) = ended(&mut deploy(&google, "everything"), 69);
    assert!(err.contains("is STOPPED, not READY"), "{err}");

    let queue = "projects/my-project/locations/europe-west1/queues/data-analyst";
    google.put(
        "cloudtasks",
        &format!("v2/{queue}"),
        json!({"name": queue, "state": "PAUSED"}),
    );
    let (_, err) = ended(&mut deploy(&google, "everything"), 65);
    assert!(
        err.contains("PAUSED") && err.contains("gcloud tasks queues resume data-analyst"),
        "{err}"
    );

    let version = "projects/my-project/secrets/push-key/versions/2";
    google.put(
        "secretmanager",
        &format!("v1/{version}"),
        json!({"name": version, "state": "DISABLED"}),
    );
    let (_, err) = ended(&mut deploy(&google, "everything"), 65);
    assert!(
        err.contains("is DISABLED")
            && err.contains("gcloud secrets versions enable 2 --secret=push-key"),
        "{err}"
    );
    assert!(!deployed(&google));
}

/// As it is where a command stands in its place and fails: `--image "$(attache image --push)"`.
#[test]
fn an_image_that_is_none_is_refused() {
    let google = FakeGoogle::start();
    for image in ["", "us-central1-docker.pkg.dev/my-project/agents/hello"] {
        let mut command = deploy(&google, "smallest");
        let (_, err) = ended(command.args(["--image", image]), 64);
        assert!(err.contains("with a tag or a digest"), "{err}");
    }
    assert!(google.requests().is_empty());
}

#[test]
fn values_of_secrets_have_to_be_somewhere_else_than_on_the_command_line() {
    let google = FakeGoogle::start();
    let with = |given: &str, status: i32| {
        let mut command = deploy(&google, "public");
        ended(command.args(["--secret", given]), status).1
    };
    let err = with("openai-key=hunter2", 64);
    assert!(err.contains("openai-key=env:VARIABLE"), "{err}");
    assert!(
        with("nope=env:X", 64).contains("names no such secret, but bot_keys, openai-key, db-pass")
    );
    assert!(with("bot_keys=env:MISSING", 66).contains("the variable MISSING is not set"));
    assert!(with("bot_keys=file:/nonexistent", 66).contains("/nonexistent cannot be read"));
    assert!(with("bot_keys=file:/dev/null", 66).contains("it is empty"));
    // Nothing was made without a value.
    assert_eq!(google.kept("secretmanager"), Value::Null);
    let (_, err) = ended(&mut deploy(&google, "public"), 65);
    assert!(
        err.contains("there is no secret bot_keys") && err.contains("--secret bot_keys=file:PATH"),
        "{err}"
    );
    prepare_public(&google);
}
