use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};

use crate::telemetry::Service;

/// Where the process runs, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// The id of the project, never its number: logs and traces are joined by it.
    pub(crate) project: Option<String>,
    /// On Cloud Run: the region, and the id of the instance.
    pub(crate) cloud_run: Option<(String, String)>,
}

/// Who sends: what every span and metric carries. `OTEL_RESOURCE_ATTRIBUTES` has the last word.
pub(crate) fn resource(service: &Service, place: &Place) -> Resource {
    let mut attributes = vec![
        KeyValue::new("service.name", service.name.clone()),
        KeyValue::new("service.version", service.version.clone()),
    ];
    if let Some(project) = &place.project {
        attributes.push(KeyValue::new("gcp.project_id", project.clone()));
        attributes.push(KeyValue::new("cloud.account.id", project.clone()));
    }
    let instance = match &place.cloud_run {
        Some((region, instance)) => {
            attributes.extend([
                KeyValue::new("cloud.provider", "gcp"),
                KeyValue::new("cloud.platform", "gcp_cloud_run"),
                KeyValue::new("cloud.region", region.clone()),
                KeyValue::new("faas.name", service.name.clone()),
                KeyValue::new("faas.version", service.version.clone()),
                KeyValue::new("faas.instance", instance.clone()),
            ]);
            instance.clone()
        }
        None => format!("{:016x}", fastrand::u64(..)),
    };
    attributes.push(KeyValue::new("service.instance.id", instance));
    Resource::builder_empty()
        .with_attributes(attributes)
        .with_detectors(&[
            Box::new(TelemetryResourceDetector),
            Box::new(EnvResourceDetector::new()),
        ])
        .build()
}
