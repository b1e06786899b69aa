//! The conversation, with a model that follows a script.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{FutureExt as _, LocalBoxFuture, join};
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::surroundings::{Called, Surroundings};
use super::*;
use crate::model::{Call, Finish, Given, Model, ModelError, Piece, Prompt, Reply, Turn, Usage};

/// Answers with one reply after the other; with the last again and again.
struct Script {
    replies: RefCell<VecDeque<Result<Reply, ModelError>>>,
    asked: Cell<u32>,
}

impl Model for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn provider(&self) -> &str {
        "test"
    }

    fn ask<'a>(&'a self, _: &'a Prompt) -> LocalBoxStream<'a, Result<Piece, ModelError>> {
        self.asked.set(self.asked.get() + 1);
        let mut replies = self.replies.borrow_mut();
        let reply = match replies.len() {
            0 => return stream::pending().boxed_local(),
            1 => replies[0].clone(),
            _ => replies.pop_front().unwrap(),
        };
        let mut pieces: Vec<_> = reply
            .iter()
            .flat_map(|reply| reply.text.split_inclusive(' '))
            .map(|text| Ok(Piece::Text(text.to_owned())))
            .collect();
        pieces.push(reply.map(Piece::Reply));
        stream::iter(pieces).boxed_local()
    }
}

fn script(replies: impl IntoIterator<Item = Reply>) -> Script {
    Script {
        replies: RefCell::new(replies.into_iter().map(Ok).collect()),
        asked: Cell::new(0),
    }
}

fn says(text: &str) -> Reply {
    Reply {
        text: text.to_owned(),
        usage: Usage {
            input: 10,
            output: 5,
            ..Usage::default()
        },
        ..Reply::default()
    }
}

fn calls(wanted: &[(&str, Value)]) -> Reply {
    let wanted = wanted.iter().map(|(name, arguments)| Call {
        id: None,
        name: (*name).to_owned(),
        arguments: arguments.clone(),
    });
    Reply {
        calls: wanted.collect(),
        ..says("")
    }
}

/// Time stands still unless `late`.
#[derive(Default)]
struct Still {
    late: bool,
    called: RefCell<Vec<Called>>,
}

impl Surroundings for Still {
    fn sleep(&self, _: Duration) -> LocalBoxFuture<'static, ()> {
        if self.late {
            async {}.boxed_local()
        } else {
            pending().boxed_local()
        }
    }

    fn called(&self, call: Called) {
        self.called.borrow_mut().push(call);
    }
}

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// The one.
    a: i64,
    /// The other.
    b: i64,
}

fn adding<'a>() -> Toolbox<'a> {
    Toolbox::new()
        .with(tool("add", "Adds.", async |args: Add| Ok(args.a + args.b)))
        .with(tool("fail", "Fails.", async |_: Value| {
            Err::<(), _>("nobody is there".to_owned())
        }))
        .with(tool("long", "Says much.", async |_: Value| {
            Ok("ä".repeat(1000))
        }))
}

/// What a conversation ends with when it needs no waiting.
fn run_with(
    model: &Script,
    tools: &Toolbox<'_>,
    limits: Limits,
) -> (Result<Answer, Ended>, Prompt) {
    let mut prompt = Prompt::default();
    let still = Still::default();
    let conversation = Conversation::new(model, tools)
        .limits(limits)
        .within(&still);
    let answer = conversation
        .run(&mut prompt, async |_: &str| {})
        .now_or_never();
    (answer.expect("it does not wait"), prompt)
}

fn run(replies: impl IntoIterator<Item = Reply>) -> (Result<Answer, Ended>, Prompt) {
    run_with(&script(replies), &adding(), Limits::default())
}

fn given(prompt: &Prompt, turn: usize) -> &[Given] {
    match &prompt.turns[turn] {
        Turn::Tools(given) => given,
        other => panic!("no tools: {other:?}"),
    }
}

fn error(prompt: &Prompt, turn: usize) -> &str {
    given(prompt, turn)[0].outcome.as_ref().unwrap_err()
}

#[test]
fn tools_are_called_until_there_is_an_answer() {
    let model = script([
        calls(&[("add", json!({"a": 1, "b": 2}))]),
        says("It is three."),
    ]);
    let tools = adding();
    let still = Still::default();
    let mut prompt = Prompt::default();
    let mut heard = Vec::new();
    let conversation = Conversation::new(&model, &tools).task("t").within(&still);
    let answer = conversation
        .run(&mut prompt, async |text: &str| heard.push(text.to_owned()))
        .now_or_never()
        .unwrap()
        .unwrap();
    assert_eq!(answer.text, "It is three.");
    assert_eq!((answer.turns, answer.calls), (2, 1));
    assert_eq!((answer.usage.input, answer.usage.output), (20, 10));
    assert_eq!(heard, ["It ", "is ", "three."]);
    assert_eq!(given(&prompt, 1)[0].outcome, Ok(json!(3)));
    assert_eq!(prompt.tools[0].name, "add");
    assert_eq!(prompt.tools[0].parameters["required"], json!(["a", "b"]));
    let called = still.called.borrow();
    assert_eq!(
        (&*called[0].name, called[0].kind, called[0].failed),
        ("add", "function", false)
    );
    assert_eq!(called[0].task_id.as_deref(), Some("t"));
}

