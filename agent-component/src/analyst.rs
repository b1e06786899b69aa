//! The data analyst as an A2A agent: takes tables and questions from the parts of a message, keeps the
//! tables for the conversation, and answers with text, a JSON table and a chart. With a model it
//! understands plain language ([`talk`]); without one, SQL and some fixed phrases.

mod talk;

use attache_sdk::{
    Agent, AgentCard, AgentSkill, Artifact, Content, Context, Failure, Message, Outcome, Part,
    Role, fetch, json, model,
};

use crate::analysis::{
    Answer, Problem, QueryResult, Source, Table, answer, extract_sql, present, split_message,
};
use crate::bigquery::{BigQuery, Outbound, Settings, is_for_bigquery};
use crate::shelf::Shelf;
use talk::{Talked, talk};

/// The largest table that is read from a link.
const MAX_FETCH: usize = 16 * 1024 * 1024;
const SVG: &str = "image/svg+xml";
const JSON: &str = "application/json";
/// What a table without a question is taken for.
const PROFILE: &str = "Profile the newest table: what is in it, and what is striking?";

/// The agent.
pub struct Analyst;

impl Agent for Analyst {
    fn card(&self) -> AgentCard {
        AgentCard::new(
            "Data analyst",
            "Answers questions about a table: profiles it, runs SQL over it, and draws charts.",
            env!("CARGO_PKG_VERSION"),
        )
        .modes(
            &["text/plain", "text/csv", "text/tab-separated-values", JSON],
            &["text/plain", JSON, SVG],
        )
        .skill(
            AgentSkill::new(
                "data-analysis",
                "Data analysis",
                "Give it a table (CSV or JSON, as text, a file, data or a link) and a question, and \
                 ask on. Without a question it profiles the table; it runs SELECT statements, and \
                 draws bar, line and scatter charts.",
                &["data", "csv", "sql", "statistics", "charts"],
            )
            .examples(&[
                "Profile this table.",
                "SELECT region, SUM(amount) FROM sales GROUP BY region",
                "bar chart of amount by region",
            ]),
        )
    }

    /// A second run reads, computes and says the same: what it emits takes the place of what was
    /// emitted, and so do the tables that it keeps.
    fn resumable(&self, _: &Message) -> bool {
        true
    }

    async fn run(&self, context: &mut Context) -> Result<Outcome, Failure> {
        let request = match gather(context).await {
            Ok(request) => request,
            Err(sentence) => return Ok(Outcome::input_required(sentence)),
        };
        let mut shelf = Shelf::open(context)?;
        for source in request.sources {
            if let Err(sentence) = shelf.add(source) {
                return Ok(Outcome::input_required(sentence));
            }
        }
        let tables = match Table::read_all(shelf.sources()) {
            Ok(tables) => tables,
            Err(error) => return Ok(Outcome::input_required(sentence(&error.to_string()))),
        };
        // Only what could be read is kept.
        shelf.keep(context)?;
        let bigquery = Settings::read(|key| context.config(key)).map_err(Failure::new)?;
        if let Some(settings) = &bigquery
            && let Some(asked) = asked_of_bigquery(&request.question, context)
        {
            return ask_bigquery(settings.clone(), &asked, context).await;
        }
        let question = request.question;
        // Whoever writes SQL wants it run, and needs no model for that.
        if extract_sql(&question).is_some() {
            return by_itself(&question, &tables, None, context).await;
        }
        let Some(model) = model::for_turn(context)? else {
            let why =
                "No model is configured, so this agent understands fixed phrases and SQL only.";
            return by_itself(&question, &tables, Some(why), context).await;
        };
        let asked = match question.as_str() {
            "" => PROFILE.to_owned(),
            _ => question.clone(),
        };
        match talk(&*model, asked, tables.clone(), bigquery, context).await? {
            Talked::Ended(outcome) => Ok(outcome),
            Talked::Away(why) => {
                let why = format!(
                    "{} This is answered without it, from fixed phrases and SQL only.",
                    sentence(&why)
                );
                by_itself(&question, &tables, Some(&why), context).await
            }
        }
    }
}

/// Answers without a model. `why` says why there is none, where that may surprise.
async fn by_itself(
    question: &str,
    tables: &[Table],
    why: Option<&str>,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let beside = |text: String| match why {
        Some(why) => format!("{text}\n\n{why}"),
        None => text,
    };
    match answer(question, tables) {
        Ok(mut answer) => {
            // What was asked in words may have been meant otherwise.
            if why.is_some() && context.config("model_provider").is_some() {
                answer.text = beside(answer.text);
            }
            emit(context, answer).await;
            Ok(Outcome::completed())
        }
        Err(Problem::NeedTable(ask)) => Ok(Outcome::input_required(ask)),
        Err(Problem::NeedQuestionDetail(ask)) => Ok(Outcome::input_required(beside(ask))),
        Err(Problem::Failed(error)) => Err(Failure::new(error)),
    }
}

struct Request {
    question: String,
    sources: Vec<Source>,
}

