//! What the process says about itself besides its log: metrics and traces.

use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use http::Uri;

use super::{ConfigError, Environment, parse};
use crate::telemetry::{OtlpConfig, Sampling, Service, TelemetryConfig};

const ADMIN: &str = "ATTACHE_ADMIN_ADDRESS (--admin-address)";
/// Where exporters of Prometheus in OpenTelemetry listen.
const ADMIN_PORT: u16 = 9464;
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT (--otlp-endpoint)";
const SAMPLE: &str = "ATTACHE_TRACE_SAMPLE (--trace-sample)";
const GOOGLE_AUTH: &str = "ATTACHE_OTLP_GOOGLE_AUTH (--otlp-google-auth)";
const MODEL_HOSTS: &str = "ATTACHE_MODEL_HOSTS (--model-hosts)";
/// Google's own collector.
const GOOGLE: &str = "telemetry.googleapis.com";

/// The flags of `serve` about metrics and traces, as text.
#[derive(Debug, Default, Args)]
pub struct TelemetryFlags {
    /// Address of the admin port, which has /metrics; the flag alone, or 1, is 127.0.0.1:9464. Whoever
    /// reaches it may read and command: keep it from the public. [default: off]
    #[arg(
        long, env = "ATTACHE_ADMIN_ADDRESS", hide_env_values = true, value_name = "ADDRESS:PORT",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub admin_address: Option<String>,

    /// URL of an OpenTelemetry collector that takes OTLP over HTTP, such as http://127.0.0.1:4318, or
    /// https://telemetry.googleapis.com: traces and metrics are sent there. [default: none]
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub otlp_endpoint: Option<String>,

    /// Send the collector the access token of the service and its project (1), as Google's wants it.
    /// [default: 1 for telemetry.googleapis.com, else 0]
    #[arg(
        long, env = "ATTACHE_OTLP_GOOGLE_AUTH", hide_env_values = true, value_name = "0|1",
        num_args = 0..=1, default_missing_value = "1", require_equals = true
    )]
    pub otlp_google_auth: Option<String>,

    /// Share of the traces that are recorded when the caller does not decide, from 0 to 1.
    /// OTEL_TRACES_SAMPLER says more. [default: 1]
    #[arg(
        long,
        env = "ATTACHE_TRACE_SAMPLE",
        hide_env_values = true,
        value_name = "RATIO"
    )]
    pub trace_sample: Option<String>,

    /// Hosts of models besides Google's, with commas between them: calls of them are measured as such.
    /// [default: none]
    #[arg(
        long,
        env = "ATTACHE_MODEL_HOSTS",
        hide_env_values = true,
        value_name = "HOSTS"
    )]
    pub model_hosts: Option<String>,
}

/// Checks `flags`, and the variables that OpenTelemetry names.
pub(super) fn resolve(
    flags: TelemetryFlags,
    environment: &Environment,
) -> Result<TelemetryConfig, ConfigError> {
    let named = environment.get("OTEL_SERVICE_NAME");
    let name = named.or_else(|| environment.get("K_SERVICE"));
    let version = environment.get("K_REVISION");
    Ok(TelemetryConfig {
        admin: admin(flags.admin_address)?,
        service: Service {
            name: name.unwrap_or("attache-host").to_owned(),
            version: version.unwrap_or(env!("CARGO_PKG_VERSION")).to_owned(),
        },
        otlp: otlp(
            flags.otlp_endpoint,
            flags.otlp_google_auth,
            flags.trace_sample,
            environment,
        )?,
        model_hosts: model_hosts(flags.model_hosts)?,
    })
}

/// Off, unless it is asked for; on this machine, unless an address is given.
fn admin(given: Option<String>) -> Result<Option<SocketAddr>, ConfigError> {
    let local = |port| Some(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port));
    let Some(given) = parse::given(given) else {
        return Ok(None);
    };
    match given.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => return Ok(local(ADMIN_PORT)),
        "0" | "off" | "false" | "no" => return Ok(None),
        _ => {}
    }
    given.parse().map(Some).map_err(|_| {
        ConfigError::new(
            ADMIN,
            given,
            "give an IP address with a port, such as 127.0.0.1:9464, or 1 for just that, or off",
        )
    })
}

