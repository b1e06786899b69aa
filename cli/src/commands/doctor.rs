//! `attache doctor`.

use clap::Args;
use serde_json::json;
use url::Url;

use crate::doctor::{self, CHECKS, Finding, Severity, Subject, Wanted};
use crate::failure::{Exit, Failure};
use crate::google::{self, Google, Location, resource_id};
use crate::terminal::Terminal;

/// Ends with status 1 when an error is found; with --strict when anything is.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The service, by its name or its URL.
    #[arg(value_name = "SERVICE|URL")]
    service: Wanted,

    /// The region; found out if none is given.
    #[arg(long, env = "CLOUDSDK_RUN_REGION", value_parser = resource_id)]
    region: Option<String>,

    /// Where the service is reached, if not at its own address, such as by gcloud run services proxy.
    #[arg(long, value_name = "URL")]
    through: Option<Url>,

    /// The project of Gemini Enterprise, if it is another one.
    #[arg(long, value_name = "PROJECT", value_parser = resource_id)]
    gemini_enterprise_project: Option<String>,

    /// The app of Gemini Enterprise that the agent is registered with, to look at that too.
    #[arg(long, env = "GEMINI_ENTERPRISE_APP", value_parser = resource_id)]
    app: Option<String>,

    /// Where the app is.
    #[arg(long, value_enum, default_value_t, env = "GEMINI_ENTERPRISE_LOCATION")]
    location: Location,

    /// Gemini Enterprise is not to call the agent.
    #[arg(long, conflicts_with = "gemini_enterprise_project")]
    without_gemini_enterprise: bool,

    /// Take warnings, and what could not be looked at, for errors.
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    google: google::Flags,
}

impl Doctor {
    /// # Errors
    /// The service cannot be read.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        let google = Google::new(&self.google, terminal)?;
        let given = doctor::Given {
            wanted: self.service,
            region: self.region,
            through: self.through,
            gemini_enterprise: !self.without_gemini_enterprise,
            gemini_enterprise_project: self.gemini_enterprise_project,
            app: self.app.map(|app| (app, self.location)),
        };
        let subject = Subject::read(google, given).await?;
        let found = doctor::examine(&subject).await;
        let count = |severity| {
            found
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
        };
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let unknown = count(Severity::Unknown);
        let document = json!({
            "service": subject.full_name(),
            "errors": errors,
            "warnings": warnings,
            "unknown": unknown,
            "checks": CHECKS,
            "findings": found,
        });
        terminal.result(&document, |_| {
            let mut lines: Vec<String> = found.iter().map(line).collect();
            lines.push(format!(
                "{}: {} checks, errors: {errors}, warnings: {warnings}, not looked at: {unknown}",
                subject.full_name(),
                CHECKS.len()
            ));
            lines.join("\n")
        });
        let is_well = errors == 0 && (!self.strict || found.is_empty());
        Ok(if is_well { Exit::Ok } else { Exit::Wanting })
    }
}

fn line(finding: &Finding) -> String {
    let Finding {
        check,
        severity,
        sentence,
        mend,
    } = finding;
    let line = format!("{}: {check}: {sentence}", severity.name());
    match mend.as_str() {
        "" => line,
        mend => format!("{line}\n    {mend}"),
    }
}
