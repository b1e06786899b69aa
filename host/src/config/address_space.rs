//! How much address space instances may take.

use super::{ConfigError, parse};
use crate::engine::AddressSpace;

const KEY: &str = "ATTACHE_ADDRESS_SPACE (--address-space)";

/// None leaves the choice to the host.
pub(super) fn resolve(given: Option<String>) -> Result<Option<AddressSpace>, ConfigError> {
    match parse::given(given).as_deref() {
        None | Some("auto") => Ok(None),
        Some("large") => Ok(Some(AddressSpace::Large)),
        Some("small") => Ok(Some(AddressSpace::Small)),
        Some(other) => Err(ConfigError::new(KEY, other, "give auto, large or small")),
    }
}

impl super::CompileFlags {
    /// What the code is compiled for: large, unless something else was asked for.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn address_space(&self) -> Result<AddressSpace, ConfigError> {
        resolve(self.address_space.clone()).map(Option::unwrap_or_default)
    }
}
