//! The wire corpus of `tests/wire`: requests as they are sent, beside the answers that are expected.
//!
//! A case is a pair of files. `name.http` holds one request or several, in the form that editors
//! know, and `name.grpc` calls whose messages are ProtoJSON; `name.expected` holds what came back,
//! with placeholders for what differs from run to run.
//! `tests/wire/README.md` describes both. Cases say nothing of the server: the same files are run
//! against every server that has the agent that they are for.

mod case;
mod exchange;
mod grpc;
mod print;
mod sender;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use case::Case;
use print::Printer;
use sender::{Form, Sender};
use tokio::time::sleep;

/// Why a corpus did not pass.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A case is not written as `tests/wire/README.md` says.
    #[error("{}: {why}", path.display())]
    Case {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The folder holds no case.
    #[error("{} holds no case", .0.display())]
    Empty(PathBuf),
    /// Answers are not what they should be.
    #[error("{} of {total} cases differ (BLESS=1 writes what came)\n\n{}", differences.len(), differences.join("\n"))]
    Differ {
        /// How many cases were run.
        total: usize,
        /// One text for each case that differs.
        differences: Vec<String>,
    },
}

/// Whether answers are compared with the expected ones or written over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Compare.
    Check,
    /// Write.
    Bless,
}

/// Runs every case below a folder against the server at a base URL; gives how many there were. Folders
/// of the names in `without` are left out: their cases are for another agent.
///
/// # Errors
/// When a case cannot be read, an exchange fails, or an answer differs.
pub async fn run(
    base: &str,
    folder: &Path,
    without: &[&str],
    mode: Mode,
) -> Result<usize, WireError> {
    let mut paths = Vec::new();
    collect(folder, without, &mut paths)?;
    paths.sort_by(|(_, a), (_, b)| a.cmp(b));
    if paths.is_empty() {
        return Err(WireError::Empty(folder.to_owned()));
    }
    let mut differences = Vec::new();
    let mut sender = Sender::new(base);
    for (form, path) in &paths {
        let came = perform(&mut sender, *form, folder, path).await?;
        let expected = path.with_extension("expected");
        if mode == Mode::Bless {
            write(&expected, &came)?;
            continue;
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        if wanted != came {
            differences.push(difference(&expected, &wanted, &came));
        }
    }
    if differences.is_empty() {
        return Ok(paths.len());
    }
    Err(WireError::Differ {
        total: paths.len(),
        differences,
    })
}

/// Sends the requests of one case and prints the answers.
async fn perform(
    sender: &mut Sender<'_>,
    form: Form,
    folder: &Path,
    path: &Path,
) -> Result<String, WireError> {
    let fault = |why: String| WireError::Case {
        path: path.to_owned(),
        why,
    };
    let case = Case::parse(&read(path)?).map_err(fault)?;
    let tenant = tenant(folder, path);
    let mut printer = Printer::new(sender.base, &tenant);
    let mut variables = HashMap::from([("case".to_owned(), tenant)]);
    let mut printed = String::new();
    for step in &case.steps {
        let request = step.fill(&variables).map_err(fault)?;
        let answer = sender
            .send(form, &step.name, &request)
            .await
            .map_err(|why| fault(format!("step {:?}: {why}", step.name)))?;
        // Tasks are listed by the millisecond of their status: no two steps share one.
        sleep(Duration::from_millis(1)).await;
        for (name, pointer) in &step.captures {
            let value = answer.capture(pointer).ok_or_else(|| {
                fault(format!(
                    "step {:?}: nothing at {pointer} to capture as {name} in: {}",
                    step.name,
                    printer.print(&answer)
                ))
            })?;
            variables.insert(name.clone(), value);
        }
        if !printed.is_empty() {
            printed.push('\n');
        }
        printed.push_str(&format!("### {}\n", step.name));
        printed.push_str(&printer.print(&answer));
    }
    sender.leave().await.map_err(fault)?;
    Ok(printed)
}

/// Every run of a case has a tenant of its own, so that listings hold its tasks alone.
fn tenant(folder: &Path, path: &Path) -> String {
    let name = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = since.unwrap_or_default().as_micros();
    format!("{}-{now}", name.to_string_lossy().replace(['/', '\\'], "."))
}

fn collect(
    folder: &Path,
    without: &[&str],
    into: &mut Vec<(Form, PathBuf)>,
) -> Result<(), WireError> {
    let failed = |source| WireError::File {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_dir() {
            if !name.is_some_and(|name| without.contains(&name)) {
                collect(&path, without, into)?;
            }
        } else if let Some(form) = Form::of(&path) {
            into.push((form, path));
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, WireError> {
    fs::read_to_string(path).map_err(|source| WireError::File {
        path: path.to_owned(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), WireError> {
    fs::write(path, text).map_err(|source| WireError::File {
        path: path.to_owned(),
        source,
    })
}

/// What differs, between the first line that does and the last.
fn difference(path: &Path, wanted: &str, came: &str) -> String {
    let (wanted, came): (Vec<_>, Vec<_>) = (wanted.lines().collect(), came.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let before = wanted.iter().zip(&came).take_while(same).count();
    let after = wanted
        .iter()
        .skip(before)
        .rev()
        .zip(came.iter().skip(before).rev())
        .take_while(same)
        .count();
    let mut text = format!("{}, line {}\n", path.display(), before + 1);
    let mut show = |sign: &str, lines: &[&str]| {
        let end = lines.len().saturating_sub(after);
        for line in lines.iter().take(end).skip(before).take(30) {
            text.push_str(&format!("{sign} {line}\n"));
        }
    };
    show("-", &wanted);
    show("+", &came);
    text
}
