//! The same deployment for other tools.

mod cloud_build;
mod hcl;
mod knative;
mod service;
mod spinkube;
mod terraform;

use clap::ValueEnum;
use serde_json::Value;

pub(super) use service::service;

use super::{Deployment, Plan, Values};
use crate::failure::{Exit, Failure};

/// What can be written instead of deploying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Print {
    /// A script of gcloud lines.
    Gcloud,
    /// The Cloud Run service, for `gcloud run services replace`.
    ServiceYaml,
    /// Terraform, with everything that the service needs.
    Terraform,
    /// A build of a Dockerfile that makes the image and deploys it, for Cloud Build.
    CloudBuild,
    /// The service for Knative on any cluster.
    Knative,
    /// The Spin application for SpinKube.
    Spinkube,
}

impl Print {
    /// How its file is called.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Gcloud => "deploy.sh",
            Self::ServiceYaml => "service.yaml",
            Self::Terraform => "main.tf",
            Self::CloudBuild => "cloudbuild.yaml",
            Self::Knative => "knative.yaml",
            Self::Spinkube => "spinapp.yaml",
        }
    }

    /// The text, and what its reader should know.
    ///
    /// # Errors
    /// The manifest says something that there is no word for there.
    pub(crate) fn render(
        self,
        deployment: &Deployment,
        values: &Values,
    ) -> Result<(String, Vec<String>), Failure> {
        let manifest = &deployment.manifest;
        let keys = ["ATTACHE_CARD_KEY", "ATTACHE_PUSH_KEY"];
        let is_signed = |name: &str| {
            manifest.secret(name).is_some() || manifest.secret(&format!("{name}_FILE")).is_some()
        };
        let needs_url = matches!(self, Self::Gcloud | Self::ServiceYaml)
            && keys.iter().any(|name| is_signed(name));
        if needs_url && deployment.public_url().is_none() {
            let sentence =
                "what is signed needs the service's URL, which has the project's number in it";
            return Err(Failure::new(Exit::Data, sentence).remedy(format!(
                "Write project_number in [service]: gcloud projects describe {} \
                 --format='value(projectNumber)'",
                deployment.project
            )));
        }
        match self {
            Self::Gcloud => {
                let yaml = yaml(&service(deployment))?;
                let script = Plan::new(deployment, values)?.script(&yaml, &deployment.project);
                Ok((script, deployment.notes()))
            }
            Self::ServiceYaml => {
                let text = yaml(&service(deployment))?;
                Ok((
                    format!("{}{text}", service::head(deployment)),
                    deployment.notes(),
                ))
            }
            Self::Terraform => Ok((terraform::terraform(deployment)?, deployment.notes())),
            Self::CloudBuild => Ok((cloud_build::cloud_build(deployment)?, cloud_build::notes())),
            Self::Knative => knative::knative(deployment),
            Self::Spinkube => spinkube::spinkube(deployment),
        }
    }
}

fn yaml(document: &Value) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(document)
        .map_err(|why| Failure::new(Exit::Software, format!("YAML cannot be written: {why}")))?;
    Ok(if text.ends_with('\n') {
        text
    } else {
        format!("{text}\n")
    })
}
