//! The contract between a component and its host: the host itself says what breaks it.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::verdict::{Level, Row, Verdict};
use crate::failure::{Exit, Failure};

/// Whether the host takes the component: what it imports, what it exports, and the card that it shows.
///
/// # Errors
/// When the host cannot be run, or fails for another reason.
pub(crate) async fn contract(host: &Path, component: &Path) -> Result<Row, Failure> {
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::new(
            Exit::CannotWrite,
            format!("no folder for what is compiled: {error}"),
        )
    })?;
    let output = Command::new(host)
        .arg("compile")
        .arg(component)
        .arg("-o")
        .arg(folder.path().join("checked.cwasm"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| {
            Failure::new(
                Exit::Unavailable,
                format!("{} cannot be run: {error}", host.display()),
            )
        })?;
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.trim().trim_start_matches("attache-host: ");
    let own_name = format!("{}: ", component.display());
    let words = words.strip_prefix(&own_name).unwrap_or(words);
    let (verdict, seen) = match output.status.code() {
        Some(0) => (Verdict::Passed, "the host takes it".to_owned()),
        Some(65) => (Verdict::Failed, words.to_owned()),
        _ => {
            return Err(Failure::new(
                Exit::Unavailable,
                format!("the host cannot compile {}: {words}", component.display()),
            ));
        }
    };
    Ok(Row {
        id: "component.contract",
        binding: None,
        section: "wit/world.wit",
        level: Level::Must,
        requirement: "The component imports what hosts give, answers HTTP, and shows a valid card",
        kit: &[],
        verdict,
        seen,
    })
}
