use std::fmt;

use super::allow_list::Pattern;
use super::destination::{Destination, Host};

/// The origins that a credential is for: `https://host[:port]` or `https://*.example.com[:port]`.
#[derive(Debug, Clone)]
pub struct OriginPattern {
    text: String,
    encrypted: bool,
    pattern: Pattern,
}

impl OriginPattern {
    /// Reads a pattern. Plain http is only for this machine, and only where `allow_private` lets the
    /// component reach it.
    ///
    /// # Errors
    /// A clause that says what is wrong and what is right.
    pub fn parse(text: &str, allow_private: bool) -> Result<Self, String> {
        const FORM: &str = "give an origin such as https://api.example.com or https://*.run.app, \
                            without a path";
        let (scheme, host) = text.split_once("://").ok_or(FORM)?;
        let pattern = Pattern::parse(host).ok_or(FORM)?;
        let encrypted = match scheme {
            "https" => true,
            "http" if allow_private && pattern.host().is_some_and(is_this_machine) => false,
            "http" => {
                return Err(
                    "a credential goes over https; http is for 127.0.0.1, [::1] and localhost, where \
                     private addresses are allowed"
                        .to_owned(),
                );
            }
            _ => return Err(FORM.to_owned()),
        };
        if pattern.is_for_strangers() {
            return Err(
                "a credential is for hosts of one owner; name the host, or a domain of two labels \
                 or more, such as https://*.run.app"
                    .to_owned(),
            );
        }
        Ok(Self {
            text: text.to_owned(),
            encrypted,
            pattern,
        })
    }

    pub(super) fn fits(&self, destination: &Destination) -> bool {
        let https = destination.is_encrypted();
        self.encrypted == https && self.pattern.permits(destination)
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.is_loopback(),
    }
}
