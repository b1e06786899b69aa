//! `bench-plug AGENT ADAPTER OUT`: the agent with the adapter inside, as one component.

use std::{env, fs};

use wac_graph::{CompositionGraph, EncodeOptions, plug, types::Package};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [agent, adapter, out] = arguments.as_slice() else {
        return Err("usage: bench-plug AGENT ADAPTER OUT".into());
    };
    let mut graph = CompositionGraph::new();
    let [socket, inner] = [("bench:agent", agent), ("bench:adapter", adapter)].map(|(name, file)| {
        let package = Package::from_bytes(name, None, fs::read(file)?, graph.types_mut())?;
        Ok::<_, Box<dyn std::error::Error>>(graph.register_package(package)?)
    });
    plug(&mut graph, vec![inner?], socket?)?;
    fs::write(out, graph.encode(EncodeOptions::default())?)?;
    Ok(())
}
