//! An agent that hands on what its model says, piece by piece. Told "tools", it gives the model one, whose
//! answer is always 21.

use attache_sdk::model::{self, Declaration, Given, Model, ModelError, Piece, Prompt, Reply, Turn};
use attache_sdk::{Agent, AgentCard, AgentSkill, Artifact, Context, Failure, Outcome, Part, json};
use futures_util::StreamExt as _;

struct ModelProbe;

impl Agent for ModelProbe {
    fn card(&self) -> AgentCard {
        AgentCard::new("Model probe", "Hands on what its model says.", "1.0.0")
            .skill(AgentSkill::new("ask", "Ask", "Asks its model.", &["model"]))
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let model = model::for_turn(context).map_err(failure)?;
        let model = model.ok_or_else(|| Failure::new("No model is configured."))?;
        let words = context.text();
        let mut prompt = Prompt {
            turns: vec![Turn::User(vec![Part::text(words.clone())])],
            ..Prompt::default()
        };
        if words.contains("tools") {
            prompt.tools.push(Declaration {
                name: "get_weather".to_owned(),
                description: "The temperature of a city.".to_owned(),
                parameters: json!({"type": "object", "properties": {"city": {"type": "string"}}}),
            });
        }
        let mut first = true;
        for _ in 0..3 {
            let reply = hand_on(model.as_ref(), &prompt, context, &mut first).await;
            let reply = reply.map_err(failure)?;
            if reply.calls.is_empty() {
                return Ok(Outcome::completed());
            }
            let given = reply.calls.iter().map(|call| Given {
                id: call.id.clone(),
                name: call.name.clone(),
                outcome: Ok(json!(21)),
            });
            let given = Turn::Tools(given.collect());
            prompt.turns.extend([Turn::Model(reply), given]);
        }
        Err(Failure::new("The model calls tools without end."))
    }
}

async fn hand_on(
    model: &dyn Model,
    prompt: &Prompt,
    context: &mut Context,
    first: &mut bool,
) -> Result<Reply, ModelError> {
    let mut answer = model.ask(prompt);
    while let Some(piece) = answer.next().await {
        match piece? {
            Piece::Text(text) => {
                let chunk = Artifact::text("answer", text);
                context
                    .artifact_chunk(chunk, std::mem::take(first), false)
                    .await;
                context.flush().await;
            }
            Piece::Reply(reply) => return Ok(reply),
        }
    }
    Err(ModelError::Malformed("it has no end".to_owned()))
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failure(error: ModelError) -> Failure {
    Failure::new(error.to_string())
}

attache_sdk::export!(ModelProbe);
