//! `attache deploy cloud-run`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum as _};
use serde_json::json;

use crate::deploy::{Deployment, Plan, Print, Source, Values, from_flag};
use crate::failure::{Exit, Failure};
use crate::google::{Flags, Google};
use crate::manifest::{FILE, Manifest, initial, require_image};
use crate::terminal::{Format, Terminal};

/// Deploys to Cloud Run. Whatever is there and right stays as it is, so it may run again and again.
#[derive(Debug, Args)]
pub(crate) struct CloudRun {
    /// The manifest.
    #[arg(long, value_name = "FILE", default_value = FILE)]
    manifest: PathBuf,

    /// The image instead of the manifest's, for example of this build.
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// The value of a secret, as SECRET=env:VARIABLE, SECRET=file:PATH, or SECRET=- for standard input;
    /// may be repeated. Without it the secret has to be there.
    #[arg(long, value_name = "SECRET=SOURCE", value_parser = from_flag)]
    secret: Vec<(String, Source)>,

    /// Show each step with its gcloud line and calls, and do nothing.
    #[arg(long, conflicts_with_all = ["print", "out"])]
    dry_run: bool,

    /// Write it for another tool instead of deploying; may be repeated, or have commas. Nothing is asked
    /// of Google.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORM")]
    print: Vec<Print>,

    /// Write it to files in this folder; all forms that the manifest has words for, unless --print names
    /// some.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write a manifest to begin with, in which every key is explained.
    #[arg(long, conflicts_with_all = ["dry_run", "print", "out", "secret", "image"])]
    init: bool,

    #[command(flatten)]
    google: Flags,
}

impl CloudRun {
    pub(super) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        if self.init {
            return begin(&self.manifest, terminal);
        }
        if let Some(image) = &self.image {
            require_image(image, "--image")?;
        }
        let manifest = Manifest::read(&self.manifest)?;
        let google = Google::new(&self.google, terminal)?;
        let project = match (&self.google.project, &manifest.service.project) {
            (Some(project), _) | (None, Some(project)) => project.clone(),
            (None, None) => google.project().await.map_err(|why| {
                why.remedy("Write project in [service], or give --project PROJECT.")
            })?,
        };
        let deployment = Deployment::new(manifest, project, self.image)?;
        let values = Values::new(self.secret, &deployment.secrets())?;
        if self.dry_run {
            let plan = Plan::new(&deployment, &values)?;
            let text = plan.text()?;
            terminal.result(&plan.document()?, |_| text);
            notes(terminal, &plan.notes);
            return Ok(Exit::Ok);
        }
        if !self.print.is_empty() || self.out.is_some() {
            return match self.out {
                Some(folder) => write(&folder, &self.print, &deployment, &values, terminal),
                None => print(&self.print, &deployment, &values, terminal),
            };
        }
        let report = Plan::apply(&deployment, &values, &google, terminal).await?;
        if terminal.format() == Format::Text {
            notes(terminal, &report.notes);
        }
        terminal.result(&report, |report| report.url.clone().unwrap_or_default());
        Ok(Exit::Ok)
    }
}

fn notes(terminal: &Terminal, notes: &[String]) {
    for note in notes {
        terminal.note(format!("note: {note}"));
    }
}

fn begin(path: &Path, terminal: &Terminal) -> Result<Exit, Failure> {
    let folder = std::env::current_dir().ok();
    let folder = folder
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let name: String = folder
        .unwrap_or_default()
        .chars()
        .map(plain)
        .take(40)
        .collect();
    let name = name.trim_matches(|c: char| c == '-' || c.is_ascii_digit());
    let name = if name.is_empty() { "agent" } else { name };
    create(path, &initial(name, "us-central1"))?;
    let shown = path.display().to_string();
    terminal.result(&json!({"written": [shown]}), |_| format!("wrote {shown}"));
    Ok(Exit::Ok)
}

/// Writes a file that is not there: what somebody wrote is not lost.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |why: std::io::Error| {
        let failure = Failure::new(
            Exit::CannotWrite,
            format!("{} cannot be written: {why}", path.display()),
        );
        match why.kind() {
            std::io::ErrorKind::AlreadyExists => failure.remedy("Move it away, or name another."),
            _ => failure,
        }
    };
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn print(
    forms: &[Print],
    deployment: &Deployment,
    values: &Values,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let mut all = String::new();
    let mut documents = serde_json::Map::new();
    for (index, form) in forms.iter().enumerate() {
        let (text, said) = form.render(deployment, values)?;
        notes(terminal, &said);
        if forms.len() > 1 {
            let between = if index > 0 { "---\n" } else { "" };
            let _ = writeln!(all, "{between}# {}", form.file());
        }
        all.push_str(&text);
        documents.insert(form.file().to_owned(), text.into());
    }
    terminal.result(&documents, |_| all);
    Ok(Exit::Ok)
}

fn write(
    folder: &Path,
    forms: &[Print],
    deployment: &Deployment,
    values: &Values,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let cannot = |path: &Path, why: std::io::Error| {
        Failure::new(
            Exit::CannotWrite,
            format!("{} cannot be written: {why}", path.display()),
        )
    };
    std::fs::create_dir_all(folder).map_err(|why| cannot(folder, why))?;
    let all = Print::value_variants();
    let (mut written, mut told) = (Vec::new(), Vec::new());
    for form in if forms.is_empty() { all } else { forms } {
        let (text, said) = match form.render(deployment, values) {
            Ok(rendered) => rendered,
            // Nobody asked for this one by name.
            Err(why) if forms.is_empty() => {
                terminal.note(format!("note: no {}: {why}", form.file()));
                continue;
            }
            Err(why) => return Err(why),
        };
        let path = folder.join(form.file());
        std::fs::write(&path, text).map_err(|why| cannot(&path, why))?;
        for note in said {
            if !told.contains(&note) {
                terminal.note(format!("note: {note}"));
                told.push(note);
            }
        }
        written.push(path.display().to_string());
    }
    terminal.result(&json!({"written": written}), |_| {
        written
            .iter()
            .map(|path| format!("wrote {path}\n"))
            .collect()
    });
    Ok(Exit::Ok)
}
