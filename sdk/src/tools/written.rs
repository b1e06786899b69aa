//! A text that is emitted in pieces of which the last is marked: one character waits for the next
//! piece, because only the end says that there is none.

/// What of a text was emitted.
#[derive(Default)]
pub(crate) struct Written {
    begun: bool,
    held: String,
}

impl Written {
    /// What can be emitted, and whether it is the first.
    pub(crate) fn next(&mut self, text: &str) -> Option<(String, bool)> {
        self.held.push_str(text);
        let (last, _) = self.held.char_indices().next_back()?;
        let held = self.held.split_off(last);
        let piece = std::mem::replace(&mut self.held, held);
        (!piece.is_empty()).then(|| (piece, !std::mem::replace(&mut self.begun, true)))
    }

    /// Text for the end.
    pub(crate) fn add(&mut self, text: &str) {
        self.held.push_str(text);
    }

    /// What is left.
    pub(crate) fn last(&mut self) -> Option<(String, bool)> {
        let piece = std::mem::take(&mut self.held);
        (!piece.is_empty()).then(|| (piece, !std::mem::replace(&mut self.begun, true)))
    }
}
