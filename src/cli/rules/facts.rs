//! The facts that policies may ask, of each target.

use serde_json::{Value, json};

use super::super::Surroundings;
use crate::scan::policy::target::{FactDoc, SETTINGS, Target};

/// Prints them as a table for each target.
pub(super) fn print(targets: &[Target], surroundings: &mut Surroundings<'_>) -> anyhow::Result<()> {
    let out = &mut surroundings.out;
    for target in targets {
        writeln!(out, "{}\n", target.name())?;
        let width = facts(*target).map(|fact| fact.path.len()).max().unwrap_or_default();
        for FactDoc { path, kind, doc, example } in facts(*target) {
            writeln!(out, "  {path:<width$}  {kind}: {doc}; such as {example}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The targets with their facts.
pub(super) fn as_json(targets: &[Target]) -> Value {
    let fact = |fact: &FactDoc| json!({"fact": fact.path, "kind": fact.kind.to_string(), "doc": fact.doc, "example": fact.example});
    let target =
        |target: &Target| json!({"target": target.name(), "facts": facts(*target).map(fact).collect::<Vec<_>>()});
    targets.iter().map(target).collect()
}

fn facts(target: Target) -> impl Iterator<Item = &'static FactDoc> {
    target.facts().iter().chain(&SETTINGS)
}

/// The targets whose policies have conditions.
pub(super) fn targets() -> impl Iterator<Item = Target> {
    Target::ALL.into_iter().filter(|target| *target != Target::Secret)
}
