//! What a component may ask for, and what it has to offer.

use thiserror::Error;
use wasmtime::component::Component;

/// The interfaces that the host gives, without their versions. Of WASI's, any version that is
/// compatible with 0.2; of our own, with 0.1.
const GIVEN: [(&str, &str); 34] = [
    ("attache:agent/caller", "0.1"),
    ("attache:agent/card-signer", "0.1"),
    ("attache:agent/tasks", "0.1"),
    ("attache:agent/usage", "0.1"),
    ("wasi:cli/environment", "0.2"),
    ("wasi:cli/exit", "0.2"),
    ("wasi:cli/stderr", "0.2"),
    ("wasi:cli/stdin", "0.2"),
    ("wasi:cli/stdout", "0.2"),
    ("wasi:cli/terminal-input", "0.2"),
    ("wasi:cli/terminal-output", "0.2"),
    ("wasi:cli/terminal-stderr", "0.2"),
    ("wasi:cli/terminal-stdin", "0.2"),
    ("wasi:cli/terminal-stdout", "0.2"),
    ("wasi:clocks/monotonic-clock", "0.2"),
    ("wasi:clocks/wall-clock", "0.2"),
    // Only the version that Spin gives too.
    ("wasi:config/store", "0.2.0-draft-2024-09-27"),
    ("wasi:filesystem/preopens", "0.2"),
    ("wasi:filesystem/types", "0.2"),
    ("wasi:http/outgoing-handler", "0.2"),
    ("wasi:http/types", "0.2"),
    ("wasi:io/error", "0.2"),
    ("wasi:io/poll", "0.2"),
    ("wasi:io/streams", "0.2"),
    ("wasi:random/insecure", "0.2"),
    ("wasi:random/insecure-seed", "0.2"),
    ("wasi:random/random", "0.2"),
    // Linked because a standard library may mention them; every use is refused.
    ("wasi:sockets/instance-network", "0.2"),
    ("wasi:sockets/ip-name-lookup", "0.2"),
    ("wasi:sockets/network", "0.2"),
    ("wasi:sockets/tcp", "0.2"),
    ("wasi:sockets/tcp-create-socket", "0.2"),
    ("wasi:sockets/udp", "0.2"),
    ("wasi:sockets/udp-create-socket", "0.2"),
];

const HANDLER: &str = "wasi:http/incoming-handler";
const WORKER: &str = "attache:agent/worker";

/// What a component offers beyond answering requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exports {
    /// `attache:agent/worker`: it can take up a task again.
    pub worker: bool,
}

/// Why a component is not run.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    /// It imports interfaces that the host does not give.
    #[error(
        "the component imports what this host does not give: {}; build it for the world \
         attache:agent/agent",
        .0.join(", ")
    )]
    Imports(Vec<String>),
    /// It answers no HTTP requests, or only in a later version of WASI.
    #[error(
        "the component does not export wasi:http/incoming-handler@0.2 (it exports {}); build it \
         for the world attache:agent/agent",
        if .0.is_empty() { "nothing".to_owned() } else { .0.join(", ") }
    )]
    NoHandler(Vec<String>),
}

pub(super) fn check(component: &Component) -> Result<Exports, Refused> {
    let engine = component.engine();
    let ty = component.component_type();
    let unknown: Vec<_> = ty
        .imports(engine)
        .map(|(name, _)| name)
        .filter(|name| !is_given(name))
        .map(str::to_owned)
        .collect();
    if !unknown.is_empty() {
        return Err(Refused::Imports(unknown));
    }
    let exports: Vec<_> = ty
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let has = |interface, track| exports.iter().any(|name| is(name, interface, track));
    if !has(HANDLER, "0.2") {
        return Err(Refused::NoHandler(exports));
    }
    Ok(Exports {
        worker: has(WORKER, "0.1"),
    })
}

fn is_given(import: &str) -> bool {
    GIVEN
        .iter()
        .any(|(interface, track)| is(import, interface, track))
}

/// True when `name` is `interface` in a version compatible with `track`.
fn is(name: &str, interface: &str, track: &str) -> bool {
    let Some((own, version)) = name.split_once('@') else {
        return false;
    };
    own == interface
        && (version == track
            || (!version.contains('-')
                && version
                    .strip_prefix(track)
                    .is_some_and(|rest| rest.starts_with('.'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_match_within_their_track_only() {
        for given in [
            "wasi:http/types@0.2.0",
            "wasi:http/types@0.2.12",
            "wasi:config/store@0.2.0-draft-2024-09-27",
            "attache:agent/tasks@0.1.0",
        ] {
            assert!(is_given(given), "{given}");
        }
        for unknown in [
            "wasi:http/types",
            "wasi:http/types@0.3.0",
            "wasi:http/types@0.2.0-rc-2023-11-10",
            "wasi:http/types@0.20.0",
            "wasi:config/store@0.2.0-rc.1",
            "wasi:keyvalue/store@0.2.0-draft2",
            "attache:agent/tasks@0.2.0",
            "now",
        ] {
            assert!(!is_given(unknown), "{unknown}");
        }
    }
}
