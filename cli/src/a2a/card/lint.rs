//! What is wrong with a card, of either generation, as an author writes it or as a server serves it.

use attache_protocol::lint as lint_own;
use reqwest::Url;
use serde::Serialize;
use serde_json::Value;

use super::super::interface::Listed;
use super::super::origin::{Origin, is_loopback};
use super::{Card, Generation};

/// Agent Registry takes no larger card.
const LARGEST: usize = 10 << 10;

/// The members of the card of 1.0.
const KNOWN: [&str; 14] = [
    "name",
    "description",
    "supportedInterfaces",
    "provider",
    "version",
    "documentationUrl",
    "capabilities",
    "securitySchemes",
    "securityRequirements",
    "defaultInputModes",
    "defaultOutputModes",
    "skills",
    "signatures",
    "iconUrl",
];

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// Some client refuses the card, or cannot reach the agent.
    Error,
    /// Some client may have trouble with it.
    Warning,
}

/// Something that is wrong.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    pub(crate) level: Level,
    /// Begins with the path of the member.
    pub(crate) says: String,
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, says: impl Into<String>) {
        self.0.push(Finding {
            level: Level::Error,
            says: says.into(),
        });
    }

    fn warning(&mut self, says: impl Into<String>) {
        self.0.push(Finding {
            level: Level::Warning,
            says: says.into(),
        });
    }
}

impl Card {
    /// Everything that is wrong; empty when nothing is.
    pub(crate) fn lint(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        match self.typed() {
            Err(why) => findings.error(why.to_string()),
            Ok(mut card) => {
                // An author leaves them empty; whoever serves the card fills them in.
                card.supported_interfaces.clear();
                card.signatures.clear();
                for says in lint_own(&card) {
                    findings.error(says);
                }
            }
        }
        self.interfaces_of(&mut findings);
        if self.generation() == Generation::Pure {
            self.unknown(&mut findings);
        } else {
            self.old(&mut findings);
        }
        self.signatures(&mut findings);
        let size = self.value.to_string().len();
        if size > LARGEST {
            findings.warning(format!(
                "the card has {size} bytes; Google's Agent Registry takes {LARGEST} at most"
            ));
        }
        findings.0
    }

    fn interfaces_of(&self, findings: &mut Findings) {
        let listed = self.interfaces();
        if listed.is_empty() {
            if self.at.is_some() {
                findings
                    .error("supportedInterfaces is required: a client does not know where to go");
            }
            return;
        }
        let is_old = |interface: &Listed| interface.version.starts_with("0.");
        for (index, interface) in listed.iter().enumerate() {
            let path = format!("interface {} ({:?})", index + 1, interface.url);
            self.address(&path, interface, findings);
            if !matches!(interface.binding.as_str(), "JSONRPC" | "HTTP+JSON" | "GRPC")
                && !interface.binding.contains(':')
            {
                findings.error(format!(
                    "{path} has the binding {:?}: give JSONRPC, HTTP+JSON, GRPC, or the URI of another",
                    interface.binding
                ));
            }
            if !is_old(interface) && interface.version.split('.').count() != 2 {
                findings.error(format!(
                    "{path} has the version {:?}: give major and minor, such as \"1.0\"",
                    interface.version
                ));
            }
            if listed.iter().take(index).any(|other| other == interface) {
                findings.warning(format!("{path} is there twice"));
            }
            if !is_old(interface) && listed.iter().take(index).any(is_old) {
                findings.warning(format!(
                    "{path} is of {} and stands behind one of 0.3: many clients take the first of a \
                     binding without a look at its version",
                    interface.version
                ));
            }
        }
    }

    fn address(&self, path: &str, interface: &Listed, findings: &mut Findings) {
        if interface.binding == "GRPC" {
            if interface.url.is_empty() {
                findings.error(format!("{path} has no address"));
            }
            return;
        }
        let Ok(url) = Url::parse(&interface.url) else {
            findings.error(format!("{path} is no absolute http or https URL"));
            return;
        };
        if !matches!(url.scheme(), "http" | "https") {
            findings.error(format!("{path} is no http or https URL"));
            return;
        }
        let Some(at) = &self.at else { return };
        if is_loopback(&url) && !is_loopback(at) {
            findings.error(format!(
                "{path} is an address of the server's own machine, where no client gets: the server \
                 does not know its public URL"
            ));
        } else if url.scheme() == "http" && at.scheme() == "https" {
            findings.error(format!("{path} is http, and the card came by https"));
        } else if Origin::of(&url) != Origin::of(at) {
            findings.warning(format!(
                "{path} is at another origin than the card ({}): careful clients do not send \
                 credentials there",
                Origin::of(at)
            ));
        }
    }

    fn unknown(&self, findings: &mut Findings) {
        for name in self
            .value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            if !KNOWN.contains(&name.as_str()) {
                findings.error(format!(
                    "{name} is no member of the card of 1.0: strict readers refuse it"
                ));
            }
        }
    }

    /// The members of 0.3.
    fn old(&self, findings: &mut Findings) {
        let text = |name: &str| {
            self.value
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let version = text("protocolVersion");
        if !version.starts_with("0.3") && !version.starts_with("0.2") {
            findings.error(format!(
                "protocolVersion is {version:?}: give \"0.3.0\", which is what clients of 0.3 look for"
            ));
        }
        if text("url").is_empty() {
            findings.error("url is required in 0.3: it is where Gemini Enterprise sends messages");
        }
        let transport = text("preferredTransport");
        if transport.is_empty() {
            findings.warning("preferredTransport is not there: clients take it as JSONRPC");
        } else if transport != "JSONRPC" {
            findings.warning(format!(
                "preferredTransport is {transport:?}, and Gemini Enterprise speaks JSONRPC alone"
            ));
        }
        let more = self
            .value
            .get("additionalInterfaces")
            .and_then(Value::as_array);
        if let Some(more) = more
            && !more
                .iter()
                .any(|one| one.get("url").and_then(Value::as_str) == Some(text("url")))
        {
            findings.warning("additionalInterfaces does not repeat url with its transport");
        }
    }

    fn signatures(&self, findings: &mut Findings) {
        let signatures = self.value.get("signatures").and_then(Value::as_array);
        for (index, signature) in signatures.into_iter().flatten().enumerate() {
            if let Err(why) = super::signature::header(signature) {
                findings.error(format!("signatures[{index}] {why}"));
            }
        }
    }
}
