//! Whether an agent keeps to A2A 1.0.1: its component, its card, and what it answers.
//!
//! A [`Requirement`](requirement::Requirement) is a row of data with a function that looks. The agent is
//! asked only for what every agent has, so that any can be checked: a text, a task, ids of no tasks.
//! What gives no occasion to look is skipped, with the reason.

mod agent;
mod contract;
mod probe;
mod report;
mod requirement;
mod requirements;
mod selection;
mod verdict;
mod wire;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub(crate) use agent::{Agent, Reach};
pub(crate) use contract::contract;
pub(crate) use report::{Listed, Report};
pub(crate) use selection::Selection;
pub(crate) use wire::Binding;

use probe::Probe;
use requirement::{Look, Requirement};
pub(crate) use verdict::Row;
use verdict::{Ended, Seen, Verdict};

const BINDINGS: [Binding; 2] = [Binding::JsonRpc, Binding::HttpJson];

/// Checks what was selected.
pub(crate) async fn run(agent: &Agent, selection: &Selection) -> Vec<Row> {
    let mut rows = Vec::new();
    let probes: Vec<_> = BINDINGS
        .into_iter()
        .filter(|binding| selection.binding.is_none_or(|only| only == *binding))
        .filter_map(|binding| agent.wire(binding))
        .map(|wire| Probe::new(agent, wire))
        .collect();
    for requirement in requirements::all().filter(|one| selection.has(one)) {
        match requirement.look {
            Look::Card(look) => rows.push(row(requirement, None, look(agent)).await),
            Look::Each(look) => {
                for probe in &probes {
                    rows.push(row(requirement, Some(probe.wire.binding), look(probe)).await);
                }
            }
            Look::One(binding, look) => {
                for probe in probes.iter().filter(|probe| probe.wire.binding == binding) {
                    rows.push(row(requirement, Some(binding), look(probe)).await);
                }
            }
        }
    }
    if probes.is_empty() {
        rows.push(unreachable(selection.binding));
    }
    rows
}

async fn row(
    requirement: &Requirement,
    binding: Option<Binding>,
    looking: BoxFuture<'_, Seen>,
) -> Row {
    let (verdict, seen) = match looking.boxed().await {
        Ok(seen) => (Verdict::Passed, seen),
        Err(Ended::Wrong(seen)) => (Verdict::Failed, seen),
        Err(Ended::Skipped(why)) => (Verdict::Skipped, why),
    };
    Row {
        id: requirement.id,
        binding: binding.map(Binding::name),
        section: requirement.section,
        level: requirement.level,
        requirement: requirement.says,
        kit: requirement.kit,
        verdict,
        seen,
    }
}

/// Nothing can be asked of an agent whose card names no way to it.
fn unreachable(only: Option<Binding>) -> Row {
    let wanted = only.map_or("JSONRPC or HTTP+JSON", Binding::name);
    Row {
        id: "card.bindings",
        binding: None,
        section: "8.3.1",
        level: verdict::Level::Must,
        requirement: "A binding that can be checked, in version 1.0",
        kit: &[],
        verdict: Verdict::Failed,
        seen: format!("the card has no interface of {wanted} with protocolVersion 1.0"),
    }
}
