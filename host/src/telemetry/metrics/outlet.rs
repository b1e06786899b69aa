use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use thiserror::Error;

/// The media type of [`Prometheus::text`].
pub(crate) const TEXT: &str = prometheus::TEXT_FORMAT;

/// All metrics as Prometheus reads them.
#[derive(Debug, Clone)]
pub struct Prometheus {
    registry: Registry,
    /// Its readers end with it.
    _provider: SdkMeterProvider,
}

/// Why metrics cannot be shown.
#[derive(Debug, Error)]
#[error("metrics cannot be shown: {0}")]
pub struct NotShown(String);

impl NotShown {
    pub(crate) fn new(reason: &dyn std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl Prometheus {
    pub(crate) fn new(registry: Registry, provider: SdkMeterProvider) -> Self {
        Self {
            registry,
            _provider: provider,
        }
    }

    /// The text format, version 0.0.4.
    ///
    /// # Errors
    /// [`NotShown`], when two metrics contradict each other.
    pub fn text(&self) -> Result<String, NotShown> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(|error| NotShown::new(&error))
    }
}
