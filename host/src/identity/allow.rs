use super::claims::Known;

/// Whom of those who are known the agent is for. An empty list is everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedCallers(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// An address that the issuer vouches for.
    Email(String),
    /// The domain of an account.
    Domain(String),
    Subject(String),
}

impl AllowedCallers {
    /// Reads `PERSON@DOMAIN`, `@DOMAIN` and `sub:SUBJECT`, with commas between them.
    ///
    /// # Errors
    /// A sentence that says what an entry has to be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|e| !e.is_empty());
        let entries = entries.map(|entry| {
            if let Some(subject) = entry.strip_prefix("sub:").filter(|s| !s.is_empty()) {
                return Ok(Entry::Subject(subject.to_owned()));
            }
            match entry.rsplit_once('@') {
                Some((_, "")) | None => Err(format!(
                    "{entry:?} allows nobody; give addresses, @domains or sub:SUBJECT, with commas \
                     between them"
                )),
                Some(("", domain)) => Ok(Entry::Domain(domain.to_ascii_lowercase())),
                Some(_) => Ok(Entry::Email(entry.to_ascii_lowercase())),
            }
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the domain of an account decides about it.
    pub fn has_domains(&self) -> bool {
        self.0.iter().any(|entry| matches!(entry, Entry::Domain(_)))
    }

    pub(super) fn permits(&self, known: &Known) -> bool {
        let same = |own: Option<&String>, other: &String| {
            own.is_some_and(|own| own.eq_ignore_ascii_case(other))
        };
        self.0.is_empty()
            || self.0.iter().any(|entry| match entry {
                Entry::Email(email) => same(known.identity.email.as_ref(), email),
                Entry::Domain(domain) => same(known.domain.as_ref(), domain),
                Entry::Subject(subject) => known.identity.subject == *subject,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::caller::Identity;

    fn known(email: Option<&str>, domain: Option<&str>) -> Known {
        Known {
            identity: Identity {
                issuer: "i".to_owned(),
                subject: "42".to_owned(),
                email: email.map(str::to_owned),
                scopes: Vec::new(),
            },
            domain: domain.map(str::to_owned),
        }
    }

    #[test]
    fn an_entry_is_an_address_a_domain_or_a_subject() {
        let permits =
            |list: &str, known: &Known| AllowedCallers::parse(list).unwrap().permits(known);
        let me = known(Some("Me@Example.com"), Some("example.com"));
        for list in [
            "",
            "me@example.com",
            "you@x.example, @EXAMPLE.com",
            "sub:42",
        ] {
            assert!(permits(list, &me), "{list}");
        }
        for list in ["you@example.com", "@ample.com", "sub:4", "@x.example.com"] {
            assert!(!permits(list, &me), "{list}");
        }
        // Having an address at a domain is not belonging to it.
        assert!(!permits(
            "@example.com",
            &known(Some("me@example.com"), None)
        ));
        for bad in ["me", "me@", "sub:"] {
            assert!(AllowedCallers::parse(bad).is_err(), "{bad}");
        }
    }
}
