//! Webhooks. 0.3 keeps the task's id outside of the configuration, and has a list of schemes where
//! 1.0 has one.

use serde_json::{Value, json};

use super::Form;
use super::object::{Object, carry, object, string, take, typed, wrong_type};
use crate::error::Error;
use crate::wire::TaskPushNotificationConfig;

const CONFIG: &str = "pushNotificationConfig";

/// The id of a webhook that its client gave none. A task had one webhook before 0.3, so to set it again
/// is to replace it; clients that send it with every message would be notified twice otherwise.
pub(super) const DEFAULT_ID: &str = "default";

/// A `PushNotificationConfig` as the flat object of 1.0, without its task.
pub(super) fn to_new(mut old: Object, at: &str) -> Result<Object, Error> {
    let mut new = Object::new();
    carry(&["id", "url", "token"], &mut old, &mut new);
    if let Some(authentication) = take(&mut old, "authentication") {
        let at = format!("{at}.authentication");
        let mut authentication = object(authentication, &at)?;
        let scheme = match take(&mut authentication, "schemes") {
            None => None,
            Some(Value::Array(schemes)) => schemes.into_iter().next(),
            Some(other) => return Err(wrong_type(&format!("{at}.schemes"), "a list", &other)),
        };
        let credentials = take(&mut authentication, "credentials");
        // Generated code prints the empty object for none.
        if scheme.is_some() || credentials.is_some() {
            let authentication = json!({ "scheme": scheme, "credentials": credentials });
            new.insert("authentication".to_owned(), authentication);
        }
    }
    if new.get("id").is_none_or(|id| id == "") {
        new.insert("id".to_owned(), json!(DEFAULT_ID));
    }
    Ok(new)
}

/// The parameters of `tasks/pushNotificationConfig/set`.
pub(super) fn set_to_new(mut old: Object) -> Result<TaskPushNotificationConfig, Error> {
    let config = take(&mut old, CONFIG).ok_or_else(|| Error::field(CONFIG, "is required"))?;
    let mut new = to_new(object(config, CONFIG)?, CONFIG)?;
    carry(&["taskId"], &mut old, &mut new);
    typed(new)
}

/// The body that creates a webhook of a task in HTTP+JSON. Three forms are in use: the request of the
/// proto (`parent`, `configId`, `config`), the named configuration (`name` and the configuration), and
/// the bare configuration that the text describes, alone or in `config`.
pub(super) fn create_to_new(
    mut old: Object,
    task_id: String,
) -> Result<TaskPushNotificationConfig, Error> {
    let config_id = string(take(&mut old, "configId"), "configId")?;
    let mut outer = match take(&mut old, "config") {
        Some(config) => object(config, "config")?,
        None => old,
    };
    let name = string(take(&mut outer, "name"), "name")?;
    let mut bare = match take(&mut outer, CONFIG) {
        Some(config) => object(config, CONFIG)?,
        None => outer,
    };
    let named = name.rsplit_once("/pushNotificationConfigs/");
    let id = match named {
        Some((_, id)) if config_id.is_empty() => id.to_owned(),
        _ => config_id,
    };
    if bare.get("id").is_none_or(|id| id.is_null() || id == "") {
        bare.insert("id".to_owned(), Value::String(id));
    }
    let mut config: TaskPushNotificationConfig = typed(to_new(bare, CONFIG)?)?;
    config.task_id = task_id;
    Ok(config)
}

/// A webhook of a task as 0.3 has it.
pub(super) fn to_old(new: TaskPushNotificationConfig, form: Form) -> Value {
    let name = format!("tasks/{}/pushNotificationConfigs/{}", new.task_id, new.id);
    let mut old = Object::new();
    let mut set = |name: &str, value: Value| old.insert(name.to_owned(), value);
    set("id", json!(new.id));
    set("url", json!(new.url));
    if !new.token.is_empty() {
        set("token", json!(new.token));
    }
    if let Some(authentication) = new.authentication {
        let mut info = json!({ "schemes": [authentication.scheme] });
        if let (false, Some(info)) = (authentication.credentials.is_empty(), info.as_object_mut()) {
            info.insert("credentials".to_owned(), json!(authentication.credentials));
        }
        set("authentication", info);
    }
    match form {
        Form::Kind => json!({ "taskId": new.task_id, CONFIG: old }),
        Form::Proto => json!({ "name": name, CONFIG: old }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::AuthenticationInfo;

    fn config() -> TaskPushNotificationConfig {
        TaskPushNotificationConfig {
            tenant: String::new(),
            id: "c".to_owned(),
            task_id: "t".to_owned(),
            url: "https://a.b".to_owned(),
            token: "k".to_owned(),
            authentication: Some(AuthenticationInfo {
                scheme: "Bearer".to_owned(),
                credentials: "x".to_owned(),
            }),
        }
    }

    #[test]
    fn there_and_back() {
        let kind = to_old(config(), Form::Kind);
        let bare = json!({
            "id": "c", "url": "https://a.b", "token": "k",
            "authentication": {"schemes": ["Bearer"], "credentials": "x"},
        });
        assert_eq!(kind, json!({"taskId": "t", "pushNotificationConfig": bare}));
        assert_eq!(set_to_new(object(kind, "").unwrap()).unwrap(), config());
        let proto = to_old(config(), Form::Proto);
        let name = "tasks/t/pushNotificationConfigs/c";
        assert_eq!(proto, json!({"name": name, "pushNotificationConfig": bare}));
    }

    #[test]
    fn every_body_that_creates_a_webhook() {
        let bare = || json!({"url": "https://a.b"});
        let name = "tasks/t/pushNotificationConfigs/c";
        let kit = json!({
            "parent": "tasks/t", "config_id": "c",
            "config": {"name": name, "push_notification_config": {
                "id": "c", "url": "https://a.b", "token": "", "authentication": {},
            }},
        });
        for (body, id) in [
            (kit, "c"),
            (
                json!({"parent": "tasks/t", "configId": "c", "config": {CONFIG: bare()}}),
                "c",
            ),
            (json!({"name": name, CONFIG: bare()}), "c"),
            (
                json!({"name": "tasks/t/pushNotificationConfigs/", CONFIG: bare()}),
                "default",
            ),
            (json!({"taskId": "t", CONFIG: bare()}), "default"),
            (json!({"config": bare()}), "default"),
            (bare(), "default"),
        ] {
            let expected = TaskPushNotificationConfig {
                id: id.to_owned(),
                token: String::new(),
                authentication: None,
                ..config()
            };
            let body_read = create_to_new(object(body.clone(), "default").unwrap(), "t".to_owned());
            assert_eq!(body_read.unwrap(), expected, "{body}");
        }
    }

    #[test]
    fn what_is_no_webhook() {
        let refused = |old: Value| {
            set_to_new(object(old, "default").unwrap())
                .unwrap_err()
                .message
        };
        assert!(refused(json!({"taskId": "t"})).contains("pushNotificationConfig: is required"));
        assert!(refused(json!({CONFIG: "x"})).contains("must be an object"));
        assert!(
            refused(json!({CONFIG: {"authentication": {"schemes": "Bearer"}}})).contains("schemes")
        );
    }
}
