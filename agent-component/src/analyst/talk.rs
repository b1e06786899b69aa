//! Answers with a model, which works on the tables by its tools.
//!
//! The conversation is kept between turns as the model knows it, calls of tools included, so that a
//! follow-up can build on what was found. What the model did is shown below what it says.

use std::cell::RefCell;

use attache_sdk::model::{Model, ModelError, Prompt, Turn};
use attache_sdk::tools::schemars::{JsonSchema, schema_for};
use attache_sdk::tools::{Conversation, Ended, Tool, Toolbox, tool};
use attache_sdk::{Artifact, Context, Failure, Outcome, Part, Value};
use futures_util::future::{Either, select};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{JSON, SVG, sentence};
use crate::analysis::{
    DrawChart, ListTables, Offer, ProfileTable, RunSql, Table, Workbench, instructions,
};
use crate::bigquery::{BigQuery, BigQueryError, Describe, ListDatasets, Outbound, Query, Settings};

/// Where the conversation is kept, and a question whose answer waits for an authorisation.
const TURNS: &str = "conversation";
const WAITING: &str = "question";
/// How much of a conversation is kept: whole questions with their answers, the newest.
const MAX_KEPT_BYTES: usize = 192 * 1024;
/// The artifact that the model's words become.
const ANSWER: &str = "answer";
/// What a result of BigQuery is said to come from.
const BIGQUERY: &str = "BigQuery";

/// How a conversation with a model ended.
pub(super) enum Talked {
    /// The turn is over.
    Ended(Outcome),
    /// The model cannot be asked now, for this reason, and has said nothing.
    Away(String),
}

/// Lets `model` answer.
pub(super) async fn talk(
    model: &dyn Model,
    question: String,
    tables: Vec<Table>,
    bigquery: Option<Settings>,
    context: &mut Context,
) -> Result<Talked, Failure> {
    let question = match context.state(WAITING)? {
        Some(waiting) => format!("{}\n\n{question}", String::from_utf8_lossy(&waiting)),
        None => question,
    };
    let before = kept(context)?;
    let bigquery = bigquery.map(|settings| BigQuery::new(settings, Outbound));
    let limit = bigquery.as_ref().map(BigQuery::limit);
    let mut prompt = Prompt {
        system: instructions(
            &tables,
            Offer {
                bigquery: bigquery.as_ref().map(|b| &*b.settings().datasets),
                bigquery_limit: limit.as_deref(),
            },
        ),
        turns: before,
        ..Prompt::default()
    };
    prompt.turns.push(Turn::User(vec![Part::text(&*question)]));
    let bench = Workbench::new(tables);
    let (refuse, refused) = futures_channel::oneshot::channel();
    let gate = Gate(RefCell::new(Some(refuse)));
    let tools = tools(&bench, bigquery.as_ref(), &gate);
    let tools = tools.with_configured(context).await;
    let closing = || bench.work().sql_used();
    let conversation = Conversation::new(model, &tools).closing(&closing);
    let talking = conversation.stream_into(context, ANSWER, &mut prompt);
    // The first of two ends the other: nothing that a model says helps without an authorisation.
    let ended = match select(Box::pin(talking), refused).await {
        Either::Left((ended, _)) => Ok(ended),
        Either::Right((Ok(ask), _)) => Err(ask),
        Either::Right((Err(_), talking)) => Ok(talking.await),
    };
    let ended = match ended {
        Ok(ended) => ended,
        Err(ask) => {
            context.set_state(WAITING, Some(question.as_bytes()))?;
            return Ok(Talked::Ended(Outcome::auth_required(ask)));
        }
    };
    match ended {
        Ok(_) => {}
        Err(Ended::Model(error @ (ModelError::Unavailable(_) | ModelError::Denied(_))))
            if has_said_nothing(context) =>
        {
            return Ok(Talked::Away(error.to_string()));
        }
        Err(ended) => return Err(Failure::new(sentence(&ended.to_string()))),
    }
    keep(context, prompt.turns)?;
    context.set_state(WAITING, None)?;
    show(context, &bench).await;
    Ok(Talked::Ended(Outcome::completed()))
}

/// Tells that an authorisation is missing, once.
struct Gate(RefCell<Option<futures_channel::oneshot::Sender<String>>>);

