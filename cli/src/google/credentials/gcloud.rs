//! The tool that most people have logged in with. It reads `CLOUDSDK_*` by itself.

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::token::Token;
use crate::google::resource_id;

pub(super) const NOT_THERE: &str = "not installed";
const TIMEOUT: Duration = Duration::from_secs(60);

pub(super) async fn access_token(account: Option<&str>) -> Result<Token, String> {
    let printed = run(&["auth", "print-access-token"], account).await?;
    Token::parse(&printed, "gcloud auth print-access-token").map_err(|why| why.to_string())
}

pub(super) async fn id_token(audience: &str, account: Option<&str>) -> Result<Token, String> {
    let print = ["auth", "print-identity-token"];
    let for_it = format!("--audiences={audience}");
    let printed = match run(&[&print[..], &[&for_it]].concat(), account).await {
        Ok(printed) => printed,
        // Of a person gcloud gives a token for no audience in particular, which Cloud Run takes.
        Err(_) if account.is_none() => run(&print, None).await?,
        Err(why) => return Err(why),
    };
    Token::parse(&printed, "gcloud auth print-identity-token").map_err(|why| why.to_string())
}

pub(super) async fn project() -> Option<String> {
    let printed = run(&["config", "get-value", "project"], None).await.ok()?;
    resource_id(printed.trim()).ok()
}

async fn run(arguments: &[&str], account: Option<&str>) -> Result<String, String> {
    let mut command = Command::new("gcloud");
    command
        .args(arguments)
        .arg("--quiet")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(account) = account {
        command.arg(format!("--impersonate-service-account={account}"));
    }
    let ran = tokio::time::timeout(TIMEOUT, command.output()).await;
    let ran = ran.map_err(|_| format!("no answer in {} s", TIMEOUT.as_secs()))?;
    let output = ran.map_err(|why| match why.kind() {
        ErrorKind::NotFound => NOT_THERE.to_owned(),
        _ => why.to_string(),
    })?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(|_| "its answer is no text".to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines.clone().find(|line| line.starts_with("ERROR:"));
    let line = error.or_else(|| lines.next()).unwrap_or("it failed");
    Err(line.trim_start_matches("ERROR:").trim().to_owned())
}
