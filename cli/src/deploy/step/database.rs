//! The database user of the service account.

use serde_json::{Value, json};

use super::{Action, Outcome};
use crate::deploy::Deployment;
use crate::deploy::apply::Work;
use crate::deploy::gcloud::Line;
use crate::deploy::plan::Step;
use crate::failure::{Exit, Failure};
use crate::google::{Api, Request};
use crate::manifest::Database;

const FLAG: &str = "alloydb.iam_authentication";

pub(in crate::deploy) fn database(deployment: &Deployment) -> Option<Step> {
    let database = deployment.manifest.database.as_ref()?;
    let mut calls = vec![instance(database)];
    let mut lines = Vec::new();
    let (mut what, mut why) = (
        format!("look at the database {}", database.id),
        "without it no instance starts".to_owned(),
    );
    let mut check = "the instance is there, and ready".to_owned();
    if let Some(user) = deployment.database_user() {
        let on_cluster = |line: Line| {
            line.flag("cluster", &database.cluster)
                .flag("region", &database.region)
                .flag("project", &database.project)
        };
        let create = Line::gcloud(["alloydb", "users", "create", &user]);
        lines.push(
            on_cluster(create)
                .flag("type", "IAM_BASED")
                .unless(on_cluster(Line::gcloud([
                    "alloydb", "users", "describe", &user,
                ]))),
        );
        calls.extend([get(database, &user), create_call(database, &user)]);
        what = format!("create the database user {user}");
        why = "the service account logs in under this name, without a password".to_owned();
        check = format!("the instance is ready, has the flag {FLAG}, and the cluster has the user");
    }
    Some(Step {
        what,
        why,
        lines,
        calls,
        check,
        action: Action::Database,
    })
}

fn cluster(database: &Database) -> String {
    format!(
        "v1/projects/{}/locations/{}/clusters/{}",
        database.project, database.region, database.cluster
    )
}

fn instance(database: &Database) -> Request {
    Request::get(Api::AlloyDb, format!("v1/{}", database.instance))
}

fn get(database: &Database, user: &str) -> Request {
    Request::get(Api::AlloyDb, format!("{}/users/{user}", cluster(database)))
}

fn create_call(database: &Database, user: &str) -> Request {
    let body = json!({"userType": "ALLOYDB_IAM_USER", "databaseRoles": ["alloydbiamuser"]});
    Request::post(Api::AlloyDb, format!("{}/users", cluster(database)), body).query("userId", user)
}

pub(super) async fn apply(work: &Work<'_>) -> Result<Outcome, Failure> {
    let Some(database) = &work.deployment.manifest.database else {
        return Ok(Outcome::Skipped);
    };
    let on_cluster = format!(
        "--cluster={} --region={} --project={}",
        database.cluster, database.region, database.project
    );
    let Some(found) = work.find(&instance(database)).await? else {
        let sentence = format!("there is no database {}", database.instance);
        let list = format!("Look at what there is: gcloud alloydb instances list {on_cluster}");
        return Err(Failure::new(Exit::Data, sentence).remedy(list));
    };
    let state = found
        .get("state")
        .and_then(Value::as_str)
        .unwrap_or("READY");
    if !matches!(state, "READY" | "MAINTENANCE") {
        let sentence = format!("the database {} is {state}, not READY", database.instance);
        let remedy = format!(
            "Wait until it is: gcloud alloydb instances describe {} {on_cluster}",
            database.id
        );
        return Err(Failure::new(Exit::Unavailable, sentence).remedy(remedy));
    }
    let Some(user) = work.deployment.database_user() else {
        return Ok(Outcome::Checked);
    };
    let flag = found
        .get("databaseFlags")
        .and_then(|flags| flags.get(FLAG))
        .and_then(Value::as_str);
    if flag != Some("on") {
        let sentence = format!(
            "the database {} lets nobody log in by IAM: its flag {FLAG} is not on",
            database.id
        );
        // `update` sets all flags, so the ones that are there have to be said again.
        let mut flags = vec![format!("{FLAG}=on")];
        if let Some(Value::Object(others)) = found.get("databaseFlags") {
            let others = others.iter().filter(|(name, _)| *name != FLAG);
            flags.extend(
                others
                    .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())),
            );
        }
        let remedy = format!(
            "Turn it on, which restarts the database: gcloud alloydb instances update {} {on_cluster} \
             --database-flags={}",
            database.id,
            flags.join(",")
        );
        return Err(Failure::new(Exit::Data, sentence).remedy(remedy));
    }
    if let Some(found) = work.find(&get(database, &user)).await? {
        if found.get("userType").and_then(Value::as_str) == Some("ALLOYDB_BUILT_IN") {
            let sentence =
                format!("the database user {user} is there, with a password instead of IAM");
            let remedy =
                format!("Delete it first: gcloud alloydb users delete {user} {on_cluster}");
            return Err(Failure::new(Exit::Data, sentence).remedy(remedy));
        }
        return Ok(Outcome::Unchanged);
    }
    let _ = work.call(&create_call(database, &user)).await?;
    Ok(Outcome::Created)
}
