use attache_registry::World;
use wasmparser::{Parser, Payload, Validator};

/// What begins and ends what `attache-host compile` writes.
const SEAL: &[u8] = b"attache-cwasm/";
const LONGEST_SEAL: usize = 16;

/// What a file is.
pub(crate) enum What {
    /// A component, with what it wants and gives.
    Component(World),
    /// What was compiled from one.
    Compiled,
}

/// Looks at what is to be published.
///
/// # Errors
/// A clause that says what it is instead.
pub(crate) fn look(content: &[u8]) -> Result<What, String> {
    if !content.starts_with(b"\0asm") {
        let end = content.len().saturating_sub(LONGEST_SEAL);
        let is_sealed = content.get(end..).is_some_and(|end| end.starts_with(SEAL));
        return match is_sealed {
            true => Ok(What::Compiled),
            false => Err("neither WebAssembly nor what `attache-host compile` writes".to_owned()),
        };
    }
    if Parser::is_core_wasm(content) {
        return Err(
            "a core module and no component; build it for the target wasm32-wasip2".to_owned(),
        );
    }
    let damaged = |error: wasmparser::BinaryReaderError| format!("no valid component ({error})");
    Validator::new().validate_all(content).map_err(damaged)?;
    world(content).map(What::Component).map_err(damaged)
}

fn world(content: &[u8]) -> Result<World, wasmparser::BinaryReaderError> {
    let mut world = World::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(content) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    world.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    world.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(world)
}
