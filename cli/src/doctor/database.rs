//! Whether the database can be reached, and whether there is one where there has to be.

use std::net::IpAddr;

use serde_json::Value;
use url::Url;

use super::Subject;
use super::finding::Finding;
use super::subject::{not_read, text};
use crate::google::{Api, Request};

const CHECK: &str = "database";
/// A user or a password alone may be for something else.
const VARIABLES: [&str; 4] = ["DATABASE_URL", "DB_HOST", "DB_NAME", "DB_INSTANCE"];
const PROXIES: [&str; 2] = ["alloydb-auth-proxy", "cloud-sql-proxy"];
/// Cloud Run's default.
const INSTANCES: u64 = 100;

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    if !VARIABLES.iter().any(|name| subject.has(name)) {
        return Vec::from_iter(none(subject));
    }
    let proxy = subject.containers().iter().find(|container| {
        PROXIES
            .iter()
            .any(|name| text(container, "/image").contains(name))
    });
    if let Some(proxy) = proxy {
        return beside(subject, proxy).await;
    }
    // What Google's samples do: a library of theirs is the proxy.
    let instance = subject
        .variable("DB_INSTANCE")
        .filter(|name| name.starts_with("projects/"));
    if let (Some(instance), false) = (instance, subject.is_attache()) {
        let mut found = Vec::from_iter(network(subject, "the database is at a private address"));
        found.extend(alloydb(subject, instance).await);
        return found;
    }
    let Some(host) = host(subject) else {
        return Vec::new();
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        let sentence =
            format!("the database is at {host}, and no auth proxy runs beside the agent");
        let mend = subject.update(
            "--container=alloydb-proxy --image=gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2 \
             --args=projects/PROJECT/locations/REGION/clusters/CLUSTER/instances/INSTANCE",
        );
        return vec![Finding::error(CHECK, sentence, mend)];
    }
    match address {
        Some(IpAddr::V4(ip)) if ip.is_private() => {
            let why = format!("the database is at {host}, a private address");
            Vec::from_iter(network(subject, &why))
        }
        _ => Vec::new(),
    }
}

/// A private address is reached from a network alone.
fn network(subject: &Subject, why: &str) -> Option<Finding> {
    let vpc = subject.service.pointer("/template/vpcAccess");
    let has_one = vpc.is_some_and(|vpc| {
        !text(vpc, "/connector").is_empty() || vpc.get("networkInterfaces").is_some()
    });
    if has_one {
        return None;
    }
    let sentence = format!("{why}, and the service is in no network");
    let mend = subject.update("--network=NETWORK --subnet=SUBNET --vpc-egress=private-ranges-only");
    Some(Finding::error(CHECK, sentence, mend))
}

/// Where the variables say it is; nothing where a secret says it.
fn host(subject: &Subject) -> Option<String> {
    let url = subject
        .variable("DATABASE_URL")
        .or(subject.variable("DB_INSTANCE"));
    if let Some(Ok(url)) = url.map(Url::parse) {
        return url.host_str().map(str::to_owned);
    }
    if subject.has("DATABASE_URL") {
        return None;
    }
    Some(
        subject
            .variable("DB_HOST")
            .unwrap_or("127.0.0.1")
            .to_owned(),
    )
}

/// The auth proxy in a container of its own.
async fn beside(subject: &Subject, proxy: &Value) -> Vec<Finding> {
    let arguments = proxy.get("args").and_then(Value::as_array);
    let arguments: Vec<_> = arguments
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut found = Vec::new();
    if !arguments.iter().any(|one| one.starts_with("--public-ip")) {
        found.extend(network(
            subject,
            "the auth proxy asks a private address of the database",
        ));
    }
    let name = text(proxy, "/name");
    let waits = subject.agent().get("dependsOn").and_then(Value::as_array);
    if !waits.is_some_and(|waits| waits.iter().any(|one| one.as_str() == Some(name))) {
        let sentence = "the agent does not wait for the auth proxy, and may start before its database is there";
        let agent = match text(subject.agent(), "/name") {
            "" => "AGENT",
            agent => agent,
        };
        let mend = subject.update(&format!("--container={agent} --depends-on={name}"));
        found.push(Finding::warning(CHECK, sentence, mend));
    }
    if !text(proxy, "/image").contains("alloydb") {
        return found;
    }
    match arguments.iter().find(|one| one.starts_with("projects/")) {
        Some(instance) => found.extend(alloydb(subject, instance).await),
        None => {
            let sentence = "the auth proxy is told of no instance";
            let mend = subject.update(&format!(
                "--container={name} \
                 --args=projects/PROJECT/locations/REGION/clusters/CLUSTER/instances/INSTANCE"
            ));
            found.push(Finding::error(CHECK, sentence, mend));
        }
    }
    found
}

/// The roles that AlloyDB wants, and its instance.
async fn alloydb(subject: &Subject, instance: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let project = &subject.project;
    let mut wanted = vec![
        "roles/alloydb.client",
        "roles/serviceusage.serviceUsageConsumer",
    ];
    if subject
        .variable("DB_IAM_AUTH")
        .is_some_and(|value| value == "1" || value == "true")
    {
        wanted.push("roles/alloydb.databaseUser");
    }
    for role in wanted {
        if !subject.account_has(&[role, "roles/owner", "roles/editor", "roles/alloydb.admin"]) {
            let sentence = format!(
                "{} may not connect to AlloyDB: it has no {role}",
                subject.account()
            );
            found.push(Finding::error(CHECK, sentence, subject.grant(role)));
        }
    }
    match subject
        .google
        .find(&Request::get(Api::AlloyDb, format!("v1/{instance}")))
        .await
    {
        Ok(Some(kept)) if text(&kept, "/state") == "READY" => {}
        Ok(Some(kept)) => {
            let sentence = format!(
                "the database's instance {instance} is {}",
                text(&kept, "/state")
            );
            let mend = format!("gcloud alloydb operations list --region=- --project={project}");
            found.push(Finding::error(CHECK, sentence, mend));
        }
        Ok(None) => {
            let sentence = format!("there is no instance {instance}");
            let mend =
                format!("gcloud alloydb instances list --cluster=- --region=- --project={project}");
            found.push(Finding::error(CHECK, sentence, mend));
        }
        Err(error) => found.push(not_read("the database's instance", error.into())),
    }
    found
}

fn none(subject: &Subject) -> Option<Finding> {
    let most = [
        subject.count("/template/scaling/maxInstanceCount"),
        subject.count("/scaling/maxInstanceCount"),
        subject.count("/scaling/manualInstanceCount"),
    ];
    let most = most
        .into_iter()
        .filter(|count| *count > 0)
        .min()
        .unwrap_or(INSTANCES);
    if most == 1 || !subject.is_attache() {
        return None;
    }
    let sentence = format!(
        "there is no database, and up to {most} instances: each knows only its own tasks, and forgets them \
         when it ends"
    );
    Some(Finding::warning(CHECK, sentence, subject.update("--max=1")))
}
