use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

/// A stand-in for gcloud that notes how it was called.
pub(super) fn install_gcloud(google: &FakeGoogle, script: &str) {
    let path = google.bin().join("gcloud");
    let note = google.home.path().join("calls");
    let text = format!("#!/bin/sh\necho \"$*\" >> {}\n{script}\n", note.display());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn calls_of_gcloud(google: &FakeGoogle) -> String {
    std::fs::read_to_string(google.home.path().join("calls")).unwrap_or_default()
}

const GCLOUD: &str = "case \"$*\" in
*print-access-token*) echo ya29.of-gcloud ;;
*get-value*) echo project-of-gcloud ;;
*) exit 1 ;;
esac";

fn write(path: &Path, document: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, document.to_string()).unwrap();
}

/// The file that `gcloud auth application-default login` writes.
fn default_file(google: &FakeGoogle) -> std::path::PathBuf {
    google
        .home
        .path()
        .join(".config/gcloud/application_default_credentials.json")
}

pub(super) fn person(google: &FakeGoogle, refresh_token: &str) -> Value {
    json!({
        "type": "authorized_user", "client_id": "c", "client_secret": "hush", "refresh_token": refresh_token,
        "quota_project_id": "quota-project", "token_uri": format!("{}/token", google.url()),
    })
}

/// The file of a service account's key, which the server of tokens knows.
pub(super) fn service_account(google: &FakeGoogle) -> std::path::PathBuf {
    let file = google.home.path().join("key.json");
    let keys = google.home.path().join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    google::make_keys(&keys, "RS256");
    let read = |name: &str| std::fs::read_to_string(keys.join(name)).unwrap();
    google.tell("key", json!({"id": "the-key", "pem": read("public.pem")}));
    let account = json!({
        "type": "service_account", "client_email": "ci@my-project.iam.gserviceaccount.com",
        "private_key": read("private.pem"), "private_key_id": "the-key",
        "token_uri": format!("{}/token", google.url()), "project_id": "project-of-the-key",
    });
    write(&file, &account);
    file
}

#[test]
fn a_token_that_is_given_comes_first() {
    let google = google_with_an_app();
    install_gcloud(&google, GCLOUD);
    google::ended(list(&mut google.attache()), 0);
    assert_eq!(
        last(&google),
        (
            "Bearer ya29.given".to_owned(),
            Some("my-project".to_owned())
        )
    );
    let file = google.home.path().join("token");
    std::fs::write(&file, "ya29.of-a-file\n").unwrap();
    google::ended(
        list(&mut google.attache())
            .arg("--access-token-file")
            .arg(&file),
        0,
    );
    assert_eq!(last(&google).0, "Bearer ya29.of-a-file");
    google::ended(
        list(&mut google.attache())
            .env("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", &file)
            .arg("--billing-project=other"),
        0,
    );
    assert_eq!(
        last(&google),
        ("Bearer ya29.of-a-file".to_owned(), Some("other".to_owned()))
    );
    assert_eq!(calls_of_gcloud(&google), "");

    std::fs::write(&file, "two words that are secret").unwrap();
    let (_, err) = google::ended(
        list(&mut google.attache())
            .arg("--access-token-file")
            .arg(&file),
        65,
    );
    assert!(
        err.contains("holds no token") && !err.contains("secret"),
        "{err}"
    );
}

#[test]
fn gcloud_comes_next_and_names_the_project() {
    let google = google_with_an_app();
    install_gcloud(&google, GCLOUD);
    write(&default_file(&google), &person(&google, "1//good"));
    google::ended(list(&mut google.attache_without_credentials()), 0);
    assert_eq!(last(&google).0, "Bearer ya29.of-gcloud");
    let mut command = google.attache_without_credentials();
    command.args([
        "gemini-enterprise",
        "apps",
        "--impersonate-service-account=sa@p.iam.gserviceaccount.com",
    ]);
    google::ended(&mut command, 0);
    assert!(
        google
            .calls()
            .last()
            .unwrap()
            .contains("projects/project-of-gcloud/")
    );
    assert!(calls_of_gcloud(&google).contains(
        "print-access-token --quiet --impersonate-service-account=sa@p.iam.gserviceaccount.com"
    ));
}

#[test]
fn a_gcloud_that_fails_is_named_when_something_else_is_used() {
    let google = google_with_an_app();
    install_gcloud(
        &google,
        "echo 'ERROR: (gcloud.auth) You do not currently have an active account selected.' >&2; exit 1",
    );
    let (_, err) = google::ended(list(&mut google.attache_without_credentials()), 77);
    assert!(
        err.contains(
            "there are no credentials of Google (gcloud: (gcloud.auth) You do not currently"
        ),
        "{err}"
    );
    assert!(err.contains("gcloud auth login"), "{err}");
    write(&default_file(&google), &person(&google, "1//good"));
    let (_, err) = google::ended(list(&mut google.attache_without_credentials()), 0);
    assert!(err.contains("active account selected.; using "), "{err}");
}

