use std::fmt;

use super::owner;
use crate::bindings::caller::{Host, Identity};

/// The caller of one request.
#[derive(Clone, Default)]
pub struct Caller {
    identity: Option<Identity>,
    owner: String,
    /// The token in the request's `Authorization`, which the component does not see.
    bearer: Option<String>,
}

impl Caller {
    /// A caller that the host knows.
    pub fn known(identity: Identity) -> Self {
        Self {
            owner: owner::of(&identity.issuer, &identity.subject),
            identity: Some(identity),
            bearer: None,
        }
    }

    /// For work on a stored task, as its owner. Issuer and subject are the owner's; e-mail address and
    /// scopes are not known any more, since they came with a credential that is gone.
    pub fn of_owner(owner: String) -> Self {
        let identity = owner::parts(&owner).map(|(issuer, subject)| Identity {
            issuer,
            subject,
            email: None,
            scopes: Vec::new(),
        });
        Self {
            identity,
            owner,
            bearer: None,
        }
    }

    /// The same caller, with the token that it sent.
    #[must_use]
    pub fn with_bearer(self, bearer: Option<String>) -> Self {
        Self { bearer, ..self }
    }

    /// The owner that the task log binds every call to. Empty for anonymous callers.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The token that the caller sent as `Authorization: Bearer`, for calls in its name. Never for the
    /// component, a log or an error. None for work that the host resumes.
    pub fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }
}

/// Without the token.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("identity", &self.identity)
            .field("owner", &self.owner)
            .field("bearer", &self.bearer.as_ref().map(|_| "***"))
            .finish()
    }
}

impl Host for Caller {
    fn identify(&mut self) -> wasmtime::Result<Option<Identity>> {
        Ok(self.identity.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_of_a_caller_is_not_shown() {
        let caller = Caller::default().with_bearer(Some("ya29.hidden".to_owned()));
        let shown = format!("{caller:?}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert_eq!(caller.bearer(), Some("ya29.hidden"));
    }

    #[test]
    fn who_owns_a_task_is_known_again_when_it_is_resumed() {
        let identity = Identity {
            issuer: "https://issuer.example".to_owned(),
            subject: "me".to_owned(),
            email: Some("me@example.com".to_owned()),
            scopes: vec!["read".to_owned()],
        };
        let caller = Caller::known(identity);
        let mut resumed = Caller::of_owner(caller.owner().to_owned());
        let identity = resumed.identify().unwrap().unwrap();
        assert_eq!(identity.issuer, "https://issuer.example");
        assert_eq!(identity.subject, "me");
        assert_eq!((identity.email, identity.scopes.len()), (None, 0));
        assert!(
            Caller::of_owner(String::new())
                .identify()
                .unwrap()
                .is_none()
        );
    }
}
