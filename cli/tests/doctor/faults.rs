use super::*;

/// A fault, the check and the severity that it is found with, and a part of what mends it.
type Fault = (
    &'static str,
    fn(&mut World),
    &'static str,
    &'static str,
    &'static str,
);

const FAULTS: &[Fault] = &[
    (
        "the latest revision did not start",
        |w| {
            let bad = format!("{NAME}/revisions/agent-00003-bad");
            w.service["latestCreatedRevision"] = json!(bad);
            w.service["terminalCondition"] =
                json!({"type": "Ready", "state": "CONDITION_FAILED", "message": "no"});
            w.revision = Some(json!({"name": bad, "conditions": [{
                "type": "Ready", "state": "CONDITION_FAILED", "revisionReason": "HEALTH_CHECK_CONTAINER_ERROR",
                "message": "The user-provided container failed to start and listen on the port",
            }]}));
        },
        "revision",
        "error",
        "gcloud logging read",
    ),
    (
        "a secret keeps it from starting",
        |w| {
            w.service["terminalCondition"] = json!({
                "type": "Ready", "state": "CONDITION_FAILED", "reason": "SECRETS_ACCESS_CHECK_FAILED", "message": "no",
            });
        },
        "revision",
        "error",
        "roles/secretmanager.secretAccessor",
    ),
    (
        "the card names this machine",
        |w| {
            w.card["url"] = json!("http://localhost:8080/");
        },
        "card",
        "error",
        "--update-env-vars=ATTACHE_PUBLIC_URL=https://agent-123456789012.us-central1.run.app",
    ),
    (
        "the card names another service",
        |w| {
            w.card["supportedInterfaces"][0]["url"] =
                json!("https://old-123456789012.us-central1.run.app/");
        },
        "card",
        "error",
        "ATTACHE_PUBLIC_URL",
    ),
    (
        "the card names an address that is off",
        |w| {
            w.service["defaultUriDisabled"] = json!(true);
        },
        "card",
        "error",
        "--default-url",
    ),
    (
        "the card is of 1.0 alone",
        |w| {
            w.card.as_object_mut().unwrap().remove("url");
        },
        "card",
        "warning",
        "ATTACHE_CARD=negotiated",
    ),
    (
        "Gemini Enterprise may not call",
        |w| {
            w.policy = json!([]);
        },
        "invoker",
        "error",
        "--member=serviceAccount:service-123456789012@gcp-sa-discoveryengine.iam.gserviceaccount.com --role=roles/run.invoker",
    ),
    (
        "everybody may call, and nobody checks",
        |w| {
            w.policy = json!([{"role": "roles/run.invoker", "members": ["allUsers"]}]);
            w.variable("ATTACHE_AUTH", Some("none"));
        },
        "public-access",
        "error",
        "remove-iam-policy-binding agent",
    ),
    (
        "everybody may call, and the agent relies on Cloud Run",
        |w| {
            w.service["invokerIamDisabled"] = json!(true);
        },
        "public-access",
        "error",
        "--invoker-iam-check",
    ),
    (
        "the agent relies on a proxy that is not there",
        |w| {
            w.variable("ATTACHE_AUTH", Some("iap"));
        },
        "public-access",
        "error",
        "gcloud beta run services update agent --region=us-central1 --project=my-project --iap",
    ),
    (
        "calls from outside are kept out",
        |w| {
            w.service["ingress"] = json!("INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER");
        },
        "ingress",
        "error",
        "--ingress=all",
    ),
    (
        "no processor after the response",
        |w| {
            w.agent()["resources"]["cpuIdle"] = json!(true);
        },
        "billing",
        "error",
        "--no-cpu-throttling",
    ),
    (
        "a probe on a reserved path",
        |w| {
            w.agent()["livenessProbe"]["httpGet"]["path"] = json!("/healthz");
        },
        "probes",
        "warning",
        "--liveness-probe=httpGet.path=/health/live",
    ),
    (
        "a probe that kills when the database is away",
        |w| {
            w.agent()["livenessProbe"]["httpGet"]["path"] = json!("/health/ready");
        },
        "probes",
        "error",
        "--liveness-probe=httpGet.path=/health/live",
    ),
    (
        "no startup probe",
        |w| {
            w.agent().as_object_mut().unwrap().remove("startupProbe");
        },
        "probes",
        "warning",
        "--startup-probe=httpGet.path=/health/startup",
    ),
    (
        "streams are cut off",
        |w| {
            w.service["template"]["timeout"] = json!("300s");
            w.variable("ATTACHE_TASKS_DEADLINE", Some("300"));
        },
        "streaming",
        "warning",
        "--timeout=3600",
    ),
    (
        "requests are shorter than the queue's work",
        |w| {
            w.service["template"]["timeout"] = json!("900s");
        },
        "streaming",
        "error",
        "--timeout=3600",
    ),
    (
        "one stream takes an instance",
        |w| {
            w.service["template"]["maxInstanceRequestConcurrency"] = json!(1);
        },
        "streaming",
        "warning",
        "--concurrency=80",
    ),
    (
        "no instance is kept",
        |w| {
            w.service["scaling"] = json!({});
        },
        "scaling",
        "warning",
        "--min=1",
    ),
    (
        "the account may do everything",
        |w| {
            w.project_policy
                .as_array_mut()
                .unwrap()
                .push(json!({"role": "roles/editor", "members": [ACCOUNT]}));
        },
        "service-account",
        "error",
        "remove-iam-policy-binding my-project",
    ),
    (
        "the account administers",
        |w| {
            w.project_policy
                .as_array_mut()
                .unwrap()
                .push(json!({"role": "roles/run.admin", "members": [ACCOUNT]}));
        },
        "service-account",
        "warning",
        "--role=roles/run.admin",
    ),
    (
        "the account may not ask the model",
        |w| {
            w.project_policy.as_array_mut().unwrap().remove(0);
        },
        "service-account",
        "error",
        "--role=roles/aiplatform.user",
    ),
    (
        "a secret is not there",
        |w| w.secret = None,
        "secrets",
        "error",
        "gcloud secrets create db-pass",
    ),
    (
        "a secret has no version",
        |w| w.version = None,
        "secrets",
        "error",
        "gcloud secrets versions add db-pass",
    ),
    (
        "a secret is turned off",
        |w| {
            w.version.as_mut().unwrap()["state"] = json!("DISABLED");
        },
        "secrets",
        "error",
        "gcloud secrets versions add db-pass",
    ),
    (
        "a secret may not be read",
        |w| {
            w.secret_policy = json!([]);
        },
        "secrets",
        "error",
        "gcloud secrets add-iam-policy-binding db-pass",
    ),
    (
        "a secret stands there in the clear",
        |w| {
            w.variable("GEMINI_API_KEY", Some("AQ.hush"));
        },
        "secrets",
        "warning",
        "--remove-env-vars=GEMINI_API_KEY --update-secrets=GEMINI_API_KEY=SECRET:latest",
    ),
    (
        "no proxy beside the agent",
        |w| {
            w.service["template"]["containers"]
                .as_array_mut()
                .unwrap()
                .remove(1);
        },
        "database",
        "error",
        "--container=alloydb-proxy",
    ),
    (
        "the agent does not wait for the proxy",
        |w| {
            w.agent().as_object_mut().unwrap().remove("dependsOn");
        },
        "database",
        "warning",
        "--container=agent --depends-on=alloydb-proxy",
    ),
    (
        "no way to the database's network",
        |w| {
            w.service["template"]
                .as_object_mut()
                .unwrap()
                .remove("vpcAccess");
        },
        "database",
        "error",
        "--network=NETWORK --subnet=SUBNET",
    ),
    (
        "the account may not connect",
        |w| {
            w.project_policy.as_array_mut().unwrap().remove(1);
        },
        "database",
        "error",
        "--role=roles/alloydb.client",
    ),
    (
        "the database's instance is not there",
        |w| w.instance = None,
        "database",
        "error",
        "gcloud alloydb instances list",
    ),
    (
        "the database's instance is stopped",
        |w| {
            w.instance.as_mut().unwrap()["state"] = json!("STOPPED");
        },
        "database",
        "error",
        "gcloud alloydb",
    ),
    (
        "no database for several instances",
        |w| {
            for name in ["DB_HOST", "DB_PASS"] {
                w.variable(name, None);
            }
        },
        "database",
        "warning",
        "--max=1",
    ),
    (
        "the queue is not there",
        |w| w.queue = None,
        "queue",
        "error",
        "gcloud tasks queues create agent",
    ),
    (
        "the queue is paused",
        |w| {
            w.queue.as_mut().unwrap()["state"] = json!("PAUSED");
        },
        "queue",
        "error",
        "gcloud tasks queues resume agent",
    ),
    (
        "the queue may not be used",
        |w| {
            w.project_policy.as_array_mut().unwrap().remove(3);
        },
        "queue",
        "error",
        "--role=roles/cloudtasks.enqueuer",
    ),
    (
        "the model is retired",
        |w| {
            w.variable("ATTACHE_MODEL", Some("vertex:gemini-2.5-flash"));
        },
        "model",
        "error",
        "--update-env-vars=ATTACHE_MODEL=vertex:gemini-3.5-flash",
    ),
    (
        "the model is served elsewhere",
        |w| {
            w.variable("GOOGLE_CLOUD_LOCATION", Some("us-central1"));
        },
        "model",
        "warning",
        "GOOGLE_CLOUD_LOCATION=global",
    ),
];

