//! `attache card show URL|FILE`.

use clap::Args;
use serde_json::{Map, Value};

use crate::a2a::{Card, ConnectionFlags, Generation, clean};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Print a card in short; with -o json all of it, as it is.
///
/// At a URL the card is looked for at /.well-known/agent-card.json and agent.json below it, then at the
/// root of its server.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The agent's URL, its card's, or a file; `-` is standard input.
    #[arg(value_name = "URL|FILE")]
    source: String,

    /// The card that the agent shows to those whom it knows.
    #[arg(long)]
    extended: bool,

    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Show {
    /// # Errors
    /// When there is no card.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let card = if self.extended {
            self.connection
                .extended_card(&self.source, terminal)
                .await?
        } else {
            self.connection.card(&self.source, terminal).await?
        };
        terminal.result(&card.value, |_| summary(&card));
        Ok(Exit::Ok)
    }
}

fn summary(card: &Card) -> String {
    let value = &card.value;
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut lines = vec![
        format!("{} {}", text("name"), text("version"))
            .trim_end()
            .to_owned(),
    ];
    if !text("description").is_empty() {
        lines.push(text("description").to_owned());
    }
    lines.push(String::new());
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("{name:12} {value}"));
        }
    };
    if let Some(at) = &card.at {
        row("card", at.to_string());
    }
    row(
        "form",
        match card.generation() {
            Generation::Pure => "1.0",
            Generation::Old => "0.3",
            Generation::Hybrid => "1.0 and 0.3 beside each other",
        }
        .to_owned(),
    );
    if let Some(provider) = value
        .pointer("/provider/organization")
        .and_then(Value::as_str)
    {
        row("provider", provider.to_owned());
    }
    row("docs", text("documentationUrl").to_owned());
    for interface in card.interfaces() {
        let tenant = match interface.tenant.as_str() {
            "" => String::new(),
            tenant => format!(", tenant {tenant}"),
        };
        row(
            "interface",
            format!(
                "{:9} {:5} {}{tenant}",
                interface.binding, interface.version, interface.url
            ),
        );
    }
    row("can", capabilities(value));
    for extension in list(value, "/capabilities/extensions") {
        let uri = extension
            .get("uri")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let required = extension.get("required") == Some(&Value::Bool(true));
        row(
            "extension",
            format!("{uri}{}", if required { " (required)" } else { "" }),
        );
    }
    row("takes", texts(value, "/defaultInputModes"));
    row("gives", texts(value, "/defaultOutputModes"));
    for (name, scheme) in value
        .get("securitySchemes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        row("credentials", format!("{name}: {}", scheme_text(scheme)));
    }
    let signatures = card.signatures_in().len();
    if signatures > 0 {
        row(
            "signatures",
            format!("{signatures}; check them with `attache card verify`"),
        );
    }
    for skill in list(value, "/skills") {
        let text = |name: &str| skill.get(name).and_then(Value::as_str).unwrap_or_default();
        row(
            "skill",
            format!("{}: {}", text("name"), text("description")),
        );
        let examples = texts(skill, "/examples");
        if !examples.is_empty() {
            row("", format!("such as: {examples}"));
        }
    }
    clean(&lines.join("\n"))
}

fn list<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    let list = value.pointer(at).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn texts(value: &Value, at: &str) -> String {
    let texts: Vec<_> = list(value, at).iter().filter_map(Value::as_str).collect();
    texts.join(", ")
}

fn capabilities(card: &Value) -> String {
    let is = |at: &str| card.pointer(at) == Some(&Value::Bool(true));
    let mut can = vec!["answer"];
    for (at, what) in [
        ("/capabilities/streaming", "stream"),
        ("/capabilities/pushNotifications", "push notifications"),
        (
            "/capabilities/extendedAgentCard",
            "show more to those who are known",
        ),
    ] {
        if is(at) {
            can.push(what);
        }
    }
    if is("/supportsAuthenticatedExtendedCard") && can.len() < 4 {
        can.push("show more to those who are known");
    }
    can.join(", ")
}

/// In either spelling; where both stand beside each other it is the same scheme.
fn scheme_text(scheme: &Value) -> String {
    let members = scheme.as_object();
    let new = members
        .into_iter()
        .flatten()
        .find(|(name, _)| name.ends_with("SecurityScheme"));
    let (kind, fields): (&str, &Map<String, Value>) = match (new, members) {
        (Some((name, Value::Object(fields))), _) => {
            (name.trim_end_matches("SecurityScheme"), fields)
        }
        (_, Some(fields)) => (
            fields
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or("of an unknown kind"),
            fields,
        ),
        _ => return "of an unknown kind".to_owned(),
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    match kind {
        "apiKey" => {
            let place = match text("location") {
                "" => text("in"),
                location => location,
            };
            format!("an API key in the {place} {}", text("name"))
        }
        "httpAuth" | "http" => format!("Authorization: {}", text("scheme")),
        "oauth2" => {
            let flows = fields.get("flows").and_then(Value::as_object);
            let flows: Vec<_> = flows
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect();
            format!("OAuth 2.0 ({})", flows.join(", "))
        }
        "openIdConnect" => format!("OpenID Connect ({})", text("openIdConnectUrl")),
        "mtls" | "mutualTLS" => "a client certificate".to_owned(),
        other => other.to_owned(),
    }
}
