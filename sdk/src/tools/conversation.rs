//! A model that calls tools until it has an answer.

use crate::tools::json::{get, set};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream;
use serde_json::{Value, json};

use super::calls::Calls;
use super::limits::{Ended, Limits};
use super::surroundings::{Called, Surroundings, Wasi};
use super::toolbox::{Kind, Toolbox};
use super::written::Written;
use crate::model::{Call, Finish, Given, Model, ModelError, Piece, Prompt, Reply, Turn, Usage};
use crate::{Artifact, Context};

/// How many calls one reply may have. Those after it are refused.
const MAX_CALLS: usize = 32;
/// Where the task says what it took.
const USAGE: &str = "usage";

/// What a model answered in the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The last reply's text, without what the model said between calls.
    pub text: String,
    /// Whether the text is whole.
    pub finish: Finish,
    /// Which model answered, in its own words.
    pub model: String,
    /// Tokens of all turns together.
    pub usage: Usage,
    /// How often the model was asked.
    pub turns: u32,
    /// How many calls of tools it made.
    pub calls: u32,
}

/// A model with tools. It is asked; the calls of its reply are made, several at the same time; what
/// they give goes back to it; until it answers.
///
/// A tool that fails, arguments that do not fit and a name that is none are told to the model, which
/// may do better. Dropping the future ends what is on its way, a call of the model or of tools.
pub struct Conversation<'a> {
    model: &'a dyn Model,
    tools: &'a Toolbox<'a>,
    limits: Limits,
    task_id: Option<String>,
    closing: Option<&'a dyn Fn() -> Option<String>>,
    surroundings: &'a dyn Surroundings,
}

impl<'a> Conversation<'a> {
    /// Of this model, with these tools and the usual limits.
    pub fn new(model: &'a dyn Model, tools: &'a Toolbox<'a>) -> Self {
        Self {
            model,
            tools,
            limits: Limits::default(),
            task_id: None,
            closing: None,
            surroundings: &Wasi,
        }
    }

    /// With other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// For this task, for whoever counts what tools take. [`Self::stream_into`] knows it by itself.
    #[must_use]
    pub fn task(mut self, task_id: impl Into<String>) -> Self {
        self.task_id = Some(task_id.into());
        self
    }

    /// With a text that [`Self::stream_into`] puts behind the model's last words, in the same artifact:
    /// what the tools did, say. It is asked for once there is an answer.
    #[must_use]
    pub fn closing(mut self, closing: &'a dyn Fn() -> Option<String>) -> Self {
        self.closing = Some(closing);
        self
    }

