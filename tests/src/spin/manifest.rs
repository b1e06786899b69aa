//! `spin.toml`, manifest version 2, as far as it reaches a component.
//!
//! Keys that Spin would refuse are refused, so that the manifest in this repository is tested by
//! using it. Keys that Spin knows and this harness cannot serve are refused too, with another
//! sentence.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::config::{Database, Dependency, Inherit, SpinConfig};
use super::error::SpinError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    spin_manifest_version: u32,
    application: Application,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: BTreeMap<String, Vec<Trigger>>,
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known to Spin, of no consequence to a component")]
struct Application {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    authors: Vec<String>,
    #[serde(default)]
    tool: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known to Spin, of no consequence to a component")]
struct Variable {
    default: Option<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known to Spin, of no consequence to a component")]
struct Trigger {
    #[serde(default)]
    id: String,
    route: toml::Value,
    component: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known to Spin, of no consequence to a component")]
struct Component {
    source: toml::Value,
    #[serde(default)]
    description: String,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    sqlite_databases: Vec<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, Local>,
    build: Option<Build>,
    #[serde(default)]
    tool: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Local {
    path: String,
    inherit_configuration: Option<Inherited>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Inherited {
    All(bool),
    Only(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "known to Spin, of no consequence to a component")]
struct Build {
    command: toml::Value,
    workdir: Option<String>,
    #[serde(default)]
    watch: Vec<String>,
}

/// Reads the manifest at `path`; databases are kept in `state`.
pub(crate) fn load(
    path: &Path,
    state: &Path,
    given: &BTreeMap<String, String>,
) -> Result<SpinConfig, SpinError> {
    let refuse = |reason: String| SpinError::Manifest {
        path: path.to_owned(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|source| SpinError::Read {
        path: path.to_owned(),
        source,
    })?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| {
        refuse(format!(
            "not a manifest that Spin 4.0.2 reads and this harness serves: {error}"
        ))
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    read(manifest, folder, state, given).map_err(refuse)
}

fn read(
    manifest: Manifest,
    folder: &Path,
    state: &Path,
    given: &BTreeMap<String, String>,
) -> Result<SpinConfig, String> {
    if manifest.spin_manifest_version != 2 {
        return Err(format!(
            "spin_manifest_version is {}, and only 2 is known",
            manifest.spin_manifest_version
        ));
    }
    let values = application_variables(&manifest.variables, given)?;
    let id = served(&manifest.trigger)?;
    let mut components = manifest.component;
    let component = components
        .remove(&id)
        .ok_or_else(|| format!("the trigger names component {id:?}, which is not defined"))?;
    if let Some(other) = components.keys().next() {
        return Err(format!(
            "this harness serves one component, and {other:?} is a second one"
        ));
    }
    let source = component
        .source
        .as_str()
        .ok_or("source has to be a path here: this harness downloads nothing")?;

    let mut config = SpinConfig::new(folder.join(source));
    config.name = manifest.application.name;
    for (name, template) in component.variables {
        config = config.variable(name, expand(&template, &values)?);
    }
    for host in component.allowed_outbound_hosts {
        config = config.allow_outbound(expand(&host, &values)?);
    }
    for label in component.sqlite_databases {
        let file = state.join(format!("{label}.db"));
        config = config.database(label, Database::File(file));
    }
    for (name, local) in component.dependencies {
        config = config.dependency(Dependency {
            name,
            path: folder.join(local.path),
            inherit: match local.inherit_configuration {
                Some(Inherited::All(true)) => Inherit::All,
                Some(Inherited::Only(keys)) => Inherit::Only(keys),
                Some(Inherited::All(false)) | None => Inherit::Only(Vec::new()),
            },
        });
    }
    Ok(config)
}

fn application_variables(
    declared: &BTreeMap<String, Variable>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(format!(
            "no variable {unknown:?} is declared under [variables], so no component could see it"
        ));
    }
    declared
        .iter()
        .map(|(name, variable)| {
            if variable.default.is_none() && !variable.required {
                return Err(format!(
                    "variable {name:?} needs a default, or required = true"
                ));
            }
            given
                .get(name)
                .or(variable.default.as_ref())
                .map(|value| (name.clone(), value.clone()))
                .ok_or_else(|| {
                    format!("variable {name:?} is required; give it with --variable {name}=…")
                })
        })
        .collect()
}

/// The component of the one route that is served.
fn served(triggers: &BTreeMap<String, Vec<Trigger>>) -> Result<String, String> {
    let http = triggers.get("http").map_or(&[][..], Vec::as_slice);
    let [trigger] = http else {
        return Err(format!(
            "this harness serves one [[trigger.http]], and there are {}",
            http.len()
        ));
    };
    if trigger.route.as_str() != Some("/...") {
        return Err(format!(
            "this harness serves the route \"/...\" only, not {:?}",
            trigger.route
        ));
    }
    trigger
        .component
        .clone()
        .ok_or_else(|| "the trigger names no component".to_owned())
}

/// Replaces `{{ name }}` by the variable's value.
fn expand(template: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .ok_or_else(|| format!("{template:?} has {{{{ without }}}}"))?;
        let name = name.trim();
        let value = values.get(name).ok_or_else(|| {
            format!("{template:?} names the variable {name:?}, which is not declared")
        })?;
        expanded.push_str(before);
        expanded.push_str(value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}
