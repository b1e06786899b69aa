//! The address that the card names. A wrong one is the most common fault of deployed A2A agents, so
//! it is right without configuration wherever that is possible: what the deployment configured, or
//! what the host found out about itself; else what the request was sent to.

use http::Request;
use http::header::HOST;

use crate::error::{Error, ErrorKind};
use crate::platform::Platform;

/// Configured by the deployment, or computed by the host on Cloud Run.
const CONFIG_URL: &str = "attache_public_url";
/// `cloud-run` when the host runs there: addresses are then public and TLS ends before the host.
const CONFIG_PLATFORM: &str = "attache_platform";

/// The base URL of this agent, without a slash at its end.
pub(crate) fn resolve<B>(platform: &dyn Platform, request: &Request<B>) -> Result<String, Error> {
    if let Some(url) = platform.config(CONFIG_URL).filter(|url| !url.is_empty()) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let cloud_run = platform.config(CONFIG_PLATFORM).as_deref() == Some("cloud-run");
    let first = |name: &str| {
        let value = request.headers().get(name)?.to_str().ok()?;
        value
            .split(',')
            .next()
            .map(|v| v.trim().to_owned())
            .filter(|v| !v.is_empty())
    };
    let authority = first("x-forwarded-host")
        .or_else(|| request.uri().authority().map(ToString::to_string))
        .or_else(|| first(HOST.as_str()))
        .filter(|authority| is_authority(authority))
        .ok_or_else(|| unknown("the request names no valid host"))?;
    let scheme = match first("x-forwarded-proto").map(|s| s.to_ascii_lowercase()) {
        _ if cloud_run => "https".to_owned(),
        Some(scheme) if scheme == "http" || scheme == "https" => scheme,
        _ => request.uri().scheme_str().unwrap_or("http").to_owned(),
    };
    // What a proxy took off the path.
    let prefix = first("x-forwarded-prefix").filter(|prefix| is_path(prefix));
    let prefix = prefix.as_deref().unwrap_or_default().trim_end_matches('/');
    let host = host_of(&authority);
    let unspecified = matches!(host, "0.0.0.0" | "[::]");
    if cloud_run && (unspecified || is_loopback(host)) {
        return Err(unknown(&format!("the request was sent to {authority:?}")));
    }
    if unspecified {
        // What a server listens on is no address for a client.
        let port = authority.strip_prefix(host).unwrap_or_default();
        return Ok(format!("{scheme}://127.0.0.1{port}{prefix}"));
    }
    Ok(format!("{scheme}://{authority}{prefix}"))
}

fn unknown(why: &str) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("This agent does not know its public address: {why}. Set ATTACHE_PUBLIC_URL."),
    )
}

/// An absolute path of plain segments.
fn is_path(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let named = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
    let segments = text.trim_end_matches('/').strip_prefix('/');
    text.len() <= 256 && segments.is_some_and(|segments| segments.split('/').all(named))
}

fn is_authority(text: &str) -> bool {
    text.parse::<http::uri::Authority>()
        .is_ok_and(|a| !a.as_str().contains('@'))
}

fn host_of(authority: &str) -> &str {
    if let Some(end) = authority.find(']') {
        return authority.get(..=end).unwrap_or(authority);
    }
    authority.split(':').next().unwrap_or(authority)
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "[::1]"
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Caller;
    use crate::log::SharedLog;
    use futures_util::future::LocalBoxFuture;

    struct Config(&'static [(&'static str, &'static str)]);
    impl Platform for Config {
        fn now(&self) -> u64 {
            0
        }
        fn random(&self) -> [u8; 16] {
            [0; 16]
        }
        fn sleep(&self, _: std::time::Duration) -> LocalBoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }
        fn config(&self, key: &str) -> Option<String> {
            self.0
                .iter()
                .find(|(k, _)| *k == key)
                .map(|(_, v)| (*v).to_owned())
        }
        fn caller(&self) -> Option<Caller> {
            None
        }
        fn log(&self, _: &str) -> SharedLog {
            unreachable!("the card needs no log")
        }
    }

    fn url(
        config: &'static [(&'static str, &'static str)],
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Result<String, String> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        resolve(&Config(config), &request.body(()).unwrap()).map_err(|e| e.message)
    }

    const CLOUD_RUN: &[(&str, &str)] = &[(CONFIG_PLATFORM, "cloud-run")];

    #[test]
    fn configuration_comes_first() {
        let config = &[(CONFIG_URL, "https://agent.example.com/a/")];
        assert_eq!(
            url(config, "http://x/", &[]).unwrap(),
            "https://agent.example.com/a"
        );
    }

    #[test]
    fn then_what_the_proxy_says_then_the_request() {
        let forwarded = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "a.example, b"),
        ];
        assert_eq!(
            url(&[], "http://10.0.0.1:80/", &forwarded).unwrap(),
            "https://a.example"
        );
        assert_eq!(
            url(&[], "http://localhost:8080/", &[]).unwrap(),
            "http://localhost:8080"
        );
        assert_eq!(url(&[], "/", &[("host", "h:1")]).unwrap(), "http://h:1");
        assert_eq!(url(&[], "http://[::1]:8/", &[]).unwrap(), "http://[::1]:8");
    }

    #[test]
    fn never_the_unspecified_address() {
        assert_eq!(
            url(&[], "http://0.0.0.0:8080/", &[]).unwrap(),
            "http://127.0.0.1:8080"
        );
    }

    #[test]
    fn on_cloud_run_always_https_and_never_localhost() {
        assert_eq!(
            url(CLOUD_RUN, "http://x.run.app/", &[]).unwrap(),
            "https://x.run.app"
        );
        for host in [
            "http://localhost:8080/",
            "http://127.0.0.1/",
            "http://0.0.0.0/",
        ] {
            assert!(
                url(CLOUD_RUN, host, &[])
                    .unwrap_err()
                    .contains("ATTACHE_PUBLIC_URL")
            );
        }
    }

    #[test]
    fn forged_hosts_do_not_reach_the_card() {
        assert!(url(&[], "/", &[("x-forwarded-host", "a\"b<script>")]).is_err());
        assert!(url(&[], "/", &[("x-forwarded-host", "user@evil")]).is_err());
    }

    #[test]
    fn the_path_that_a_proxy_took_off_comes_back() {
        let behind = |prefix| url(&[], "http://h/", &[("x-forwarded-prefix", prefix)]).unwrap();
        assert_eq!(behind("/agents/sales/"), "http://h/agents/sales");
        for forged in ["sales", "/a/../b", "//evil", "/a?b", "/a\"b"] {
            assert_eq!(behind(forged), "http://h", "{forged}");
        }
    }
}
