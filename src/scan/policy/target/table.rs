//! Tables of facts put together from tables, so that what several targets tell is written once.
//!
//! Invariant: a joined table has the facts of its parts, in their order, and nothing else; its length is counted by the
//! compiler.

use super::{FactDoc, FactKind};

/// What every object of a cluster tells of itself.
pub(super) const METADATA: [FactDoc; 5] = [
    FactDoc { path: "object.name", kind: FactKind::String, doc: "the name; `null` when there is none", example: "api" },
    FactDoc {
        path: "object.namespace",
        kind: FactKind::String,
        doc: "the namespace; `null` when the object names none",
        example: "default",
    },
    FactDoc {
        path: "object.labels",
        kind: FactKind::Tree,
        doc: "the labels; `null` when there are none",
        example: "{app: api}",
    },
    FactDoc {
        path: "object.annotations",
        kind: FactKind::Tree,
        doc: "the annotations; `null` when there are none",
        example: "{team: core}",
    },
    FactDoc {
        path: "object.helm_test",
        kind: FactKind::Bool,
        doc: "whether Helm makes it for tests alone, which somebody asks for",
        example: "false",
    },
];

/// Joins tables of facts: `facts![&[…], &image::FACTS]`.
macro_rules! facts {
    ($($part:expr),+ $(,)?) => {{
        const PARTS: &[&[$crate::scan::policy::target::FactDoc]] = &[$($part),+];
        const COUNT: usize = $crate::scan::policy::target::table::count(PARTS);
        &$crate::scan::policy::target::table::join::<COUNT>(PARTS)
    }};
}
pub(super) use facts;

/// How many facts the tables have.
pub(super) const fn count(mut parts: &[&[FactDoc]]) -> usize {
    let mut count = 0;
    while let [part, others @ ..] = parts {
        count += part.len();
        parts = others;
    }
    count
}

/// The facts of all tables, which are `N`.
pub(super) const fn join<const N: usize>(mut parts: &[&[FactDoc]]) -> [FactDoc; N] {
    let mut joined = [FactDoc { path: "", kind: FactKind::Tree, doc: "", example: "" }; N];
    let mut free: &mut [FactDoc] = &mut joined;
    while let [part, others @ ..] = parts {
        let mut part: &[FactDoc] = part;
        while let [fact, rest @ ..] = part {
            let [slot, after @ ..] = free else { break };
            *slot = *fact;
            free = after;
            part = rest;
        }
        parts = others;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::super::Target;

    #[test]
    fn every_fact_of_every_target_has_a_name_of_its_own() {
        for target in Target::ALL {
            let mut names: Vec<&str> = target.facts().iter().map(|fact| fact.path).collect();
            assert!(names.iter().all(|name| !name.is_empty()), "{target:?}");
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{target:?}");
        }
    }
}
