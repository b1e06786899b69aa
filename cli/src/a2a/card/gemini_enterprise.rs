//! The card that Gemini Enterprise takes: of 0.3, with one interface.

use super::Card;
use super::convert::Converted;
use crate::failure::Failure;
use crate::gemini_enterprise::card::accepted;

impl Card {
    /// What Gemini Enterprise takes at a registration (`jsonAgentCard`).
    ///
    /// # Errors
    /// When it would be refused, or the agent never called.
    pub(crate) fn as_gemini_enterprise(&self) -> Result<Converted, Failure> {
        let place = match &self.at {
            Some(url) => url.to_string(),
            None => "the file".to_owned(),
        };
        let (card, mut notes) = accepted(&self.value, &place)?;
        if self.value.get("securitySchemes").is_some() {
            notes.push(
                "security schemes are left out: Gemini Enterprise takes its authorization from the \
                 registration, not from the card"
                    .to_owned(),
            );
        }
        Ok(Converted { card, notes })
    }
}
