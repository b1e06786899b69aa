//! A manifest, and which project and image it is for.

use super::grant::{Grant, On};
use crate::failure::{Exit, Failure};
use crate::manifest::{Connect, Login, Manifest};

/// What is deployed, and where.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// The project's id.
    pub(crate) project: String,
    /// The project's number, once it is known.
    pub(crate) number: Option<String>,
    /// The image that runs.
    pub(crate) image: String,
}

impl Deployment {
    /// `image` goes before the manifest's.
    ///
    /// # Errors
    /// There is no image.
    pub(crate) fn new(
        manifest: Manifest,
        project: String,
        image: Option<String>,
    ) -> Result<Self, Failure> {
        let Some(image) = image.or_else(|| manifest.image.clone()) else {
            return Err(
                Failure::new(Exit::Data, "nothing says which image is to run")
                    .remedy("Write image in [agent], or give --image IMAGE:TAG."),
            );
        };
        // The number is that of the project that it stands beside.
        let number = manifest.service.project_number.clone();
        let number = number.filter(|_| {
            manifest
                .service
                .project
                .as_ref()
                .is_none_or(|said| *said == project)
        });
        Ok(Self {
            manifest,
            project,
            number,
            image,
        })
    }

    /// The service's name.
    pub(crate) fn service(&self) -> &str {
        &self.manifest.service.name
    }

    /// The region.
    pub(crate) fn region(&self) -> &str {
        &self.manifest.service.region
    }

    /// `projects/P/locations/R`.
    pub(crate) fn location(&self) -> String {
        format!("projects/{}/locations/{}", self.project, self.region())
    }

    /// Whether the service account is made here.
    pub(crate) fn makes_account(&self) -> bool {
        !self.manifest.service.account.contains('@')
    }

    /// The service account's address.
    pub(crate) fn account(&self) -> String {
        let account = &self.manifest.service.account;
        if self.makes_account() {
            format!("{account}@{}.iam.gserviceaccount.com", self.project)
        } else {
            account.clone()
        }
    }

    /// Where IAM's API has it.
    pub(crate) fn account_path(&self) -> String {
        let project = if self.makes_account() {
            self.project.as_str()
        } else {
            "-"
        };
        format!("v1/projects/{project}/serviceAccounts/{}", self.account())
    }

    /// The same as IAM's bindings have it.
    pub(crate) fn member(&self) -> String {
        format!("serviceAccount:{}", self.account())
    }

    /// The URL that Cloud Run gives the service, which is known before there is one.
    pub(crate) fn url(&self) -> Option<String> {
        let number = self.number.as_deref()?;
        Some(format!(
            "https://{}-{number}.{}.run.app",
            self.service(),
            self.region()
        ))
    }

    /// The URL in the card.
    pub(crate) fn public_url(&self) -> Option<String> {
        self.manifest
            .service
            .public_url
            .clone()
            .or_else(|| self.url())
    }

    /// The queue's full name.
    pub(crate) fn queue(&self) -> Option<String> {
        let queue = self.manifest.queue.as_ref()?;
        let location = queue.location.as_deref().unwrap_or(self.region());
        let name = queue.name.as_deref().unwrap_or(self.service());
        Some(format!(
            "projects/{}/locations/{location}/queues/{name}",
            self.project
        ))
    }

    /// The database user of the service account, where it logs in by IAM.
    pub(crate) fn database_user(&self) -> Option<String> {
        let database = self.manifest.database.as_ref()?;
        let account = self.account();
        let name = account
            .strip_suffix(".gserviceaccount.com")
            .unwrap_or(&account)
            .to_owned();
        (database.login == Login::Iam).then_some(name)
    }

    /// The service agent by which Gemini Enterprise calls.
    pub(crate) fn gemini_enterprise(&self) -> Option<String> {
        let app = self.manifest.gemini_enterprise.as_ref()?;
        let number = app.project_number.as_deref().or(self.number.as_deref());
        let number = number.unwrap_or(super::gcloud::NUMBER);
        Some(format!(
            "serviceAccount:service-{number}@gcp-sa-discoveryengine.iam.gserviceaccount.com"
        ))
    }

