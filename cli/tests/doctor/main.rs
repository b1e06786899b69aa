//! `attache doctor`: a service that is well, and one fault at a time.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../support/google.rs"]
mod google;

mod faults;
mod locating;
mod registration;

use google::FakeGoogle;
use serde_json::{Value, json};

const NUMBER: &str = "123456789012";
const NAME: &str = "projects/my-project/locations/us-central1/services/agent";
const URL: &str = "https://agent-123456789012.us-central1.run.app";
const ACCOUNT: &str = "serviceAccount:agent@my-project.iam.gserviceaccount.com";
const GEMINI_ENTERPRISE: &str =
    "serviceAccount:service-123456789012@gcp-sa-discoveryengine.iam.gserviceaccount.com";

/// Everything that the doctor looks at.
#[derive(Clone)]
struct World {
    service: Value,
    card: Value,
    policy: Value,
    project_policy: Value,
    secret: Option<Value>,
    version: Option<Value>,
    secret_policy: Value,
    instance: Option<Value>,
    queue: Option<Value>,
    revision: Option<Value>,
}

/// With nothing to find.
fn well() -> World {
    let revision = format!("{NAME}/revisions/agent-00002-abc");
    let env = json!([
        {"name": "ATTACHE_AUTH", "value": "cloud-run-iam"},
        {"name": "ATTACHE_PUBLIC_URL", "value": URL},
        {"name": "ATTACHE_MODEL", "value": "vertex:gemini-3.5-flash"},
        {"name": "GOOGLE_CLOUD_LOCATION", "value": "global"},
        {"name": "ATTACHE_TASKS_QUEUE", "value": "agent"},
        {"name": "DB_HOST", "value": "127.0.0.1"},
        {"name": "DB_PASS", "valueSource": {"secretKeyRef": {"secret": "db-pass", "version": "latest"}}},
    ]);
    let agent = json!({
        "name": "agent",
        "image": "us-central1-docker.pkg.dev/my-project/agents/agent@sha256:0",
        "ports": [{"name": "http1", "containerPort": 8080}],
        "env": env,
        "dependsOn": ["alloydb-proxy"],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "startupCpuBoost": true},
        "startupProbe": {"httpGet": {"path": "/health/startup"}, "periodSeconds": 1, "failureThreshold": 60},
        "livenessProbe": {"httpGet": {"path": "/health/live"}},
    });
    let instance = "projects/my-project/locations/us-central1/clusters/c/instances/i";
    let proxy = json!({
        "name": "alloydb-proxy",
        "image": "gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2",
        "args": ["--structured-logs", instance],
    });
    World {
        service: json!({
            "name": NAME,
            "uri": "https://agent-abcdefghij-uc.a.run.app",
            "urls": [URL, "https://agent-abcdefghij-uc.a.run.app"],
            "ingress": "INGRESS_TRAFFIC_ALL",
            "latestCreatedRevision": revision,
            "latestReadyRevision": revision,
            "terminalCondition": {"type": "Ready", "state": "CONDITION_SUCCEEDED"},
            "scaling": {"minInstanceCount": 1},
            "template": {
                "serviceAccount": "agent@my-project.iam.gserviceaccount.com",
                "timeout": "3600s",
                "maxInstanceRequestConcurrency": 80,
                "containers": [agent, proxy],
                "vpcAccess": {"egress": "PRIVATE_RANGES_ONLY", "networkInterfaces": [{"network": "default"}]},
            },
        }),
        card: json!({
            "name": "Agent", "url": format!("{URL}/"), "protocolVersion": "0.3.0",
            "supportedInterfaces": [{"url": format!("{URL}/"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}],
            "capabilities": {"streaming": true, "pushNotifications": true},
        }),
        policy: json!([{"role": "roles/run.invoker", "members": [GEMINI_ENTERPRISE]}]),
        project_policy: json!([
            {"role": "roles/aiplatform.user", "members": [ACCOUNT]},
            {"role": "roles/alloydb.client", "members": [ACCOUNT]},
            {"role": "roles/serviceusage.serviceUsageConsumer", "members": [ACCOUNT]},
            {"role": "roles/cloudtasks.enqueuer", "members": [ACCOUNT]},
            {"role": "roles/owner", "members": ["user:somebody@example.com"]},
        ]),
        secret: Some(json!({"name": "projects/my-project/secrets/db-pass"})),
        version: Some(
            json!({"name": "projects/my-project/secrets/db-pass/versions/1", "state": "ENABLED"}),
        ),
        secret_policy: json!([{"role": "roles/secretmanager.secretAccessor", "members": [ACCOUNT]}]),
        instance: Some(json!({"name": instance, "state": "READY"})),
        queue: Some(json!({
            "name": "projects/my-project/locations/us-central1/queues/agent", "state": "RUNNING",
        })),
        revision: None,
    }
}

impl World {
    fn agent(&mut self) -> &mut Value {
        &mut self.service["template"]["containers"][0]
    }

    /// Sets a variable of the agent, or with nothing takes it away.
    fn variable(&mut self, name: &str, value: Option<&str>) {
        let env = self.agent()["env"].as_array_mut().unwrap();
        env.retain(|variable| variable["name"] != name);
        if let Some(value) = value {
            env.push(json!({"name": name, "value": value}));
        }
    }

    fn put_into(&self, google: &FakeGoogle) {
        google.put("run", &format!("v2/{NAME}"), self.service.clone());
        google.tell("card", self.card.clone());
        google.put_policy("run", NAME, self.policy.clone());
        google.put_policy(
            "cloudresourcemanager",
            "projects/my-project",
            self.project_policy.clone(),
        );
        let secret = "projects/my-project/secrets/db-pass";
        google.put_policy("secretmanager", secret, self.secret_policy.clone());
        let version = format!("v1/{secret}/versions/1");
        let instance = "v1/projects/my-project/locations/us-central1/clusters/c/instances/i";
        let queue = "v2/projects/my-project/locations/us-central1/queues/agent";
        let revision = format!("v2/{NAME}/revisions/agent-00003-bad");
        for (api, path, resource) in [
            ("secretmanager", format!("v1/{secret}"), &self.secret),
            ("secretmanager", version, &self.version),
            ("alloydb", instance.to_owned(), &self.instance),
            ("cloudtasks", queue.to_owned(), &self.queue),
            ("run", revision, &self.revision),
        ] {
            match resource {
                Some(resource) => google.put(api, &path, resource.clone()),
                None => google.tell(
                    "gone",
                    json!({"api": api, "name": path.split_once('/').unwrap().1}),
                ),
            }
        }
    }
}

/// What the doctor says.
fn examine(google: &FakeGoogle, status: i32, more: &[&str]) -> Value {
    let through = format!("--through={}", google.url());
    let base = [
        "doctor",
        "agent",
        "--region=us-central1",
        "--project=my-project",
        "-o",
        "json",
        &through,
    ];
    let mut command = google.attache();
    command.args([&base[..], more].concat());
    let (out, _) = google::ended(&mut command, status);
    serde_json::from_str(&out).unwrap()
}
