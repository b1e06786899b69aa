//! Which service is meant.

use serde_json::Value;
use url::Url;

use crate::failure::{Exit, Failure};
use crate::google::{Api, Google, Request, resource_id};

/// A page of services; Knative's lists go on by a token of their own.
const PAGE: &str = "500";

/// A service, by its name or by where it is reached.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    Name(String),
    Url(Url),
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if given.contains("://") {
            let url = Url::parse(given).map_err(|why| why.to_string())?;
            return match url.host_str() {
                Some(_) => Ok(Self::Url(url)),
                None => Err("it names no host".to_owned()),
            };
        }
        resource_id(given).map(Self::Name)
    }
}

/// The full name of the service: `projects/P/locations/R/services/S`.
///
/// # Errors
/// There is none like it, or several.
pub(crate) async fn locate(
    google: &Google,
    project: &str,
    region: Option<&str>,
    wanted: &Wanted,
) -> Result<String, Failure> {
    let full =
        |region: &str, name: &str| format!("projects/{project}/locations/{region}/services/{name}");
    match (wanted, region) {
        (Wanted::Name(name), Some(region)) => return Ok(full(region, name)),
        (Wanted::Url(url), _) => {
            if let Some((name, region)) = deterministic(url) {
                return Ok(full(&region, &name));
            }
        }
        (Wanted::Name(_), None) => {}
    }
    let mut found = Vec::new();
    for service in services(google, project).await? {
        let text = |pointer: &str| {
            service
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let name = text("/metadata/name");
        let place = text("/metadata/labels/cloud.googleapis.com~1location");
        let fits = match wanted {
            Wanted::Name(wanted) => name == wanted,
            Wanted::Url(url) => {
                let all = text("/metadata/annotations/run.googleapis.com~1urls");
                let all: Vec<String> = serde_json::from_str(all).unwrap_or_default();
                let mut all = all.iter().map(String::as_str).chain([text("/status/url")]);
                all.any(|other| Url::parse(other).is_ok_and(|other| other.origin() == url.origin()))
            }
        };
        if fits && region.is_none_or(|region| region == place) {
            found.push(full(place, name));
        }
    }
    let shown = match wanted {
        Wanted::Name(name) => format!("named {name}"),
        Wanted::Url(url) => format!("at {url}"),
    };
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(
            Exit::NoInput,
            format!("project {project} has no service {shown}"),
        )
        .remedy(format!(
            "Look at what there is: gcloud run services list --project={project}. A custom domain \
                     does not tell its service: give the name and --region."
        ))),
        several => {
            let sentence = format!("several services are {shown}: {}", several.join(", "));
            Err(Failure::new(Exit::Usage, sentence).remedy("Choose one with --region=REGION."))
        }
    }
}

/// The name and the region in `https://NAME-NUMBER.REGION.run.app`.
fn deterministic(url: &Url) -> Option<(String, String)> {
    let host = url.host_str()?.strip_suffix(".run.app")?;
    let (first, region) = host.split_once('.')?;
    let (name, number) = first.rsplit_once('-')?;
    let is_number = number.len() >= 6 && number.bytes().all(|b| b.is_ascii_digit());
    (is_number && region != "a").then(|| (name.to_owned(), region.to_owned()))
}

/// Those of every region, which only the first version of the API lists.
async fn services(google: &Google, project: &str) -> Result<Vec<Value>, Failure> {
    let request = Request::get(
        Api::Run,
        format!("v1/projects/{project}/locations/-/services"),
    );
    let request = request.query("limit", PAGE);
    let mut all = Vec::new();
    let mut next = request.clone();
    for _ in 0..100 {
        let mut page = google.call(&next).await?;
        if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
            all.extend(items);
        }
        match page.pointer("/metadata/continue").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => next = request.clone().query("continue", token),
            _ => break,
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_urls_say_which_service_it_is() {
        let says = |url: &str| deterministic(&Url::parse(url).unwrap());
        let both = |name: &str, region: &str| Some((name.to_owned(), region.to_owned()));
        assert_eq!(
            says("https://my-agent-123456789012.us-central1.run.app/a2a"),
            both("my-agent", "us-central1")
        );
        assert_eq!(says("https://my-agent-abcdefghij-uc.a.run.app"), None);
        assert_eq!(says("https://agent.example.com"), None);
    }
}
