//! The agent as a Spin application on Kubernetes: SpinKube's `SpinApp`. Spin runs it there instead of
//! the host, so only what the component itself reads is in it.

use serde_json::{Value, json};

use super::knative::named;
use super::yaml;
use crate::deploy::Deployment;
use crate::failure::{Exit, Failure};
use crate::manifest::Form;

/// The host's settings that `spin.toml` has as variables, and what they are called there.
const VARIABLES: [(&str, &str); 6] = [
    ("ATTACHE_CARD", "attache_card"),
    ("ATTACHE_ALLOW_ORIGIN", "attache_allow_origin"),
    ("ATTACHE_GRPC", "attache_grpc"),
    ("ATTACHE_IDEMPOTENCY_WINDOW", "attache_idempotency_window"),
    ("ATTACHE_MAX_BODY", "attache_max_body"),
    ("ATTACHE_MODEL_TOKENS_PER_TASK", "attache_tokens_per_task"),
];
const KEYS: [(&str, &str); 3] = [
    ("GEMINI_API_KEY", "gemini_api_key"),
    ("GOOGLE_API_KEY", "gemini_api_key"),
    ("OPENAI_API_KEY", "openai_api_key"),
];

pub(super) fn spinkube(deployment: &Deployment) -> Result<(String, Vec<String>), Failure> {
    let manifest = &deployment.manifest;
    let service = &manifest.service;
    let Some(image) = manifest.spin_image.as_deref() else {
        let sentence =
            "nothing says where the Spin application is: SpinKube runs that, not the host's image";
        return Err(Failure::new(Exit::Data, sentence).remedy(
            "Push it with `spin registry push REGISTRY/NAME:TAG`, and write spin_image in [agent].",
        ));
    };
    let mut notes = Vec::new();
    let mut variables = Vec::new();
    let mut set = |name: &str, value: &str| variables.push(json!({"name": name, "value": value}));
    if let Some(url) = &service.public_url {
        set("attache_public_url", url);
    }
    if let Some(model) = &manifest.model {
        match model.provider {
            "gemini" | "openai" => {
                set("model_provider", model.provider);
                if let Some(name) = &model.name {
                    set("model", name);
                }
                if let Some(url) = &model.base_url {
                    set("model_base_url", url);
                }
            }
            "none" => {}
            provider => {
                let sentence = format!(
                    "Spin gives an agent no model of {provider}, which wants the host's credentials"
                );
                return Err(Failure::new(Exit::Data, sentence)
                    .remedy("Write provider = \"gemini\" or \"openai\" in [model]."));
            }
        }
    }
    for (key, value) in &manifest.config {
        set(key, value);
    }
    let mut left = Vec::new();
    for (name, value) in &manifest.env {
        match VARIABLES.iter().find(|(known, _)| known == name) {
            Some((_, variable)) => set(variable, value),
            None => left.push(name.clone()),
        }
    }
    for secret in &manifest.secrets {
        match KEYS.iter().find(|(known, _)| *known == secret.variable) {
            Some((_, variable)) => {
                if matches!(secret.form, Form::File { .. }) {
                    notes.push(format!(
                        "{} is a variable under Spin, not a file.",
                        secret.variable
                    ));
                }
                notes.push(format!(
                    "it reads {variable} from a Secret of the cluster: kubectl create secret generic {} \
                     --from-file={}=FILE",
                    named(&secret.name),
                    secret.version
                ));
                variables.push(json!({
                    "name": variable,
                    "valueFrom": {"secretKeyRef": {"name": named(&secret.name), "key": secret.version}},
                }));
            }
            None => left.push(secret.variable.clone()),
        }
    }
    let tables = [
        ("[database]", manifest.database.is_some()),
        ("[queue]", manifest.queue.is_some()),
        ("[egress]", !manifest.egress.allow.is_empty()),
        ("[gemini_enterprise]", manifest.gemini_enterprise.is_some()),
    ];
    left.extend(
        tables
            .iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(name, _)| (*name).to_owned()),
    );
    if !left.is_empty() {
        notes.push(format!(
            "these are the host's, and Spin has no use for them: {}.",
            left.join(", ")
        ));
    }
    notes.push(
        "Spin lets everybody in: put something in front that knows the callers. What the component may call \
         is in spin.toml."
            .to_owned(),
    );
    notes.push("tasks are in a file of the pod, so there is one replica.".to_owned());
    let document: Value = json!({
        "apiVersion": "core.spinkube.dev/v1alpha1",
        "kind": "SpinApp",
        "metadata": {"name": service.name},
        "spec": {
            "image": image,
            "executor": "containerd-shim-spin",
            "replicas": 1,
            "resources": {"limits": {"cpu": service.cpu, "memory": service.memory}},
            "variables": variables,
        },
    });
    Ok((
        format!("# kubectl apply -f spinapp.yaml\n{}", yaml(&document)?),
        notes,
    ))
}
