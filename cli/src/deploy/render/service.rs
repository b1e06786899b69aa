//! The Cloud Run service, in the form of Knative Serving v1.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::deploy::Deployment;
use crate::deploy::environment::{Content, Mount, Variable};
use crate::manifest::{Connect, Database, Login};

/// The port that the host listens on: Cloud Run says so in PORT.
pub(super) const PORT: u32 = 8080;
const PROXY_PORT: u32 = 9090;
/// By this a removed setting is a difference.
const DIGEST: &str = "attache-digest";

/// The service as Cloud Run takes it.
pub(in crate::deploy) fn service(deployment: &Deployment) -> Value {
    let mut service = plain(deployment);
    let digest = Sha256::digest(service.to_string().as_bytes());
    let digest: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if let Some(annotations) = service
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.insert(DIGEST.to_owned(), json!(digest));
    }
    service
}

/// The comment above a file.
pub(super) fn head(deployment: &Deployment) -> String {
    let what_is_missing = match deployment.public_url() {
        Some(_) => String::new(),
        None => "# ATTACHE_PUBLIC_URL is not set, for the project's number is not in the manifest: the host\n\
                 # finds its URL by itself.\n"
            .to_owned(),
    };
    format!(
        "# gcloud run services replace service.yaml --region={} --project={}\n{what_is_missing}",
        deployment.region(),
        deployment.project
    )
}

fn plain(deployment: &Deployment) -> Value {
    let service = &deployment.manifest.service;
    let mut of_service = Map::new();
    of_service.insert(
        "run.googleapis.com/ingress".to_owned(),
        json!(service.ingress),
    );
    if service.public {
        // A binding for allUsers would do too, where the organisation permits one.
        of_service.insert(
            "run.googleapis.com/invoker-iam-disabled".to_owned(),
            json!("true"),
        );
    }
    of_service.insert(
        "run.googleapis.com/minScale".to_owned(),
        json!(service.min_instances.to_string()),
    );
    of_service.insert(
        "run.googleapis.com/maxScale".to_owned(),
        json!(service.max_instances.to_string()),
    );
    let mut labels = Map::from_iter([("created-by".to_owned(), json!("attache"))]);
    labels.extend(
        service
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), json!(value))),
    );

    let mut spec = json!({
        "serviceAccountName": deployment.account(),
        "containerConcurrency": service.concurrency,
        "timeoutSeconds": service.timeout,
        "containers": containers(deployment),
    });
    let volumes = volumes(&deployment.mounts());
    if let (false, Some(spec)) = (volumes.is_empty(), spec.as_object_mut()) {
        spec.insert("volumes".to_owned(), Value::Array(volumes));
    }
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": service.name,
            "namespace": deployment.project,
            "labels": labels,
            "annotations": of_service,
        },
        "spec": {
            "template": {
                "metadata": {"annotations": of_revision(deployment)},
                "spec": spec,
            },
            "traffic": [{"percent": 100, "latestRevision": true}],
        },
    })
}

fn of_revision(deployment: &Deployment) -> Map<String, Value> {
    let service = &deployment.manifest.service;
    let mut annotations = Map::new();
    let mut set = |name: &str, value: String| {
        annotations.insert(format!("run.googleapis.com/{name}"), Value::String(value));
    };
    // All of Linux, which what compiles and maps memory wants.
    set("execution-environment", "gen2".to_owned());
    set("cpu-throttling", (!service.by_instance).to_string());
    set("startup-cpu-boost", "true".to_owned());
    if service.session_affinity {
        set("sessionAffinity", "true".to_owned());
    }
    if let Some((network, subnetwork)) = &deployment.manifest.egress.network {
        let interfaces = json!([{"network": network, "subnetwork": subnetwork}]);
        set("network-interfaces", interfaces.to_string());
        let all = deployment.manifest.egress.all_traffic;
        set(
            "vpc-access-egress",
            if all {
                "all-traffic"
            } else {
                "private-ranges-only"
            }
            .to_owned(),
        );
    }
    if proxy(deployment).is_some() {
        // The host looks for its database when it starts.
        set(
            "container-dependencies",
            json!({"agent": ["alloydb-proxy"]}).to_string(),
        );
    }
    annotations
}

/// The database, if the Auth Proxy leads to it, and the proxy's image.
pub(super) fn proxy(deployment: &Deployment) -> Option<(&Database, &str)> {
    let database = deployment.manifest.database.as_ref()?;
    match &database.connect {
        Connect::AuthProxy(image) => Some((database, image)),
        Connect::PrivateIp(_) => None,
    }
}

/// The proxy's arguments.
pub(super) fn proxy_arguments(database: &Database, by_instance: bool) -> Vec<String> {
    let mut arguments = vec!["--structured-logs".to_owned()];
    if database.login == Login::Iam {
        arguments.push("--auto-iam-authn".to_owned());
    }
    if !by_instance {
        // Between requests there is no processor that could renew certificates.
        arguments.push("--lazy-refresh".to_owned());
    }
    arguments.extend([
        "--health-check".to_owned(),
        "--http-address=0.0.0.0".to_owned(),
        format!("--http-port={PROXY_PORT}"),
        format!("--port={}", database.port),
        database.instance.clone(),
    ]);
    arguments
}

fn containers(deployment: &Deployment) -> Vec<Value> {
    let service = &deployment.manifest.service;
    let variables = deployment.variables(deployment.public_url().as_deref());
    let mut agent = json!({
        "name": "agent",
        "image": deployment.image,
        "ports": [{
            "name": if service.http2 { "h2c" } else { "http1" },
            "containerPort": PORT,
        }],
        "env": variables.iter().map(variable).collect::<Vec<_>>(),
        "resources": {"limits": {"cpu": service.cpu, "memory": service.memory}},
        "startupProbe": probe("/health/startup", PORT, [1, 1, 120]),
        "livenessProbe": probe("/health/live", PORT, [15, 5, 3]),
    });
    let mounts = deployment.mounts();
    if let (false, Some(agent)) = (mounts.is_empty(), agent.as_object_mut()) {
        let mount = |mount: &Mount| json!({"name": mount.volume, "mountPath": mount.folder});
        agent.insert(
            "volumeMounts".to_owned(),
            mounts.iter().map(mount).collect(),
        );
    }
    let mut containers = vec![agent];
    if let Some((database, image)) = proxy(deployment) {
        containers.push(json!({
            "name": "alloydb-proxy",
            "image": image,
            "args": proxy_arguments(database, service.by_instance),
            "resources": {"limits": {"cpu": "0.5", "memory": "256Mi"}},
            "startupProbe": probe("/startup", PROXY_PORT, [1, 1, 60]),
        }));
    }
    containers
}

fn probe(path: &str, port: u32, [period, timeout, failures]: [u32; 3]) -> Value {
    json!({
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    })
}

fn variable(variable: &Variable) -> Value {
    match &variable.content {
        Content::Plain(value) => json!({"name": variable.name, "value": value}),
        Content::Secret { name, version } => json!({
            "name": variable.name,
            "valueFrom": {"secretKeyRef": {"name": name, "key": version}},
        }),
    }
}

fn volumes(mounts: &[Mount]) -> Vec<Value> {
    let volume = |mount: &Mount| {
        json!({
            "name": mount.volume,
            "secret": {
                "secretName": mount.secret,
                "items": [{"key": mount.version, "path": mount.file}],
            },
        })
    };
    mounts.iter().map(volume).collect()
}