/// The question and the tables of a message. The error is a sentence for the client.
async fn gather(context: &mut Context) -> Result<Request, String> {
    let mut question = String::new();
    let mut sources = Vec::new();
    for part in context.message().parts.clone() {
        if let Some(text) = words(&part) {
            let split = split_message(text);
            add_line(&mut question, &split.question);
            sources.extend(split.table);
            continue;
        }
        let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let (name, media_type) = (named(&part.filename), named(&part.media_type));
        match part.content {
            Content::Text(text) => sources.push(Source {
                name,
                media_type,
                bytes: text.into_bytes(),
            }),
            Content::Raw(bytes) => sources.push(Source {
                name,
                media_type,
                bytes,
            }),
            Content::Data(value) => {
                let media_type = Some(JSON.to_owned());
                sources.push(Source {
                    name,
                    media_type,
                    bytes: value.to_string().into_bytes(),
                });
            }
            Content::Url(url) => {
                context.working(format!("Reading {url}")).await;
                let fetched = fetch(&url, MAX_FETCH)
                    .await
                    .map_err(|e| sentence(&e.to_string()))?;
                sources.push(Source {
                    name: name.or_else(|| file_name(&url)),
                    media_type: media_type.or(fetched.media_type),
                    bytes: fetched.bytes,
                });
            }
        }
    }
    if question.is_empty() {
        question = open_question(context);
    }
    Ok(Request { question, sources })
}

/// A question with SQL that can only be meant for BigQuery: of this message, or the one that the task
/// waits to answer, when this message only says that the authorisation was given.
fn asked_of_bigquery(question: &str, context: &Context) -> Option<String> {
    let fits = |question: &str| extract_sql(question).is_some_and(|sql| is_for_bigquery(&sql));
    if fits(question) {
        return Some(question.to_owned());
    }
    if extract_sql(question).is_some() {
        return None;
    }
    // Several messages may have said so, and the authorisation still have been wrong.
    let mut earlier = earlier_questions(context).into_iter();
    earlier
        .find(|question| extract_sql(question).is_some())
        .filter(|question| fits(question))
}

/// Runs the SQL of a message on BigQuery, as the user.
async fn ask_bigquery(
    settings: Settings,
    question: &str,
    context: &mut Context,
) -> Result<Outcome, Failure> {
    let sql = extract_sql(question).unwrap_or_default();
    let rows = match BigQuery::new(settings, Outbound).query(&sql).await {
        Ok(rows) => rows,
        Err(error) if error.needs_authorization() => {
            return Ok(Outcome::auth_required(error.to_string()));
        }
        Err(error) => return Err(Failure::new(error.to_string())),
    };
    let result = QueryResult {
        table: rows.table,
        truncated: rows.truncated,
    };
    let around = question.replace(&sql, " ");
    match present(&result, &rows.sql, &around) {
        Ok(answer) => {
            emit(context, answer).await;
            Ok(Outcome::completed())
        }
        Err(problem) => Err(Failure::new(problem.to_string())),
    }
}

/// What the task waits to answer, when this message only brings the table that was missing.
fn open_question(context: &Context) -> String {
    earlier_questions(context)
        .into_iter()
        .find(|question| !question.is_empty())
        .unwrap_or_default()
}

/// What the user asked in this task before, the newest first.
fn earlier_questions(context: &Context) -> Vec<String> {
    let asked = |message: &Message| {
        let mut question = String::new();
        for text in message.parts.iter().filter_map(words) {
            add_line(&mut question, &split_message(text).question);
        }
        question
    };
    let history = context.history();
    let by_user = history.iter().rev().filter(|m| m.role == Role::User);
    by_user.map(asked).collect()
}

/// The text of a part that is neither a file nor declared to be a table.
fn words(part: &Part) -> Option<&str> {
    let kind = part.media_type.as_str();
    let plain = kind.is_empty() || kind == "text/plain" || kind.starts_with("text/markdown");
    match &part.content {
        Content::Text(text) if plain && part.filename.is_empty() => Some(text),
        _ => None,
    }
}

fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() && !line.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// The last segment of a link's path.
fn file_name(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, name) = path.split_once("://")?.1.rsplit_once('/')?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// An error as a sentence that begins with a capital and ends with a full stop.
fn sentence(error: &str) -> String {
    let mut chars = error.chars();
    let first = chars
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// Text always; a table and a chart where the client takes them.
async fn emit(context: &mut Context, answer: Answer) {
    let Answer {
        title,
        text,
        table,
        svg,
        sql,
    } = answer;
    let mut artifact = Artifact::new("answer", vec![Part::text(text)]).named(&title);
    if let Some(sql) = sql {
        let metadata = json!({ "sql": sql });
        artifact.metadata = metadata.as_object().cloned();
    }
    context.artifact(artifact).await;
    if let Some(table) = table.filter(|_| context.accepts(JSON)) {
        context
            .artifact(Artifact::new("table", vec![Part::data(table)]).named(&title))
            .await;
    }
    if let Some(svg) = svg.filter(|_| context.accepts(SVG)) {
        let chart = Part::raw(svg.into_bytes(), SVG).with_filename("chart.svg");
        context
            .artifact(Artifact::new("chart", vec![chart]).named(&title))
            .await;
    }
}