    #[cfg(test)]
    pub(crate) fn within(mut self, surroundings: &'a dyn Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Asks until there is an answer. `heard` is given each piece of text as it comes, also of what
    /// the model says between calls. The turns are added to the prompt, which so is the whole
    /// conversation, also where it ends without an answer.
    ///
    /// # Errors
    /// [`Ended`].
    pub async fn run(
        &self,
        prompt: &mut Prompt,
        mut heard: impl AsyncFnMut(&str),
    ) -> Result<Answer, Ended> {
        let mut answer = Answer::default();
        self.run_counting(prompt, &mut heard, &mut answer).await?;
        Ok(answer)
    }

    /// Asks until there is an answer, and emits its text as an artifact while it comes. What was taken
    /// is in the task's metadata afterwards, under `usage`, with or without an answer: `model`,
    /// `inputTokens`, `cachedTokens`, `outputTokens`, `thoughtTokens`, `turns`, `toolCalls` and
    /// `milliseconds`, summed over all messages of the task.
    ///
    /// # Errors
    /// [`Ended`], of which `?` makes a [`Failure`](crate::Failure) with its sentence.
    pub async fn stream_into(
        &self,
        context: &mut Context,
        artifact_id: &str,
        prompt: &mut Prompt,
    ) -> Result<Answer, Ended> {
        let conversation = Self {
            model: self.model,
            tools: self.tools,
            limits: self.limits.clone(),
            task_id: Some(context.task_id()),
            closing: None,
            surroundings: self.surroundings,
        };
        let handle = context.handle();
        let begun = Instant::now();
        // The last character waits for the next piece, because only the last piece says that it is.
        let mut written = Written::default();
        let mut answer = Answer::default();
        let ended = conversation
            .run_counting(
                prompt,
                &mut async |text: &str| {
                    let Some((piece, first)) = written.next(text) else {
                        return;
                    };
                    let artifact = Artifact::text(artifact_id, piece);
                    handle.artifact_chunk(artifact, first, false).await;
                },
                &mut answer,
            )
            .await;
        if ended.is_ok() {
            let closing = self.closing.and_then(|closing| closing());
            written.add(&closing.unwrap_or_default());
        }
        if let Some((piece, first)) = written.last() {
            let artifact = Artifact::text(artifact_id, piece);
            handle.artifact_chunk(artifact, first, true).await;
        }
        let before = context.task().metadata;
        let before = before.as_ref().and_then(|metadata| metadata.get(USAGE));
        let usage = sum(before, &answer, begun.elapsed());
        context.set_metadata(USAGE, usage);
        ended?;
        Ok(answer)
    }

    /// `answer` holds what was taken also where there is none.
    async fn run_counting(
        &self,
        prompt: &mut Prompt,
        heard: &mut impl AsyncFnMut(&str),
        answer: &mut Answer,
    ) -> Result<(), Ended> {
        let out_of_time = self.surroundings.sleep(self.limits.time);
        let asking = std::pin::pin!(self.ask_until_answered(prompt, heard, answer));
        match select(asking, out_of_time).await {
            Either::Left((ended, _)) => ended,
            Either::Right(_) => Err(Ended::Time(self.limits.time)),
        }
    }

    async fn ask_until_answered(
        &self,
        prompt: &mut Prompt,
        heard: &mut impl AsyncFnMut(&str),
        answer: &mut Answer,
    ) -> Result<(), Ended> {
        prompt.tools = self.tools.declarations();
        for note in self.tools.notes() {
            // A conversation that goes on has it already.
            if !prompt.system.contains(note) {
                prompt.system.push_str("\n\n");
                prompt.system.push_str(note);
            }
        }
        let mut calls = Calls::default();
        let mut spoke = false;
        loop {
            if answer.turns >= self.limits.turns {
                return Err(Ended::Turns(self.limits.turns));
            }
            let took = answer.usage.input + answer.usage.output;
            if took >= self.limits.tokens {
                let limit = self.limits.tokens;
                return Err(Ended::Tokens { took, limit });
            }
            answer.turns += 1;
            let reply = self
                .ask(prompt, heard, &mut spoke)
                .await
                .inspect_err(|ended| {
                    if let Ended::Model(error) = ended {
                        add(&mut answer.usage, error.usage());
                    }
                })?;
            add(&mut answer.usage, reply.usage);
            answer.model.clone_from(&reply.model);
            prompt.turns.push(Turn::Model(reply.clone()));
            if reply.calls.is_empty() {
                if reply.text.trim().is_empty() {
                    return Err(match reply.finish {
                        Finish::MaxTokens => Ended::Cut("said anything"),
                        Finish::Stop => Ended::Nothing,
                    });
                }
                answer.text = reply.text;
                answer.finish = reply.finish;
                return Ok(());
            }
            if reply.finish == Finish::MaxTokens {
                return Err(Ended::Cut("had said which tools to call"));
            }
            answer.calls += u32::try_from(reply.calls.len()).unwrap_or(u32::MAX);
            let given = self.make(&reply.calls, &mut calls).await?;
            prompt.turns.push(Turn::Tools(given));
        }
    }

    /// One question.
    async fn ask(
        &self,
        prompt: &Prompt,
        heard: &mut impl AsyncFnMut(&str),
        spoke: &mut bool,
    ) -> Result<Reply, Ended> {
        let mut pieces = self.model.ask(prompt);
        let mut apart = *spoke;
        while let Some(piece) = pieces.next().await {
            match piece? {
                Piece::Text(text) if text.is_empty() => {}
                Piece::Text(text) => {
                    // What is said after calls begins a paragraph.
                    if std::mem::take(&mut apart) {
                        heard("\n\n").await;
                    }
                    *spoke = true;
                    heard(&text).await;
                }
                Piece::Reply(reply) => return Ok(reply),
            }
        }
        let why = "it ended before it was whole".to_owned();
        Err(ModelError::Malformed(why).into())
    }

    /// Makes the calls of one reply.
    async fn make(&self, wanted: &[Call], calls: &mut Calls) -> Result<Vec<Given>, Ended> {
        let limit = self.limits.repeats;
        let mut refused = Vec::new();
        calls.reply += 1;
        for (index, call) in wanted.iter().enumerate() {
            let seen = calls.count(call);
            refused.push(if index >= MAX_CALLS {
                Some(format!("At most {MAX_CALLS} calls are made at once: call again."))
            } else if seen.times > limit && seen.told.is_some_and(|told| told < seen.now) {
                let name = call.name.clone();
                return Err(Ended::Repeats { name, limit });
            } else if seen.times > limit {
                seen.told = Some(seen.now);
                Some(format!(
                    "This call was made {limit} times with the same arguments and is not made again. \
                     Go on with what it gave, or answer with what there is."
                ))
            } else {
                None
            });
        }
        let made = wanted
            .iter()
            .zip(refused)
            .map(|(call, refused)| async move {
                let outcome = match refused {
                    Some(why) => Err(why),
                    None => self.call(call).await,
                };
                Given {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    outcome,
                }
            });
        let given: Vec<_> = stream::iter(made)
            .buffered(self.limits.parallel.max(1))
            .collect()
            .await;
        for given in &given {
            match &given.outcome {
                Ok(_) => calls.failures = 0,
                Err(error) => {
                    calls.failures += 1;
                    if calls.failures >= self.limits.failures {
                        return Err(Ended::Failures {
                            failures: calls.failures,
                            name: given.name.clone(),
                            error: error.clone(),
                        });
                    }
                }
            }
        }
        Ok(given)
    }

    async fn call(&self, call: &Call) -> Result<Value, String> {
        let begun = Instant::now();
        let tool = self.tools.find(&call.name);
        let outcome = match tool {
            Some(tool) => tool.call(call.arguments.clone()).await,
            None => Err(format!(
                "There is no tool {:?}. There are: {}.",
                call.name,
                self.tools.names()
            )),
        };
        self.surroundings.called(Called {
            // A name that the model made up would be one more row for whoever counts.
            name: tool.map_or_else(|| "unknown".to_owned(), |t| t.declaration().name.clone()),
            kind: tool.map_or(Kind::Function, |tool| tool.kind()).as_str(),
            task_id: self.task_id.clone(),
            took: begun.elapsed(),
            failed: outcome.is_err(),
        });
        let limit = self.limits.result_bytes;
        match outcome {
            Ok(value) => Ok(cut(value, limit)),
            Err(error) => Err(cut_text(&error, limit).unwrap_or(error)),
        }
    }
}

fn add(sum: &mut Usage, usage: Usage) {
    sum.input += usage.input;
    sum.cached += usage.cached;
    sum.output += usage.output;
    sum.thoughts += usage.thoughts;
}

/// What a task took, with what an earlier message of it did.
fn sum(before: Option<&Value>, answer: &Answer, time: Duration) -> Value {
    let Usage {
        input,
        cached,
        output,
        thoughts,
    } = answer.usage;
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut summed = json!({ "model": answer.model });
    for (name, number) in [
        ("inputTokens", input),
        ("cachedTokens", cached),
        ("outputTokens", output),
        ("thoughtTokens", thoughts),
        ("turns", answer.turns.into()),
        ("toolCalls", answer.calls.into()),
        ("milliseconds", milliseconds),
    ] {
        let before = before
            .and_then(|before| get(before, name).as_u64())
            .unwrap_or(0);
        set(&mut summed, name, json!(before.saturating_add(number)));
    }
    summed
}

/// The result, or as much of it as may be.
fn cut(value: Value, limit: usize) -> Value {
    if let Value::String(text) = &value {
        return cut_text(text, limit).map_or(value, Value::String);
    }
    let printed = value.to_string();
    match cut_text(&printed, limit) {
        None => value,
        Some(cut) => json!({ "cut": cut }),
    }
}

/// None when nothing has to be cut.
fn cut_text(text: &str, limit: usize) -> Option<String> {
    if text.len() <= limit {
        return None;
    }
    let kept = text.floor_char_boundary(limit);
    Some(format!(
        "{}\n[cut here: these are {kept} of {} bytes; ask for less to see all of it]",
        text.get(..kept).unwrap_or_default(),
        text.len()
    ))
}