fn otlp(
    endpoint: Option<String>,
    google_auth: Option<String>,
    sample: Option<String>,
    environment: &Environment,
) -> Result<OtlpConfig, ConfigError> {
    let base = parse::given(endpoint)
        .map(|given| url(ENDPOINT, given))
        .transpose()?;
    let traces = signal(
        base.as_ref(),
        "/v1/traces",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_TRACES_EXPORTER",
        environment,
    )?;
    let metrics = signal(
        base.as_ref(),
        "/v1/metrics",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_METRICS_EXPORTER",
        environment,
    )?;
    for key in [
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
    ] {
        match environment.get(key) {
            None | Some("http/protobuf") => {}
            Some(other) => {
                let expected = "the host speaks http/protobuf, which collectors take on port 4318";
                return Err(ConfigError::new(key, other, expected));
            }
        }
    }
    let is_googles = traces.iter().chain(&metrics).any(|url| {
        url.scheme_str() == Some("https") && url.host().is_some_and(|host| host == GOOGLE)
    });
    let google_auth = match parse::given(google_auth) {
        None => is_googles,
        given => parse::switch(GOOGLE_AUTH, given)?,
    };
    Ok(OtlpConfig {
        sampling: sampling(sample, environment)?,
        traces,
        metrics,
        google_auth,
    })
}

/// Where one signal goes: to an endpoint of its own as it is, or below the one for all.
fn signal(
    base: Option<&Uri>,
    path: &str,
    own: &'static str,
    exporter: &'static str,
    environment: &Environment,
) -> Result<Option<Uri>, ConfigError> {
    match environment.get(exporter) {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => {
            let expected = "give otlp or none; metrics for Prometheus are on the admin port";
            return Err(ConfigError::new(exporter, other, expected));
        }
    }
    if let Some(given) = environment.get(own) {
        return url(own, given.to_owned()).map(Some);
    }
    base.map(|base| {
        let base = base.to_string();
        url(ENDPOINT, format!("{}{path}", base.trim_end_matches('/')))
    })
    .transpose()
}

fn url(key: &'static str, given: String) -> Result<Uri, ConfigError> {
    let is_usable = |url: &Uri| {
        let authority = url.authority();
        matches!(url.scheme_str(), Some("http" | "https"))
            && authority.is_some_and(|authority| !authority.as_str().contains('@'))
            && url.query().is_none()
    };
    match given.parse::<Uri>() {
        Ok(url) if is_usable(&url) => Ok(url),
        // It may carry a password.
        _ if given.contains('@') => Err(ConfigError::secret(
            key,
            "give a URL without a user; OTEL_EXPORTER_OTLP_HEADERS is for credentials",
        )),
        _ => Err(ConfigError::new(
            key,
            given,
            "give the URL of a collector, such as http://127.0.0.1:4318",
        )),
    }
}

/// `ATTACHE_TRACE_SAMPLE` is the short form of OpenTelemetry's two variables.
fn sampling(sample: Option<String>, environment: &Environment) -> Result<Sampling, ConfigError> {
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let ratio = |key: &str, text: String| match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(ConfigError::new(key, text, "give a share from 0 to 1")),
    };
    let given = parse::given(sample);
    let argument = environment.get(ARGUMENT).map(str::to_owned);
    let share = match (given, argument) {
        (Some(given), _) => ratio(SAMPLE, given)?,
        (None, Some(argument)) => ratio(ARGUMENT, argument)?,
        (None, None) => 1.0,
    };
    let (parent, ratio) = match environment.get(SAMPLER) {
        None | Some("parentbased_traceidratio") => (true, share),
        Some("parentbased_always_on") => (true, 1.0),
        Some("parentbased_always_off") => (true, 0.0),
        Some("traceidratio") => (false, share),
        Some("always_on") => (false, 1.0),
        Some("always_off") => (false, 0.0),
        Some(other) => {
            return Err(ConfigError::new(
                SAMPLER,
                other,
                "give always_on, always_off or traceidratio, with parentbased_ in front to let the \
                 caller decide",
            ));
        }
    };
    Ok(Sampling { ratio, parent })
}

