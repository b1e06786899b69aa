//! Whether the analyst's answers are right: the questions of `examples/evaluation`, and what their answers
//! have to have. The README there describes both.

mod check;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::a2a::Client;
use crate::guests::workspace;

/// The questions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// In the order in which they are asked.
    pub questions: Vec<Question>,
    /// Where the tables and the recordings are.
    #[serde(skip)]
    folder: PathBuf,
}

/// A question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its own, and that of its recording.
    pub name: String,
    /// The text of the message.
    pub ask: String,
    /// Files that come with it.
    pub tables: Vec<String>,
    /// The question whose conversation it goes on.
    pub follows: Option<String>,
    /// What the answer has to have.
    pub expect: Expectation,
}

/// What an answer has to have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectation {
    /// Numbers in the text.
    pub numbers: Vec<f64>,
    /// Words in the text, all of them.
    pub words: Vec<String>,
    /// Words in the text, one of them.
    pub any_word: Vec<String>,
    /// The rows of the table, in any order.
    pub result: Option<Vec<Vec<Value>>>,
    /// Whether there is a chart.
    pub chart: Option<bool>,
    /// Whether there is SQL.
    pub sql: Option<bool>,
}

/// An answer, as far as it is checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// The model's words, and the SQL below them.
    pub text: String,
    /// The rows of the table.
    pub rows: Option<Vec<Vec<Value>>>,
    /// Whether there is a chart.
    pub chart: bool,
}

/// What a model said, in Gemini's shape.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The question.
    pub question: String,
    /// For each call of the model, the chunks of its stream.
    pub replies: Vec<Vec<Value>>,
}

/// How the answer to a question was.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The question.
    pub name: String,
    /// Why it is wrong, if it is.
    pub fault: Option<String>,
}

impl Evaluation {
    /// The one that is in `examples/evaluation`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load() -> Result<Self, String> {
        Self::from_folder(&workspace().join("examples/evaluation"))
    }

    /// The one in this folder.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_folder(folder: &Path) -> Result<Self, String> {
        let mut evaluation: Self = read_json(&folder.join("questions.json"))?;
        folder.clone_into(&mut evaluation.folder);
        Ok(evaluation)
    }

    /// The bytes of a table.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn table(&self, file: &str) -> Result<String, String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What a model said to a question.
    ///
    /// # Errors
    /// When there is no recording.
    pub fn recording(&self, question: &str) -> Result<Recording, String> {
        read_json(&self.folder.join(format!("recordings/{question}.json")))
    }

    /// The replies of all recordings, in the order in which the questions are asked: what a fake of Gemini
    /// is to answer while [`ask`](Self::ask) runs.
    ///
    /// # Errors
    /// When a recording is missing.
    pub fn replies(&self) -> Result<Vec<Vec<Value>>, String> {
        let mut replies = Vec::new();
        for question in &self.questions {
            replies.extend(self.recording(&question.name)?.replies);
        }
        Ok(replies)
    }

    /// Asks an analyst that is served at `url`, one question after the other.
    ///
    /// # Errors
    /// When a table cannot be read. A question that is not answered is a verdict.
    pub async fn ask(&self, url: &str) -> Result<Vec<Verdict>, String> {
        let client = Client::new(url);
        let mut contexts = HashMap::new();
        let mut verdicts = Vec::with_capacity(self.questions.len());
        for question in &self.questions {
            let mut parts = vec![json!({ "text": question.ask })];
            for file in &question.tables {
                let text = self.table(file)?;
                parts.push(json!({ "text": text, "filename": file, "mediaType": "text/csv" }));
            }
            let mut message = json!({
                "messageId": format!("evaluation-{}", question.name), "role": "ROLE_USER", "parts": parts,
            });
            let context = question
                .follows
                .as_ref()
                .and_then(|name| contexts.get(name));
            if let (Value::Object(message), Some(context)) = (&mut message, context) {
                message.insert("contextId".to_owned(), Value::clone(context));
            }
            let fault = match client.send(&json!({ "message": message })).await {
                Ok(task) => {
                    if let Some(context) = task.get("contextId") {
                        contexts.insert(question.name.clone(), context.clone());
                    }
                    check::ended_well(&task)
                        .and_then(|()| question.expect.check(&Given::of(&task)))
                        .err()
                }
                Err(error) => Some(error.to_string()),
            };
            verdicts.push(Verdict {
                name: question.name.clone(),
                fault,
            });
        }
        Ok(verdicts)
    }
}

/// The verdicts as a table, and how many are good.
#[must_use]
pub fn report(verdicts: &[Verdict]) -> String {
    let width = verdicts.iter().map(|v| v.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for verdict in verdicts {
        let said = verdict.fault.as_deref().map_or("ok".to_owned(), |why| {
            format!("FAILED  {}", why.replace('\n', " "))
        });
        let _ = writeln!(text, "{:width$}  {said}", verdict.name);
    }
    let good = verdicts.iter().filter(|v| v.fault.is_none()).count();
    let _ = writeln!(text, "{good} of {} answers are right", verdicts.len());
    text
}

fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}
