//! Composition as Spin does it when it loads an application.
//!
//! Every dependency is instantiated once. The component's imports whose names match the dependency's
//! are satisfied from its exports, which have to be subtypes; what is left over, of the component and
//! of its dependencies, becomes the imports of the whole. Imports that a dependency may not inherit
//! are satisfied by a stand-in that refuses: here they are imported under another name, and the
//! harness links the stand-in.

use wac_graph::types::{ItemKind, Package, SubtypeChecker, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use super::config::Inherit;
use super::denied::DENIED;
use super::error::SpinError;

/// A dependency, read.
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) inherit: &'a Inherit,
    pub(crate) bytes: Vec<u8>,
}

/// The component with its dependencies inside.
pub(crate) fn compose(component: Vec<u8>, parts: Vec<Part<'_>>) -> Result<Vec<u8>, SpinError> {
    if parts.is_empty() {
        return Ok(component);
    }
    let mut graph = CompositionGraph::new();
    let (world, instance) = register(&mut graph, "component", component)?;
    let imports: Vec<String> = graph.types()[world].imports.keys().cloned().collect();
    let mut satisfied: Vec<(String, &str)> = Vec::new();

    for part in parts {
        let wanted: Vec<&String> = imports
            .iter()
            .filter(|import| matches(part.name, import))
            .collect();
        if wanted.is_empty() {
            let imports = match imports.as_slice() {
                [] => "nothing".to_owned(),
                some => some.join(", "),
            };
            return Err(SpinError::Compose(format!(
                "dependency {:?} matches no import of the component, which imports {imports}",
                part.name
            )));
        }
        // Spin registers a dependency under its package's name, so two dependencies on interfaces of
        // one package are refused; one dependency on the package satisfies both.
        let package = part.name.split(['/', '@']).next().unwrap_or(part.name);
        let bytes = deny(part.bytes, part.inherit)?;
        let (own_world, own_instance) = register(&mut graph, package, bytes)?;
        for import in wanted {
            if let Some((_, other)) = satisfied.iter().find(|(name, _)| name == import) {
                return Err(SpinError::Compose(format!(
                    "dependencies {other:?} and {:?} both satisfy {import}",
                    part.name
                )));
            }
            let export = plug(
                &mut graph,
                (world, import),
                own_world,
                own_instance,
                part.name,
            )?;
            graph
                .set_instantiation_argument(instance, import, export)
                .map_err(refused)?;
            satisfied.push((import.clone(), part.name));
        }
    }

    export_all(&mut graph, world, instance)?;
    graph.encode(EncodeOptions::default()).map_err(refused)
}

fn register(
    graph: &mut CompositionGraph,
    name: &str,
    bytes: Vec<u8>,
) -> Result<(WorldId, NodeId), SpinError> {
    let package = Package::from_bytes(name, None, bytes, graph.types_mut()).map_err(|error| {
        SpinError::Compose(format!(
            "{name:?} is not a WebAssembly component: {error:#}"
        ))
    })?;
    let world = package.ty();
    let id = graph.register_package(package).map_err(refused)?;
    Ok((world, graph.instantiate(id)))
}

/// The dependency without what it does not inherit.
///
/// A composition of its own, since a graph imports an interface once for all that want it.
fn deny(dependency: Vec<u8>, inherit: &Inherit) -> Result<Vec<u8>, SpinError> {
    let mut graph = CompositionGraph::new();
    let (world, instance) = register(&mut graph, "dependency", dependency.clone())?;
    let mut denials: Vec<(String, ItemKind, &str)> = Vec::new();
    for denied in DENIED.iter().filter(|denied| !inherit.allows(denied.key)) {
        let imports = &graph.types()[world].imports;
        let found = imports
            .iter()
            .find(|(name, _)| name.split('@').next() == Some(denied.interface));
        denials.extend(found.map(|(name, kind)| (name.clone(), *kind, denied.import)));
    }
    if denials.is_empty() {
        return Ok(dependency);
    }
    for (name, kind, stand_in) in denials {
        let node = graph.import(stand_in, kind).map_err(refused)?;
        graph
            .set_instantiation_argument(instance, &name, node)
            .map_err(refused)?;
    }
    export_all(&mut graph, world, instance)?;
    graph.encode(EncodeOptions::default()).map_err(refused)
}

fn export_all(
    graph: &mut CompositionGraph,
    world: WorldId,
    instance: NodeId,
) -> Result<(), SpinError> {
    let exports: Vec<String> = graph.types()[world].exports.keys().cloned().collect();
    for name in exports {
        let export = graph
            .alias_instance_export(instance, &name)
            .map_err(refused)?;
        graph.export(export, &name).map_err(refused)?;
    }
    Ok(())
}

/// The export of a dependency that satisfies an import.
fn plug(
    graph: &mut CompositionGraph,
    (world, import): (WorldId, &str),
    own_world: WorldId,
    own_instance: NodeId,
    dependency: &str,
) -> Result<NodeId, SpinError> {
    let types = graph.types();
    let (Some(wanted), Some(given)) = (
        types[world].imports.get(import),
        types[own_world].exports.get(import),
    ) else {
        return Err(SpinError::Compose(format!(
            "dependency {dependency:?} does not export {import}"
        )));
    };
    SubtypeChecker::new(&mut Default::default())
        .is_subtype(*given, types, *wanted, types)
        .map_err(|error| {
            SpinError::Compose(format!(
                "dependency {dependency:?} exports {import} with another shape: {error:#}"
            ))
        })?;
    graph
        .alias_instance_export(own_instance, import)
        .map_err(refused)
}

/// A name without an interface or without a version matches any.
fn matches(dependency: &str, import: &str) -> bool {
    let parse = |name: &str| {
        let (path, version) = match name.split_once('@') {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (name, None),
        };
        let (package, interface) = match path.split_once('/') {
            Some((package, interface)) => (package.to_owned(), Some(interface.to_owned())),
            None => (path.to_owned(), None),
        };
        (package, interface, version)
    };
    let (package, interface, version) = parse(dependency);
    let found = parse(import);
    package == found.0
        && (interface.is_none() || interface == found.1)
        && (version.is_none() || version == found.2)
}

fn refused(error: impl std::error::Error) -> SpinError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    SpinError::Compose(text)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_dependency_name_matches_as_much_as_it_says() {
        for name in [
            "attache:agent",
            "attache:agent@0.1.0",
            "attache:agent/tasks",
            "attache:agent/tasks@0.1.0",
        ] {
            assert!(matches(name, "attache:agent/tasks@0.1.0"), "{name}");
        }
        for name in [
            "attache:agent@0.2.0",
            "attache:agent/caller",
            "attache:agents",
            "tasks",
        ] {
            assert!(!matches(name, "attache:agent/tasks@0.1.0"), "{name}");
        }
    }
}
