//! Terraform with the provider `google`: the service and all that it needs. Values of secrets are not in
//! it, and so not in its state.

mod run;

use hcl::{Block, Expression};

use super::hcl::{File, all, known, template, text};
use crate::deploy::Deployment;
use crate::deploy::gcloud::NUMBER;
use crate::deploy::grant::{Grant, On};
use crate::failure::Failure;

const PROJECT_NUMBER: &str = "data.google_project.this.number";
const ACCOUNT: &str = "google_service_account.agent.email";

pub(super) fn terraform(deployment: &Deployment) -> Result<String, Failure> {
    let mut file = File::default();
    let provider = Block::builder("required_providers").add_attribute((
        "google",
        Expression::from_iter([("source", "hashicorp/google"), ("version", ">= 6.30")]),
    ));
    let terraform = Block::builder("terraform")
        .add_attribute(("required_version", ">= 1.5"))
        .add_block(provider.build());
    file.add("", terraform.build())?;
    let provider = Block::builder("provider")
        .add_label("google")
        .add_attribute(("project", text(&deployment.project)))
        .add_attribute(("region", text(deployment.region())));
    file.add("", provider.build())?;
    file.add(
        "The project's number, which is in the URL of the service.",
        data("google_project", "this"),
    )?;

    let apis: Vec<_> = deployment
        .apis()
        .into_iter()
        .map(Expression::from)
        .collect();
    let set = hcl::expr::FuncCall::builder("toset")
        .arg(Expression::Array(apis))
        .build();
    let enabled = resource("google_project_service", "this")
        .add_attribute(("for_each", Expression::from(set)))
        .add_attribute(("service", known("each.value")))
        .add_attribute(("disable_on_destroy", false));
    file.add(
        "A project refuses calls of APIs that are not enabled.",
        enabled.build(),
    )?;

    if deployment.makes_account() {
        let account = resource("google_service_account", "agent")
            .add_attribute(("account_id", text(&deployment.manifest.service.account)))
            .add_attribute((
                "display_name",
                text(&format!("Agent {}", deployment.manifest.name)),
            ));
        file.add(
            "The service runs as an account of its own.",
            account.build(),
        )?;
    }
    for name in deployment.secrets() {
        let auto = Block::builder("replication").add_block(Block::new("auto"));
        let secret = resource("google_secret_manager_secret", &label(name))
            .add_attribute(("secret_id", text(name)))
            .add_block(auto.build())
            .add_attribute((
                "depends_on",
                all(&["google_project_service.this".to_owned()]),
            ));
        let comment = format!(
            "Its value is no matter of Terraform's: gcloud secrets versions add {name} --data-file=FILE"
        );
        file.add(&comment, secret.build())?;
    }
    queue(deployment, &mut file)?;
    database(deployment, &mut file)?;
    let mut before = Vec::new();
    let (of_service, others): (Vec<_>, Vec<_>) = deployment
        .grants()
        .into_iter()
        .partition(|grant| grant.on == On::Service);
    for grant in others {
        let (block, name) = binding(deployment, &grant);
        before.push(name);
        file.add(&sentence(&grant.why), block)?;
    }
    before.push("google_project_service.this".to_owned());
    file.add("The service.", run::service(deployment, &before))?;
    for grant in of_service {
        file.add(&sentence(&grant.why), binding(deployment, &grant).0)?;
    }
    let url = Block::builder("output")
        .add_label("url")
        .add_attribute(("value", run::public_url(deployment)));
    file.add("", url.build())?;
    Ok(file.finish())
}

fn queue(deployment: &Deployment, file: &mut File) -> Result<(), Failure> {
    let (Some(queue), Some(name)) = (&deployment.manifest.queue, deployment.queue()) else {
        return Ok(());
    };
    let limits = Block::builder("rate_limits")
        .add_attribute(("max_concurrent_dispatches", queue.max_concurrent))
        .add_attribute(("max_dispatches_per_second", queue.max_per_second));
    let retry = Block::builder("retry_config")
        .add_attribute(("max_attempts", queue.max_attempts))
        .add_attribute(("min_backoff", format!("{}s", queue.min_backoff)))
        .add_attribute(("max_backoff", format!("{}s", queue.max_backoff)));
    let block = resource("google_cloud_tasks_queue", "tasks")
        .add_attribute(("name", text(name.rsplit('/').next().unwrap_or_default())))
        .add_attribute(("location", text(name.split('/').nth(3).unwrap_or_default())))
        .add_block(limits.build())
        .add_block(retry.build())
        .add_attribute((
            "depends_on",
            all(&["google_project_service.this".to_owned()]),
        ));
    file.add(
        "It calls the service to go on with work after the response.",
        block.build(),
    )
}

