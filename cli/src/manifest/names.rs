//! What Google and the host take as a name.

pub(super) const LABEL: &str =
    "begin with a small letter, and use small letters, digits and -, no more than 63";
pub(super) const IMAGE: &str = "give an image in small letters, with a tag or a digest, such as \
                                us-central1-docker.pkg.dev/PROJECT/agents/hello@sha256:...";

/// As in RFC 1035, which services, queues and service accounts follow.
pub(super) fn is_label(name: &str, longest: usize) -> bool {
    name.len() <= longest
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// As a project's id: a label, and older ones with a domain before it.
pub(super) fn is_project(name: &str) -> bool {
    let id = name.rsplit(':').next().unwrap_or_default();
    id.len() >= 4 && is_label(id, 30)
}

/// As Secret Manager has it.
pub(super) fn is_secret(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A number, `latest`, or an alias.
pub(super) fn is_version(version: &str) -> bool {
    let is_number = version.bytes().all(|b| b.is_ascii_digit());
    let begins = version.starts_with(|c: char| c.is_ascii_alphabetic());
    !version.is_empty() && (is_number || begins && is_secret(version) && version.len() <= 63)
}

pub(super) fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

pub(super) fn is_image(image: &str) -> bool {
    let (name, digest) = match image.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (image, None),
    };
    let is_digest = |digest: &str| {
        digest.strip_prefix("sha256:").is_some_and(|hex| {
            hex.len() == 64
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    };
    let last = name.rsplit('/').next().unwrap_or_default();
    let repository = name.strip_suffix(last).unwrap_or_default();
    digest.is_none_or(is_digest)
        && !repository.bytes().any(|b| b.is_ascii_uppercase())
        && (digest.is_some() || last.contains(':'))
        && !name.contains("://")
        && name.split('/').all(|part| !part.is_empty())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/:".contains(&b))
}

/// What may be in a region or a location.
pub(super) fn is_region(region: &str) -> bool {
    is_label(region, 40) && region.ends_with(|c: char| c.is_ascii_digit()) && region.contains('-')
}

/// `projects/P/locations/R/clusters/C/instances/I`, in its parts.
pub(super) fn instance(name: &str) -> Option<[&str; 4]> {
    let parts: Vec<_> = name.split('/').collect();
    match parts.as_slice() {
        ["projects", p, "locations", r, "clusters", c, "instances", i]
            if is_project(p) && is_region(r) && is_label(c, 63) && is_label(i, 63) =>
        {
            Some([p, r, c, i])
        }
        _ => None,
    }
}