#[test]
fn what_is_said_between_calls_is_apart() {
    let mut first = calls(&[("add", json!({"a": 1, "b": 2}))]);
    first.text = "Let me see.".to_owned();
    let model = script([first, says("Three.")]);
    let (tools, still) = (adding(), Still::default());
    let mut heard = String::new();
    let conversation = Conversation::new(&model, &tools).within(&still);
    let mut prompt = Prompt::default();
    let said = conversation.run(&mut prompt, async |text: &str| heard.push_str(text));
    assert_eq!(said.now_or_never().unwrap().unwrap().text, "Three.");
    assert_eq!(heard, "Let me see.\n\nThree.");
}

#[test]
fn the_model_is_told_what_is_wrong() {
    let (answer, prompt) = run([
        calls(&[("subtract", json!({}))]),
        calls(&[("add", json!({"a": 1}))]),
        calls(&[("fail", json!({}))]),
        says("It cannot be."),
    ]);
    assert_eq!(answer.unwrap().text, "It cannot be.");
    assert_eq!(
        error(&prompt, 1),
        "There is no tool \"subtract\". There are: add, fail, long."
    );
    let arguments = error(&prompt, 3);
    assert!(arguments.contains("missing field `b`"), "{arguments}");
    assert!(arguments.contains("\"The other.\""), "{arguments}");
    assert_eq!(error(&prompt, 5), "nobody is there");
}

#[test]
fn turns_are_limited() {
    let number = Cell::new(0);
    let replies = (0..20).map(|n| {
        number.set(n);
        calls(&[("add", json!({"a": n, "b": 0}))])
    });
    let model = script(replies);
    let limits = Limits {
        turns: 4,
        ..Limits::default()
    };
    let (answer, _) = run_with(&model, &adding(), limits);
    assert_eq!(model.asked.get(), 4);
    assert_eq!(
        answer.unwrap_err().to_string(),
        "there is no answer after 4 turns of the model, the limit for one message"
    );
}

#[test]
fn tokens_are_limited() {
    let replies = (0..20).map(|n| calls(&[("add", json!({"a": n, "b": 0}))]));
    let limits = Limits {
        tokens: 40,
        ..Limits::default()
    };
    let (answer, _) = run_with(&script(replies), &adding(), limits);
    assert_eq!(
        answer,
        Err(Ended::Tokens {
            took: 45,
            limit: 40
        })
    );
}

#[test]
fn time_is_limited() {
    let model = script([]);
    let still = Still {
        late: true,
        ..Still::default()
    };
    let limits = Limits {
        time: Duration::from_secs(7),
        ..Limits::default()
    };
    let tools = Toolbox::new();
    let conversation = Conversation::new(&model, &tools)
        .limits(limits)
        .within(&still);
    let mut prompt = Prompt::default();
    let answer = conversation
        .run(&mut prompt, async |_: &str| {})
        .now_or_never()
        .unwrap();
    assert_eq!(
        answer.unwrap_err().to_string(),
        "there is no answer after 7 s, the limit for one message"
    );
}

#[test]
fn failures_in_a_row_are_limited() {
    let fails = |n: i64| calls(&[("fail", json!({"n": n}))]);
    let (answer, prompt) = run((0..9).map(fails));
    assert_eq!(
        prompt
            .turns
            .iter()
            .filter(|turn| matches!(turn, Turn::Model(_)))
            .count(),
        5
    );
    let why = answer.unwrap_err().to_string();
    assert!(
        why.contains("5 calls") && why.contains("nobody is there"),
        "{why}"
    );
    // One that succeeds begins the count anew.
    let mut replies: Vec<_> = (0..8).map(fails).collect();
    replies.insert(4, calls(&[("add", json!({"a": 1, "b": 1}))]));
    replies.push(says("Done."));
    assert!(run(replies).0.is_ok());
}

#[test]
fn the_same_call_is_told_and_then_ends() {
    let same = || calls(&[("add", json!({"a": 1, "b": 2}))]);
    let (answer, prompt) = run((0..9).map(|_| same()));
    assert_eq!(
        answer,
        Err(Ended::Repeats {
            name: "add".to_owned(),
            limit: 3
        })
    );
    assert!(given(&prompt, 5)[0].outcome.is_ok());
    assert!(
        error(&prompt, 7).contains("3 times"),
        "{}",
        error(&prompt, 7)
    );
    // Told in time, it may still answer.
    let mut replies: Vec<_> = (0..4).map(|_| same()).collect();
    replies.push(says("Three."));
    assert!(run(replies).0.is_ok());
}

