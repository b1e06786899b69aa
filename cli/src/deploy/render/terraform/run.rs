//! The service, as `google_cloud_run_v2_service`.

use hcl::structure::BlockBuilder;
use hcl::{Block, Expression};

use super::super::hcl::{all, known, template, text};
use super::super::service::{PORT, proxy, proxy_arguments};
use super::{ACCOUNT, PROJECT_NUMBER, label, resource};
use crate::deploy::Deployment;
use crate::deploy::environment::{Content, Variable};

/// The URL in the card. Its number is Terraform's to find.
pub(super) fn public_url(deployment: &Deployment) -> Expression {
    match &deployment.manifest.service.public_url {
        Some(url) => text(url),
        None => template(&format!(
            "https://{}-${{{PROJECT_NUMBER}}}.{}.run.app",
            deployment.service(),
            deployment.region()
        )),
    }
}

pub(super) fn service(deployment: &Deployment, before: &[String]) -> Block {
    let service = &deployment.manifest.service;
    let ingress = match service.ingress {
        "internal" => "INGRESS_TRAFFIC_INTERNAL_ONLY",
        "internal-and-cloud-load-balancing" => "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
        _ => "INGRESS_TRAFFIC_ALL",
    };
    let mut labels = vec![("created-by".to_owned(), "attache".to_owned())];
    labels.extend(service.labels.iter().cloned());
    let labels: hcl::expr::Object<hcl::ObjectKey, Expression> = labels
        .into_iter()
        .map(|(key, value)| (hcl::ObjectKey::from(key), text(&value)))
        .collect();
    let mut block = resource("google_cloud_run_v2_service", "agent")
        .add_attribute(("name", text(&service.name)))
        .add_attribute(("location", text(&service.region)))
        .add_attribute(("ingress", ingress))
        .add_attribute(("deletion_protection", false))
        .add_attribute(("labels", Expression::Object(labels)));
    if service.public {
        block = block.add_attribute(("invoker_iam_disabled", true));
    }
    let scaling = Block::builder("scaling")
        .add_attribute(("min_instance_count", service.min_instances))
        .add_attribute(("max_instance_count", service.max_instances));
    let traffic = Block::builder("traffic")
        .add_attribute(("type", "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"))
        .add_attribute(("percent", 100));
    block
        .add_block(scaling.build())
        .add_block(revision(deployment).build())
        .add_block(traffic.build())
        .add_attribute(("depends_on", all(before)))
        .build()
}

fn revision(deployment: &Deployment) -> BlockBuilder {
    let service = &deployment.manifest.service;
    let account = if deployment.makes_account() {
        known(ACCOUNT)
    } else {
        text(&deployment.account())
    };
    let mut block = Block::builder("template")
        .add_attribute(("service_account", account))
        .add_attribute(("execution_environment", "EXECUTION_ENVIRONMENT_GEN2"))
        .add_attribute(("max_instance_request_concurrency", service.concurrency))
        .add_attribute(("timeout", format!("{}s", service.timeout)))
        .add_attribute(("session_affinity", service.session_affinity));
    if let Some((network, subnetwork)) = &deployment.manifest.egress.network {
        let all = deployment.manifest.egress.all_traffic;
        let interfaces = Block::builder("network_interfaces")
            .add_attribute(("network", text(network)))
            .add_attribute(("subnetwork", text(subnetwork)));
        let access = Block::builder("vpc_access")
            .add_attribute((
                "egress",
                if all {
                    "ALL_TRAFFIC"
                } else {
                    "PRIVATE_RANGES_ONLY"
                },
            ))
            .add_block(interfaces.build());
        block = block.add_block(access.build());
    }
    block = block.add_block(agent(deployment).build());
    if let Some((database, image)) = proxy(deployment) {
        let arguments = proxy_arguments(database, service.by_instance);
        let arguments = arguments.iter().map(|argument| text(argument)).collect();
        let proxy = Block::builder("containers")
            .add_attribute(("name", "alloydb-proxy"))
            .add_attribute(("image", text(image)))
            .add_attribute(("args", Expression::Array(arguments)))
            .add_block(resources("0.5", "256Mi", service.by_instance).build())
            .add_block(probe("startup_probe", "/startup", 9090, [1, 1, 60]).build());
        block = block.add_block(proxy.build());
    }
    for mount in deployment.mounts() {
        let items = Block::builder("items")
            .add_attribute(("version", text(&mount.version)))
            .add_attribute(("path", text(&mount.file)));
        let secret = Block::builder("secret")
            .add_attribute(("secret", secret_id(&mount.secret)))
            .add_block(items.build());
        let volume = Block::builder("volumes")
            .add_attribute(("name", text(&mount.volume)))
            .add_block(secret.build());
        block = block.add_block(volume.build());
    }
    block
}

