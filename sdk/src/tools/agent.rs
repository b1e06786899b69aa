//! Other A2A agents as tools.

mod card;
mod reply;
mod route;
mod talk;
mod v0_3;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::card::Target;
pub(crate) use self::route::Route;
use self::talk::Talk;
use super::named;
use super::remotes::A2aAgent;
use super::toolbox::{Kind, Tool};
use crate::Handle;
use crate::model::Declaration;

/// The agent as a tool, after its card.
pub(crate) async fn tool(
    name: &str,
    agent: &A2aAgent,
    route: &Route,
    handle: Handle,
) -> Result<Box<dyn Tool>, String> {
    let target = Target::of(agent).await?;
    let declaration = Declaration {
        name: named::valid(name),
        description: target.description.clone(),
        parameters: json!({
            "type": "object",
            "properties": {
                "message": {
                    "type": "string",
                    "description": "What the agent is to do or to answer, with all that it has to \
                                    know: it sees nothing of this conversation.",
                },
                "start_over": {
                    "type": "boolean",
                    "description": "True to begin a new conversation with the agent, and not to go \
                                    on with the last one.",
                },
            },
            "required": ["message"],
        }),
    };
    Ok(Box::new(AgentTool {
        declaration,
        name: name.to_owned(),
        target,
        route: route.clone(),
        handle,
    }))
}

struct AgentTool {
    declaration: Declaration,
    name: String,
    target: Target,
    route: Route,
    handle: Handle,
}

#[derive(Deserialize)]
struct Arguments {
    message: String,
    #[serde(default)]
    start_over: Option<bool>,
}

/// What is kept of the conversation with the agent, so that a follow-up goes on with it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) context_id: String,
    /// The task, while it waits for an answer.
    pub(super) task_id: String,
}

impl Tool for AgentTool {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn kind(&self) -> Kind {
        Kind::Agent
    }

    fn call<'a>(&'a self, arguments: Value) -> LocalBoxFuture<'a, Result<Value, String>> {
        async move {
            let arguments: Arguments = serde_json::from_value(arguments).map_err(|error| {
                let schema = &self.declaration.parameters;
                format!("The arguments do not fit: {error}. Their JSON Schema is {schema}")
            })?;
            let baggage = self.route.baggage_to(&self.target.base)?;
            let kept = match arguments.start_over {
                Some(true) => Kept::default(),
                _ => self.kept(),
            };
            let mut talk = Talk::new(&self.target, baggage);
            let reply = talk.say(&arguments.message, &kept).await;
            let reply = reply.map_err(|why| format!("The agent {:?} {why}.", self.name))?;
            self.keep(&reply.kept(&kept));
            reply.for_model(&self.name)
        }
        .boxed_local()
    }
}

impl AgentTool {
    fn key(&self) -> String {
        format!("a2a_agent.{}", self.declaration.name)
    }

    /// What cannot be read or kept is begun anew.
    fn kept(&self) -> Kept {
        let stored = self.handle.state(&self.key()).ok().flatten();
        stored
            .and_then(|stored| serde_json::from_slice(&stored).ok())
            .unwrap_or_default()
    }

    fn keep(&self, kept: &Kept) {
        let printed = serde_json::to_vec(kept).unwrap_or_default();
        if let Err(error) = self.handle.set_state(&self.key(), Some(&printed)) {
            eprintln!(
                "The conversation with the agent {:?} cannot be kept: {error}",
                self.name
            );
        }
    }
}
