//! The version that a client names.

use serde_json::json;

use crate::check::probe::{NO_TASK, Probe};
use crate::check::requirement::requirements;
use crate::check::verdict::{Seen, holds};
use crate::check::wire::{Binding, Expected, Operation};

requirements! {
    "version.unknown", "3.6.2", Must, "A version that is not spoken is VersionNotSupportedError", ["VER-SERVER-002"], Each => unknown;
    "version.none", "3.6.2", Must, "No version is 0.3: answered so, or VersionNotSupportedError", ["VER-SERVER-003"], One(JsonRpc) => none;
}

async fn unknown(probe: &Probe<'_>) -> Seen {
    let wire = probe.wire.with_header("a2a-version", Some("99.0"));
    let operation = Operation::Send(probe.params(json!({})));
    wire.call(&operation).await?.refused_as(Expected::VERSION)
}

/// Of 0.3 there is no method GetTask; a server that is lenient answers as 1.0 does.
async fn none(probe: &Probe<'_>) -> Seen {
    let wire = probe.wire.with_header("a2a-version", None);
    debug_assert_eq!(wire.binding, Binding::JsonRpc);
    let operation = Operation::Get(NO_TASK, json!({}));
    let fault = wire.call(&operation).await?.fault()?;
    let is_known = [
        Expected::VERSION.code,
        Expected::TASK_NOT_FOUND.code,
        -32601,
    ];
    holds(
        fault.code().is_some_and(|code| is_known.contains(&code)),
        || fault.shown(),
    )?;
    Ok(fault.shown())
}
