use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::config::{ConfigError, Platform, parse};

pub(super) const AUTH: &str = "ATTACHE_AUTH (--auth)";
const MODES: &str = "api-key, oidc, iap, cloud-run-iam, google-access-token";

/// The modes that were asked for; none of them is `none`.
pub(super) struct Modes {
    names: BTreeSet<String>,
    /// For errors.
    pub(super) given: String,
}

impl Modes {
    pub(super) fn parse(
        given: Option<String>,
        address: IpAddr,
        platform: &Platform,
    ) -> Result<Self, ConfigError> {
        let Some(given) = parse::given(given) else {
            if address.is_loopback() {
                return Ok(Self {
                    names: BTreeSet::new(),
                    given: "none".to_owned(),
                });
            }
            return Err(ConfigError::missing(
                AUTH,
                format!(
                    "the host is to listen on {address}, where others than this machine can call; \
                     give what callers are known by ({MODES}), or none to serve everybody"
                ),
            ));
        };
        let refused = |expected: String| ConfigError::new(AUTH, given.as_str(), expected);
        let names = given
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let mut names: BTreeSet<String> = names.map(str::to_owned).collect();
        let known: BTreeSet<&str> = MODES.split(", ").collect();
        let unknown = names
            .iter()
            .find(|name| *name != "none" && !known.contains(name.as_str()));
        if let Some(unknown) = unknown {
            return Err(refused(format!(
                "there is no mode {unknown:?}; give none, or some of {MODES}, with commas between \
                 them"
            )));
        }
        if names.len() > 1 && names.contains("none") {
            return Err(refused(
                "none is to ask nobody who they are, so nothing can go with it".to_owned(),
            ));
        }
        if names.is_empty() {
            return Err(refused(format!("give none, or some of {MODES}")));
        }
        if names.contains("cloud-run-iam") && !platform.is_cloud_run() {
            return Err(refused(
                "cloud-run-iam believes tokens without a signature, because Cloud Run has checked \
                 them, and this is not Cloud Run (K_SERVICE is not set); give oidc with \
                 ATTACHE_OIDC_ISSUER=google instead"
                    .to_owned(),
            ));
        }
        names.remove("none");
        Ok(Self { names, given })
    }

    pub(super) fn has(&self, mode: &str) -> bool {
        self.names.contains(mode)
    }

    /// A setting that has no effect without its mode: whoever set it believes that it has.
    pub(super) fn setting(
        &self,
        mode: &str,
        key: &str,
        given: Option<String>,
    ) -> Result<Option<String>, ConfigError> {
        match parse::given(given) {
            Some(value) if !self.has(mode) => Err(ConfigError::new(
                key,
                value,
                format!(
                    "it is for {mode}, and {AUTH} is {:?}; add {mode} there, or unset it",
                    self.given
                ),
            )),
            given => Ok(given),
        }
    }

    /// A setting that has no effect without any of them.
    pub(super) fn common(
        &self,
        key: &str,
        given: Option<String>,
    ) -> Result<Option<String>, ConfigError> {
        match parse::given(given) {
            Some(value) if self.names.is_empty() => Err(ConfigError::new(
                key,
                value,
                format!(
                    "nobody is asked who they are, because {AUTH} is {:?}; choose a mode there, or \
                     unset it",
                    self.given
                ),
            )),
            given => Ok(given),
        }
    }

    /// A setting like that with commas in it.
    pub(super) fn list(
        &self,
        mode: &str,
        key: &str,
        given: Option<String>,
    ) -> Result<Option<Vec<String>>, ConfigError> {
        let given = self.setting(mode, key, given)?;
        Ok(given.map(|text| {
            let entries = text.split(',').map(str::trim).filter(|e| !e.is_empty());
            entries.map(str::to_owned).collect()
        }))
    }
}
