//! The evaluation of the analyst, as far as it goes without a server: the recorded calls are made of the
//! analyst's own tools, and what comes of them has to be what the questions expect.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use agent_component::analysis::{Source, Table, Workbench};
use attache_tests::evaluation::{Evaluation, Given, Question, Verdict, report};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Calls a tool as a model does.
fn call(bench: &Workbench, name: &str, arguments: &Value) -> Result<Value, String> {
    fn read<A: DeserializeOwned>(arguments: &Value) -> Result<A, String> {
        A::deserialize(arguments).map_err(|error| error.to_string())
    }
    match name {
        "list_tables" => Ok(bench.list_tables()),
        "profile_table" => bench.profile_table(&read(arguments)?),
        "run_sql" => bench.run_sql(&read(arguments)?),
        "draw_chart" => bench.draw_chart(&read(arguments)?),
        other => panic!("no tool is called {other:?}"),
    }
}

/// Plays a recording against the tables of a conversation.
fn replay(evaluation: &Evaluation, question: &Question, tables: &[Table]) -> Given {
    let bench = Workbench::new(tables.to_vec());
    let mut said = String::new();
    for reply in evaluation.recording(&question.name).unwrap().replies {
        for chunk in &reply {
            let parts = chunk.pointer("/candidates/0/content/parts");
            for part in parts.and_then(Value::as_array).unwrap() {
                if let Some(text) = part.get("text").and_then(Value::as_str) {
                    said.push_str(text);
                }
                if let Some(asked) = part.get("functionCall") {
                    let name = asked.get("name").and_then(Value::as_str).unwrap();
                    // An error is the model's to read.
                    let _ = call(&bench, name, asked.get("args").unwrap());
                }
            }
        }
        let end = reply.last().unwrap();
        let reason = end.pointer("/candidates/0/finishReason");
        assert_eq!(
            reason.and_then(Value::as_str),
            Some("STOP"),
            "{}",
            question.name
        );
    }
    let answer = bench.work().answer(&said);
    let rows = answer.table.as_ref().and_then(|table| table.get("rows"));
    let rows = rows.and_then(Value::as_array).map(|rows| {
        let rows = rows.iter().filter_map(|row| row.as_array().cloned());
        rows.collect()
    });
    Given {
        text: answer.text,
        rows,
        chart: answer.svg.is_some(),
    }
}

#[test]
fn the_recorded_calls_lead_to_the_answers_that_are_expected() {
    let evaluation = Evaluation::load().unwrap();
    assert!(evaluation.questions.len() >= 12);
    let mut sent: Vec<(String, Vec<Table>)> = Vec::new();
    let mut verdicts = Vec::new();
    for question in &evaluation.questions {
        let mut tables = match &question.follows {
            Some(before) => {
                let found = sent.iter().find(|(name, _)| name == before);
                found.expect("a question follows one before it").1.clone()
            }
            None => Vec::new(),
        };
        for file in &question.tables {
            let source = Source {
                name: Some(file.clone()),
                media_type: Some("text/csv".to_owned()),
                bytes: evaluation.table(file).unwrap().into_bytes(),
            };
            tables.extend(Table::read_all(&[source]).unwrap());
        }
        let given = replay(&evaluation, question, &tables);
        verdicts.push(Verdict {
            name: question.name.clone(),
            fault: question.expect.check(&given).err(),
        });
        sent.push((question.name.clone(), tables));
    }
    let report = report(&verdicts);
    assert!(verdicts.iter().all(|v| v.fault.is_none()), "\n{report}");
}
