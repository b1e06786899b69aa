//! Cloud Run lets those in who bring an identity token for the service; `attache doctor` reads the card so.

use std::path::Path;

use super::credentials::{install_gcloud, person, service_account};
use super::*;

const NAME: &str = "projects/my-project/locations/us-central1/services/agent";

/// A private service whose address is the fakes'.
fn private_agent() -> FakeGoogle {
    let google = google_with_an_app();
    let container = json!({"image": "i", "ports": [{"containerPort": 8080}]});
    let service =
        json!({"name": NAME, "urls": [google.url()], "template": {"containers": [container]}});
    google.put("run", &format!("v2/{NAME}"), service);
    google.tell(
        "card",
        json!({"name": "Agent", "url": "https://agent.example.com/", "capabilities": {}}),
    );
    google.tell("private", json!(true));
    google
}

/// What the card was asked with at last, and what is said of the card.
fn card(google: &FakeGoogle, command: &mut Command) -> (Option<String>, Vec<Value>) {
    command.args([
        "doctor",
        "agent",
        "--project=my-project",
        "--region=us-central1",
        "-o",
        "json",
    ]);
    command.arg("--without-gemini-enterprise");
    let (out, _) = google::ended(command, 0);
    let said: Value = serde_json::from_str(&out).unwrap();
    let findings = said["findings"].as_array().unwrap().iter();
    let of_card = findings
        .filter(|finding| finding["check"] == "card")
        .cloned()
        .collect();
    let mut asked = google
        .requests()
        .into_iter()
        .filter(|request| request["api"] == "agent");
    let brought = asked.next_back().unwrap()["authorization"]
        .as_str()
        .map(str::to_owned);
    (brought, of_card)
}

fn with_file<'a>(command: &'a mut Command, file: &Path) -> &'a mut Command {
    command.env("GOOGLE_APPLICATION_CREDENTIALS", file)
}

#[test]
fn each_kind_of_credentials_gives_one() {
    let google = private_agent();
    let audience = google.url();
    let brings = |command: &mut Command, token: &str| {
        let (brought, findings) = card(&google, command);
        assert_eq!(brought, Some(format!("Bearer {token}")));
        assert_eq!(findings, Vec::<Value>::new());
    };
    let mut command = google.attache_without_credentials();
    let host = audience.trim_start_matches("http://");
    brings(
        command.env("GCE_METADATA_HOST", host),
        &format!("e30.id-for-{host}.c2ln"),
    );

    let file = service_account(&google);
    let mut command = google.attache_without_credentials();
    brings(
        with_file(&mut command, &file),
        "e30.ci@my-project.iam.gserviceaccount.com.c2ln",
    );
    let mut command = google.attache_without_credentials();
    with_file(&mut command, &file).env(
        "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
        "a@p.iam.gserviceaccount.com",
    );
    let (brought, _) = card(&google, &mut command);
    assert!(brought.unwrap().starts_with("Bearer e30."));
    assert!(
        google
            .calls()
            .iter()
            .any(|call| call.ends_with("a@p.iam.gserviceaccount.com:generateIdToken"))
    );

    let file = google.home.path().join("person.json");
    std::fs::write(&file, person(&google, "1//good").to_string()).unwrap();
    let mut command = google.attache_without_credentials();
    brings(with_file(&mut command, &file), "e30.person.c2ln");

    // gcloud gives a person none for an audience, and one without.
    install_gcloud(
        &google,
        "case \"$*\" in
*--audiences*) echo 'ERROR: Invalid account Type' >&2; exit 1 ;;
*print-identity-token*) echo e30.of-gcloud.c2ln ;;
*) echo ya29.of-gcloud ;;
esac",
    );
    brings(
        &mut google.attache_without_credentials(),
        "e30.of-gcloud.c2ln",
    );
}

#[test]
fn without_one_the_card_is_not_called_wrong() {
    let google = private_agent();
    let (brought, findings) = card(&google, &mut google.attache());
    assert_eq!(brought, None, "an access token is not for the agent");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0]["severity"], "unknown");
    let mend = findings[0]["mend"].as_str().unwrap();
    assert!(
        mend.contains("--impersonate-service-account=EMAIL"),
        "{mend}"
    );
}

#[test]
fn a_card_that_anybody_reads_is_asked_for_without_one() {
    let google = private_agent();
    google.tell("private", json!(false));
    let (brought, findings) = card(&google, &mut google.attache());
    assert_eq!((brought, findings), (None, Vec::new()));
}
