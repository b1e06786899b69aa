//! GetExtendedAgentCard (section 3.1.11): what an agent says of itself only to callers it knows.

use super::{Answered, Call, Reply};
use crate::agent::Agent;
use crate::card;
use crate::error::{Error, ErrorKind};

/// `base` is the agent's public URL.
pub(crate) fn get_extended_agent_card<A: Agent>(
    call: &Call<A>,
    base: &str,
) -> Result<Answered, Error> {
    if call.card.capabilities.extended_agent_card != Some(true) {
        return Err(Error::new(
            ErrorKind::UnsupportedOperation,
            "This agent has no extended card (capabilities.extendedAgentCard of its card is not \
             true).",
        ));
    }
    let caller = call.platform.caller();
    // Without a scheme on the public card there is nothing that a client could authenticate with.
    let public = card::secure(call.card.clone(), &*call.platform)?;
    if caller.is_none() && !public.security_schemes.is_empty() {
        let schemes: Vec<_> = public.security_schemes.keys().cloned().collect();
        return Err(Error::new(
            ErrorKind::Unauthenticated,
            format!(
                "The extended card is for authenticated callers. Use a security scheme of the \
                 public card: {}.",
                schemes.join(", ")
            ),
        ));
    }
    let extended = call.agent.extended_card(caller.as_ref()).ok_or_else(|| {
        Error::new(
            ErrorKind::ExtendedAgentCardNotConfigured,
            "This agent has no extended card for this caller. Its public card is all there is.",
        )
    })?;
    // Who may call is the same for both cards.
    let extended = card::secure(extended, &*call.platform)?;
    card::require_valid(&extended, "The agent's extended card")?;
    let mut extended = card::complete(extended, base, &*call.platform);
    card::sign(&mut extended, &*call.platform)?;
    Ok(Reply::Card(Box::new(extended)).into())
}
