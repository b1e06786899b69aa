use attache_task_store::PushConfig;
use http::Uri;
use wasip2::http::types::{Fields, Method, OutgoingRequest, Scheme};

/// The version of the protocol that a notification speaks: that of the events in the log, also for
/// a client that registered with 0.3.
const VERSION: &str = "1.0";

/// A request that has no body yet. The error says what is wrong with the webhook, without its
/// secrets.
pub(super) fn request(config: &PushConfig, length: usize) -> Result<OutgoingRequest, &'static str> {
    let unusable = "its URL cannot be called";
    let uri = uri(&config.url).ok_or(unusable)?;
    let scheme = match uri.scheme_str() {
        Some("https") => Scheme::Https,
        Some("http") => Scheme::Http,
        _ => return Err(unusable),
    };
    let request = OutgoingRequest::new(headers(config, length)?);
    let authority = uri.authority().map(http::uri::Authority::as_str);
    let path = uri.path_and_query().map(http::uri::PathAndQuery::as_str);
    request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(authority))
        .and_then(|()| request.set_path_with_query(path))
        .map_err(|()| unusable)?;
    Ok(request)
}

/// The host of a URL.
pub(super) fn host(url: &str) -> String {
    let uri = uri(url);
    let host = uri.as_ref().and_then(Uri::host);
    host.unwrap_or("an unknown host").to_owned()
}

/// A fragment is the client's own.
fn uri(url: &str) -> Option<Uri> {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    url.parse().ok()
}

fn headers(config: &PushConfig, length: usize) -> Result<Fields, &'static str> {
    let fields = Fields::new();
    let set = |name: &str, value: &str| fields.set(name, &[value.as_bytes().to_vec()]).is_ok();
    let plain = set("content-type", "application/a2a+json")
        && set("content-length", &length.to_string())
        && set("a2a-version", VERSION);
    if !plain {
        return Err("its headers cannot be set");
    }
    if let Some(token) = &config.token
        && !set("x-a2a-notification-token", token)
    {
        return Err("its token cannot be sent in a header");
    }
    if let Some(given) = &config.authentication
        && !given.credentials.is_empty()
        && !set(
            "authorization",
            &format!("{} {}", given.scheme, given.credentials),
        )
    {
        return Err("its credentials cannot be sent in a header");
    }
    Ok(fields)
}
