//! Which app, and what is done with the calls: they are made, or shown.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::google::{self, Api, Google, Location, Request, resource_id};
use crate::manifest::Outline;
use crate::terminal::Terminal;

const INTRANET: &str = "APP_TYPE_INTRANET";

/// The app.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Where the app is; its authorizations and its licence are in the same location. [default: what
    /// attache.toml says in [gemini_enterprise], else global]
    #[arg(long, global = true, value_enum, env = "GEMINI_ENTERPRISE_LOCATION")]
    location: Option<Location>,

    /// The app, also called engine. [default: what attache.toml says in [gemini_enterprise], else the
    /// only one there is]
    #[arg(long, global = true, env = "GEMINI_ENTERPRISE_APP", value_parser = resource_id)]
    app: Option<String>,

    /// Show the requests and send none.
    #[arg(long, global = true)]
    dry_run: bool,

    #[command(flatten)]
    google: google::Flags,
}

/// Where the commands work.
pub(super) struct Target {
    pub(super) google: Google,
    pub(super) terminal: Terminal,
    pub(super) project: String,
    pub(super) location: Location,
    pub(super) dry_run: bool,
    app: Option<String>,
}

impl Target {
    /// Flags and variables come first, then what the manifest says, if there is one.
    pub(super) async fn new(flags: Flags, terminal: Terminal) -> Result<Self, Failure> {
        let manifest = Outline::of(Path::new("."))?;
        let google = Google::new(&flags.google, &terminal)?;
        let app = manifest.gemini_enterprise;
        // The app may be in a project other than the agent's, which is then named by its number.
        let project = app.as_ref().and_then(|app| app.project_number.clone());
        let project = match flags.google.project.or(project).or(manifest.project) {
            Some(project) => project,
            None => google.project().await?,
        };
        let location = app.as_ref().map(|app| app.location);
        Ok(Self {
            project,
            google,
            terminal,
            location: flags.location.or(location).unwrap_or_default(),
            dry_run: flags.dry_run,
            app: flags.app.or(app.map(|app| app.app)),
        })
    }

    pub(super) fn api(&self) -> Api {
        Api::DiscoveryEngine(self.location)
    }

    /// `projects/P/locations/L`.
    pub(super) fn parent(&self) -> String {
        format!("projects/{}/locations/{}", self.project, self.location)
    }

    /// The name of an authorization, whose last part is given.
    pub(super) fn authorization(&self, id: &str) -> Result<String, Failure> {
        let parent = self.parent();
        if !id.contains('/') {
            return Ok(format!("{parent}/authorizations/{id}"));
        }
        let odd = |why: String| {
            Failure::new(
                Exit::Usage,
                format!("{id:?} is no authorization here: {why}"),
            )
            .remedy("Give its ID, or its full name. It has to be in the location of the app.")
        };
        let Some(("projects", rest)) = id.split_once('/') else {
            return Err(odd("a full name begins with projects/".to_owned()));
        };
        match rest.split('/').collect::<Vec<_>>()[..] {
            [project, "locations", location, "authorizations", last] => {
                if location != self.location.to_string() {
                    return Err(odd(format!(
                        "it is in {location}, the app in {}",
                        self.location
                    )));
                }
                resource_id(project).and(resource_id(last)).map_err(odd)?;
                Ok(id.to_owned())
            }
            _ => Err(odd(format!("a full name is {parent}/authorizations/ID"))),
        }
    }

    /// `.../engines/APP/assistants/default_assistant`.
    pub(super) async fn assistant(&self) -> Result<String, Failure> {
        let app = match &self.app {
            Some(app) => app.clone(),
            None if self.dry_run => {
                return Err(Failure::new(
                    Exit::Usage,
                    "no app is named, and a dry run asks nobody",
                )
                .remedy("Give --app=APP."));
            }
            None => self.only_app().await?,
        };
        let parent = self.parent();
        Ok(format!(
            "{parent}/collections/default_collection/engines/{app}/assistants/default_assistant"
        ))
    }

    /// The apps that can have agents.
    pub(super) async fn apps(&self) -> Result<Vec<Value>, Failure> {
        let mut engines = self.google.list(&self.apps_request(), "engines").await?;
        engines.retain(|engine| engine.get("appType").and_then(Value::as_str) == Some(INTRANET));
        Ok(engines)
    }

    pub(super) fn apps_request(&self) -> Request {
        let path = format!(
            "v1alpha/{}/collections/default_collection/engines",
            self.parent()
        );
        Request::get(self.api(), path)
    }

    async fn only_app(&self) -> Result<String, Failure> {
        let apps = self.apps().await?;
        let ids: Vec<_> = apps.iter().map(|app| last(text(app, "name"))).collect();
        match ids[..] {
            [only] => Ok(only.to_owned()),
            [] => Err(Failure::new(
                Exit::NoInput,
                format!("there is no Gemini Enterprise app in {}", self.parent()),
            )
            .remedy(
                "Look in the other locations (--location=global, us or eu), or create one at \
                 https://console.cloud.google.com/gemini-enterprise.",
            )),
            _ => Err(Failure::new(
                Exit::Usage,
                format!("{} has several apps: {}", self.parent(), ids.join(", ")),
            )
            .remedy("Choose one with --app=APP.")),
        }
    }

    /// Shows what would be asked, in order. `when` says of a request that depends on an answer when it is
    /// sent.
    pub(super) fn show(&self, requests: &[(&Request, &str)]) -> Result<Exit, Failure> {
        let mut shown = Vec::new();
        let mut lines = Vec::new();
        for (request, when) in requests {
            let mut document = request.shown()?;
            if let (false, Some(document)) = (when.is_empty(), document.as_object_mut()) {
                document.insert("when".to_owned(), json!(when));
            }
            document.as_object_mut().map(|document| {
                Some(document.insert("curl".to_owned(), request.curl().ok()?.into()))
            });
            shown.push(document);
            if !when.is_empty() {
                lines.push(format!("# {when}"));
            }
            lines.push(request.curl()?);
        }
        self.terminal
            .result(&json!({"requests": shown}), |_| lines.join("\n"));
        Ok(Exit::Ok)
    }
}

/// A text of a document, or an empty one.
pub(super) fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// What a name ends in.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}