    /// The secrets' names, each once.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for secret in &self.manifest.secrets {
            if !names.contains(&secret.name.as_str()) {
                names.push(&secret.name);
            }
        }
        names
    }

    fn traces_at_google(&self) -> bool {
        self.manifest
            .variable("OTEL_EXPORTER_OTLP_ENDPOINT")
            .is_some_and(|url| url.contains("telemetry.googleapis.com"))
    }

    fn asks_vertex(&self) -> bool {
        self.manifest
            .model
            .as_ref()
            .is_some_and(|model| model.provider == "vertex")
    }

    /// The APIs that have to be enabled.
    pub(crate) fn apis(&self) -> Vec<&'static str> {
        let manifest = &self.manifest;
        let of_another = manifest.gemini_enterprise.as_ref().is_some_and(|app| {
            app.project_number.is_some()
                && self.number.is_some()
                && app.project_number != self.number
        });
        let wanted = [
            ("run.googleapis.com", true),
            ("iam.googleapis.com", true),
            ("cloudresourcemanager.googleapis.com", true),
            (
                "artifactregistry.googleapis.com",
                self.image.contains("-docker.pkg.dev/"),
            ),
            ("secretmanager.googleapis.com", !manifest.secrets.is_empty()),
            ("aiplatform.googleapis.com", self.asks_vertex()),
            ("alloydb.googleapis.com", manifest.database.is_some()),
            ("cloudtasks.googleapis.com", manifest.queue.is_some()),
            ("compute.googleapis.com", manifest.egress.network.is_some()),
            ("telemetry.googleapis.com", self.traces_at_google()),
            (
                "discoveryengine.googleapis.com",
                manifest.gemini_enterprise.is_some() && !of_another,
            ),
        ];
        wanted
            .into_iter()
            .filter(|(_, is_wanted)| *is_wanted)
            .map(|(name, _)| name)
            .collect()
    }

    /// What the service account may do, and who may call the service: no more than is needed.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        let manifest = &self.manifest;
        let me = self.member();
        let mut grants = Vec::new();
        let mut grant = |on: On, role, member: &str, why: &str| {
            let grant = Grant {
                on,
                role,
                member: member.to_owned(),
                why: why.to_owned(),
            };
            let is_there = grants.iter().any(|other: &Grant| other.is_same(&grant));
            if !is_there {
                grants.push(grant);
            }
        };
        for name in self.secrets() {
            let why = format!("to read the secret {name}, and no other");
            grant(
                On::Secret(name.to_owned()),
                "roles/secretmanager.secretAccessor",
                &me,
                &why,
            );
        }
        let here = || On::Project(self.project.clone());
        if self.asks_vertex() {
            grant(here(), "roles/aiplatform.user", &me, "to ask the model");
        }
        if let Some(database) = &manifest.database {
            let there = || On::Project(database.project.clone());
            if matches!(database.connect, Connect::AuthProxy(_)) {
                grant(
                    there(),
                    "roles/alloydb.client",
                    &me,
                    "to connect to the database",
                );
                let why = "to call the AlloyDB API for the project";
                grant(there(), "roles/serviceusage.serviceUsageConsumer", &me, why);
            }
            if database.login == Login::Iam {
                let why = "to log in to the database without a password";
                grant(there(), "roles/alloydb.databaseUser", &me, why);
            }
        }
        if self.traces_at_google() {
            grant(here(), "roles/cloudtrace.agent", &me, "to send traces");
            grant(
                here(),
                "roles/monitoring.metricWriter",
                &me,
                "to send metrics",
            );
            let why = "to send traces for the project";
            grant(here(), "roles/serviceusage.serviceUsageConsumer", &me, why);
        }
        if let Some(queue) = self.queue() {
            grant(
                On::Queue(queue),
                "roles/cloudtasks.enqueuer",
                &me,
                "to give the queue work",
            );
            let why = "to have the queue call as the service account";
            grant(
                On::Account(self.account()),
                "roles/iam.serviceAccountUser",
                &me,
                why,
            );
        }
        if !manifest.service.public {
            let mut invoker = |member: &str, why| {
                grant(On::Service, "roles/run.invoker", member, why);
            };
            if manifest.queue.is_some() {
                invoker(&me, "to let the queue's calls in");
            }
            if let Some(member) = self.gemini_enterprise() {
                invoker(&member, "to let Gemini Enterprise call");
            }
            for member in &manifest.service.invokers {
                invoker(member, "to let the manifest's invokers call");
            }
        }
        grants
    }

    /// What is allowed, and may still surprise.
    pub(crate) fn notes(&self) -> Vec<String> {
        let manifest = &self.manifest;
        let service = &manifest.service;
        let mut notes = Vec::new();
        if manifest.database.is_none() && manifest.secret("DATABASE_URL").is_none() {
            if service.max_instances > 1 {
                notes.push(format!(
                    "without [database] each of up to {} instances has tasks of its own: a client that \
                     comes to another finds none. Write max_instances = 1, or a [database].",
                    service.max_instances
                ));
            } else {
                notes.push(
                    "without [database] tasks are in the memory of the instance and end with it."
                        .to_owned(),
                );
            }
        }
        if !service.by_instance && manifest.queue.is_none() {
            notes.push(
                "billed by request and without a [queue], work stands still once its response is sent."
                    .to_owned(),
            );
        }
        if !self.image.contains('@') {
            notes.push(format!(
                "{} is a tag: which image that is, Cloud Run looks up when something of the service \
                 changes. With @sha256:... a new image is a change.",
                self.image
            ));
        }
        if self.image.starts_with("gcr.io/") {
            notes.push(
                "gcr.io is served by Artifact Registry now; push to REGION-docker.pkg.dev."
                    .to_owned(),
            );
        }
        let model = manifest
            .model
            .as_ref()
            .and_then(|model| model.name.as_deref());
        if let Some(model) =
            model.filter(|m| m.starts_with("gemini-1") || m.starts_with("gemini-2"))
        {
            notes.push(format!(
                "{model} is retired, or is from 2026-10-16 on; take gemini-3.5-flash."
            ));
        }
        if let Some(model) = &manifest.model
            && model
                .name
                .as_deref()
                .is_none_or(|name| name.starts_with("gemini-3"))
            && model.provider == "vertex"
            && !matches!(model.location.as_str(), "global" | "us" | "eu")
        {
            notes.push(format!(
                "Gemini 3 is served at global, us and eu, and not in {}: see location in [model].",
                model.location
            ));
        }
        if self.database_user().is_some() {
            notes.push(format!(
                "a new database user owns nothing. Once, as postgres: GRANT CREATE, USAGE ON SCHEMA \
                 public TO \"{}\";",
                self.database_user().unwrap_or_default()
            ));
        }
        notes
    }
}
