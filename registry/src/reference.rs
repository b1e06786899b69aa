use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::Digest;

/// Where a component is: `HOST/REPOSITORY:TAG`, or `HOST/REPOSITORY@sha256:…`, with or without `oci://`
/// before it.
///
/// A registry on this machine is spoken to without TLS, as Docker does, unless the reference begins with
/// `https://`; every other one with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    host: String,
    repository: String,
    version: Version,
    is_plain: bool,
}

/// Which of a repository's artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// The one that has this name now; it can be moved to another.
    Tag(String),
    /// The one whose manifest has this digest.
    Digest(Digest),
}

const EXPECTED: &str = "give HOST/REPOSITORY:TAG or HOST/REPOSITORY@sha256:DIGEST, such as europe-docker.pkg.dev/project/agents/greeter:1.0";
const LONGEST_REPOSITORY: usize = 255;
const LONGEST_TAG: usize = 128;

impl Reference {
    /// Host, and the port where there is one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag or the digest.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The digest, when the reference names one artifact for ever.
    pub fn digest(&self) -> Option<&Digest> {
        match &self.version {
            Version::Digest(digest) => Some(digest),
            Version::Tag(_) => None,
        }
    }

    /// Another artifact of the same repository.
    #[must_use]
    pub fn at(&self, version: Version) -> Self {
        Self {
            version,
            ..self.clone()
        }
    }

    /// The repository without a version, as signatures name it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// Whether both are in the same repository.
    pub fn is_beside(&self, other: &Self) -> bool {
        (&self.host, &self.repository, self.is_plain)
            == (&other.host, &other.repository, other.is_plain)
    }

    /// Whether the registry is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(host_of(&self.host))
    }

    /// The origin of the registry's interface.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_plain { "http" } else { "https" };
        let host = match self.host.as_str() {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            host => host,
        };
        format!("{scheme}://{host}")
    }
}

impl FromStr for Reference {
    /// A clause that says what to give. It does not repeat the text, which may hold a password.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme @ ("oci" | "http" | "https"), rest)) => (scheme, rest),
            Some(_) => return Err(EXPECTED.to_owned()),
            None => ("", text),
        };
        let (host, rest) = rest.split_once('/').ok_or(EXPECTED)?;
        if host.contains('@') {
            return Err(
                "a reference holds no user and no password; they come from Docker's configuration"
                    .to_owned(),
            );
        }
        let host = checked_host(host)?;
        let (path, digest) = match rest.split_once('@') {
            Some((path, digest)) => (path, Some(digest.parse::<Digest>()?)),
            None => (rest, None),
        };
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !is_repository(repository) {
            return Err(format!(
                "a repository is small letters, digits, '.', '_' and '-' between slashes; {EXPECTED}"
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(
                "a tag is at most 128 letters, digits, '_', '.' and '-', and begins with none of the \
                 last two"
                    .to_owned(),
            );
        }
        // Of both, the digest says it all.
        let version = match (digest, tag) {
            (Some(digest), _) => Version::Digest(digest),
            (None, Some(tag)) => Version::Tag(tag.to_owned()),
            (None, None) => {
                return Err(
                    "say which one: give a tag (:1.0) or a digest (@sha256:…) behind the repository"
                        .to_owned(),
                );
            }
        };
        let is_local = is_loopback(host_of(&host));
        if scheme == "http" && !is_local {
            return Err(
                "only a registry on this machine is spoken to without TLS; leave http:// away"
                    .to_owned(),
            );
        }
        Ok(Self {
            host,
            repository: repository.to_owned(),
            version,
            is_plain: is_local && scheme != "https",
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        match &self.version {
            Version::Tag(tag) => write!(f, ":{tag}"),
            Version::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

fn checked_host(host: &str) -> Result<String, String> {
    let host = host.to_ascii_lowercase();
    let name = host_of(&host);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let parses = url::Url::parse(&format!("https://{host}/"))
        .is_ok_and(|url| url.host_str().is_some_and(|host| host == name));
    if !host.bytes().all(plain) || !parses {
        return Err(EXPECTED.to_owned());
    }
    // A first part without a dot could as well be a part of a repository on Docker Hub.
    if !(name.contains('.') || name == "localhost" || name.starts_with('[') || host.contains(':')) {
        return Err(format!("the registry's host comes first; {EXPECTED}"));
    }
    Ok(host)
}

/// Without the port.
pub(crate) fn host_of(authority: &str) -> &str {
    if let Some(end) = authority.strip_prefix('[').and_then(|rest| rest.find(']')) {
        return authority.get(..end + 2).unwrap_or(authority);
    }
    authority
        .split_once(':')
        .map_or(authority, |(host, _)| host)
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_repository(text: &str) -> bool {
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        let end = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        part.bytes().all(inner)
            && end(part.bytes().next())
            && end(part.bytes().last())
            && !part.contains("..")
    };
    text.len() <= LONGEST_REPOSITORY && text.split('/').all(part)
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= LONGEST_TAG
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        let digest = Digest::of(b"");
        for (text, shown, origin) in [
            (
                "oci://europe-docker.pkg.dev/p/agents/greeter:1.0".to_owned(),
                "europe-docker.pkg.dev/p/agents/greeter:1.0".to_owned(),
                "https://europe-docker.pkg.dev",
            ),
            (
                format!("ghcr.io/me/agent:1.0@{digest}"),
                format!("ghcr.io/me/agent@{digest}"),
                "https://ghcr.io",
            ),
            (
                "localhost:5000/agent:latest".to_owned(),
                "localhost:5000/agent:latest".to_owned(),
                "http://localhost:5000",
            ),
            (
                "https://[::1]:5000/agent:latest".to_owned(),
                "[::1]:5000/agent:latest".to_owned(),
                "https://[::1]:5000",
            ),
            (
                "docker.io/library/agent:1".to_owned(),
                "docker.io/library/agent:1".to_owned(),
                "https://registry-1.docker.io",
            ),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), shown);
            assert_eq!(reference.origin(), origin);
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let digest = Digest::of(b"");
        for (text, why) in [
            ("", "give HOST/REPOSITORY"),
            ("agent", "give HOST/REPOSITORY"),
            ("me/agent:1", "the registry's host comes first"),
            ("ghcr.io/agent", "say which one"),
            ("ghcr.io/agent@sha256:12", "64 hexadecimal digits"),
            ("ghcr.io/../agent:1", "a repository is"),
            ("ghcr.io//agent:1", "a repository is"),
            ("ghcr.io/Agent:1", "a repository is"),
            ("ghcr.io/agent?x=1:1", "a repository is"),
            ("ghcr.io/agent:.1", "a tag is"),
            ("http://ghcr.io/agent:1", "without TLS"),
            ("ftp://ghcr.io/agent:1", "give HOST/REPOSITORY"),
            ("user:pass@ghcr.io/agent:1", "no user and no password"),
            ("ghcr.io:99999/agent:1", "give HOST/REPOSITORY"),
            ("gh cr.io/agent:1", "give HOST/REPOSITORY"),
        ] {
            let refused = text.parse::<Reference>().unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
            assert!(!refused.contains("pass@"), "{refused}");
        }
        assert!(
            format!("ghcr.io/agent@{digest}x")
                .parse::<Reference>()
                .is_err()
        );
    }
}
