//! Whether the database can be reached, and whether there is one where there has to be.

use std::net::IpAddr;

use serde_json::Value;
use url::Url;

use super::Subject;
use super::finding::Finding;
use super::subject::{not_read, text};
use crate::google::{Api, Request};

const CHECK: &str = "database";
const VARIABLES: [&str; 7] = [
    "DATABASE_URL",
    "DB_HOST",
    "DB_NAME",
    "DB_USER",
    "DB_PASS",
    "DB_INSTANCE",
    "USE_ALLOY_DB",
];
const PROXIES: [&str; 2] = ["alloydb-auth-proxy", "cloud-sql-proxy"];
/// Cloud Run's default.
const INSTANCES: u64 = 100;

pub(super) async fn check(subject: &Subject) -> Vec<Finding> {
    if !VARIABLES.iter().any(|name| subject.has(name)) {
        return Vec::from_iter(none(subject));
    }
    let mut found = Vec::new();
    let has_vpc = subject
        .service
        .pointer("/template/vpcAccess")
        .is_some_and(|vpc| {
            !text(vpc, "/connector").is_empty() || vpc.get("networkInterfaces").is_some()
        });
    let vpc =
        || subject.update("--network=NETWORK --subnet=SUBNET --vpc-egress=private-ranges-only");
    let proxy = subject.containers().iter().find(|container| {
        PROXIES
            .iter()
            .any(|name| text(container, "/image").contains(name))
    });
    let Some(host) = host(subject) else {
        return found;
    };
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    let is_private = matches!(address, Some(IpAddr::V4(ip)) if ip.is_private());
    if is_private && !has_vpc {
        let sentence = format!(
            "the database is at {host}, a private address, and the service is in no network"
        );
        found.push(Finding::error(CHECK, sentence, vpc()));
    }
    match proxy {
        None if is_here => {
            let sentence =
                format!("the database is at {host}, and no auth proxy runs beside the agent");
            let mend = subject.update(
                "--container=alloydb-proxy --image=gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2 \
                 --args=projects/PROJECT/locations/REGION/clusters/CLUSTER/instances/INSTANCE",
            );
            found.push(Finding::error(CHECK, sentence, mend));
        }
        Some(proxy) => found.extend(beside(subject, proxy, has_vpc, &vpc()).await),
        None => {}
    }
    found
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

async fn beside(subject: &Subject, proxy: &Value, has_vpc: bool, vpc: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let arguments: Vec<_> = proxy
        .get("args")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let has = |flag: &str| {
        arguments
            .iter()
            .any(|one| one.as_str().is_some_and(|one| one.starts_with(flag)))
    };
    if !has_vpc && !has("--public-ip") {
        let sentence = "the auth proxy asks a private address of the database, and the service is in no network";
        found.push(Finding::error(CHECK, sentence, vpc));
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
    for role in [
        "roles/alloydb.client",
        "roles/serviceusage.serviceUsageConsumer",
    ] {
        let wide = ["roles/owner", "roles/editor"];
        if !subject.account_has(&[role, wide[0], wide[1], "roles/alloydb.admin"]) {
            let sentence = format!(
                "{} may not connect to AlloyDB: it has no {role}",
                subject.account()
            );
            found.push(Finding::error(CHECK, sentence, subject.grant(role)));
        }
    }
    let instance = arguments
        .iter()
        .filter_map(|one| one.as_str())
        .find(|one| one.starts_with("projects/"));
    let Some(instance) = instance else {
        let sentence = "the auth proxy is told of no instance";
        found.push(Finding::error(CHECK, sentence, subject.update(&format!("--container={name} --args=projects/PROJECT/locations/REGION/clusters/CLUSTER/instances/INSTANCE"))));
        return found;
    };
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
            found.push(Finding::error(
                CHECK,
                sentence,
                format!(
                    "gcloud alloydb operations list --project={}",
                    subject.project
                ),
            ));
        }
        Ok(None) => {
            let sentence = format!("there is no instance {instance}");
            found.push(Finding::error(
                CHECK,
                sentence,
                format!(
                    "gcloud alloydb instances list --cluster=- --region=- --project={}",
                    subject.project
                ),
            ));
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
    Some(Finding::warning(
        CHECK,
        sentence,
        subject.update("--max-instances=1"),
    ))
}
