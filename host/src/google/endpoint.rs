use http::Uri;

/// Where a file of credentials says that tokens are. A file from elsewhere could name anything, and
/// what is sent there opens the account: so only Google's own hosts, and this machine for tests.
pub(super) fn endpoint(url: &str) -> Result<Uri, String> {
    let refused = || {
        format!("it asks {url:?} for tokens; use a file whose URLs are https and of googleapis.com")
    };
    let uri: Uri = url.parse().map_err(|_| refused())?;
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let user = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    let of_google = host.ends_with(".googleapis.com") || host == "accounts.google.com";
    let of_this_machine = matches!(host.as_str(), "127.0.0.1" | "[::1]" | "localhost");
    let encrypted = uri.scheme_str() == Some("https");
    let good = (encrypted && of_google && uri.port().is_none())
        || (of_this_machine && uri.scheme().is_some());
    if good && !user {
        Ok(uri)
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_asked_for_at_google() {
        for good in [
            "https://oauth2.googleapis.com/token",
            "https://accounts.google.com/o/oauth2/token",
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a:generateIdToken",
            "http://127.0.0.1:8181/token",
        ] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in [
            "http://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com.evil.test/token",
            "https://evilgoogleapis.com/token",
            "https://user@oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com:8443/token",
            "https://127.0.0.1.evil.test/",
            "/token",
            "",
        ] {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }
}
