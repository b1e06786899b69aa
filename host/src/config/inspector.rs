use std::net::IpAddr;

use http::Uri;

use super::{ConfigError, Platform, PublicUrl, parse};

const INSPECTOR: &str = "ATTACHE_INSPECTOR (--inspector)";

/// For whom the inspector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectorAccess {
    /// Browsers on this machine, which name it as such.
    ThisMachine,
    /// Whoever reaches the host.
    Anywhere,
}

/// Off, unless it is asked for; and for this machine alone, unless that is said, too.
pub(super) fn resolve(
    given: Option<String>,
    host: IpAddr,
    platform: &Platform,
    public_url: Option<&PublicUrl>,
) -> Result<Option<InspectorAccess>, ConfigError> {
    let Some(given) = parse::given(given) else {
        return Ok(None);
    };
    let access = match given.to_ascii_lowercase().as_str() {
        "0" | "off" | "false" | "no" => return Ok(None),
        "1" | "on" | "true" | "yes" => InspectorAccess::ThisMachine,
        "anywhere" => InspectorAccess::Anywhere,
        _ => {
            let expected = "give 1 for this machine alone, anywhere, or 0";
            return Err(ConfigError::new(INSPECTOR, given, expected));
        }
    };
    let refused = |why: &str| Err(ConfigError::new(INSPECTOR, given.as_str(), why));
    if platform.is_cloud_run() {
        return refused("the inspector is for development and not served on Cloud Run; unset it");
    }
    if access == InspectorAccess::ThisMachine {
        if !host.is_loopback() {
            return refused(
                "it would be served to this machine alone, and ATTACHE_HOST (--host) lets others \
                 in; listen on 127.0.0.1, or give anywhere if all who reach the host may see it",
            );
        }
        if public_url.is_some_and(|url| !is_here(url)) {
            return refused(
                "it would be served to this machine alone, and ATTACHE_PUBLIC_URL (--public-url) \
                 says that others come through a proxy; unset one of them",
            );
        }
    }
    Ok(Some(access))
}

fn is_here(url: &PublicUrl) -> bool {
    let url = url.as_str().parse::<Uri>();
    url.is_ok_and(|url| url.host().is_some_and(crate::paths::is_this_machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ALL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

    fn of(given: &str, host: IpAddr) -> Result<Option<InspectorAccess>, String> {
        let resolved = resolve(Some(given.to_owned()), host, &Platform::Plain, None);
        resolved.map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_off_unless_it_is_asked_for() {
        assert_eq!(resolve(None, HERE, &Platform::Plain, None).unwrap(), None);
        for off in ["", "0", "off"] {
            assert_eq!(of(off, ALL), Ok(None), "{off:?}");
        }
        assert_eq!(of("1", HERE), Ok(Some(InspectorAccess::ThisMachine)));
        assert!(of("2", HERE).unwrap_err().contains("give 1"));
    }

    #[test]
    fn others_see_it_only_when_that_is_said() {
        assert!(of("1", ALL).unwrap_err().contains("anywhere"));
        assert_eq!(of("anywhere", ALL), Ok(Some(InspectorAccess::Anywhere)));
    }

    #[test]
    fn it_is_not_for_cloud_run() {
        let service = "agent".to_owned();
        let platform = Platform::CloudRun { service };
        for given in ["1", "anywhere"] {
            let refused = resolve(Some(given.to_owned()), ALL, &platform, None);
            assert!(refused.unwrap_err().to_string().contains("Cloud Run"));
        }
    }
}
