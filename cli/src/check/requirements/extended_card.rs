//! GetExtendedAgentCard.

use crate::check::probe::{Probe, text};
use crate::check::requirement::requirements;
use crate::check::verdict::{Seen, holds, skipped};
use crate::check::wire::{Expected, Operation};

requirements! {
    "extended-card.undeclared", "3.3.4", Must, "Without the capability it is UnsupportedOperationError", ["CORE-CAP-003"], Each => undeclared;
    "extended-card.given", "3.1.11", Must, "It is given, or refused by an error", ["CARD-EXT-001", "CARD-EXT-002"], Each => given;
}

async fn undeclared(probe: &Probe<'_>) -> Seen {
    if probe.agent.declares("extendedAgentCard") {
        return skipped("the card declares extendedAgentCard");
    }
    let reply = probe.wire.call(&Operation::ExtendedCard).await?;
    reply.refused_as(Expected::UNSUPPORTED_OPERATION)
}

async fn given(probe: &Probe<'_>) -> Seen {
    if !probe.agent.declares("extendedAgentCard") {
        return skipped("the card declares no extendedAgentCard");
    }
    match probe.wire.call(&Operation::ExtendedCard).await?.outcome()? {
        Ok(card) => {
            holds(!text(&card, "name").is_empty(), || {
                "a card without a name".to_owned()
            })?;
            Ok(format!("{}, given to us", text(&card, "name")))
        }
        Err(fault) => {
            holds(fault.status != 404 && fault.code() != Some(-32601), || {
                fault.shown()
            })?;
            Ok(format!("refused: {}", fault.shown()))
        }
    }
}
