//! Doing what a plan says.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use super::plan::Step;
use super::step::{Action, Outcome};
use super::{Deployment, Plan, Values};
use crate::failure::{Exit, Failure};
use crate::google::{Api, Error, Google, Request};
use crate::terminal::Terminal;

/// How long what was just made may be unknown to other parts of Google.
const SPREADS_IN: Duration = Duration::from_secs(120);

/// What steps work with.
pub(super) struct Work<'a> {
    pub(super) google: &'a Google,
    pub(super) deployment: &'a Deployment,
    pub(super) values: &'a Values,
    progress: &'a Progress<'a>,
    made: &'a AtomicBool,
    url: &'a Mutex<Option<String>>,
}

impl Work<'_> {
    /// Something is new: others may not know of it yet.
    pub(super) fn made_something(&self) {
        self.made.store(true, Ordering::Relaxed);
    }

    /// See [`Self::made_something`].
    pub(super) fn has_made_something(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, text: String) {
        self.progress.note(&text);
    }

    pub(super) fn serves_at(&self, url: Option<&str>) {
        *self
            .url
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = url.map(str::to_owned);
    }

    pub(super) fn served_at(&self) -> Option<String> {
        self.url
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Before another attempt.
    pub(super) async fn pause(&self, attempt: u32) {
        let longest = Duration::from_secs(30);
        let pause = Duration::from_millis(250).saturating_mul(1 << attempt.min(8));
        tokio::time::sleep(pause.min(longest)).await;
    }

    /// A call; what was made a moment ago and is not known everywhere is waited for.
    pub(super) async fn try_call(&self, request: &Request) -> Result<Value, Error> {
        let begun = Instant::now();
        for attempt in 1.. {
            match self.google.call(request).await {
                Err(why) if self.is_young(&why) && begun.elapsed() < SPREADS_IN => {
                    self.pause(attempt).await;
                }
                outcome => return outcome,
            }
        }
        self.google.call(request).await
    }

    pub(super) async fn call(&self, request: &Request) -> Result<Value, Failure> {
        Ok(self.try_call(request).await?)
    }

    /// What there is, if there is something.
    pub(super) async fn find(&self, request: &Request) -> Result<Option<Value>, Failure> {
        match self.try_call(request).await {
            Ok(found) => Ok(Some(found)),
            Err(why) if why.is("NOT_FOUND") => Ok(None),
            Err(why) => Err(why.into()),
        }
    }

    fn is_young(&self, why: &Error) -> bool {
        let Some(refusal) = why.refusal() else {
            return false;
        };
        let says = |text: &str| refusal.message.contains(text);
        self.has_made_something()
            && (refusal.reason.as_deref() == Some("SERVICE_DISABLED")
                || says("has not been used in project")
                || (refusal.status == "INVALID_ARGUMENT"
                    && says("does not exist")
                    && !says("@gcp-sa-")))
    }
}

/// What came of a deployment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The service.
    pub(crate) service: String,
    /// Where it is.
    pub(crate) url: Option<String>,
    /// What came of each step.
    pub(crate) steps: Vec<Done>,
    /// What may surprise.
    pub(crate) notes: Vec<String>,
}

/// A step that was done.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    /// What it was.
    pub(crate) step: String,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

impl Plan {
    /// Does it. Whatever is as it should be stays untouched.
    ///
    /// # Errors
    /// The first step that fails; those before it stay done, and the next run goes on from there.
    pub(crate) async fn apply(
        deployment: &Deployment,
        values: &Values,
        google: &Google,
        terminal: &Terminal,
    ) -> Result<Report, Failure> {
        let progress = Progress::new(terminal);
        let (made, url) = (AtomicBool::new(false), Mutex::new(None));
        let mut steps = Vec::new();
        let work = |deployment| Work {
            google,
            deployment,
            values,
            progress: &progress,
            made: &made,
            url: &url,
        };
        // The number is asked of an API that may have to be enabled first.
        let first = Self::new(deployment, values)?;
        let count = first.steps.len();
        let (apis, _): (Vec<_>, Vec<_>) = first.steps.into_iter().partition(Step::is_of_apis);
        let early = work(deployment);
        for step in &apis {
            steps.push(step.done(1, count, &early).await?);
        }
        let number = number(&early).await?;
        check_number(deployment, &number)?;
        let deployment = Deployment {
            number: Some(number),
            ..deployment.clone()
        };
        let plan = Self::new(&deployment, values)?;
        let work = work(&deployment);
        for (index, step) in plan
            .steps
            .iter()
            .enumerate()
            .filter(|(_, s)| !s.is_of_apis())
        {
            steps.push(step.done(index + 1, count, &work).await?);
        }
        progress.end();
        Ok(Report {
            service: deployment.service().to_owned(),
            url: deployment.public_url(),
            steps,
            notes: deployment.notes(),
        })
    }
}

impl Step {
    fn is_of_apis(&self) -> bool {
        matches!(self.action, Action::Apis)
    }

    async fn done(&self, number: usize, count: usize, work: &Work<'_>) -> Result<Done, Failure> {
        work.progress.begin(number, count, &self.what);
        let outcome = self.action.apply(work).await;
        let outcome = outcome.inspect_err(|_| work.progress.end())?;
        work.progress.done(number, count, &self.what, outcome);
        Ok(Done {
            step: self.what.clone(),
            outcome,
        })
    }
}

/// With another number the card would name a service that is not there.
fn check_number(deployment: &Deployment, found: &str) -> Result<(), Failure> {
    match deployment.number.as_deref() {
        Some(said) if said != found => {
            let sentence = format!(
                "the project {} has the number {found}, and the manifest says {said}",
                deployment.project
            );
            Err(Failure::new(Exit::Data, sentence)
                .remedy("Correct project_number in [service], or take it out."))
        }
        _ => Ok(()),
    }
}

async fn number(work: &Work<'_>) -> Result<String, Failure> {
    let project = &work.deployment.project;
    let request = Request::get(Api::CloudResourceManager, format!("v3/projects/{project}"));
    let found = work.call(&request).await?;
    let name = found
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match name.strip_prefix("projects/") {
        Some(number) if number.bytes().all(|b| b.is_ascii_digit()) => Ok(number.to_owned()),
        _ => Err(Failure::new(
            Exit::Data,
            format!("Google does not say the number of the project {project}"),
        )),
    }
}

/// Where it stands: a spinner at a terminal, lines elsewhere.
struct Progress<'a> {
    terminal: &'a Terminal,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { terminal, bar }
    }

    fn begin(&self, number: usize, count: usize, what: &str) {
        if let Some(bar) = &self.bar {
            bar.reset_elapsed();
            bar.set_message(format!("{number}/{count} {what}"));
        }
    }

    fn done(&self, number: usize, count: usize, what: &str, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Unchanged => "as it was",
            Outcome::Created => "created",
            Outcome::Changed => "changed",
            Outcome::Checked => "right",
            Outcome::Skipped => "not looked at",
        };
        self.note(&format!("{number}/{count} {what}: {outcome}"));
    }

    fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.terminal.note(text)),
            None => self.terminal.note(text),
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
