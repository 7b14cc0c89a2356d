//! Commands that a RUN gets, and RUN instructions that become one.

use super::{Thing, indent};
use crate::scan::document::dockerfile::{Arguments, Heredoc, Keyword};
use crate::scan::document::shell::{Pipeline, ShellCommand};
use crate::scan::edit::Edit;
use crate::scan::policy::fix::tree::{contains, edit};
use crate::scan::span::Span;

/// The command `next` at the end of a RUN, joined as the commands before it are.
pub(super) fn then(thing: &Thing<'_>, next: &str) -> Option<Edit> {
    let instruction = thing.instruction;
    if instruction.keyword != Keyword::Run || instruction.scripts.iter().any(|script| script.flaw.is_some()) {
        return None;
    }
    // What follows the end of the shell is never run.
    let last = instruction.scripts.last()?.pipelines.last()?;
    let ends = |command: &ShellCommand| command.program().is_some_and(|last| matches!(last.name, "exit" | "exec"));
    if last.commands.iter().any(ends) {
        return None;
    }
    match (&instruction.arguments, instruction.heredocs.as_slice()) {
        (Arguments::Shell(_), []) => {
            let [script] = instruction.scripts.as_slice() else { return None };
            let joint = joint(thing, &script.pipelines)?;
            let end = script.pipelines.last()?.span.end;
            Some(edit(end, end, format!("{joint}{next}")))
        }
        (Arguments::Shell(_), [Heredoc { body, .. }]) => {
            let last = instruction.scripts.last()?.pipelines.last()?.span;
            let indent = indent(thing.text, last.start).filter(|_| contains(*body, last))?;
            Some(edit(body.end, body.end, format!("{indent}{next}{}", thing.line_break())))
        }
        _ => None,
    }
}

/// What stands between the last two of `pipelines`, fit to join one more.
fn joint(thing: &Thing<'_>, pipelines: &[Pipeline]) -> Option<String> {
    let last = pipelines.last()?;
    if let Some(before) = pipelines.iter().nth_back(1) {
        let joint = thing.text.get(before.span.end..last.span.start)?;
        let operator: String =
            joint.chars().filter(|letter| !letter.is_whitespace() && !matches!(letter, '\\' | '`')).collect();
        if matches!(operator.as_str(), "&&" | ";") {
            return Some(joint.to_owned());
        }
    }
    let written = last.span.of(thing.text);
    let Some((_, continued)) = written.split_once('\n') else { return Some(" && ".to_owned()) };
    let indent: String = continued.chars().take_while(|letter| matches!(letter, ' ' | '\t')).collect();
    let indent = if indent.is_empty() { "    " } else { &indent };
    Some(format!(" \\{}{indent}&& ", thing.line_break()))
}

/// A RUN and the one that follows it as one.
pub(super) fn joined(thing: &Thing<'_>) -> Option<Edit> {
    let first = thing.instruction;
    let second = thing.dockerfile.instructions.get(thing.at + 1)?;
    let are_alike = first.stage == second.stage && first.on_build == second.on_build;
    let are_runs = [first, second].iter().all(|one| {
        one.keyword == Keyword::Run && one.flags.is_empty() && one.heredocs.is_empty() && one.scripts.len() == 1
    });
    let (Arguments::Shell(before), Arguments::Shell(after)) = (&first.arguments, &second.arguments) else {
        return None;
    };
    let gap = Span::new(first.span.end, second.span.start).of(thing.text);
    let is_whole = !before.text().trim_end().ends_with([';', '&', '|', '\\']);
    (are_alike && are_runs && is_whole && gap.trim().is_empty())
        .then(|| edit(before.whole().end, after.whole().start, " && ".to_owned()))
}
