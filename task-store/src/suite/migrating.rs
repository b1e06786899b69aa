//! The schema.

use crate::{Database, IsMigrated, Migrate};

/// Migrating twice is the same as once.
pub(super) async fn migrates<D: Database>(database: &D) -> Result<u32, String> {
    for _ in 0..2 {
        database
            .perform(Migrate)
            .await
            .map_err(|error| format!("migrating: {error}"))?;
        let current = database.perform(IsMigrated).await;
        if current != Ok(true) {
            return Err(format!(
                "migrating: after it, IsMigrated returns {current:?}"
            ));
        }
    }
    Ok(2)
}
