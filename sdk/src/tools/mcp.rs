//! Tools of MCP servers, over streamable HTTP (revisions 2025-03-26 to 2025-11-25).

mod message;
mod result;
mod session;

use crate::tools::json::{get, take};
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use self::session::Session;
use super::remotes::McpServer;
use super::toolbox::{Kind, Tool};
use super::{named, schema};
use crate::model::Declaration;

/// How many tools one server may have, and how many pages it may say them on.
const MAX_TOOLS: usize = 128;
const MAX_PAGES: usize = 32;
/// The longest description of a tool, in characters.
const MAX_DESCRIPTION: usize = 2000;

/// What the server has, as far as the model may call it.
pub(crate) async fn tools(name: &str, server: &McpServer) -> Result<Vec<Box<dyn Tool>>, String> {
    let session = Rc::new(Session::begin(server).await?);
    let mut tools: Vec<Box<dyn Tool>> = Vec::new();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let parameters = match &cursor {
            None => json!({}),
            Some(cursor) => json!({ "cursor": cursor }),
        };
        let mut page = session.request("tools/list", parameters).await?;
        let Value::Array(listed) = take(&mut page, "tools") else {
            return Err("lists no tools".to_owned());
        };
        for mut tool in listed {
            let Value::String(own_name) = take(&mut tool, "name") else {
                continue;
            };
            let allowed = |allowed: &Vec<String>| allowed.contains(&own_name);
            if tools.len() >= MAX_TOOLS || !server.tools.as_ref().is_none_or(allowed) {
                continue;
            }
            let description = get(&tool, "description")
                .as_str()
                .or(get(&tool, "title").as_str());
            let description = description.unwrap_or_default().chars();
            tools.push(Box::new(McpTool {
                declaration: Declaration {
                    name: named::prefixed(name, &own_name),
                    description: description.take(MAX_DESCRIPTION).collect(),
                    parameters: schema::plain(take(&mut tool, "inputSchema")),
                },
                own_name,
                server: name.to_owned(),
                session: session.clone(),
            }));
        }
        match take(&mut page, "nextCursor") {
            Value::String(next) if !next.is_empty() => cursor = Some(next),
            _ => break,
        }
    }
    for wanted in server.tools.iter().flatten() {
        let prefixed = named::prefixed(name, wanted);
        if !tools.iter().any(|tool| tool.declaration().name == prefixed) {
            eprintln!(
                "The MCP server {name:?} has no tool {wanted:?}, which its configuration names."
            );
        }
    }
    Ok(tools)
}

struct McpTool {
    declaration: Declaration,
    own_name: String,
    server: String,
    session: Rc<Session>,
}

impl Tool for McpTool {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn kind(&self) -> Kind {
        Kind::Mcp
    }

    fn call<'a>(&'a self, arguments: Value) -> LocalBoxFuture<'a, Result<Value, String>> {
        async move {
            let arguments = if arguments.is_null() {
                json!({})
            } else {
                arguments
            };
            let parameters = json!({ "name": self.own_name, "arguments": arguments });
            let result = self.session.request("tools/call", parameters).await;
            let result =
                result.map_err(|why| format!("The MCP server {:?} {why}.", self.server))?;
            result::of(result)
        }
        .boxed_local()
    }
}
