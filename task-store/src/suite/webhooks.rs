//! Webhooks, as they are kept with their task.

use super::case::{Case, NOW, change};
use crate::{
    Authentication, Begin, ClaimDeliveries, Database, DeletePushConfig, Error, MAX_PUSH_CONFIGS,
    MAX_PUSH_SECRET_BYTES, MAX_PUSH_URL_BYTES, Opening, PushConfig, PushConfigs, PutPushConfig,
    Scope, State,
};

pub(super) fn config(id: &str) -> PushConfig {
    PushConfig {
        id: id.to_owned(),
        url: format!("https://example.com/{id}"),
        token: None,
        authentication: None,
        protocol_version: "1.0".to_owned(),
    }
}

pub(super) fn put(scope: &Scope, task_id: &str, config: PushConfig) -> PutPushConfig {
    PutPushConfig {
        scope: scope.clone(),
        task_id: task_id.to_owned(),
        config,
    }
}

fn configs(scope: &Scope, task_id: &str) -> PushConfigs {
    PushConfigs {
        scope: scope.clone(),
        task_id: task_id.to_owned(),
    }
}

pub(super) fn delete(scope: &Scope, task_id: &str, id: &str) -> DeletePushConfig {
    DeletePushConfig {
        scope: scope.clone(),
        task_id: task_id.to_owned(),
        id: id.to_owned(),
    }
}

pub(super) fn with_push(mut begin: Begin, config: PushConfig) -> Begin {
    match &mut begin.opening {
        Opening::Create { push, .. } | Opening::Resume { push, .. } => *push = Some(config),
    }
    begin
}

impl<D: Database> Case<'_, D> {
    /// The ids of a task's webhooks.
    pub(super) async fn ids(&mut self, task_id: &str) -> Result<Vec<String>, String> {
        let configs = configs(&self.scope, task_id);
        let configs = self.perform("list webhooks", configs).await?;
        Ok(configs.into_iter().map(|config| config.id).collect())
    }
}

pub(super) async fn keeps_webhooks<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let scope = case.scope.clone();
    let other = Scope {
        owner: "somebody else".to_owned(),
        ..scope.clone()
    };
    case.create("t", "c", State::Working, NOW).await?;
    let ids = case.ids("t").await?;
    case.equal("none", ids, vec![])?;

    let full = PushConfig {
        token: Some("t0ken".to_owned()),
        authentication: Some(Authentication {
            scheme: "Bearer".to_owned(),
            credentials: "s3cret".to_owned(),
        }),
        protocol_version: "0.3".to_owned(),
        ..config("b")
    };
    for config in [config("é"), full.clone(), config("a"), config("B")] {
        case.perform("put", put(&scope, "t", config)).await?;
    }
    let expected = ["B", "a", "b", "é"].map(str::to_owned);
    let ids = case.ids("t").await?;
    case.equal("ids", ids, expected.to_vec())?;
    let stored = case.perform("list", configs(&scope, "t")).await?;
    case.equal("a full one", stored.get(2), Some(&full))?;

    case.perform("replace", put(&scope, "t", config("b")))
        .await?;
    let stored = case.perform("list", configs(&scope, "t")).await?;
    case.equal("replaced", stored.get(2), Some(&config("b")))?;

    for id in ["b", "b", "", "never"] {
        case.perform("delete", delete(&scope, "t", id)).await?;
    }
    let expected = ["B", "a", "é"].map(str::to_owned);
    let ids = case.ids("t").await?;
    case.equal("ids after", ids, expected.to_vec())?;

    for (scope, task_id) in [(&scope, "unknown"), (&other, "t")] {
        let put = put(scope, task_id, config("a"));
        case.refuse("put", put, Error::NotFound).await?;
        let configs = configs(scope, task_id);
        case.refuse("list", configs, Error::NotFound).await?;
        let delete = delete(scope, task_id, "a");
        case.refuse("delete", delete, Error::NotFound).await?;
    }
    let claim = ClaimDeliveries {
        now: NOW,
        lease_ms: 1,
        limit: 1_000,
    };
    let mut nothing = case.perform("claim", claim).await?.deliveries;
    nothing.retain(|delivery| delivery.claim.scope == scope);
    case.equal("nothing was appended", nothing, vec![])
}

pub(super) async fn limits_webhooks<D: Database>(case: &mut Case<'_, D>) -> Result<(), String> {
    let scope = case.scope.clone();
    let lease = case.create("t", "c", State::Working, NOW).await?;
    for number in 0..MAX_PUSH_CONFIGS {
        let put = put(&scope, "t", config(&number.to_string()));
        case.perform("put", put).await?;
    }
    let too_many = || Error::TooLarge(format!("has {MAX_PUSH_CONFIGS} push-notification"));
    let more = put(&scope, "t", config("more"));
    case.refuse("one more", more, too_many()).await?;
    let more = with_push(case.resumption("t", None, true, NOW), config("more"));
    case.refuse("resume with one more", more, too_many())
        .await?;
    // What was refused was undone as a whole: the run was not taken over.
    let working = change(State::Working, NOW, &[]);
    case.append(&lease, working, NOW).await?;
    case.perform("replace", put(&scope, "t", config("0")))
        .await?;
    case.perform("delete", delete(&scope, "t", "1")).await?;
    case.perform("again", put(&scope, "t", config("more")))
        .await?;

    let mut wrong = config("x");
    wrong.url = "u".repeat(MAX_PUSH_URL_BYTES + 1);
    let refused = Error::TooLarge("2049 bytes".to_owned());
    case.refuse("a long URL", put(&scope, "t", wrong), refused)
        .await?;
    let mut wrong = config("x");
    wrong.token = Some("t".repeat(MAX_PUSH_SECRET_BYTES + 1));
    let refused = Error::TooLarge("the token of webhook".to_owned());
    case.refuse("a long token", put(&scope, "t", wrong), refused)
        .await?;
    let mut wrong = config("x");
    wrong.url.clear();
    let refused = Error::Invalid("has no URL".to_owned());
    case.refuse("no URL", put(&scope, "t", wrong), refused)
        .await?;
    let refused = Error::Invalid("id of the webhook is empty".to_owned());
    case.refuse("no id", put(&scope, "t", config("")), refused)
        .await
}
