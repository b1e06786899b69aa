use thiserror::Error;

/// What is wrong with a credential. The texts go to the caller in a quoted header: they repeat nothing
/// of the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Flaw {
    #[error("the token is longer than 16 KiB")]
    TooLong,
    #[error("the header that has the credential is there more than once")]
    Repeated,
    #[error("Authorization has to be Bearer, a space and the token")]
    NotBearer,
    #[error("the token is not a JSON Web Token")]
    NotAToken,
    #[error("opaque tokens are not accepted here: a JSON Web Token is needed")]
    Opaque,
    #[error("JSON Web Tokens are not accepted here: an opaque access token of Google is needed")]
    NotOpaque,
    #[error("the header of the token cannot be read")]
    Header,
    #[error("the token names an algorithm that is not accepted")]
    Algorithm,
    #[error("the token needs extensions that are not known here")]
    Critical,
    #[error("the key that signed the token is not known")]
    UnknownKey,
    #[error("the signature of the token does not hold")]
    Signature,
    #[error(
        "the signature of the token was removed, and Cloud Run is not trusted to have checked it"
    )]
    Removed,
    #[error("the claims of the token cannot be read")]
    Claims,
    #[error("the token lacks the claim {0}, or it is not of the right form")]
    Missing(&'static str),
    #[error("the issuer of the token is not accepted")]
    Issuer,
    #[error("the token is for another audience")]
    Audience,
    #[error("the token has expired")]
    Expired,
    #[error("the token is not valid yet")]
    NotYet,
    #[error("Google does not know the token: it has expired or was revoked")]
    Unknown,
    #[error("the access token lacks the scope openid, without which it names nobody")]
    Nobody,
    #[error("the API key is not known")]
    ApiKey,
}

/// Why a credential was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unaccepted {
    /// It is wrong.
    Flaw(Flaw),
    /// Nobody can tell now.
    Unavailable,
}

impl From<Flaw> for Unaccepted {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}
