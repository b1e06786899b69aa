//! Webhooks of tasks.

use wasip2::http::types::ResponseOutparam;

use crate::Target;
use crate::bindings::attache::agent::tasks::{Authentication, PushConfig, TaskLog};
use crate::reply::Reply;

pub(crate) fn handle(path: &str, target: &Target, out: ResponseOutparam) {
    let id = target.text("id");
    let log = TaskLog::new(&target.text("tenant"));
    let answer = match (path, config(target)) {
        ("/hooks/put", Some(config)) => format!("{:?}", log.put_push_config(&id, &config)),
        ("/hooks/list", _) => match log.push_configs(&id) {
            Ok(configs) => configs.iter().map(line).collect(),
            Err(error) => format!("{error:?}"),
        },
        ("/hooks/delete", _) => {
            format!("{:?}", log.delete_push_config(&id, &target.text("hook")))
        }
        _ => "no such path".to_owned(),
    };
    Reply::to(out).end(&answer);
}

/// The webhook that a request describes, if it names a URL.
pub(crate) fn config(target: &Target) -> Option<PushConfig> {
    let given = |name| Some(target.text(name)).filter(|text| !text.is_empty());
    Some(PushConfig {
        url: given("url")?,
        id: given("hook").unwrap_or("hook".to_owned()),
        token: given("token"),
        authentication: given("credentials").map(|credentials| Authentication {
            scheme: "Bearer".to_owned(),
            credentials,
        }),
        protocol_version: "1.0".to_owned(),
    })
}

fn line(config: &PushConfig) -> String {
    let credentials = config.authentication.as_ref().map(|a| &a.credentials);
    format!(
        "{} {} {:?} {credentials:?} {}\n",
        config.id, config.url, config.token, config.protocol_version
    )
}
