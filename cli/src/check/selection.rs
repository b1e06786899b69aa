//! Which requirements are checked.

use super::requirement::Requirement;
use super::requirements::all;
use super::wire::Binding;
use crate::failure::{Exit, Failure};

/// What was asked for. Names are those of requirements (`send.waits`), the part before the dot
/// (`send`), or the official kit's (`CORE-SEND-001`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
    /// One binding alone.
    pub(crate) binding: Option<Binding>,
}

impl Selection {
    /// # Errors
    /// When a name is that of nothing.
    pub(crate) fn new(
        only: Vec<String>,
        skip: Vec<String>,
        binding: Option<Binding>,
    ) -> Result<Self, Failure> {
        let unknown = only
            .iter()
            .chain(&skip)
            .find(|name| !all().any(|requirement| is_called(requirement, name)));
        if let Some(name) = unknown {
            let mut groups: Vec<_> = all()
                .filter_map(|one| one.id.split_once('.'))
                .map(|(group, _)| group)
                .collect();
            groups.dedup();
            return Err(
                Failure::new(Exit::Usage, format!("no requirement is called {name:?}")).remedy(
                    format!(
                        "take one of `attache check --list`, or a group: {}",
                        groups.join(", ")
                    ),
                ),
            );
        }
        Ok(Self {
            only,
            skip,
            binding,
        })
    }

    /// Whether this one is checked.
    pub(super) fn has(&self, requirement: &Requirement) -> bool {
        let named = |names: &[String]| names.iter().any(|name| is_called(requirement, name));
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}

fn is_called(requirement: &Requirement, name: &str) -> bool {
    let group = requirement.id.split_once('.').map(|(group, _)| group);
    requirement.id == name || group == Some(name) || requirement.kit.contains(&name)
}
