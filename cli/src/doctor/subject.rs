//! What is known of the service before the checks begin.

use serde_json::Value;
use url::Url;

use super::finding::Finding;
use super::locate::{Wanted, locate};
use crate::failure::{Exit, Failure};
use crate::google::{Api, Google, Location, Request};

/// So that roles with a condition are told by their names.
pub(super) const POLICY_VERSION: (&str, &str) = ("options.requestedPolicyVersion", "3");

/// The service, what may call it, and what it may do.
pub(crate) struct Subject {
    pub(super) google: Google,
    pub(super) project: String,
    pub(super) number: String,
    pub(super) region: String,
    pub(super) name: String,
    /// As version 2 of Cloud Run's API has it.
    pub(super) service: Value,
    /// The policy of the service, if it could be read.
    pub(super) policy: Option<Value>,
    /// The policy of the project, if it could be read.
    pub(super) project_policy: Option<Value>,
    pub(super) card: Result<Value, Finding>,
    /// The number of the project that Gemini Enterprise is in; none where it is not to call.
    pub(super) gemini_enterprise: Option<String>,
    /// Where the agent is to be registered.
    pub(super) app: Option<App>,
    /// What could not be read.
    pub(super) unread: Vec<Finding>,
}

/// An app of Gemini Enterprise.
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) location: Location,
    pub(crate) project: String,
}

/// What the command was given.
pub(crate) struct Given {
    pub(crate) wanted: Wanted,
    pub(crate) region: Option<String>,
    /// Where the service is reached, if not at its own address.
    pub(crate) through: Option<Url>,
    /// Whether Gemini Enterprise is to call it, and the project that it is in.
    pub(crate) gemini_enterprise: bool,
    pub(crate) gemini_enterprise_project: Option<String>,
    /// The app that has the agent, and its location.
    pub(crate) app: Option<(String, Location)>,
}

impl Subject {
    /// # Errors
    /// The service cannot be read.
    pub(crate) async fn read(google: Google, given: Given) -> Result<Self, Failure> {
        let project = google.project().await?;
        let full = locate(&google, &project, given.region.as_deref(), &given.wanted).await?;
        let request = Request::get(Api::Run, format!("v2/{full}"));
        let service = google.find(&request).await?.ok_or_else(|| {
            Failure::new(Exit::NoInput, format!("there is no service {full}")).remedy(format!(
                "Look at what there is: gcloud run services list --project={project}"
            ))
        })?;
        let mut parts = full.split('/').skip(3).step_by(2);
        let (region, name) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let mut unread = Vec::new();
        let policy = Request::get(Api::Run, format!("v2/{full}:getIamPolicy"));
        let policy = policy.query(POLICY_VERSION.0, POLICY_VERSION.1);
        let policy = read(&google, &policy, "who may call the service", &mut unread).await;
        let of_project = Request::post(
            Api::CloudResourceManager,
            format!("v1/projects/{project}:getIamPolicy"),
            // Of an older version, what has a condition would have another name.
            serde_json::json!({"options": {"requestedPolicyVersion": 3}}),
        );
        let project_policy = read(
            &google,
            &of_project,
            "the roles in the project",
            &mut unread,
        )
        .await;
        let number = number(&google, &project, &mut unread).await;
        let gemini_enterprise = match (&given.gemini_enterprise_project, given.gemini_enterprise) {
            (_, false) => None,
            (Some(other), true) => Some(self::number(&google, other, &mut unread).await),
            (None, true) => Some(number.clone()),
        };
        let app = given
            .app
            .filter(|_| given.gemini_enterprise)
            .map(|(name, location)| App {
                name,
                location,
                project: given
                    .gemini_enterprise_project
                    .clone()
                    .unwrap_or_else(|| project.clone()),
            });
        let mut subject = Self {
            app,
            region: region.to_owned(),
            name: name.to_owned(),
            card: Err(Finding::unknown("card", "not read", "")),
            google,
            project,
            number,
            service,
            policy,
            project_policy,
            gemini_enterprise,
            unread,
        };
        subject.card = super::card::fetch(&subject, given.through.as_ref()).await;
        Ok(subject)
    }

    /// The name that everything is shown under.
    pub(crate) fn full_name(&self) -> &str {
        self.text("/name")
    }

    /// A text of the service, or an empty one.
    pub(super) fn text(&self, pointer: &str) -> &str {
        text(&self.service, pointer)
    }

    /// Its addresses; the deterministic one first, which is known before it is deployed.
    pub(super) fn urls(&self) -> Vec<&str> {
        let urls = self.service.get("urls").and_then(Value::as_array);
        let urls = urls.into_iter().flatten().filter_map(Value::as_str);
        let mut all: Vec<_> = urls
            .chain([self.text("/uri")])
            .filter(|url| !url.is_empty())
            .collect();
        all.sort_by_key(|url| url.contains(".a.run.app"));
        all.dedup();
        all
    }

