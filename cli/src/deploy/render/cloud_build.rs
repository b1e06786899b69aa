//! A build for Cloud Build: the image, and the service with it. It builds a Dockerfile, which a project of
//! `attache new` does not have: one that truly builds would need the SDK and the host from a registry.

use std::path::Path;

use serde_json::json;

use super::yaml;
use crate::deploy::Deployment;
use crate::failure::Failure;

/// The tool that deploys, of a version that takes what it is told here.
const GCLOUD: &str = "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim";

/// What its reader should know where there is nothing to build.
pub(super) fn notes() -> Vec<String> {
    if Path::new("Dockerfile").is_file() {
        return Vec::new();
    }
    vec![
        "cloudbuild.yaml builds a Dockerfile, and there is none here: `attache image --push` makes the \
         image without one"
            .to_owned(),
    ]
}

pub(super) fn cloud_build(deployment: &Deployment) -> Result<String, Failure> {
    let name = deployment.image.split('@').next().unwrap_or_default();
    let base = match name.rsplit_once(':') {
        Some((base, tag)) if !tag.contains('/') => base,
        _ => name,
    };
    let document = json!({
        "steps": [
            {
                "id": "build",
                "name": "gcr.io/cloud-builders/docker",
                "env": ["DOCKER_BUILDKIT=1"],
                "args": ["build", "--tag", "${_IMAGE}:${SHORT_SHA}", "."],
            },
            {
                "id": "push",
                "name": "gcr.io/cloud-builders/docker",
                "args": ["push", "${_IMAGE}:${SHORT_SHA}"],
            },
            {
                "id": "deploy",
                "name": GCLOUD,
                "entrypoint": "gcloud",
                "args": [
                    "run", "deploy", "${_SERVICE}",
                    "--container=agent",
                    "--image=${_IMAGE}:${SHORT_SHA}",
                    "--region=${_REGION}",
                    "--project=$PROJECT_ID",
                    "--quiet",
                ],
            },
        ],
        "images": ["${_IMAGE}:${SHORT_SHA}"],
        "substitutions": {
            "_IMAGE": base,
            "_REGION": deployment.region(),
            "_SERVICE": deployment.service(),
        },
        "options": {
            "logging": "CLOUD_LOGGING_ONLY",
            "machineType": "E2_HIGHCPU_8",
            "dynamicSubstitutions": true,
        },
        "timeout": "3600s",
    });
    let (project, account) = (&deployment.project, deployment.account());
    let head = format!(
        "# Builds the image of this repository and deploys it to the service that\n\
         # `attache deploy cloud-run` made; settings stay as they are.\n\
         #\n\
         # It needs a Dockerfile in the folder that is submitted, such as Attaché's own repository has. A\n\
         # project of `attache new` has none: there, `attache image --push` makes the image, and\n\
         # `attache deploy cloud-run --image` deploys it.\n\
         #\n\
         #   gcloud builds submit --project={project} --substitutions=SHORT_SHA=$(git rev-parse --short HEAD)\n\
         #\n\
         # The service account of the build needs roles/run.developer and roles/logging.logWriter on the\n\
         # project, roles/artifactregistry.writer on the repository, and roles/iam.serviceAccountUser on\n\
         # {account}.\n"
    );
    Ok(head + &yaml(&document)?)
}
