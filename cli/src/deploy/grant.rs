//! A role, for whom and on what.

use serde_json::{Value, json};

use super::Deployment;
use super::gcloud::Line;
use crate::google::{Api, Request};

/// What a role is granted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    /// A project, by its id.
    Project(String),
    /// One secret, by its name.
    Secret(String),
    /// A queue, by its full name.
    Queue(String),
    /// A service account, by its address.
    Account(String),
    /// The service itself.
    Service,
}

/// A binding.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    /// See [`On`].
    pub(crate) on: On,
    /// The role.
    pub(crate) role: &'static str,
    /// Whom, as IAM writes it.
    pub(crate) member: String,
    /// What for.
    pub(crate) why: String,
}

impl Grant {
    /// Whether both say the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.on == other.on && self.role == other.role && self.member == other.member
    }

    /// The end of "grant ROLE on ...".
    pub(crate) fn shown(&self, deployment: &Deployment) -> String {
        match &self.on {
            On::Project(project) => format!("project {project}"),
            On::Secret(name) => format!("secret {name}"),
            On::Queue(name) => format!("queue {}", last(name)),
            On::Account(account) => format!("service account {account}"),
            On::Service => format!("service {}", deployment.service()),
        }
    }

    pub(super) fn line(&self, deployment: &Deployment) -> Line {
        let add = "add-iam-policy-binding";
        let project = &deployment.project;
        let line = match &self.on {
            On::Project(project) => {
                // Without it gcloud asks, where the policy has conditions.
                Line::gcloud(["projects", add, project]).flag("condition", "None")
            }
            On::Secret(name) => Line::gcloud(["secrets", add, name]).flag("project", project),
            On::Queue(name) => Line::gcloud(["tasks", "queues", add, last(name)])
                .flag("location", name.split('/').nth(3).unwrap_or_default())
                .flag("project", project),
            On::Account(account) => {
                Line::gcloud(["iam", "service-accounts", add, account]).flag("project", project)
            }
            On::Service => Line::gcloud(["run", "services", add, deployment.service()])
                .flag("region", deployment.region())
                .flag("project", project),
        };
        line.flag("member", &self.member).flag("role", self.role)
    }

    fn resource(&self, deployment: &Deployment) -> (Api, String) {
        let project = &deployment.project;
        match &self.on {
            On::Project(project) => (Api::CloudResourceManager, format!("v3/projects/{project}")),
            On::Secret(name) => (
                Api::SecretManager,
                format!("v1/projects/{project}/secrets/{name}"),
            ),
            On::Queue(name) => (Api::CloudTasks, format!("v2/{name}")),
            On::Account(_) => (Api::Iam, deployment.account_path()),
            On::Service => (
                Api::Run,
                format!(
                    "v1/{}/services/{}",
                    deployment.location(),
                    deployment.service()
                ),
            ),
        }
    }

    /// Reads the policy, conditions included: they have to be written back.
    pub(super) fn get(&self, deployment: &Deployment) -> Request {
        let (api, path) = self.resource(deployment);
        let path = format!("{path}:getIamPolicy");
        let options = json!({"options": {"requestedPolicyVersion": 3}});
        match self.on {
            On::Project(_) | On::Queue(_) => Request::post(api, path, options),
            On::Account(_) => Request::new(api, reqwest::Method::POST, path)
                .query("options.requestedPolicyVersion", "3"),
            On::Secret(_) | On::Service => {
                Request::get(api, path).query("options.requestedPolicyVersion", "3")
            }
        }
    }

    pub(super) fn set(&self, deployment: &Deployment, policy: Value) -> Request {
        let (api, path) = self.resource(deployment);
        Request::post(
            api,
            format!("{path}:setIamPolicy"),
            json!({"policy": policy}),
        )
    }

    /// The policy with this grant; nothing if it has it.
    pub(super) fn added_to(&self, mut policy: Value) -> Option<Value> {
        let is_ours = |binding: &Value| {
            binding.get("role").and_then(Value::as_str) == Some(self.role)
                && binding.get("condition").is_none()
        };
        let member = Value::String(self.member.clone());
        let fields = policy.as_object_mut()?;
        let bindings = fields
            .entry("bindings")
            .or_insert_with(|| json!([]))
            .as_array_mut()?;
        match bindings.iter_mut().find(|binding| is_ours(binding)) {
            Some(binding) => {
                let members = binding
                    .as_object_mut()?
                    .entry("members")
                    .or_insert_with(|| json!([]));
                let members = members.as_array_mut()?;
                if members.contains(&member) {
                    return None;
                }
                members.push(member);
            }
            None => bindings.push(json!({"role": self.role, "members": [member]})),
        }
        Some(policy)
    }
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
