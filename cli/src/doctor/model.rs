//! Whether the model will go on to answer.

use super::Subject;
use super::finding::Finding;

const CHECK: &str = "model";
const VARIABLES: [&str; 5] = [
    "ATTACHE_MODEL",
    "ATTACHE_CONFIG_MODEL",
    "MODEL",
    "GEMINI_MODEL",
    "GOOGLE_GENAI_MODEL",
];
/// What the host takes where none is named.
const DEFAULT: &str = "gemini-3.5-flash";
/// Of these generations nothing is served after a day that Google has named.
const RETIRED: [(&str, &str); 2] = [
    ("gemini-1", "are no longer served by Google"),
    ("gemini-2", "are retired by Google on 2026-10-16 or later"),
];

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut found = Vec::new();
    for variable in VARIABLES {
        let Some(value) = subject.variable(variable) else {
            continue;
        };
        let (provider, name) = value.split_once(':').unwrap_or(("", value));
        let name = name.rsplit('/').next().unwrap_or_default();
        let provider = if provider.is_empty() {
            String::new()
        } else {
            format!("{provider}:")
        };
        for (generation, when) in RETIRED {
            let is_of_it = name
                .strip_prefix(generation)
                .is_some_and(|rest| rest.starts_with(['.', '-']));
            if is_of_it {
                let sentence = format!("{variable} is {value}: models of {generation} {when}");
                let mend =
                    subject.update(&format!("--update-env-vars={variable}={provider}{DEFAULT}"));
                found.push(Finding::error(CHECK, sentence, mend));
            }
        }
        // Newer ones are served where the location is a wide one.
        let location = subject
            .variable("GOOGLE_CLOUD_LOCATION")
            .unwrap_or("global");
        if name.starts_with("gemini-3") && !matches!(location, "global" | "us" | "eu") {
            let sentence = format!(
                "{variable} is {value}, which {location} does not serve (GOOGLE_CLOUD_LOCATION)"
            );
            let mend = subject.update("--update-env-vars=GOOGLE_CLOUD_LOCATION=global");
            found.push(Finding::warning(CHECK, sentence, mend));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The host warns of the same models at its start.
    #[test]
    fn the_host_has_the_same_list() {
        let host = include_str!("../../../host/src/config/model.rs");
        let list = host
            .split("RETIRED: [(&str, &str); ")
            .nth(1)
            .unwrap()
            .split("];")
            .next()
            .unwrap();
        assert!(list.starts_with(&RETIRED.len().to_string()), "{list}");
        for (generation, when) in RETIRED {
            assert!(
                list.contains(&format!("({generation:?}, {when:?})")),
                "{generation} {when}"
            );
        }
        assert!(host.contains(&format!("DEFAULT: &str = {DEFAULT:?}")));
    }
}
