//! What the deployment tells the agent.

use crate::bindings::wasi::config::store;

/// A configuration value or secret of the deployment: `ATTACHE_CONFIG_<KEY>` or `--config` under
/// `attache-host`, a variable of the component under Spin. Keys are in lower case.
///
/// For what an agent decides outside of a turn, such as what its card says. Within one there is
/// [`Context::config`](crate::Context::config). A value that cannot be read counts as absent, and
/// the log says why.
#[must_use]
pub fn config(key: &str) -> Option<String> {
    match store::get(key) {
        Ok(value) => value,
        Err(error) => {
            eprintln!("The configuration value {key:?} cannot be read: {error:?}");
            None
        }
    }
}
