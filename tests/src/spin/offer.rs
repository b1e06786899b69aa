//! What a component may import on Spin 4.0.2.
//!
//! The list is Spin's `platform` world (`wit/world.wit`, package `spin:up@4.0.0`), without the
//! interfaces that only a WASI 0.3 component can call and without the data services that an agent has
//! no business with (key-value, Redis, MQTT, MySQL, PostgreSQL, LLM).

use semver::Version;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::denied::DENIED;

/// An interface and, where a later version grew beyond what Spin has, the functions that it does have.
struct Offer {
    name: &'static str,
    version: &'static str,
    functions: Option<&'static [&'static str]>,
}

const fn all(name: &'static str, version: &'static str) -> Offer {
    Offer {
        name,
        version,
        functions: None,
    }
}

/// Between 0.2.6 and 0.2.12 the WASI packages differ in one function only, `exit-with-code`, which
/// was unstable before.
const OFFERS: &[Offer] = &[
    all("wasi:cli/environment", "0.2.6"),
    Offer {
        name: "wasi:cli/exit",
        version: "0.2.6",
        functions: Some(&["exit"]),
    },
    all("wasi:cli/stderr", "0.2.6"),
    all("wasi:cli/stdin", "0.2.6"),
    all("wasi:cli/stdout", "0.2.6"),
    all("wasi:cli/terminal-input", "0.2.6"),
    all("wasi:cli/terminal-output", "0.2.6"),
    all("wasi:cli/terminal-stderr", "0.2.6"),
    all("wasi:cli/terminal-stdin", "0.2.6"),
    all("wasi:cli/terminal-stdout", "0.2.6"),
    all("wasi:clocks/monotonic-clock", "0.2.6"),
    all("wasi:clocks/wall-clock", "0.2.6"),
    all("wasi:config/store", "0.2.0-draft-2024-09-27"),
    all("wasi:filesystem/preopens", "0.2.6"),
    all("wasi:filesystem/types", "0.2.6"),
    all("wasi:http/outgoing-handler", "0.2.6"),
    all("wasi:http/types", "0.2.6"),
    all("wasi:io/error", "0.2.6"),
    all("wasi:io/poll", "0.2.6"),
    all("wasi:io/streams", "0.2.6"),
    all("wasi:random/insecure", "0.2.6"),
    all("wasi:random/insecure-seed", "0.2.6"),
    all("wasi:random/random", "0.2.6"),
    all("wasi:sockets/instance-network", "0.2.6"),
    all("wasi:sockets/ip-name-lookup", "0.2.6"),
    all("wasi:sockets/network", "0.2.6"),
    all("wasi:sockets/tcp", "0.2.6"),
    all("wasi:sockets/tcp-create-socket", "0.2.6"),
    all("wasi:sockets/udp", "0.2.6"),
    all("wasi:sockets/udp-create-socket", "0.2.6"),
    // 3.1.0 adds functions that a WASI 0.2 component traps in.
    Offer {
        name: "spin:sqlite/sqlite",
        version: "3.1.0",
        functions: Some(&[
            "[static]connection.open",
            "[method]connection.changes",
            "[method]connection.execute",
            "[method]connection.last-insert-rowid",
        ]),
    },
];

/// The imports of `component` that Spin cannot satisfy; empty when there are none.
pub(crate) fn missing(engine: &Engine, component: &Component) -> Vec<String> {
    let mut missing = Vec::new();
    let component = component.component_type();
    for (import, item) in component.imports(engine) {
        if DENIED.iter().any(|denied| denied.import == import) {
            continue;
        }
        let Some(offer) = OFFERS.iter().find(|offer| offer.serves(import)) else {
            missing.push(why(import));
            continue;
        };
        let ComponentItem::ComponentInstance(instance) = &item.ty else {
            continue;
        };
        for (name, item) in instance.exports(engine) {
            if matches!(item.ty, ComponentItem::ComponentFunc(_)) && offer.lacks(name) {
                missing.push(format!("{import} (function {name})"));
            }
        }
    }
    missing
}

fn why(import: &str) -> String {
    match OFFERS.iter().find(|offer| split(import).0 == offer.name) {
        Some(offer) => format!("{import} (Spin has version {})", offer.version),
        None => import.to_owned(),
    }
}

impl Offer {
    fn lacks(&self, function: &str) -> bool {
        self.functions
            .is_some_and(|functions| !functions.contains(&function))
    }

    /// Releases are matched by semver in both directions, since a linker only looks at the
    /// functions; a pre-release is matched by its exact version.
    fn serves(&self, import: &str) -> bool {
        let (name, version) = split(import);
        let (Some(wanted), Ok(offered)) = (
            version.and_then(|text| Version::parse(text).ok()),
            Version::parse(self.version),
        ) else {
            return false;
        };
        name == self.name
            && if wanted.pre.is_empty() && offered.pre.is_empty() {
                wanted.major == offered.major && (wanted.major > 0 || wanted.minor == offered.minor)
            } else {
                wanted == offered
            }
    }
}

fn split(import: &str) -> (&str, Option<&str>) {
    match import.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (import, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(import: &str) -> bool {
        OFFERS.iter().any(|offer| offer.serves(import))
    }

    #[test]
    fn a_release_is_matched_by_semver() {
        for version in ["0.2.0", "0.2.6", "0.2.12"] {
            assert!(offered(&format!("wasi:http/types@{version}")), "{version}");
        }
        assert!(offered("spin:sqlite/sqlite@3.0.0"));
        assert!(!offered("wasi:http/types@0.3.0"));
        assert!(!offered("wasi:http/types@0.2.0-rc-2023-11-10"));
        assert!(!offered("spin:sqlite/sqlite@2.0.0"));
        assert!(!offered("wasi:http/types"));
    }

    #[test]
    fn a_function_that_came_after_spins_version_is_missing() {
        let lacks = |import: &str, function: &str| {
            let offer = OFFERS.iter().find(|offer| offer.serves(import)).unwrap();
            offer.lacks(function)
        };
        assert!(lacks("wasi:cli/exit@0.2.12", "exit-with-code"));
        assert!(!lacks("wasi:cli/exit@0.2.12", "exit"));
        assert!(lacks(
            "spin:sqlite/sqlite@3.1.0",
            "[static]connection.open-async"
        ));
        assert!(!lacks("wasi:io/poll@0.2.12", "poll"));
    }

    #[test]
    fn a_pre_release_is_matched_exactly() {
        assert!(offered("wasi:config/store@0.2.0-draft-2024-09-27"));
        assert!(!offered("wasi:config/store@0.2.0-rc.1"));
        assert!(!offered("wasi:config/store@0.2.0"));
    }
}
