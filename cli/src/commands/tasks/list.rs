//! `attache tasks list URL`.

use attache_protocol::wire::{Task, TaskState};
use clap::Args;
use serde_json::{Value, json};

use crate::a2a::{self, Listing, Operation, Reach, clean, state_text};
use crate::failure::{Exit, Failure};
use crate::terminal::{Format, Terminal};

/// With --all no more pages than this are fetched.
const MOST_PAGES: usize = 1000;

/// List tasks, the newest first. A2A 0.3 has no such operation.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    reach: Reach,

    /// Only those of a conversation.
    #[arg(long, value_name = "ID")]
    context: Option<String>,

    /// Only those in a state, such as working, completed or input-required.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<TaskState>,

    /// Only those whose status is from this time or later: 2026-11-24T08:30:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// So many at once, 1 to 100.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=100))]
    page_size: Option<u32>,

    /// The page to show, from the end of the one before.
    #[arg(long, value_name = "TOKEN", conflicts_with = "all")]
    page_token: Option<String>,

    /// All pages.
    #[arg(long)]
    all: bool,

    /// With what they have produced; shows with -o json.
    #[arg(long)]
    artifacts: bool,
}

fn state(text: &str) -> Result<TaskState, String> {
    match a2a::state(&json!(text)) {
        TaskState::Unspecified => Err(
            "give submitted, working, completed, failed, canceled, input-required, rejected or \
             auth-required"
                .to_owned(),
        ),
        state => Ok(state),
    }
}

impl List {
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let server = self.reach.connect(terminal).await?;
        let mut listing = Listing {
            context_id: self.context,
            state: self.state,
            page_size: self.page_size.or(self.all.then_some(100)),
            page_token: self.page_token,
            since: self.since,
            include_artifacts: self.artifacts,
            // A table has no room for it.
            history_length: (terminal.format() == Format::Text).then_some(0),
        };
        let mut said = server.call(&Operation::ListTasks(listing.clone())).await?;
        let (mut tasks, mut next) = a2a::page(&said);
        if self.all {
            let mut all = raw_tasks(&said);
            for _ in 1..MOST_PAGES {
                if next.is_empty() || listing.page_token.as_ref() == Some(&next) {
                    break;
                }
                listing.page_token = Some(next);
                let page = server.call(&Operation::ListTasks(listing.clone())).await?;
                all.extend(raw_tasks(&page));
                let (more, token) = a2a::page(&page);
                tasks.extend(more);
                next = token;
            }
            said = json!({ "tasks": all });
        }
        terminal.result(&said, |_| table(&tasks));
        if terminal.format() == Format::Text && !next.is_empty() {
            terminal.note(format!(
                "there are more: --page-token {}, or --all",
                clean(&next)
            ));
        }
        Ok(Exit::Ok)
    }
}

fn raw_tasks(page: &Value) -> Vec<Value> {
    page.get("tasks")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

fn table(tasks: &[Task]) -> String {
    if tasks.is_empty() {
        return "no tasks".to_owned();
    }
    let rows: Vec<[String; 4]> = tasks
        .iter()
        .map(|task| {
            let time = task
                .status
                .timestamp
                .map(|time| time.to_string())
                .unwrap_or_default();
            let state = state_text(task.status.state);
            [clean(&task.id), state, time, clean(&task.context_id)]
        })
        .collect();
    let header = ["TASK", "STATE", "SINCE", "CONTEXT"].map(str::to_owned);
    let all = || std::iter::once(&header).chain(&rows);
    let mut widths = [0; 4];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let lines = all().map(|row| {
        let cells = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
