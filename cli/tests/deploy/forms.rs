//! What is written for other tools, to the letter, and read back by others' readers.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::google::ended;
use super::{CASES, attache, folder, golden, manifest};

const FORMS: [(&str, &str); 6] = [
    ("gcloud", "deploy.sh"),
    ("service-yaml", "service.yaml"),
    ("terraform", "main.tf"),
    ("cloud-build", "cloudbuild.yaml"),
    ("knative", "knative.yaml"),
    ("spinkube", "spinapp.yaml"),
];

#[test]
fn every_form_is_golden() {
    for case in CASES {
        for (form, file) in FORMS {
            let mut command = attache();
            command
                .args(["deploy", "cloud-run", "--print", form, "--manifest"])
                .arg(manifest(case));
            let output = command.output().unwrap();
            let (out, err) = (
                String::from_utf8(output.stdout).unwrap(),
                String::from_utf8(output.stderr).unwrap(),
            );
            let folder = folder().join("cases").join(case);
            let (there, not_there) = (folder.join(file), folder.join(format!("{file}.refused")));
            if output.status.success() {
                golden(&there, &out);
                assert!(!not_there.exists(), "{case} has words for {form} now");
            } else {
                assert_eq!(output.status.code(), Some(65), "{err}");
                golden(&not_there, &err);
                assert!(!there.exists(), "{case} has no words for {form} any more");
            }
        }
    }
}

#[test]
fn the_plan_is_golden() {
    for case in CASES {
        let mut command = attache();
        command
            .args(["deploy", "cloud-run", "--dry-run", "--manifest"])
            .arg(manifest(case));
        if case == "everything" {
            command.args([
                "--secret",
                "crm_token=env:CRM_TOKEN",
                "--secret",
                "push-key=file:push.pem",
            ]);
        }
        let (out, err) = ended(&mut command, 0);
        golden(
            &folder().join("cases").join(case).join("plan.txt"),
            &format!("{out}\n{err}"),
        );
    }
}

#[test]
fn the_plan_as_a_document_says_the_same() {
    let mut command = attache();
    command.args([
        "deploy",
        "cloud-run",
        "--dry-run",
        "-o",
        "json",
        "--manifest",
    ]);
    let (out, _) = ended(command.arg(manifest("everything")), 0);
    let plan: Value = serde_json::from_str(&out).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    assert!(steps.len() > 15);
    for step in steps {
        for word in ["step", "why", "check"] {
            assert!(!step[word].as_str().unwrap().is_empty(), "{step}");
        }
        for call in step["calls"].as_array().unwrap() {
            let url = call["url"].as_str().unwrap();
            assert!(
                url.starts_with("https://") && url.contains(".googleapis.com/"),
                "{url}"
            );
        }
    }
}

#[test]
fn others_read_what_is_written() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let python = workspace.join("target/clients/python/bin/python");
    for case in CASES {
        let folder = tempfile::tempdir().unwrap();
        let mut command = attache();
        command
            .args(["deploy", "cloud-run", "--manifest"])
            .arg(manifest(case));
        let (out, _) = ended(command.arg("--out").arg(folder.path()), 0);
        assert!(out.contains("service.yaml"), "{out}");
        let mut reader = Command::new(&python);
        reader
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(workspace.join("tests/clients/python/deployment_files.py"))
            .arg(folder.path());
        let (plan, _) = ended(&mut reader, 0);
        golden(
            &super::folder()
                .join("cases")
                .join(case)
                .join("main.tf.json"),
            &plan,
        );
        // bash reads the script without running it.
        ended(
            Command::new("bash")
                .arg("-n")
                .arg(folder.path().join("deploy.sh")),
            0,
        );
    }
}

#[test]
fn the_script_makes_what_is_missing_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = attache();
    command
        .args(["deploy", "cloud-run", "--manifest"])
        .arg(manifest("smallest"));
    command
        .args(["--print", "gcloud", "--out"])
        .arg(folder.path());
    ended(&mut command, 0);
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // A gcloud that knows nothing: what is asked for is not there, and all else works.
    let gcloud = "#!/bin/bash\nprintf '%s\\n' \"$*\" >>log\n[[ $* != *describe* ]]\n";
    std::fs::write(bin.join("gcloud"), gcloud).unwrap();
    let set: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("gcloud"), set).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut script = Command::new("bash");
    ended(
        script
            .arg("deploy.sh")
            .current_dir(folder.path())
            .env("PATH", path),
        0,
    );
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let first: Vec<_> = log
        .lines()
        .map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        first,
        [
            "services enable run.googleapis.com",
            "iam service-accounts describe",
            "iam service-accounts create",
            "run services replace",
        ]
    );
}

#[test]
fn a_form_without_the_number_that_it_needs_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("attache.toml");
    let text = std::fs::read_to_string(manifest("smallest")).unwrap();
    std::fs::write(
        &path,
        text + "[secrets]\nATTACHE_CARD_KEY = { secret = \"k\", mount = \"/s/k/p\" }\n",
    )
    .unwrap();
    let mut command = attache();
    let (_, err) = ended(
        command
            .args([
                "deploy",
                "cloud-run",
                "--print",
                "service-yaml",
                "--manifest",
            ])
            .arg(&path),
        65,
    );
    assert!(
        err.contains("project_number") && err.contains("gcloud projects describe my-project"),
        "{err}"
    );
}
