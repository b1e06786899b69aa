//! An agent as Gemini Enterprise keeps it.

use serde_json::Value;

use super::text;

/// What a name ends in.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// The card that is kept.
pub(crate) fn card_of(agent: &Value) -> Value {
    let card = agent
        .pointer("/a2aAgentDefinition/jsonAgentCard")
        .and_then(Value::as_str);
    card.and_then(|card| serde_json::from_str(card).ok())
        .unwrap_or_default()
}

/// Where it is asked.
pub(crate) fn url_of(agent: &Value) -> String {
    text(&card_of(agent), "url").to_owned()
}

/// A slash at the end makes no other agent.
pub(crate) fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// Why it is not there for users, if so, and what helps.
pub(crate) fn trouble(agent: &Value) -> Option<(String, &'static str)> {
    let because = |field: &str| match text(agent, field) {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    let state = text(agent, "state");
    Some(match state {
        "CREATION_FAILED" => (
            format!("it could not be made{}", because("creationFailureReason")),
            "This state is final: delete the agent and register it again.",
        ),
        "DEPLOYMENT_FAILED" => (
            format!(
                "it could not be deployed{}",
                because("deploymentFailureReason")
            ),
            "Correct what the reason says, and register the agent again.",
        ),
        "SUSPENDED" => (
            format!("it is suspended{}", because("suspensionReason")),
            "Correct what the reason says; an administrator resumes it in the console.",
        ),
        "DISABLED" => (
            "it is disabled".to_owned(),
            "An administrator enables it in the console, under Agents.",
        ),
        "PRIVATE" if !text(agent, "rejectionReason").is_empty() => (
            format!("it was rejected{}", because("rejectionReason")),
            "Correct what the reason says, and ask again for it to be shared.",
        ),
        _ => return None,
    })
}

/// For people.
pub(crate) fn described(agent: &Value) -> String {
    let scope = agent
        .pointer("/sharingConfig/scope")
        .and_then(Value::as_str);
    let authorization = agent
        .pointer("/authorizationConfig/agentAuthorization")
        .and_then(Value::as_str);
    let mut lines = vec![
        last(text(agent, "name")).to_owned(),
        format!("  display name   {}", text(agent, "displayName")),
        format!("  state          {}", text(agent, "state")),
        format!("  shared with    {}", scope.unwrap_or("RESTRICTED")),
        format!("  url            {}", url_of(agent)),
        format!("  authorization  {}", authorization.map_or("none", last)),
        format!("  name           {}", text(agent, "name")),
    ];
    if let Some((trouble, _)) = trouble(agent) {
        lines.insert(3, format!("  trouble        {trouble}"));
    }
    lines.join("\n")
}
