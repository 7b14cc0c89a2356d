//! Programs that containers run: parsed words, never substrings.
//!
//! **Invariant**: only a literal name is told; what an image runs by itself is not known here.

use crate::scan::document::dockerfile::Word;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{ShellCommand, ShellScript};

use super::super::facts::{field, path};
use super::container::handlers;

/// The programs of `command` with `args`.
pub(super) fn of_command(container: &Node, file: &str) -> Node {
    let (command, args) = (field(container, "command"), field(container, "args"));
    if command.is_unknown() || args.is_unknown() {
        return if command.is_unknown() { command } else { args };
    }
    let words: &[&[Node]] = if command.items().is_empty() { &[] } else { &[command.items(), args.items()] };
    list(programs(&words.concat(), file))
}

/// The programs of exec probes and lifecycle hooks.
pub(super) fn of_probes(container: &Node, file: &str) -> Node {
    let commands = handlers(container).map(|handler| path(&handler, &["exec", "command"]));
    list(commands.flat_map(|command| programs(command.items(), file)).collect())
}

fn list(items: Vec<Node>) -> Node {
    Node::computed(Value::Sequence(items))
}

fn programs(words: &[Node], file: &str) -> Vec<Node> {
    if words.is_empty() {
        return Vec::new();
    }
    let word = |node: &Node| {
        let value = node.as_str().map(Into::into);
        Word { raw: value.clone().unwrap_or_default(), value, span: node.span() }
    };
    let literal = words.iter().take_while(|word| !word.is_unknown());
    let words: Vec<Word> = literal.map(word).collect();
    let script = ShellScript::of_words(&words, file);
    let commands = script.commands();
    let commands = commands.iter().filter_map(|(pipeline, position)| pipeline.commands.get(*position));
    commands.flat_map(names).collect()
}

/// The names that a command runs, wrappers such as `sudo` first.
fn names(command: &ShellCommand) -> Vec<Node> {
    let Some(program) = command.program() else { return Vec::new() };
    let span = command.words.first().map_or(command.span, |word| word.span);
    let names = program.wrappers.iter().chain([&program.name]);
    names.map(|name| Node::new(span, Value::String((*name).into()))).collect()
}
