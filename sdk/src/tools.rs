//! Tools that a model may call, and the conversation in which it does.
//!
//! A tool is a name, a description and an asynchronous function. What it takes is a type of its own
//! that derives `Deserialize` and `JsonSchema`; the schema that the model sees comes from there, with
//! the comments on its fields as descriptions.
//!
//! ```ignore
//! #[derive(Deserialize, JsonSchema)]
//! struct RunSql {
//!     /// One SELECT statement.
//!     sql: String,
//! }
//!
//! let handle = context.handle();
//! let tools = Toolbox::new()
//!     .with(tool("run_sql", "Runs SQL over the table.", async |args: RunSql| {
//!         let rows = table.query(&args.sql).map_err(|e| e.to_string())?;
//!         handle.artifact(chart(&rows)).await;
//!         Ok(rows)
//!     }))
//!     .with_configured(context)
//!     .await;
//! let mut prompt = Prompt { system: "…".to_owned(), turns: history, ..Prompt::default() };
//! let answer = Conversation::new(&model, &tools)
//!     .stream_into(context, "answer", &mut prompt)
//!     .await?;
//! ```
//!
//! Functions borrow what they need: a table, a [`Handle`](crate::Handle) to emit with.
//! [`Toolbox::with_configured`] adds the tools of the MCP servers and the A2A agents that the
//! deployment names (`mcp_servers` and `a2a_agents`).

mod agent;
mod calls;
mod conversation;
mod function;
mod http;
mod json;
mod limits;
mod mcp;
mod named;
mod remotes;
mod schema;
mod sse;
mod surroundings;
mod toolbox;
mod written;

#[cfg(test)]
mod tests;

pub use conversation::{Answer, Conversation};
pub use function::tool;
pub use limits::{Ended, Limits};
pub use schemars::{self, JsonSchema};
pub use toolbox::{Kind, Tool, Toolbox};
