//! Manifests that are refused, each with its sentence; and the one that `--init` writes.

use super::google::ended;
use super::{attache, folder, golden};

/// `bad/NAME.toml` has `bad/NAME.txt` beside it: what is said of it.
#[test]
fn each_wrong_manifest_has_its_sentence() {
    let bad = folder().join("bad");
    let mut names: Vec<_> = std::fs::read_dir(&bad)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    names.sort();
    assert!(names.len() > 40, "only {} manifests", names.len());
    for path in names {
        let name = path.file_name().unwrap();
        let mut command = attache();
        command
            .current_dir(&bad)
            .args(["deploy", "cloud-run", "--dry-run", "--manifest"])
            .arg(name);
        let (out, err) = ended(&mut command, 65);
        assert_eq!(out, "");
        assert!(err.starts_with("error: "), "{err}");
        assert!(
            !err.contains("hunter2"),
            "a value that may be secret is shown: {err}"
        );
        golden(&path.with_extension("txt"), &err);
    }
}

#[test]
fn a_manifest_that_is_not_there_is_begun_with_init() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("My_Agent");
    std::fs::create_dir(&home).unwrap();
    let deploy = |arguments: &[&str], status| {
        let mut command = attache();
        ended(
            command
                .args(["deploy", "cloud-run"])
                .args(arguments)
                .current_dir(&home),
            status,
        )
    };
    let (_, err) = deploy(&["--dry-run"], 66);
    assert!(
        err.contains("attache.toml cannot be read") && err.contains("--init"),
        "{err}"
    );

    deploy(&["--init"], 0);
    let text = std::fs::read_to_string(home.join("attache.toml")).unwrap();
    assert!(text.contains("name = \"my-agent\""), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 120),
        "{text}"
    );
    let (_, err) = deploy(&["--dry-run", "--project", "my-project"], 65);
    assert!(
        err.contains("your project's id in place of PROJECT"),
        "{err}"
    );
    let text = text.replace("/PROJECT/", "/my-project/");
    std::fs::write(home.join("attache.toml"), &text).unwrap();
    // All else holds as it is.
    let (out, _) = deploy(&["--dry-run", "--project", "my-project"], 0);
    assert!(
        out.contains("my-agent@my-project.iam.gserviceaccount.com"),
        "{out}"
    );
    // So does every example in it.
    let all: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.split(' ').nth(1) == Some("=") || rest.starts_with('[') => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .map(|line| {
            if line.starts_with("host = ") {
                String::new()
            } else {
                line
            }
        })
        .map(|line| {
            if line.starts_with("user = ") {
                String::new()
            } else {
                line
            }
        })
        .map(|line| {
            if line.starts_with("base_url = ") {
                String::new()
            } else {
                line
            }
        })
        .collect();
    let all = all
        .replace(
            "projects/P/locations/R/",
            "projects/my-project/locations/us-central1/",
        )
        .replace("clusters/C/instances/I", "clusters/c/instances/i")
        .replace("/PROJECT/", "/my-project/");
    std::fs::write(home.join("all.toml"), all).unwrap();
    deploy(&["--dry-run", "--manifest", "all.toml"], 0);

    let (_, err) = deploy(&["--init"], 73);
    assert!(
        err.contains("attache.toml cannot be written") && err.contains("exists"),
        "{err}"
    );
}
