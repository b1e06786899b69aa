//! What is wrong with an agent's card, before any client finds out.
//!
//! Each fault is a sentence that begins with the path of the field. The rules are those of the schema
//! (section 4.4), and what the readers that are known to be strict insist on: Gemini Enterprise wants
//! tags on every skill, validators of 1.0 refuse unknown members.
//!
//! `supportedInterfaces` and `signatures` are refused rather than overwritten: the engine alone knows
//! where the agent is reached and what it speaks, and an author who fills them in expects otherwise.

mod security;

use http::Uri;

use crate::error::{Error, ErrorKind};
use crate::wire::{AgentCard, AgentExtension, AgentSkill};

/// What is wrong with an agent's card, by field; empty when nothing is.
pub fn lint(card: &AgentCard) -> Vec<String> {
    let mut faults = Faults::default();
    faults.text("name", &card.name);
    faults.text("description", &card.description);
    faults.text("version", &card.version);
    if let Some(provider) = &card.provider {
        faults.text("provider.organization", &provider.organization);
        faults.url("provider.url", &provider.url);
    }
    for (field, url) in [
        ("documentationUrl", &card.documentation_url),
        ("iconUrl", &card.icon_url),
    ] {
        if let Some(url) = url {
            faults.url(field, url);
        }
    }
    faults.reserved("supportedInterfaces", card.supported_interfaces.is_empty());
    faults.reserved("signatures", card.signatures.is_empty());
    extensions(&card.capabilities.extensions, &mut faults);
    security::schemes(&card.security_schemes, &mut faults);
    security::requirements(
        "securityRequirements",
        &card.security_requirements,
        &card.security_schemes,
        &mut faults,
    );
    for (field, modes) in [
        ("defaultInputModes", &card.default_input_modes),
        ("defaultOutputModes", &card.default_output_modes),
    ] {
        faults.some(field, modes);
        faults.media_types(field, modes);
    }
    faults.some("skills", &card.skills);
    for (index, skill) in card.skills.iter().enumerate() {
        let path = format!("skills[{index}]");
        self::skill(&path, skill, &mut faults);
        if let Some(first) = card.skills.iter().position(|other| other.id == skill.id)
            && first < index
            && !skill.id.is_empty()
        {
            let id = format!("{path}.id");
            faults.add(&id, format!("is {:?}, as skills[{first}].id is", skill.id));
        }
        security::requirements(
            &format!("{path}.securityRequirements"),
            &skill.security_requirements,
            &card.security_schemes,
            &mut faults,
        );
    }
    faults.0
}

/// Refuses a wrong card; `which` names it at the beginning of the sentence.
pub(crate) fn require_valid(card: &AgentCard, which: &str) -> Result<(), Error> {
    let faults = lint(card);
    if faults.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidAgentResponse,
        format!("{which} is not valid: {}.", faults.join("; ")),
    ))
}

fn skill(path: &str, skill: &AgentSkill, faults: &mut Faults) {
    faults.text(&format!("{path}.id"), &skill.id);
    faults.text(&format!("{path}.name"), &skill.name);
    faults.text(&format!("{path}.description"), &skill.description);
    faults.some(&format!("{path}.tags"), &skill.tags);
    for (field, texts) in [("tags", &skill.tags), ("examples", &skill.examples)] {
        for (index, text) in texts.iter().enumerate() {
            faults.text(&format!("{path}.{field}[{index}]"), text);
        }
    }
    faults.media_types(&format!("{path}.inputModes"), &skill.input_modes);
    faults.media_types(&format!("{path}.outputModes"), &skill.output_modes);
}

fn extensions(extensions: &[AgentExtension], faults: &mut Faults) {
    for (index, extension) in extensions.iter().enumerate() {
        let path = format!("capabilities.extensions[{index}].uri");
        let uri = &extension.uri;
        if uri.is_empty() {
            faults.add(&path, "is required");
        } else if !is_uri(uri) {
            faults.add(
                &path,
                format!("is {uri:?}: give a URI such as \"https://example.com/ext/v1\""),
            );
        } else if extensions.iter().take(index).any(|other| other.uri == *uri) {
            faults.add(&path, format!("is {uri:?}, which is declared twice"));
        }
    }
}

/// Sentences about fields.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, path: &str, says: impl AsRef<str>) {
        self.0.push(format!("{path} {}", says.as_ref()));
    }

    fn text(&mut self, path: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(path, "is required");
        }
    }

    fn some<T>(&mut self, path: &str, items: &[T]) {
        if items.is_empty() {
            self.add(path, "is required: give at least one");
        }
    }

    fn reserved(&mut self, path: &str, unset: bool) {
        if !unset {
            self.add(path, "is filled in when the card is served: leave it empty");
        }
    }

    fn url(&mut self, path: &str, url: &str) {
        if url.is_empty() {
            self.add(path, "is required");
        } else if !is_absolute(url) {
            self.add(
                path,
                format!("is {url:?}: give an absolute http or https URL"),
            );
        }
    }

    fn media_types(&mut self, path: &str, modes: &[String]) {
        for (index, mode) in modes.iter().enumerate() {
            if !is_media_type(mode) {
                self.add(
                    &format!("{path}[{index}]"),
                    format!("is {mode:?}: give a media type such as \"text/plain\""),
                );
            }
        }
    }
}

fn is_absolute(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri
                .authority()
                .is_some_and(|a| !a.host().is_empty() && !a.as_str().contains('@'))
    })
}

/// A scheme, a colon, and something behind it without spaces (RFC 3986).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && !rest.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// `type/subtype`, perhaps with parameters; a `*` for either half is a range.
fn is_media_type(text: &str) -> bool {
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&b))
    };
    essence
        .split_once('/')
        .is_some_and(|(family, kind)| token(family) && token(kind))
}

#[cfg(test)]
mod tests;