fn agent(deployment: &Deployment) -> BlockBuilder {
    let service = &deployment.manifest.service;
    let ports = Block::builder("ports")
        .add_attribute(("name", if service.http2 { "h2c" } else { "http1" }))
        .add_attribute(("container_port", PORT));
    let mut block = Block::builder("containers")
        .add_attribute(("name", "agent"))
        .add_attribute(("image", text(&deployment.image)));
    if proxy(deployment).is_some() {
        let after = Expression::Array(vec!["alloydb-proxy".into()]);
        block = block.add_attribute(("depends_on", after));
    }
    block = block.add_block(ports.build());
    let url = Block::builder("env")
        .add_attribute(("name", "ATTACHE_PUBLIC_URL"))
        .add_attribute(("value", public_url(deployment)));
    block = block.add_block(url.build());
    for variable in deployment.variables(None) {
        block = block.add_block(env(&variable));
    }
    block = block
        .add_block(resources(&service.cpu, &service.memory, service.by_instance).build())
        .add_block(probe("startup_probe", "/health/startup", PORT, [1, 1, 120]).build())
        .add_block(probe("liveness_probe", "/health/live", PORT, [15, 5, 3]).build());
    for mount in deployment.mounts() {
        let mount = Block::builder("volume_mounts")
            .add_attribute(("name", text(&mount.volume)))
            .add_attribute(("mount_path", text(&mount.folder)));
        block = block.add_block(mount.build());
    }
    block
}

fn env(variable: &Variable) -> Block {
    let block = Block::builder("env").add_attribute(("name", text(&variable.name)));
    match &variable.content {
        Content::Plain(value) => block.add_attribute(("value", text(value))).build(),
        Content::Secret { name, version } => {
            let reference = Block::builder("secret_key_ref")
                .add_attribute(("secret", secret_id(name)))
                .add_attribute(("version", text(version)));
            let source = Block::builder("value_source").add_block(reference.build());
            block.add_block(source.build()).build()
        }
    }
}

fn secret_id(name: &str) -> Expression {
    known(&format!(
        "google_secret_manager_secret.{}.secret_id",
        label(name)
    ))
}

fn resources(cpu: &str, memory: &str, by_instance: bool) -> BlockBuilder {
    let limits = Expression::from_iter([("cpu", cpu), ("memory", memory)]);
    Block::builder("resources")
        .add_attribute(("limits", limits))
        .add_attribute(("cpu_idle", !by_instance))
        .add_attribute(("startup_cpu_boost", true))
}

fn probe(name: &str, path: &str, port: u32, [period, timeout, failures]: [u32; 3]) -> BlockBuilder {
    let get = Block::builder("http_get")
        .add_attribute(("path", path))
        .add_attribute(("port", port));
    Block::builder(name)
        .add_attribute(("period_seconds", period))
        .add_attribute(("timeout_seconds", timeout))
        .add_attribute(("failure_threshold", failures))
        .add_block(get.build())
}
