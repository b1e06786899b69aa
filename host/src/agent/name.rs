use std::fmt;
use std::sync::Arc;

/// Names one of several agents in a process: in paths, in the task log, in logs and metrics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentName(Arc<str>);

const LONGEST: usize = 63;

impl AgentName {
    /// None unless it is a label of DNS in lower case: letters, digits and inner hyphens, at most 63.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let well_formed = !text.is_empty()
            && text.len() <= LONGEST
            && text.bytes().all(plain)
            && !text.starts_with('-')
            && !text.ends_with('-');
        well_formed.then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