impl Gate {
    /// What the model is told. Where it is the user's to mend, the user is told, and the model nothing
    /// any more.
    async fn told<T>(&self, outcome: Result<T, BigQueryError>) -> Result<T, String> {
        let error = match outcome {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if error.needs_authorization() {
            let refuse = self.0.borrow_mut().take();
            if let Some(refuse) = refuse {
                let _ = refuse.send(error.to_string());
            }
            return std::future::pending().await;
        }
        Err(error.to_string())
    }
}

fn tools<'a>(
    bench: &'a Workbench,
    bigquery: Option<&'a BigQuery<Outbound>>,
    gate: &'a Gate,
) -> Toolbox<'a> {
    let tools = Toolbox::new()
        .with(described("list_tables", async |_: ListTables| {
            Ok(bench.list_tables())
        }))
        .with(described("profile_table", async |asked: ProfileTable| {
            bench.profile_table(&asked)
        }))
        .with(described("run_sql", async |asked: RunSql| {
            bench.run_sql(&asked)
        }))
        .with(described("draw_chart", async |asked: DrawChart| {
            bench.draw_chart(&asked)
        }));
    let Some(bigquery) = bigquery else {
        return tools;
    };
    tools
        .with(described(
            "bigquery_list_tables",
            async |asked: ListDatasets| gate.told(bigquery.list(&asked).await).await,
        ))
        .with(described("bigquery_describe", async |asked: Describe| {
            gate.told(bigquery.describe(&asked).await).await
        }))
        .with(described("bigquery_query", async |asked: Query| {
            let rows = gate.told(bigquery.query(&asked.sql).await).await?;
            Ok(bench.take_result(BIGQUERY, &rows.sql, &rows.table, rows.truncated))
        }))
}

/// A tool whose description is that of what it takes.
fn described<'a, A, R, F>(name: &str, function: F) -> impl Tool + use<'a, A, R, F>
where
    A: DeserializeOwned + JsonSchema + 'a,
    R: Serialize + 'a,
    F: AsyncFn(A) -> Result<R, String> + 'a,
{
    let schema = schema_for!(A);
    let description = schema.get("description").and_then(Value::as_str);
    tool(name, description.unwrap_or_default(), function)
}

fn has_said_nothing(context: &Context) -> bool {
    let artifacts = context.task().artifacts.unwrap_or_default();
    artifacts.iter().all(|a| a.artifact_id != ANSWER)
}

/// The conversation so far. One that an older version kept and this one cannot read is begun anew.
fn kept(context: &Context) -> Result<Vec<Turn>, Failure> {
    let kept = context.state(TURNS)?.unwrap_or_default();
    Ok(serde_json::from_slice(&kept).unwrap_or_default())
}

fn keep(context: &Context, turns: Vec<Turn>) -> Result<(), Failure> {
    let turns = newest(turns, MAX_KEPT_BYTES)?;
    context.set_state(TURNS, Some(&serde_json::to_vec(&turns)?))?;
    Ok(())
}

/// The last questions with all that followed them, within a limit: a model takes no call without what
/// it gave.
fn newest(turns: Vec<Turn>, most: usize) -> Result<Vec<Turn>, serde_json::Error> {
    let mut begin = turns.len();
    let mut bytes = 0;
    for (index, turn) in turns.iter().enumerate().rev() {
        bytes += serde_json::to_vec(turn)?.len();
        if bytes > most {
            break;
        }
        if matches!(turn, Turn::User(_)) {
            begin = index;
        }
    }
    Ok(turns.into_iter().skip(begin).collect())
}

/// What the tools made, where the client takes it.
async fn show(context: &mut Context, bench: &Workbench) {
    let work = bench.work();
    if let Some(table) = work.table.filter(|_| context.accepts(JSON)) {
        let artifact = Artifact::new("table", vec![Part::data(table)]).named("Result");
        context.artifact(artifact).await;
    }
    if !context.accepts(SVG) {
        return;
    }
    for (number, chart) in work.charts.into_iter().enumerate() {
        let (id, file) = match number {
            0 => ("chart".to_owned(), "chart.svg".to_owned()),
            _ => (
                format!("chart-{}", number + 1),
                format!("chart-{}.svg", number + 1),
            ),
        };
        let part = Part::raw(chart.svg.into_bytes(), SVG).with_filename(file);
        let artifact = Artifact::new(id, vec![part]).named(&chart.title);
        context.artifact(artifact).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attache_sdk::model::Reply;

    #[test]
    fn a_conversation_is_cut_before_a_question() {
        let user = |text: &str| Turn::User(vec![Part::text(text)]);
        let model = || Turn::Model(Reply::default());
        let tools = || Turn::Tools(Vec::new());
        let size = |turns: &[Turn]| -> usize {
            let sizes = turns.iter().map(|t| serde_json::to_vec(t).unwrap().len());
            sizes.sum()
        };
        let turns = vec![user("one"), model(), tools(), model(), user("two"), model()];
        let all = size(&turns);
        assert_eq!(newest(turns.clone(), all).unwrap(), turns);
        for most in [all - 1, size(&turns[4..])] {
            assert_eq!(newest(turns.clone(), most).unwrap(), turns[4..]);
        }
        assert_eq!(newest(turns, 10).unwrap(), []);
    }
}
