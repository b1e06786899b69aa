use thiserror::Error as ThisError;

use crate::Digest;

/// Why a registry did not give or take a component. No text holds a credential.
#[derive(Debug, Clone, ThisError)]
pub enum Error {
    /// It did not answer, or not in time.
    #[error("the registry {registry} cannot be reached: {why}")]
    Unreachable {
        /// Its host.
        registry: String,
        /// What the network says.
        why: String,
    },
    /// It wants credentials, or others.
    #[error("the registry {registry} refuses {repository}: {why}")]
    Denied {
        /// Its host.
        registry: String,
        /// What was asked for.
        repository: String,
        /// What was sent and what it said.
        why: String,
    },
    /// There is no such artifact.
    #[error("{what} is not in the registry{said}")]
    NotFound {
        /// The reference.
        what: String,
        /// The registry's own words, in parentheses.
        said: String,
    },
    /// An answer that the protocol does not allow for, or one about a fault of the registry.
    #[error("the registry {registry} answered {answer}")]
    Answer {
        /// Its host.
        registry: String,
        /// What it said.
        answer: String,
    },
    /// There is an artifact, and it is no component.
    #[error("{what} is no component: {why}")]
    NotAComponent {
        /// The reference.
        what: String,
        /// What it is.
        why: String,
    },
    /// What came is not what was asked for.
    #[error(
        "the content of {what} is not what its digest says: {expected} was asked for and {found} came; \
         it was changed or damaged, and is not used"
    )]
    WrongDigest {
        /// The reference.
        what: String,
        /// The digest in the reference or in the manifest.
        expected: Digest,
        /// The digest of the content.
        found: Digest,
    },
    /// More came than is taken.
    #[error("{what} is larger than {most} bytes, which is the most that is taken")]
    TooLarge {
        /// The reference.
        what: String,
        /// The limit.
        most: u64,
    },
    /// There is no signature of the key.
    #[error("{what} has no valid signature: {why}")]
    Unsigned {
        /// The reference, with its digest.
        what: String,
        /// What was found instead.
        why: String,
    },
    /// The credentials cannot be had.
    #[error("{0}")]
    Credentials(String),
}
