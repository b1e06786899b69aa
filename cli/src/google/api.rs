//! Which API, and where it is served.

use std::fmt;

use clap::ValueEnum;
use url::{Host, Url};

use crate::failure::{Exit, Failure};

/// Where a Gemini Enterprise app is. Each location has a host of its own, and refuses what belongs to
/// another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Location {
    /// No place in particular.
    #[default]
    Global,
    /// The United States.
    Us,
    /// The European Union.
    Eu,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Global => "global",
            Self::Us => "us",
            Self::Eu => "eu",
        })
    }
}

/// One of Google's REST APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    AlloyDb,
    CloudResourceManager,
    CloudTasks,
    DiscoveryEngine(Location),
    Iam,
    IamCredentials,
    Run,
    SecretManager,
    ServiceUsage,
}

impl Api {
    /// Its name in host names, in `gcloud services enable NAME.googleapis.com`, and in
    /// `CLOUDSDK_API_ENDPOINT_OVERRIDES_NAME`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AlloyDb => "alloydb",
            Self::CloudResourceManager => "cloudresourcemanager",
            Self::CloudTasks => "cloudtasks",
            Self::DiscoveryEngine(_) => "discoveryengine",
            Self::Iam => "iam",
            Self::IamCredentials => "iamcredentials",
            Self::Run => "run",
            Self::SecretManager => "secretmanager",
            Self::ServiceUsage => "serviceusage",
        }
    }

    /// The root of its addresses: Google's, or the one that gcloud would use instead.
    ///
    /// # Errors
    /// The variable holds no URL, or one that would send the credentials in the clear.
    pub(crate) fn root(self) -> Result<Url, Failure> {
        let variable = format!(
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_{}",
            self.name().to_ascii_uppercase()
        );
        match std::env::var(&variable) {
            Ok(given) if !given.is_empty() => overridden(&variable, &given),
            _ => {
                let host = self.host();
                Url::parse(&format!("https://{host}/"))
                    .map_err(|why| Failure::new(Exit::Software, format!("{host}: {why}")))
            }
        }
    }

    fn host(self) -> String {
        let name = self.name();
        match self {
            Self::DiscoveryEngine(location @ (Location::Us | Location::Eu)) => {
                format!("{location}-{name}.googleapis.com")
            }
            _ => format!("{name}.googleapis.com"),
        }
    }
}

fn overridden(variable: &str, given: &str) -> Result<Url, Failure> {
    let refused = |why: &str| {
        Failure::new(Exit::Usage, format!("{variable} is {given:?}: {why}")).remedy(format!(
            "Unset {variable}, or give a URL such as https://host/."
        ))
    };
    let mut url = Url::parse(given).map_err(|why| refused(&why.to_string()))?;
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refused("it names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => {
            return Err(refused(
                "credentials are sent by https only, and by http to this machine",
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(refused("it is more than a scheme, a host and a path"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_location_has_its_host() {
        let host = |location| Api::DiscoveryEngine(location).host();
        assert_eq!(host(Location::Global), "discoveryengine.googleapis.com");
        assert_eq!(host(Location::Us), "us-discoveryengine.googleapis.com");
        assert_eq!(host(Location::Eu), "eu-discoveryengine.googleapis.com");
        assert_eq!(Api::Run.host(), "run.googleapis.com");
    }

    #[test]
    fn credentials_do_not_travel_in_the_clear() {
        let says = |given: &str| overridden("V", given).map(|url| url.to_string());
        assert_eq!(says("http://127.0.0.1:9").unwrap(), "http://127.0.0.1:9/");
        assert_eq!(says("https://host/x").unwrap(), "https://host/x/");
        for bad in [
            "http://host/",
            "ftp://127.0.0.1/",
            "https://u:p@host/",
            "host",
            "https://h/?q",
        ] {
            assert!(says(bad).is_err(), "{bad}");
        }
    }
}
