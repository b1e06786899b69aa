//! The service for Knative Serving on a cluster of one's own.

use serde_json::{Map, Value, json};

use super::service::{PORT, proxy, proxy_arguments};
use super::yaml;
use crate::deploy::Deployment;
use crate::deploy::environment::{Content, Mount, Variable};
use crate::failure::{Exit, Failure};

/// Variables of Cloud Tasks, which has to reach the service from outside and is Cloud Run's companion.
const QUEUE: &str = "ATTACHE_TASKS_";
/// There a processor stays, and work with it.
const DISPATCH: &str = "ATTACHE_DISPATCH";

pub(super) fn knative(deployment: &Deployment) -> Result<(String, Vec<String>), Failure> {
    let manifest = &deployment.manifest;
    let service = &manifest.service;
    if manifest.knows_by("cloud-run-iam") {
        let sentence = "auth = \"cloud-run-iam\" believes tokens because Cloud Run has checked them, which \
                        nobody does on another cluster";
        return Err(Failure::new(Exit::Data, sentence)
            .remedy("Write another auth in [service], such as oidc or api-key."));
    }
    let Some(url) = service.public_url.as_deref() else {
        let sentence = "nothing says under which URL clients reach the service on your cluster";
        return Err(Failure::new(Exit::Data, sentence)
            .remedy("Write public_url in [service], such as https://agent.example.com."));
    };
    let mut variables = deployment.variables(Some(url));
    variables.retain(|one| !one.name.starts_with(QUEUE) && one.name != DISPATCH);
    variables.push(Variable {
        name: DISPATCH.to_owned(),
        content: Content::Plain("inline".to_owned()),
    });
    let mut agent = json!({
        "name": "agent",
        "image": deployment.image,
        "ports": [{"name": if service.http2 { "h2c" } else { "http1" }, "containerPort": PORT}],
        "env": variables.iter().map(variable).collect::<Vec<_>>(),
        "resources": {
            "requests": {"cpu": service.cpu, "memory": service.memory},
            "limits": {"memory": service.memory},
        },
        "readinessProbe": {"httpGet": {"path": "/health/ready", "port": PORT}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/health/live", "port": PORT}, "periodSeconds": 15},
    });
    let mounts = deployment.mounts();
    let mut spec = Map::new();
    spec.insert(
        "containerConcurrency".to_owned(),
        json!(service.concurrency),
    );
    spec.insert("timeoutSeconds".to_owned(), json!(service.timeout));
    if let (false, Some(agent)) = (mounts.is_empty(), agent.as_object_mut()) {
        let mount = |mount: &Mount| json!({"name": mount.volume, "mountPath": mount.folder, "readOnly": true});
        agent.insert(
            "volumeMounts".to_owned(),
            mounts.iter().map(mount).collect(),
        );
        let volume = |mount: &Mount| {
            json!({
                "name": mount.volume,
                "secret": {
                    "secretName": named(&mount.secret),
                    "items": [{"key": mount.version, "path": mount.file}],
                },
            })
        };
        spec.insert("volumes".to_owned(), mounts.iter().map(volume).collect());
    }
    let mut containers = vec![agent];
    if let Some((database, image)) = proxy(deployment) {
        containers.push(json!({
            "name": "alloydb-proxy",
            "image": image,
            "args": proxy_arguments(database, true),
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }));
    }
    spec.insert("containers".to_owned(), Value::Array(containers));
    let document = json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": service.name, "labels": {"app.kubernetes.io/managed-by": "attache"}},
        "spec": {
            "template": {
                "metadata": {"annotations": {
                    "autoscaling.knative.dev/min-scale": service.min_instances.to_string(),
                    "autoscaling.knative.dev/max-scale": service.max_instances.to_string(),
                }},
                "spec": spec,
            },
        },
    });
    let mut notes = Vec::new();
    for secret in &manifest.secrets {
        let line = format!(
            "it reads {} from a Secret of the cluster: kubectl create secret generic {} \
             --from-file={}=FILE",
            secret.set_variable(),
            named(&secret.name),
            secret.version
        );
        notes.push(line);
    }
    if manifest.queue.is_some() {
        notes.push(
            "[queue] is left out: on a cluster work goes on in the instance, which keeps its processor."
                .to_owned(),
        );
    }
    let uses_google = proxy(deployment).is_some()
        || manifest
            .model
            .as_ref()
            .is_some_and(|model| model.provider == "vertex");
    if uses_google {
        notes.push(format!(
            "the pod has to act as {}: bind its Kubernetes service account by Workload Identity.",
            deployment.account()
        ));
    }
    Ok((
        format!("# kubectl apply -f knative.yaml\n{}", yaml(&document)?),
        notes,
    ))
}

/// Kubernetes knows no capitals and no `_` in names.
pub(super) fn named(secret: &str) -> String {
    secret.to_ascii_lowercase().replace('_', "-")
}

fn variable(variable: &Variable) -> Value {
    match &variable.content {
        Content::Plain(value) => json!({"name": variable.name, "value": value}),
        Content::Secret { name, version } => json!({
            "name": variable.name,
            "valueFrom": {"secretKeyRef": {"name": named(name), "key": version}},
        }),
    }
}
