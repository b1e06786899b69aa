use std::fmt;

use http::Uri;

use super::{ConfigError, Environment, Platform};

/// The URL under which clients reach the agent: `http` or `https`, no query, no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// `https://SERVICE-NUMBER.REGION.run.app`, which Cloud Run gives every service.
    pub fn of_cloud_run(service: &str, project_number: &str, region: &str) -> Self {
        Self(format!(
            "https://{service}-{project_number}.{region}.run.app"
        ))
    }

    /// The URL of something below this one; `path` begins with a slash.
    pub fn below(&self, path: &str) -> Self {
        Self(format!("{}{path}", self.0))
    }

    /// The root of another host, which is reached like this one.
    pub fn at_host(&self, host: &str) -> Self {
        let scheme = self
            .0
            .split_once("://")
            .map_or("https", |(scheme, _)| scheme);
        Self(format!("{scheme}://{host}"))
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn resolve(
    flag: Option<String>,
    environment: &Environment,
    platform: &Platform,
) -> Result<Option<PublicUrl>, ConfigError> {
    let given = flag
        .filter(|url| !url.is_empty())
        .map(|url| ("ATTACHE_PUBLIC_URL (--public-url)", url))
        .or_else(|| Some(("APP_URL", environment.get("APP_URL")?.to_owned())))
        .or_else(|| Some(("AGENT_URL", environment.get("AGENT_URL")?.to_owned())));
    given
        .map(|(key, url)| check(key, &url, platform))
        .transpose()
}

pub(super) fn check(key: &str, given: &str, platform: &Platform) -> Result<PublicUrl, ConfigError> {
    let refused = |expected: &str| Err(ConfigError::new(key, given, expected));
    let Ok(uri) = given.parse::<Uri>() else {
        return refused("give an absolute URL such as https://agent.example.com");
    };
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return refused("give an absolute URL such as https://agent.example.com");
    };
    if scheme != "http" && scheme != "https" {
        return refused("give a URL that begins with https:// or http://");
    }
    if uri.query().is_some() || given.contains(['?', '#', '@']) {
        return refused("give a URL without user, query and fragment");
    }
    if matches!(host, "0.0.0.0" | "[::]") {
        return refused("0.0.0.0 is an address to listen on; give one that clients can reach");
    }
    // A card with such a URL is stored by its readers and fails there without a word.
    if platform.is_cloud_run() && (scheme == "http" || is_loopback(host)) {
        return refused(
            "on Cloud Run clients cannot reach http:// or localhost; give the service's https URL, \
             or unset it to have it found",
        );
    }
    Ok(PublicUrl(given.trim_end_matches('/').to_owned()))
}

fn is_loopback(host: &str) -> bool {
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