    /// The container that is called.
    pub(super) fn agent(&self) -> &Value {
        let containers = self.containers();
        let called = containers
            .iter()
            .find(|container| container.get("ports").is_some());
        called.or(containers.first()).unwrap_or(&Value::Null)
    }

    /// All containers.
    pub(super) fn containers(&self) -> &[Value] {
        let containers = self
            .service
            .pointer("/template/containers")
            .and_then(Value::as_array);
        containers.map(Vec::as_slice).unwrap_or_default()
    }

    /// The agent's variables.
    pub(super) fn environment(&self) -> impl Iterator<Item = &Value> {
        let variables = self.agent().get("env").and_then(Value::as_array);
        variables.into_iter().flatten()
    }

    /// Whether a variable is there, as a value or a secret.
    pub(super) fn has(&self, name: &str) -> bool {
        self.environment()
            .any(|variable| text(variable, "/name") == name)
    }

    /// The value of a variable that is no secret.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        let mut all = self.environment();
        let variable = all.find(|variable| text(variable, "/name") == name)?;
        variable
            .get("value")?
            .as_str()
            .filter(|value| !value.is_empty())
    }

    /// Whether the host is attache's.
    pub(super) fn is_attache(&self) -> bool {
        self.environment()
            .any(|variable| text(variable, "/name").starts_with("ATTACHE_"))
    }

    /// The number of a field, 0 where there is none.
    pub(super) fn count(&self, pointer: &str) -> u64 {
        self.service
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or(0)
    }

    /// A capability in the card.
    pub(super) fn is_capable_of(&self, capability: &str) -> bool {
        let card = self.card.as_ref().ok();
        card.and_then(|card| {
            card.pointer(&format!("/capabilities/{capability}"))?
                .as_bool()
        }) == Some(true)
    }

    /// The account that the service runs as.
    pub(super) fn account(&self) -> String {
        match self.text("/template/serviceAccount") {
            "" => format!("{}-compute@developer.gserviceaccount.com", self.number),
            account => account.to_owned(),
        }
    }

    /// The beginning and the end of a command that changes the service.
    pub(super) fn update(&self, change: &str) -> String {
        let Self {
            name,
            region,
            project,
            ..
        } = self;
        format!("gcloud run services update {name} --region={region} --project={project} {change}")
    }

    /// A command that grants the service's account a role in the project.
    pub(super) fn grant(&self, role: &str) -> String {
        format!(
            "gcloud projects add-iam-policy-binding {} --member=serviceAccount:{} --role={role}",
            self.project,
            self.account()
        )
    }

    /// Whether the account has one of these roles in the project; yes where that cannot be known.
    pub(super) fn account_has(&self, roles: &[&str]) -> bool {
        let member = format!("serviceAccount:{}", self.account());
        let Some(policy) = &self.project_policy else {
            return true;
        };
        roles_of(policy, &member).any(|role| roles.contains(&role))
    }
}

/// A text of a document, or an empty one.
pub(super) fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The roles that a policy grants a member.
pub(super) fn roles_of<'a>(policy: &'a Value, member: &'a str) -> impl Iterator<Item = &'a str> {
    let bindings = policy.get("bindings").and_then(Value::as_array);
    bindings.into_iter().flatten().filter_map(move |binding| {
        let members = binding.get("members")?.as_array()?;
        let is_in = members.iter().any(|one| one.as_str() == Some(member));
        is_in.then(|| text(binding, "/role"))
    })
}

/// What a call gives, or nothing and a finding.
async fn read(
    google: &Google,
    request: &Request,
    what: &str,
    unread: &mut Vec<Finding>,
) -> Option<Value> {
    match google.call(request).await {
        Ok(found) => Some(found),
        Err(error) => {
            unread.push(not_read(what, error.into()));
            None
        }
    }
}

/// A finding that says what could not be looked at.
pub(super) fn not_read(what: &str, failure: Failure) -> Finding {
    let mend = failure.what_helps().unwrap_or_default().to_owned();
    Finding::unknown(
        "permissions",
        format!("{what} cannot be read: {failure}"),
        mend,
    )
}

async fn number(google: &Google, project: &str, unread: &mut Vec<Finding>) -> String {
    let request = Request::get(Api::CloudResourceManager, format!("v1/projects/{project}"));
    let found = read(
        google,
        &request,
        &format!("the number of project {project}"),
        unread,
    )
    .await;
    found
        .map(|found| text(&found, "/projectNumber").to_owned())
        .unwrap_or_default()
}
