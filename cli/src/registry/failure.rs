use attache_registry::{Error, Reference, is_googles};

use crate::failure::{Exit, Failure};

/// What a registry's refusal means to whoever asked for `reference`.
pub(crate) fn failure(error: &Error, reference: &Reference, pushes: bool) -> Failure {
    let (exit, remedy) = match error {
        Error::Unreachable { .. } => (
            Exit::Unavailable,
            Some("look at the host's name, the network and HTTPS_PROXY, then try again".to_owned()),
        ),
        Error::Answer { .. } => (Exit::Unavailable, None),
        Error::Denied { .. } | Error::Credentials(_) => {
            (Exit::NoPermission, Some(login(reference, pushes)))
        }
        Error::NotFound { .. } => (Exit::NoInput, missing(reference, pushes)),
        Error::Unsigned { .. } => (
            Exit::Data,
            Some(format!(
                "sign it: attache push COMPONENT {reference} --sign KEY, or cosign sign --key KEY"
            )),
        ),
        Error::WrongDigest { .. } => (
            Exit::Data,
            Some("ask whoever runs the registry, and what stands between it and you".to_owned()),
        ),
        Error::NotAComponent { .. } | Error::TooLarge { .. } => (Exit::Data, None),
    };
    let failure = Failure::new(exit, error.to_string());
    match remedy {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}

fn login(reference: &Reference, pushes: bool) -> String {
    let host = reference.host();
    let Some(place) = place(reference) else {
        return format!("docker login {host}, or --username USER --password-stdin");
    };
    let role = match pushes {
        true => "roles/artifactregistry.writer",
        false => "roles/artifactregistry.reader",
    };
    format!(
        "gcloud auth login; if you are: gcloud artifacts repositories add-iam-policy-binding {} \
         --location={} --project={} --member=user:EMAIL --role={role}",
        place.repository, place.location, place.project
    )
}

fn missing(reference: &Reference, pushes: bool) -> Option<String> {
    let place = place(reference).filter(|_| pushes)?;
    Some(format!(
        "gcloud artifacts repositories create {} --repository-format=docker --location={} --project={}",
        place.repository, place.location, place.project
    ))
}

/// What Artifact Registry calls the parts of a reference.
struct Place<'a> {
    location: &'a str,
    project: &'a str,
    repository: &'a str,
}

fn place(reference: &Reference) -> Option<Place<'_>> {
    if !is_googles(reference.host()) {
        return None;
    }
    let (location, _) = reference.host().split_once("-docker.pkg.dev")?;
    let (project, rest) = reference.repository().split_once('/')?;
    let repository = rest
        .split_once('/')
        .map_or(rest, |(repository, _)| repository);
    Some(Place {
        location,
        project,
        repository,
    })
}