#[test]
fn a_person_is_refreshed() {
    let google = google_with_an_app();
    let file = google.home.path().join("adc.json");
    write(&file, &person(&google, "1//good"));
    let ask = |status: i32| {
        let mut command = google.attache_without_credentials();
        google::ended(
            list(&mut command).env("GOOGLE_APPLICATION_CREDENTIALS", &file),
            status,
        )
    };
    ask(0);
    assert_eq!(
        last(&google),
        (
            "Bearer ya29.of-a-person".to_owned(),
            Some("quota-project".to_owned())
        )
    );
    write(&file, &person(&google, "1//old"));
    let (_, err) = ask(77);
    assert!(err.contains("Token has been expired or revoked"), "{err}");
    assert!(
        err.contains("gcloud auth application-default login"),
        "{err}"
    );
    assert!(!err.contains("hush") && !err.contains("1//old"), "{err}");
    write(&file, &json!({"type": "external_account"}));
    let (_, err) = ask(65);
    assert!(err.contains("of the type external_account"), "{err}");
    std::fs::write(&file, "{\"private").unwrap();
    let (_, err) = ask(65);
    assert!(
        err.contains("holds no JSON") && !err.contains("private"),
        "{err}"
    );
    std::fs::remove_file(&file).unwrap();
    ask(66);
}

#[test]
fn a_service_account_signs_for_itself() {
    let google = google_with_an_app();
    let file = service_account(&google);
    let mut command = google.attache_without_credentials();
    command
        .args(["gemini-enterprise", "apps"])
        .env("GOOGLE_APPLICATION_CREDENTIALS", &file);
    google::ended(&mut command, 0);
    let (token, quota) = last(&google);
    assert_eq!(
        token,
        "Bearer ya29.of-ci@my-project.iam.gserviceaccount.com"
    );
    assert_eq!(quota, None, "it is counted for its own project");
    assert!(google.calls()[0].contains("projects/project-of-the-key/"));

    // Acting as another account goes through IAM's credentials API.
    let mut command = google.attache_without_credentials();
    list(&mut command).env("GOOGLE_APPLICATION_CREDENTIALS", &file);
    command.arg("--impersonate-service-account=deployer@my-project.iam.gserviceaccount.com");
    google::ended(&mut command, 0);
    assert_eq!(
        last(&google).0,
        "Bearer ya29.as-deployer@my-project.iam.gserviceaccount.com"
    );

    let mut bad: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    bad["private_key"] =
        json!("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
    write(&file, &bad);
    let mut command = google.attache_without_credentials();
    let (_, err) = google::ended(
        list(&mut command).env("GOOGLE_APPLICATION_CREDENTIALS", &file),
        65,
    );
    assert!(
        err.contains("no RSA key") && !err.contains("c2VjcmV0"),
        "{err}"
    );
    bad["token_uri"] = json!("http://tokens.example/");
    write(&file, &bad);
    let mut command = google.attache_without_credentials();
    let (_, err) = google::ended(
        list(&mut command).env("GOOGLE_APPLICATION_CREDENTIALS", &file),
        65,
    );
    assert!(err.contains("does not begin with https://"), "{err}");
}

#[test]
fn a_machine_at_google_asks_its_metadata_server() {
    let google = google_with_an_app();
    let host = google.url().trim_start_matches("http://").to_owned();
    let mut command = google.attache_without_credentials();
    command
        .args(["gemini-enterprise", "apps"])
        .env("GCE_METADATA_HOST", &host);
    google::ended(&mut command, 0);
    assert_eq!(last(&google), ("Bearer ya29.metadata".to_owned(), None));
    assert!(google.calls()[0].contains("projects/metadata-project/"));
}

#[test]
fn without_a_project_nothing_is_asked() {
    let google = google_with_an_app();
    let mut command = google.attache();
    let (_, err) = google::ended(command.args(["gemini-enterprise", "apps"]), 64);
    assert!(
        err.contains("no project is named") && err.contains("--project=PROJECT"),
        "{err}"
    );
    for variable in ["CLOUDSDK_CORE_PROJECT", "GOOGLE_CLOUD_PROJECT"] {
        let mut command = google.attache();
        google::ended(
            command
                .args(["gemini-enterprise", "apps"])
                .env(variable, "of-the-environment"),
            0,
        );
        assert!(
            google
                .calls()
                .last()
                .unwrap()
                .contains("projects/of-the-environment/")
        );
    }
}
