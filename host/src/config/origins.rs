use http::Uri;

use super::{ConfigError, parse};

const KEY: &str = "ATTACHE_ALLOW_ORIGIN (--allow-origin)";

/// Origins with a comma between them, or `*`.
pub(super) fn origins(given: Option<String>) -> Result<Option<String>, ConfigError> {
    let Some(given) = parse::given(given) else {
        return Ok(None);
    };
    let is_origin = |text: &str| {
        let Ok(uri) = text.parse::<Uri>() else {
            return false;
        };
        let whole = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|a| !a.as_str().contains('@'));
        whole && uri.query().is_none() && uri.path() == "/" && !text.ends_with('/')
    };
    for origin in given.split(',').map(str::trim) {
        if origin != "*" && !is_origin(origin) {
            return Err(ConfigError::new(
                KEY,
                origin,
                "give origins such as https://inspector.example, with commas between them and \
                 nothing after the host and port, or *",
            ));
        }
    }
    Ok(Some(given))
}
