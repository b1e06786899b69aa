//! What a Cloud Run service can find out about itself.

use crate::config::PublicUrl;
use crate::metadata::{Metadata, MetadataError};

/// A service, as the metadata server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The deterministic URL that every service has.
    pub url: PublicUrl,
    /// The id of the project.
    pub project: String,
    /// The region that it runs in.
    pub region: String,
}

/// Asks the metadata server about `service`.
///
/// # Errors
/// [`MetadataError`], after one second at the latest.
pub async fn describe(metadata: &Metadata, service: &str) -> Result<Description, MetadataError> {
    let (number, region, project) = tokio::try_join!(
        metadata.text("project/numeric-project-id"),
        metadata.text("instance/region"),
        metadata.text("project/project-id"),
    )?;
    // The region comes as projects/NUMBER/regions/REGION.
    let region = region.rsplit('/').next().unwrap_or(&region).to_owned();
    Ok(Description {
        url: PublicUrl::of_cloud_run(service, &number, &region),
        project,
        region,
    })
}
