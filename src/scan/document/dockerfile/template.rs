//! Dockerfiles that something else renders first.
//!
//! Invariant: what a template decides is named once, as templated, and the instructions beside it are judged.

use crate::scan::problem::{Cause, Problem};

/// What begins an action of Jinja, Go templates or ERB.
const ACTIONS: [&str; 4] = ["{{", "{%", "{#", "<%"];

/// The problems with those on lines of a template made one.
pub(super) fn fold(text: &str, problems: Vec<Problem>) -> Vec<Problem> {
    if problems.is_empty() || !ACTIONS.iter().any(|action| text.contains(action)) {
        return problems;
    }
    let lines: Vec<&str> = text.lines().collect();
    let is_rendered = |problem: &Problem| {
        let line = problem.line.and_then(|line| lines.get(line.checked_sub(1)?));
        problem.cause == Cause::Syntax && line.is_some_and(|line| ACTIONS.iter().any(|action| line.contains(action)))
    };
    let (rendered, mut kept): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(is_rendered);
    if let Some(first) = rendered.into_iter().next() {
        let message = "lines of a template; what they render to was not judged".to_owned();
        kept.push(Problem { cause: Cause::Templated, message, ..first });
    }
    kept
}
