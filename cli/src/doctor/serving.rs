//! How Cloud Run runs it: billing, probes, time-outs, instances.

use serde_json::Value;

use super::Subject;
use super::finding::Finding;
use super::subject::text;

/// Cloud Run's default, in seconds.
const DEFAULT_TIMEOUT: u64 = 300;
/// The host's default, in seconds.
const DEFAULT_DEADLINE: u64 = 1800;

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::from_iter(billing(subject));
    found.extend(probes(subject));
    found.extend(streaming(subject));
    found.extend(scaling(subject));
    found
}

/// Whether an instance has no processor between requests.
fn is_throttled(subject: &Subject) -> bool {
    match subject.agent().get("resources") {
        Some(resources) => resources.get("cpuIdle").and_then(Value::as_bool) == Some(true),
        None => true,
    }
}

/// Whether work goes on after a response, and no request of a queue carries it.
fn works_in_the_background(subject: &Subject) -> Option<&'static str> {
    let dispatch = subject.variable("ATTACHE_DISPATCH").unwrap_or("auto");
    let has_queue = subject.has("ATTACHE_TASKS_QUEUE") && dispatch != "inline";
    if subject.is_capable_of("pushNotifications") {
        Some("notifications are sent after the response")
    } else if !has_queue && subject.is_attache() {
        Some("work of a client that does not wait goes on after the response")
    } else {
        None
    }
}

fn billing(subject: &Subject) -> Option<Finding> {
    let why = works_in_the_background(subject).filter(|_| is_throttled(subject))?;
    let sentence = format!("{why}, when the instance has no processor: billing is by request");
    Some(Finding::error(
        "billing",
        sentence,
        subject.update("--no-cpu-throttling"),
    ))
}

fn probes(subject: &Subject) -> Vec<Finding> {
    const CHECK: &str = "probes";
    let agent = subject.agent();
    let mut found = Vec::new();
    for (field, flag, good) in [
        ("startupProbe", "--startup-probe", "/health/startup"),
        ("livenessProbe", "--liveness-probe", "/health/live"),
        ("readinessProbe", "--readiness-probe", "/health/ready"),
    ] {
        let path = text(agent, &format!("/{field}/httpGet/path"));
        let path = path.split('?').next().unwrap_or_default();
        let mend = || subject.update(&format!("{flag}=httpGet.path={good}"));
        if path.ends_with('z') || path.starts_with("/_ah/") || path == "/eventlog" {
            let sentence = format!(
                "{field} asks {path}, which Cloud Run keeps from reaching the agent from outside: it seems \
                 to work where it does not"
            );
            found.push(Finding::warning(CHECK, sentence, mend()));
        } else if field == "livenessProbe" && path == "/health/ready" {
            let sentence =
                "livenessProbe asks /health/ready: an instance is killed when its database is away";
            found.push(Finding::error(CHECK, sentence, mend()));
        }
        if field == "startupProbe" && path.is_empty() && subject.is_attache() {
            let sentence =
                "no startupProbe asks whether the component runs: an open port is taken for it";
            found.push(Finding::warning(CHECK, sentence, mend()));
        }
    }
    found
}

fn streaming(subject: &Subject) -> Vec<Finding> {
    const CHECK: &str = "streaming";
    let timeout = subject
        .text("/template/timeout")
        .trim_end_matches('s')
        .parse::<f64>();
    // Whole seconds; Cloud Run takes no others.
    let timeout = timeout.map_or(DEFAULT_TIMEOUT, |seconds| seconds as u64);
    let mut found = Vec::new();
    let deadline = subject
        .variable("ATTACHE_TASKS_DEADLINE")
        .and_then(|text| text.parse().ok());
    let deadline = deadline.unwrap_or(DEFAULT_DEADLINE);
    let streams = subject.is_capable_of("streaming");
    if subject.has("ATTACHE_TASKS_QUEUE") && timeout < deadline {
        let sentence = format!(
            "a request ends after {timeout} s, and the queue's work may take {deadline} (ATTACHE_TASKS_DEADLINE)"
        );
        found.push(Finding::error(
            CHECK,
            sentence,
            subject.update("--timeout=3600"),
        ));
    } else if streams && timeout <= DEFAULT_TIMEOUT {
        let sentence = format!("a stream is cut off after {timeout} s; 3600 s is the most");
        found.push(Finding::warning(
            CHECK,
            sentence,
            subject.update("--timeout=3600"),
        ));
    }
    let concurrency = subject.count("/template/maxInstanceRequestConcurrency");
    if streams && concurrency == 1 {
        let sentence =
            "an instance serves one request at a time: each open stream takes one of its own";
        found.push(Finding::warning(
            CHECK,
            sentence,
            subject.update("--concurrency=80"),
        ));
    }
    found
}

fn scaling(subject: &Subject) -> Vec<Finding> {
    const CHECK: &str = "scaling";
    let minimum = subject
        .count("/scaling/minInstanceCount")
        .max(subject.count("/template/scaling/minInstanceCount"));
    let manual = subject.count("/scaling/manualInstanceCount");
    if minimum > 0 || manual > 0 {
        return Vec::new();
    }
    let sentence = match works_in_the_background(subject) {
        Some(why) => format!("no instance is kept when nobody calls, and {why}"),
        None => {
            "no instance is kept when nobody calls: the next one waits for the start".to_owned()
        }
    };
    vec![Finding::warning(CHECK, sentence, subject.update("--min=1"))]
}
