//! The tools that the deployment names.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::http::Headers;
use super::toolbox::Toolbox;
use super::{agent, mcp};
use crate::Context;
use crate::outbound::within;

const MCP_SERVERS: &str = "mcp_servers";
const A2A_AGENTS: &str = "a2a_agents";
/// How many of each there may be.
const MAX_REMOTES: usize = 16;
/// How long one may take to say what it has. They are asked at the same time.
const PATIENCE: Duration = Duration::from_secs(20);

/// An MCP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct McpServer {
    /// Its endpoint.
    pub(crate) url: String,
    /// Which of its tools the model may call; all of them without.
    pub(crate) tools: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) headers: Headers,
    /// How long a call may take, in seconds.
    #[serde(default = "a_minute")]
    pub(crate) timeout: u64,
}

/// Another agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct A2aAgent {
    /// Its card, or what the card is below.
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) headers: Headers,
    /// How long its task may take, in seconds.
    #[serde(default = "two_minutes")]
    pub(crate) timeout: u64,
}

fn a_minute() -> u64 {
    60
}

fn two_minutes() -> u64 {
    120
}

/// Adds what is configured and can be reached.
pub(crate) async fn add(toolbox: &mut Toolbox<'_>, context: &Context) {
    let servers = configured::<McpServer>(context, MCP_SERVERS);
    let agents = configured::<A2aAgent>(context, A2A_AGENTS);
    if servers.is_empty() && agents.is_empty() {
        return;
    }
    let servers = servers.iter().map(async |(name, server)| {
        let tools = in_time(mcp::tools(name, server)).await;
        tools.map_err(|why| format!("The MCP server {name:?} at {} {why}.", place(&server.url)))
    });
    let route = agent::Route::of(context);
    let agents = agents.iter().map(async |(name, agent)| {
        let tool = in_time(agent::tool(name, agent, &route, context.handle())).await;
        tool.map_err(|why| format!("The agent {name:?} at {} {why}.", place(&agent.url)))
            .map(|tool| vec![tool])
    });
    let (servers, agents) = join(join_all(servers), join_all(agents)).await;
    for found in servers.into_iter().chain(agents) {
        match found {
            Ok(tools) => tools.into_iter().for_each(|tool| toolbox.add(tool)),
            Err(why) => {
                eprintln!("{why} The model goes on without its tools.");
                toolbox.note(format!(
                    "{why} Its tools are missing now: where they are needed, say so."
                ));
            }
        }
    }
}

async fn in_time<T>(asked: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    within(PATIENCE, asked)
        .await
        .unwrap_or_else(|| Err(format!("did not answer within {} s", PATIENCE.as_secs())))
}

/// Without a query, which may hold a secret.
fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn configured<T: DeserializeOwned>(context: &Context, key: &str) -> Vec<(String, T)> {
    let text = context.config(key).unwrap_or_default();
    read(&text).unwrap_or_else(|why| {
        eprintln!("The configuration value {key:?} is not understood, and left out: {why}");
        Vec::new()
    })
}

/// An object by name, or a list whose entries have a `name`.
fn read<T: DeserializeOwned>(text: &str) -> Result<Vec<(String, T)>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let said = |error: serde_json::Error| error.to_string();
    let value: Value = serde_json::from_str(text).map_err(said)?;
    let named: Vec<(String, Value)> = match value {
        Value::Object(entries) => entries.into_iter().collect(),
        Value::Array(entries) => entries
            .into_iter()
            .map(
                |mut entry| match entry.as_object_mut().and_then(|e| e.remove("name")) {
                    Some(Value::String(name)) => Ok((name, entry)),
                    _ => Err("an entry has no \"name\"".to_owned()),
                },
            )
            .collect::<Result<_, _>>()?,
        _ => return Err("it is neither an object nor a list".to_owned()),
    };
    if named.len() > MAX_REMOTES {
        return Err(format!(
            "it has {} entries; the limit is {MAX_REMOTES}",
            named.len()
        ));
    }
    let mut read = BTreeMap::new();
    for (name, value) in named {
        let entry = serde_json::from_value(value).map_err(|e| format!("{name:?}: {e}"))?;
        if read.insert(name.clone(), entry).is_some() {
            return Err(format!("{name:?} is there twice"));
        }
    }
    Ok(read.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_and_a_list_say_the_same() {
        let object = r#"{"docs": {"url": "https://a.example/mcp", "tools": ["search"]}}"#;
        let list = r#"[{"name": "docs", "url": "https://a.example/mcp", "tools": ["search"]}]"#;
        for text in [object, list] {
            let read: Vec<(String, McpServer)> = read(text).unwrap();
            assert_eq!(read[0].0, "docs");
            assert_eq!(read[0].1.url, "https://a.example/mcp");
            assert_eq!(read[0].1.tools.as_deref(), Some(&["search".to_owned()][..]));
            assert_eq!(read[0].1.timeout, 60);
        }
        assert!(read::<McpServer>(" ").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("{", "EOF"),
            ("7", "neither an object nor a list"),
            (r#"[{"url": "x"}]"#, "no \"name\""),
            (r#"{"docs": {"uri": "x"}}"#, "\"docs\": unknown field `uri`"),
            (
                r#"[{"name": "a", "url": "x"}, {"name": "a", "url": "y"}]"#,
                "twice",
            ),
        ] {
            let error = read::<McpServer>(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
