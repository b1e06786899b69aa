//! `attache tasks push`: webhooks that a server tells of a task. (`attache push` alone publishes a
//! component.)

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::a2a::{self, Operation, PushConfig, Reach, clean};
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// Webhooks of a task: where a server sends its events.
#[derive(Debug, Args)]
pub(crate) struct Push {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Have the events of a task sent to a URL.
    Set(Set),
    /// Print one webhook of a task.
    Get(Named),
    /// List the webhooks of a task.
    List(OfTask),
    /// Take a webhook away.
    Delete(Named),
}

#[derive(Debug, Args)]
struct Set {
    #[command(flatten)]
    of: OfTask,

    /// Where the events are posted to.
    #[arg(value_name = "WEBHOOK")]
    webhook: String,

    /// The id of the webhook; one with the same id is replaced.
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// The variable with a token that the server sends along, as X-A2A-Notification-Token.
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,

    /// The variable with the credentials for the webhook's `Authorization`.
    #[arg(long, value_name = "NAME")]
    auth_env: Option<String>,

    /// The scheme of these credentials.
    #[arg(
        long,
        value_name = "SCHEME",
        default_value = "Bearer",
        requires = "auth_env"
    )]
    auth_scheme: String,
}

#[derive(Debug, Args)]
struct OfTask {
    #[command(flatten)]
    reach: Reach,

    /// The task.
    #[arg(value_name = "TASK")]
    task: String,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    of: OfTask,

    /// The webhook.
    #[arg(value_name = "ID")]
    id: String,
}

impl Push {
    /// # Errors
    /// When there is no such task, or the agent has no webhooks.
    pub(crate) async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        match self.command {
            Command::Set(command) => command.run(terminal).await,
            Command::Get(Named { of, id }) => {
                let get = Operation::GetPushConfig {
                    task_id: of.task,
                    id,
                };
                show(&ask(&of.reach, &get, terminal).await?, terminal);
                Ok(Exit::Ok)
            }
            Command::List(OfTask { reach, task }) => {
                let list = Operation::ListPushConfigs { task_id: task };
                let said = ask(&reach, &list, terminal).await?;
                terminal.result(&without_secrets(said.clone()), |_| {
                    let configs = a2a::push_configs(&said);
                    let lines = configs
                        .iter()
                        .map(|config| format!("{}  {}", clean(&config.id), clean(&config.url)));
                    let lines: Vec<_> = lines.collect();
                    if lines.is_empty() {
                        "no webhooks".to_owned()
                    } else {
                        lines.join("\n")
                    }
                });
                Ok(Exit::Ok)
            }
            Command::Delete(Named { of, id }) => {
                let delete = Operation::DeletePushConfig {
                    task_id: of.task,
                    id: id.clone(),
                };
                let said = ask(&of.reach, &delete, terminal).await?;
                terminal.result(&said, |_| format!("webhook {id} is gone"));
                Ok(Exit::Ok)
            }
        }
    }
}

impl Set {
    async fn run(self, terminal: &Terminal) -> Result<Exit, Failure> {
        a2a::url(&self.webhook)?;
        let token = self.token_env.as_deref().map(a2a::variable).transpose()?;
        let credentials = self.auth_env.as_deref().map(a2a::variable).transpose()?;
        let server = self.of.reach.connect(terminal).await?;
        for secret in [&token, &credentials].into_iter().flatten() {
            server.hide(secret);
        }
        let create = Operation::CreatePushConfig(PushConfig {
            task_id: self.of.task,
            id: self.id,
            url: self.webhook,
            token,
            authentication: credentials.map(|credentials| (self.auth_scheme, credentials)),
        });
        show(&server.call(&create).await?, terminal);
        Ok(Exit::Ok)
    }
}

async fn ask(reach: &Reach, operation: &Operation, terminal: &Terminal) -> Result<Value, Failure> {
    let server = reach.connect(terminal).await?;
    Ok(server.call(operation).await?)
}

fn show(said: &Value, terminal: &Terminal) {
    let config = a2a::push_config(said);
    terminal.result(&without_secrets(said.clone()), |_| {
        format!(
            "webhook {} of task {}: {}",
            clean(&config.id),
            clean(&config.task_id),
            clean(&config.url)
        )
    });
}

/// Servers may give back what a receiver is told by.
fn without_secrets(mut said: Value) -> Value {
    match &mut said {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                let is_secret = matches!(name.as_str(), "token" | "credentials");
                if is_secret && value.as_str().is_some_and(|text| !text.is_empty()) {
                    *value = Value::String("***".to_owned());
                } else {
                    *value = without_secrets(value.take());
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_secrets(item.take());
            }
        }
        _ => {}
    }
    said
}
