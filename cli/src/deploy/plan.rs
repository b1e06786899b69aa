//! What has to be done, before it is done.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::gcloud::Line;
use super::grant::On;
use super::step::{self, Action};
use super::{Deployment, Values};
use crate::failure::Failure;
use crate::google::Request;

/// One thing to do.
#[derive(Clone)]
pub(crate) struct Step {
    /// What, as a command to oneself: "create the queue hello".
    pub(super) what: String,
    /// What for.
    pub(super) why: String,
    /// What one would type.
    pub(super) lines: Vec<Line>,
    /// What is asked of Google. Later ones depend on what the first ones find.
    pub(super) calls: Vec<Request>,
    /// How it shows that it is done.
    pub(super) check: String,
    /// See [`Action`].
    pub(super) action: Action,
}

/// The steps, in their order.
#[derive(Clone)]
pub(crate) struct Plan {
    /// What may surprise.
    pub(crate) notes: Vec<String>,
    /// See [`Step`].
    pub(crate) steps: Vec<Step>,
}

impl Plan {
    /// Asks nobody anything.
    ///
    /// # Errors
    /// A document of the service cannot be written.
    pub(crate) fn new(deployment: &Deployment, values: &Values) -> Result<Self, Failure> {
        let mut steps = vec![step::apis(deployment)];
        if deployment.makes_account() {
            steps.push(step::account(deployment));
        }
        steps.extend(
            deployment
                .secrets()
                .iter()
                .map(|name| step::secret(deployment, name, values)),
        );
        steps.extend(step::queue(deployment));
        steps.extend(step::database(deployment));
        let grants = deployment.grants();
        let (of_service, before): (Vec<_>, Vec<_>) = grants
            .into_iter()
            .partition(|grant| grant.on == On::Service);
        steps.extend(
            before
                .into_iter()
                .map(|grant| step::grant(deployment, grant)),
        );
        steps.push(step::service(deployment)?);
        steps.extend(
            of_service
                .into_iter()
                .map(|grant| step::grant(deployment, grant)),
        );
        steps.push(step::ready(deployment));
        steps.push(step::card(deployment));
        Ok(Self {
            notes: deployment.notes(),
            steps,
        })
    }

    /// The plan as a document.
    ///
    /// # Errors
    /// An address that calls would go to is none.
    pub(crate) fn document(&self) -> Result<Value, Failure> {
        let step = |step: &Step| -> Result<Value, Failure> {
            let calls: Vec<_> = step
                .calls
                .iter()
                .map(Request::shown)
                .collect::<Result<_, _>>()?;
            let lines: Vec<_> = step.lines.iter().map(ToString::to_string).collect();
            Ok(json!({
                "step": step.what,
                "why": step.why,
                "gcloud": lines,
                "calls": calls,
                "check": step.check,
            }))
        };
        let steps = self.steps.iter().map(step).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({"notes": self.notes, "steps": steps}))
    }

    /// The plan for people.
    ///
    /// # Errors
    /// See [`Self::document`].
    pub(crate) fn text(&self) -> Result<String, Failure> {
        let mut text = String::new();
        for (index, step) in self.steps.iter().enumerate() {
            let _ = writeln!(text, "{}. {}: {}", index + 1, step.what, step.why);
            for line in &step.lines {
                let _ = writeln!(text, "   $ {}", line.to_string().replace('\n', "\n   "));
            }
            for call in &step.calls {
                let shown = call.shown()?;
                let word = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default();
                let _ = writeln!(text, "   > {} {}", word("method"), word("url"));
            }
            let _ = writeln!(text, "   = {}", step.check);
        }
        Ok(text)
    }

    /// The plan as a script that may run twice.
    pub(crate) fn script(&self, service_yaml: &str, project: &str) -> String {
        let mut text = String::from(
            "#!/usr/bin/env bash\n# What `attache deploy cloud-run` does, by gcloud. It may run twice.\nset -euo \
             pipefail\n",
        );
        let mut steps = String::new();
        for step in self.steps.iter().filter(|step| !step.lines.is_empty()) {
            let _ = write!(steps, "\n# {}: {}.\n", step.what, step.why);
            if matches!(step.action, Action::Service) {
                let _ = write!(
                    steps,
                    "cat >service.yaml <<'END_OF_SERVICE'\n{service_yaml}END_OF_SERVICE\n"
                );
            }
            for line in &step.lines {
                let _ = writeln!(steps, "{}", line.in_script());
            }
        }
        if steps.contains(super::gcloud::NUMBER) {
            let _ = write!(
                text,
                "\nPROJECT_NUMBER=$(gcloud projects describe {project} --format='value(projectNumber)')\n"
            );
        }
        text + &steps
    }
}