#[test]
fn a_service_that_is_well_has_no_findings() {
    let google = FakeGoogle::start();
    well().put_into(&google);
    let said = examine(&google, 0, &["--strict"]);
    assert_eq!(said["findings"], json!([]));
    assert_eq!(said["service"], NAME);
    let asked_to_change = google.requests().into_iter().filter(|request| {
        request["method"] != "GET" && !request["path"].as_str().unwrap().ends_with(":getIamPolicy")
    });
    assert_eq!(asked_to_change.count(), 0, "a doctor only looks");
}

#[test]
fn each_fault_is_found_alone() {
    let google = FakeGoogle::start();
    for (fault, make, check, severity, mend) in FAULTS {
        let mut world = well();
        make(&mut world);
        world.put_into(&google);
        let status = i32::from(*severity == "error");
        let said = examine(&google, status, &[]);
        let found = said["findings"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{fault}: {found:#?}");
        assert_eq!(
            (found[0]["check"].as_str(), found[0]["severity"].as_str()),
            (Some(*check), Some(*severity)),
            "{fault}"
        );
        assert!(
            found[0]["mend"].as_str().unwrap().contains(mend),
            "{fault}: {}",
            found[0]
        );
        assert!(!said.to_string().contains("AQ.hush"), "a secret is shown");
        if *severity == "warning" {
            examine(&google, 1, &["--strict"]);
        }
    }
}

#[test]
fn the_default_account_is_named() {
    let google = FakeGoogle::start();
    let mut world = well();
    world.service["template"]
        .as_object_mut()
        .unwrap()
        .remove("serviceAccount");
    world.put_into(&google);
    let said = examine(&google, 1, &[]).to_string();
    assert!(
        said.contains(
            "runs as the default account 123456789012-compute@developer.gserviceaccount.com"
        ),
        "{said}"
    );
    assert!(
        said.contains("gcloud iam service-accounts create agent --project=my-project"),
        "{said}"
    );
}

#[test]
fn an_agent_for_others_needs_no_gemini_enterprise() {
    let google = FakeGoogle::start();
    let mut world = well();
    world.policy = json!([]);
    world.service["ingress"] = json!("INGRESS_TRAFFIC_INTERNAL_ONLY");
    world.put_into(&google);
    assert_eq!(
        examine(&google, 0, &["--without-gemini-enterprise"])["findings"],
        json!([])
    );
}

#[test]
fn an_agent_that_is_no_attache_host_is_looked_at_as_what_it_is() {
    let google = FakeGoogle::start();
    let mut world = well();
    world.agent()["env"] = json!([
        {"name": "APP_URL", "value": URL},
        {"name": "USE_ALLOY_DB", "value": "True"},
        {"name": "DB_INSTANCE", "value": "projects/my-project/locations/us-central1/clusters/c/instances/i"},
        {"name": "DB_PASS", "valueSource": {"secretKeyRef": {"secret": "db-pass", "version": "latest"}}},
        {"name": "GOOGLE_GENAI_USE_VERTEXAI", "value": "true"},
    ]);
    world
        .agent()
        .as_object_mut()
        .unwrap()
        .remove("startupProbe");
    world.service["template"]["containers"]
        .as_array_mut()
        .unwrap()
        .remove(1);
    world.put_into(&google);
    assert_eq!(examine(&google, 0, &["--strict"])["findings"], json!([]));
    world.service["template"]
        .as_object_mut()
        .unwrap()
        .remove("vpcAccess");
    world.instance = None;
    world.card["url"] = json!("http://0.0.0.0:8080/");
    world.put_into(&google);
    let said = examine(&google, 1, &[]);
    let checks: Vec<_> = said["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["check"].clone())
        .collect();
    assert_eq!(checks, ["card", "database", "database"]);
    assert!(
        said.to_string().contains("--update-env-vars=APP_URL="),
        "{said}"
    );
}

#[test]
fn the_documentation_names_each_check() {
    let google = FakeGoogle::start();
    well().put_into(&google);
    let said = examine(&google, 0, &[]);
    let docs = include_str!("../../../docs/doctor.md");
    let rows = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows: Vec<_> = rows.map(|name| json!(name)).collect();
    assert_eq!(said["checks"], json!(rows));
}
