//! `attache gemini-enterprise apps`.

use serde_json::json;

use super::target::{Target, last, text};
use crate::failure::{Exit, Failure};

pub(super) async fn run(target: &Target) -> Result<Exit, Failure> {
    if target.dry_run {
        return target.show(&[(&target.apps_request(), "")]);
    }
    let apps = target.apps().await?;
    target.terminal.result(&json!({"apps": apps}), |_| {
        if apps.is_empty() {
            return format!("no apps in {}", target.parent());
        }
        let line = |app| format!("{}  {}", last(text(app, "name")), text(app, "displayName"));
        apps.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(Exit::Ok)
}