fn database(deployment: &Deployment, file: &mut File) -> Result<(), Failure> {
    let (Some(database), Some(user)) = (&deployment.manifest.database, deployment.database_user())
    else {
        return Ok(());
    };
    let cluster = format!(
        "projects/{}/locations/{}/clusters/{}",
        database.project, database.region, database.cluster
    );
    let block = resource("google_alloydb_user", "agent")
        .add_attribute(("cluster", text(&cluster)))
        .add_attribute(("user_id", text(&user)))
        .add_attribute(("user_type", "ALLOYDB_IAM_USER"))
        .add_attribute((
            "database_roles",
            Expression::Array(vec!["alloydbiamuser".into()]),
        ));
    let block = match deployment.makes_account() {
        true => block.add_attribute((
            "depends_on",
            all(&["google_service_account.agent".to_owned()]),
        )),
        false => block,
    };
    file.add(
        "The service account logs in to the database under this name.",
        block.build(),
    )
}

/// A binding, and how Terraform calls it.
fn binding(deployment: &Deployment, grant: &Grant) -> (Block, String) {
    let role = grant.role.rsplit('/').next().unwrap_or_default();
    let (kind, place, name) = match &grant.on {
        On::Project(project) => {
            let place = vec![("project", text(project))];
            let elsewhere =
                (*project != deployment.project).then(|| format!("_in_{}", words(project)));
            (
                "google_project_iam_member",
                place,
                words(role) + &elsewhere.unwrap_or_default(),
            )
        }
        On::Secret(secret) => {
            let id = known(&format!(
                "google_secret_manager_secret.{}.id",
                label(secret)
            ));
            (
                "google_secret_manager_secret_iam_member",
                vec![("secret_id", id)],
                label(secret),
            )
        }
        On::Queue(_) => {
            let place = vec![
                ("name", known("google_cloud_tasks_queue.tasks.name")),
                ("location", known("google_cloud_tasks_queue.tasks.location")),
            ];
            ("google_cloud_tasks_queue_iam_member", place, words(role))
        }
        On::Account(_) => {
            let account = if deployment.makes_account() {
                known("google_service_account.agent.name")
            } else {
                text(&format!(
                    "projects/-/serviceAccounts/{}",
                    deployment.account()
                ))
            };
            (
                "google_service_account_iam_member",
                vec![("service_account_id", account)],
                words(role),
            )
        }
        On::Service => {
            let place = vec![
                ("name", known("google_cloud_run_v2_service.agent.name")),
                (
                    "location",
                    known("google_cloud_run_v2_service.agent.location"),
                ),
            ];
            let name = format!("invoker_{}", words(&grant.member.replace(NUMBER, "number")));
            ("google_cloud_run_v2_service_iam_member", place, name)
        }
    };
    let member = if grant.member == deployment.member() && deployment.makes_account() {
        template(&format!("serviceAccount:${{{ACCOUNT}}}"))
    } else if grant.member.contains(NUMBER) {
        template(
            &grant
                .member
                .replace(NUMBER, &format!("${{{PROJECT_NUMBER}}}")),
        )
    } else {
        text(&grant.member)
    };
    let mut block = resource(kind, &name);
    for (key, value) in place {
        block = block.add_attribute((key, value));
    }
    let block = block
        .add_attribute(("role", grant.role))
        .add_attribute(("member", member));
    (block.build(), format!("{kind}.{name}"))
}

fn resource(kind: &str, name: &str) -> hcl::structure::BlockBuilder {
    Block::builder("resource").add_labels([kind, name])
}

fn data(kind: &str, name: &str) -> Block {
    Block::builder("data").add_labels([kind, name]).build()
}

/// The name of a secret's resource, which may be anything that a secret may be called, but for its first
/// letter.
fn label(name: &str) -> String {
    let is_begun = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if is_begun {
        name.to_owned()
    } else {
        format!("_{name}")
    }
}

/// A name that says what it is for.
fn words(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    text.chars().map(plain).collect()
}

fn sentence(why: &str) -> String {
    let mut letters = why.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase()).into_iter();
    first.chain(letters).chain(['.']).collect()
}
