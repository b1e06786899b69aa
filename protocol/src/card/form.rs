//! Which form of the card a client gets.
//!
//! The 1.0 form is strict: validators refuse a member that the schema does not have. Clients of 0.3,
//! Gemini Enterprise among them, look for members that 1.0 does not have. No document pleases both, so
//! the version on the request decides, unless the deployment does.

/// Chooses the form: `pure`, `hybrid` or `negotiated`, which is the default.
pub(super) const CONFIG_CARD: &str = "attache_card";

/// A form of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// What A2A 1.0 defines and nothing else.
    Pure,
    /// The 1.0 card with the members of 0.3 beside it.
    Hybrid,
}

/// A form, and whether the request had a say in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) form: Form,
    pub(super) negotiated: bool,
}

impl Choice {
    /// `configured` is the value of [`CONFIG_CARD`], `requested` the version that the client names.
    ///
    /// The host refuses an unknown value at its start; elsewhere it counts as absent.
    pub(super) fn of(configured: Option<&str>, requested: &str) -> Self {
        let fixed = |form| Self {
            form,
            negotiated: false,
        };
        match configured {
            Some("pure") => fixed(Form::Pure),
            Some("hybrid") => fixed(Form::Hybrid),
            _ => Self {
                form: negotiated(requested),
                negotiated: true,
            },
        }
    }
}

/// Most clients fetch the card without a version, since the card is what tells them the version: they
/// get the form that both generations read. Whoever names a version knows 1.0's header; unless it is a
/// 0.x, the strict form is the safe one. A version that is not spoken here is no error: negotiation
/// does not apply to the card (section 3.6), and the card is where a client learns what is spoken.
fn negotiated(requested: &str) -> Form {
    if requested.is_empty() || requested == "0" || requested.starts_with("0.") {
        Form::Hybrid
    } else {
        Form::Pure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_unless_the_deployment_does() {
        for requested in ["", "0.3", "0.3.0", "0"] {
            assert_eq!(Choice::of(None, requested).form, Form::Hybrid);
        }
        for requested in ["1.0", "1.0.1", "1.4", "99.0", "abc"] {
            assert_eq!(Choice::of(Some("negotiated"), requested).form, Form::Pure);
            assert_eq!(Choice::of(Some(""), requested).form, Form::Pure);
            assert!(Choice::of(None, requested).negotiated);
            assert_eq!(Choice::of(Some("hybrid"), requested).form, Form::Hybrid);
        }
        let pure = Choice::of(Some("pure"), "");
        assert_eq!((pure.form, pure.negotiated), (Form::Pure, false));
    }
}