fn model_hosts(given: Option<String>) -> Result<Vec<String>, ConfigError> {
    let given = parse::given(given).unwrap_or_default();
    let hosts = given
        .split(',')
        .map(str::trim)
        .filter(|host| !host.is_empty());
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    hosts
        .map(|host| match host.bytes().all(plain) {
            true => Ok(host.to_ascii_lowercase()),
            false => Err(ConfigError::new(
                MODEL_HOSTS,
                host,
                "give names of hosts without ports, such as models.example.com",
            )),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(
        flags: TelemetryFlags,
        variables: &[(&str, &str)],
    ) -> Result<TelemetryConfig, String> {
        let variables = variables.iter();
        let environment = variables
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        resolve(flags, &environment).map_err(|error| error.to_string())
    }

    fn endpoint(url: &str) -> TelemetryFlags {
        TelemetryFlags {
            otlp_endpoint: Some(url.to_owned()),
            ..TelemetryFlags::default()
        }
    }

    #[test]
    fn nothing_is_exported_by_default() {
        let config = resolved(TelemetryFlags::default(), &[]).unwrap();
        assert_eq!(config.admin, None);
        assert!(!config.otlp.is_on());
    }

    #[test]
    fn the_admin_port_is_local_unless_an_address_is_given() {
        for (given, address) in [
            ("1", Some("127.0.0.1:9464")),
            ("off", None),
            ("127.0.0.1:0", Some("127.0.0.1:0")),
            ("0.0.0.0:9000", Some("0.0.0.0:9000")),
            ("[::1]:9000", Some("[::1]:9000")),
        ] {
            let config = admin(Some(given.to_owned())).unwrap();
            assert_eq!(config, address.map(|address| address.parse().unwrap()));
        }
        let error = admin(Some("localhost".to_owned())).unwrap_err();
        assert!(error.to_string().contains("127.0.0.1:9464"), "{error}");
    }

    #[test]
    fn signals_go_below_the_endpoint_or_to_their_own() {
        let base = || endpoint("http://c:4318/");
        let config = resolved(base(), &[]).unwrap().otlp;
        assert_eq!(config.traces.unwrap(), "http://c:4318/v1/traces");
        assert_eq!(config.metrics.unwrap(), "http://c:4318/v1/metrics");
        let own = [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/x"),
            ("OTEL_METRICS_EXPORTER", "none"),
        ];
        let config = resolved(base(), &own).unwrap().otlp;
        assert_eq!(config.traces.unwrap(), "http://t/x");
        assert_eq!(config.metrics, None);
    }

    #[test]
    fn only_googles_collector_has_the_services_token() {
        for (url, has) in [
            ("https://telemetry.googleapis.com", true),
            ("http://telemetry.googleapis.com", false),
            ("https://telemetry.googleapis.com.example.com", false),
            ("http://127.0.0.1:4318", false),
        ] {
            let config = resolved(endpoint(url), &[]).unwrap();
            assert_eq!(config.otlp.google_auth, has, "{url}");
        }
    }

    #[test]
    fn samplers_are_those_of_opentelemetry() {
        for (variables, parent, ratio) in [
            (&[][..], true, 1.0),
            (&[("OTEL_TRACES_SAMPLER", "always_off")], false, 0.0),
            (
                &[
                    ("OTEL_TRACES_SAMPLER", "traceidratio"),
                    ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
                ],
                false,
                0.25,
            ),
        ] {
            let config = resolved(TelemetryFlags::default(), variables).unwrap();
            assert_eq!(config.otlp.sampling, Sampling { ratio, parent });
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (key, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ] {
            let error = resolved(TelemetryFlags::default(), &[(key, value)]).unwrap_err();
            assert!(error.contains(key) && error.contains(value), "{error}");
        }
        let error = resolved(endpoint("http://user:s3cret@c/"), &[]).unwrap_err();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
