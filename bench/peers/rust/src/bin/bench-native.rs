//! The bench's agent on the official Rust SDK: its server on axum, its tasks in its memory.
//!
//!     bench-native PORT

use std::io;
use std::sync::Arc;
use std::time::Duration;

use a2a::{
    A2AError, AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Artifact, Message, Part,
    PartContent, StreamResponse, TaskArtifactUpdateEvent, TaskState, TaskStatus,
    TaskStatusUpdateEvent, TransportProtocol,
};
use a2a_server::agent_card::{StaticAgentCard, agent_card_router};
use a2a_server::jsonrpc::jsonrpc_router;
use a2a_server::{AgentExecutor, DefaultRequestHandler, ExecutorContext, InMemoryTaskStore};
use axum::serve::ListenerExt as _;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::net::TcpListener;

type Event = Result<StreamResponse, A2AError>;

/// Does what the text says, as `bench/agent` does.
struct Echo;

impl AgentExecutor for Echo {
    fn execute(&self, context: ExecutorContext) -> BoxStream<'static, Event> {
        let words = context.message.as_ref().map(text).unwrap_or_default();
        let mut words_of = words.split(' ');
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u32>().ok());
        match (words_of.next(), number(words_of.next())) {
            (Some("events"), Some(count)) => events(context, count),
            (Some("hold"), Some(seconds)) => hold(context, seconds),
            _ => {
                let echo = artifact(&context, "echo", words, None);
                stream::iter([Ok(echo), Ok(status(&context, TaskState::Completed))]).boxed()
            }
        }
    }

    fn cancel(&self, context: ExecutorContext) -> BoxStream<'static, Event> {
        stream::iter([Ok(status(&context, TaskState::Canceled))]).boxed()
    }
}

/// The SDK keeps 32 events for a reader, and breaks the stream of one that is behind; so every event
/// lets others run.
fn events(context: ExecutorContext, count: u32) -> BoxStream<'static, Event> {
    stream::unfold((context, 0), move |(context, number)| async move {
        tokio::task::yield_now().await;
        let event = if number < count {
            let piece = (number > 0, number + 1 == count);
            artifact(&context, "events", format!("{number} "), Some(piece))
        } else if number == count {
            status(&context, TaskState::Completed)
        } else {
            return None;
        };
        Some((Ok(event), (context, number + 1)))
    })
    .boxed()
}

fn hold(context: ExecutorContext, seconds: u32) -> BoxStream<'static, Event> {
    let working = status(&context, TaskState::Working);
    let completed = async move {
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        Ok(status(&context, TaskState::Completed))
    };
    stream::iter([Ok(working)])
        .chain(stream::once(completed))
        .boxed()
}

fn text(message: &Message) -> String {
    let texts = message.parts.iter().map(|part| match &part.content {
        PartContent::Text(text) => text.as_str(),
        _ => "",
    });
    texts.collect()
}

/// With `piece`, part of one: whether another came before, and whether it is the last.
fn artifact(
    context: &ExecutorContext,
    id: &str,
    text: String,
    piece: Option<(bool, bool)>,
) -> StreamResponse {
    StreamResponse::ArtifactUpdate(TaskArtifactUpdateEvent {
        task_id: context.task_id.clone(),
        context_id: context.context_id.clone(),
        artifact: Artifact {
            artifact_id: id.to_owned(),
            name: None,
            description: None,
            parts: vec![Part::text(text)],
            metadata: None,
            extensions: None,
        },
        append: piece.map(|(append, _)| append),
        last_chunk: piece.map(|(_, last)| last),
        metadata: None,
    })
}

fn status(context: &ExecutorContext, state: TaskState) -> StreamResponse {
    StreamResponse::StatusUpdate(TaskStatusUpdateEvent {
        task_id: context.task_id.clone(),
        context_id: context.context_id.clone(),
        status: TaskStatus {
            state,
            message: None,
            timestamp: None,
        },
        metadata: None,
    })
}

fn card(origin: &str, capabilities: AgentCapabilities) -> AgentCard {
    AgentCard {
        name: "Echo".to_owned(),
        description: "Says what it was told.".to_owned(),
        version: "1.0.0".to_owned(),
        supported_interfaces: vec![AgentInterface {
            url: format!("{origin}/"),
            protocol_binding: TransportProtocol::from(a2a::TRANSPORT_PROTOCOL_JSONRPC),
            protocol_version: a2a::VERSION.to_owned(),
            tenant: None,
        }],
        capabilities,
        default_input_modes: vec!["text/plain".to_owned()],
        default_output_modes: vec!["text/plain".to_owned()],
        skills: vec![AgentSkill {
            id: "echo".to_owned(),
            name: "Echo".to_owned(),
            description: "Says it again.".to_owned(),
            tags: vec!["echo".to_owned()],
            examples: None,
            input_modes: None,
            output_modes: None,
            security_requirements: None,
        }],
        provider: None,
        documentation_url: None,
        icon_url: None,
        security_schemes: None,
        security_requirements: None,
        signatures: None,
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok());
    let port: u16 = port.ok_or_else(|| io::Error::other("bench-native PORT"))?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let capabilities = AgentCapabilities {
        streaming: Some(true),
        ..AgentCapabilities::default()
    };
    let card = card(&format!("http://127.0.0.1:{port}"), capabilities.clone());
    let handler =
        DefaultRequestHandler::new(Echo, InMemoryTaskStore::new()).with_capabilities(capabilities);
    let app = jsonrpc_router(Arc::new(handler))
        .merge(agent_card_router(Arc::new(StaticAgentCard::new(card))));
    let listener = listener.tap_io(|stream| {
        // It is slower at worst without.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await
}