#[test]
fn long_results_are_cut() {
    let limits = Limits {
        result_bytes: 11,
        ..Limits::default()
    };
    let model = script([calls(&[("long", json!({}))]), says("Much.")]);
    let (_, prompt) = run_with(&model, &adding(), limits);
    let cut = given(&prompt, 1)[0].outcome.clone().unwrap();
    assert_eq!(
        cut,
        "äääää\n[cut here: these are 10 of 2000 bytes; ask for less to see all of it]"
    );
}

#[test]
fn an_answer_that_is_cut() {
    let cut = |reply: Reply| Reply {
        finish: Finish::MaxTokens,
        ..reply
    };
    let (answer, _) = run([cut(says("Half of"))]);
    assert_eq!(answer.unwrap().finish, Finish::MaxTokens);
    assert_eq!(run([cut(says(""))]).0, Err(Ended::Cut("said anything")));
    let call = calls(&[("add", json!({"a": 1, "b": 2}))]);
    assert!(matches!(run([cut(call)]).0, Err(Ended::Cut(_))));
    assert_eq!(run([says("  ")]).0, Err(Ended::Nothing));
}

#[test]
fn a_model_that_fails_ends_it() {
    let failure = ModelError::Blocked {
        reason: "SAFETY".to_owned(),
        usage: Usage::default(),
    };
    let model = Script {
        replies: RefCell::new([Err(failure.clone())].into()),
        asked: Cell::new(0),
    };
    let (answer, _) = run_with(&model, &adding(), Limits::default());
    assert_eq!(answer, Err(Ended::Model(failure)));
}

async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn calls_of_one_reply_run_at_the_same_time_and_keep_their_order() {
    let here = Cell::new(0);
    // Each waits for the other: one after the other they would wait for ever.
    let meet = async |n: Value| {
        here.set(here.get() + 1);
        while here.get() < 2 {
            yield_now().await;
        }
        Ok(n)
    };
    let tools = Toolbox::new().with(tool("meet", "Meets.", meet));
    let both = [("meet", json!({"n": 1})), ("meet", json!({"n": 2}))];
    let model = script([calls(&both), says("Met.")]);
    let still = Still::default();
    let mut prompt = Prompt::default();
    let conversation = Conversation::new(&model, &tools).within(&still);
    let answer = {
        let mut running = std::pin::pin!(conversation.run(&mut prompt, async |_: &str| {}));
        (0..5).find_map(|_| (&mut running).now_or_never())
    };
    answer.expect("they met").unwrap();
    let outcomes: Vec<_> = given(&prompt, 1)
        .iter()
        .map(|g| g.outcome.clone().unwrap())
        .collect();
    assert_eq!(outcomes, [json!({"n": 1}), json!({"n": 2})]);
}

#[test]
fn a_drop_ends_the_tool_that_runs() {
    struct Flag(Rc<Cell<bool>>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let ended = Rc::new(Cell::new(false));
    let (began, flag) = (Cell::new(false), ended.clone());
    let wait = async |_: Value| {
        let _flag = Flag(flag.clone());
        began.set(true);
        pending::<()>().await;
        Ok(())
    };
    let tools = Toolbox::new().with(tool("wait", "Waits.", wait));
    let model = script([calls(&[("wait", json!({}))])]);
    let still = Still::default();
    let mut prompt = Prompt::default();
    let conversation = Conversation::new(&model, &tools).within(&still);
    {
        let mut running = std::pin::pin!(conversation.run(&mut prompt, async |_: &str| {}));
        assert!((&mut running).now_or_never().is_none());
        assert!(began.get() && !ended.get());
    }
    assert!(ended.get());
    assert!(still.called.borrow().is_empty());
}

#[test]
fn what_is_missing_is_told_once() {
    let mut tools = adding();
    tools.note("The tools of docs are missing.".to_owned());
    let still = Still::default();
    let mut prompt = Prompt {
        system: "You add.".to_owned(),
        ..Prompt::default()
    };
    for _ in 0..2 {
        let model = script([says("Yes.")]);
        let conversation = Conversation::new(&model, &tools).within(&still);
        let answer = conversation
            .run(&mut prompt, async |_: &str| {})
            .now_or_never();
        answer.unwrap().unwrap();
    }
    assert_eq!(prompt.system, "You add.\n\nThe tools of docs are missing.");
}

#[test]
fn two_conversations_share_their_tools() {
    let tools = adding();
    let (one, other) = (script([says("One.")]), script([says("Other.")]));
    let still = Still::default();
    let (mut first, mut second) = (Prompt::default(), Prompt::default());
    let one = Conversation::new(&one, &tools).within(&still);
    let other = Conversation::new(&other, &tools).within(&still);
    let both = join(
        one.run(&mut first, async |_: &str| {}),
        other.run(&mut second, async |_: &str| {}),
    );
    let (one, other) = both.now_or_never().unwrap();
    assert_eq!(
        (one.unwrap().text, other.unwrap().text),
        ("One.".to_owned(), "Other.".to_owned())
    );
}
