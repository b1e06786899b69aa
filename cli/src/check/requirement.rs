//! What is checked: data, and a function that looks.

use futures_util::future::BoxFuture;

use super::agent::Agent;
use super::probe::Probe;
use super::verdict::{Level, Seen};
use super::wire::Binding;

/// One requirement.
pub(crate) struct Requirement {
    /// A name for the command line: the operation, and what is wanted of it.
    pub(crate) id: &'static str,
    /// The section of the specification, 1.0.1.
    pub(crate) section: &'static str,
    /// How much it is wanted.
    pub(crate) level: Level,
    /// What is wanted.
    pub(crate) says: &'static str,
    /// The requirements of the official kit that this is about.
    pub(crate) kit: &'static [&'static str],
    /// How it is seen.
    pub(crate) look: Look,
}

/// With what a requirement is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    /// With the card, once.
    Card(for<'a> fn(&'a Agent) -> BoxFuture<'a, Seen>),
    /// Through each binding.
    Each(for<'a> fn(&'a Probe<'a>) -> BoxFuture<'a, Seen>),
    /// Through one binding alone.
    One(Binding, for<'a> fn(&'a Probe<'a>) -> BoxFuture<'a, Seen>),
}

/// A table of requirements: `id, section, LEVEL, "what is wanted", [kit], Look => function;`.
macro_rules! requirements {
    ($($id:literal, $section:literal, $level:ident, $says:literal, [$($kit:literal),*], $look:ident $(($binding:ident))? => $function:path;)+) => {
        pub(super) const REQUIREMENTS: &[$crate::check::requirement::Requirement] = &[$(
            $crate::check::requirement::Requirement {
                id: $id,
                section: $section,
                level: $crate::check::verdict::Level::$level,
                says: $says,
                kit: &[$($kit),*],
                look: $crate::check::requirement::Look::$look(
                    $($crate::check::wire::Binding::$binding,)?
                    |asked| Box::pin($function(asked)),
                ),
            },
        )+];
    };
}

pub(super) use requirements;
