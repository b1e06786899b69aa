//! What a model may call.

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use super::remotes;
use crate::Context;
use crate::model::Declaration;

/// Something that a model may call.
pub trait Tool {
    /// What the model is told of it.
    fn declaration(&self) -> &Declaration;

    /// What sort it is, for whoever runs the agent.
    fn kind(&self) -> Kind {
        Kind::Function
    }

    /// Calls it. The error is a sentence for the model. The future is dropped where the conversation
    /// ends before it does.
    fn call<'a>(&'a self, arguments: Value) -> LocalBoxFuture<'a, Result<Value, String>>;
}

/// What sort of tool it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of the agent itself.
    Function,
    /// Of an MCP server.
    Mcp,
    /// Another agent.
    Agent,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Mcp => "mcp",
            Self::Agent => "agent",
        }
    }
}

/// The tools of one conversation.
#[derive(Default)]
pub struct Toolbox<'a> {
    tools: Vec<Box<dyn Tool + 'a>>,
    notes: Vec<String>,
}

impl<'a> Toolbox<'a> {
    /// Without tools.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more. Of two with the same name the first is called.
    #[must_use]
    pub fn with(mut self, tool: impl Tool + 'a) -> Self {
        self.add(Box::new(tool));
        self
    }

    /// The same with the tools of the MCP servers and the A2A agents that the deployment names in the
    /// config keys `mcp_servers` and `a2a_agents`. One that cannot be reached is left out: the model is
    /// told, and so is the log. Takes at most 20 seconds.
    #[must_use]
    pub async fn with_configured(mut self, context: &Context) -> Self {
        remotes::add(&mut self, context).await;
        self
    }

    pub(crate) fn add(&mut self, tool: Box<dyn Tool + 'a>) {
        if self.find(&tool.declaration().name).is_none() {
            self.tools.push(tool);
        }
    }

    /// Tells the model something about its tools.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// What the model is told of the tools beside their declarations: which are missing.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What the model is told of the tools.
    #[must_use]
    pub fn declarations(&self) -> Vec<Declaration> {
        self.tools.iter().map(|t| t.declaration().clone()).collect()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&(dyn Tool + 'a)> {
        let mut tools = self.tools.iter();
        tools.find(|t| t.declaration().name == name).map(|t| &**t)
    }

    /// The names, for a sentence.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.tools.iter().map(|t| &*t.declaration().name).collect();
        names.join(", ")
    }
}
