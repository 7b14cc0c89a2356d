//! Minimal edits of lists in YAML and JSON: one item more, in the style of the list.
//!
//! Invariant: an edit lies inside the map it changes; items that are there keep their text and their comments.

use super::tree::Tree;
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::edit::Edit;
use crate::scan::span::Span;

/// Adds `value` to the list under `key`, which is made when it is absent; `None` when there is no plain way.
pub(super) fn append(tree: Tree<'_>, key: &str, value: &Node) -> Option<Edit> {
    let Some(entry) = tree.root.entry(key) else {
        return tree.set(key, &Node::computed(Value::Sequence(vec![value.clone()])));
    };
    let items = own_items(tree, entry)?;
    let item = match (value.as_str(), items.last()) {
        (Some(word), Some(last)) => in_style_of(last.span().of(tree.text), word, is_flow(tree, entry))?,
        _ => super::tree::scalar(value, false)?,
    };
    append_text(tree, key, &item)
}

/// Adds `item`, which is text of YAML on one line, to the list under `key`.
pub(super) fn append_text(tree: Tree<'_>, key: &str, item: &str) -> Option<Edit> {
    let entry = tree.root.entry(key)?;
    let items = own_items(tree, entry)?;
    let last = items.last()?;
    if is_flow(tree, entry) {
        let before = items.iter().nth_back(1).map_or(entry.value.span().start + 1, |before| before.span().end);
        let between = tree.text.get(before..last.span().start)?.trim_start_matches(',');
        let is_line = between.contains('\n') && between.trim().is_empty();
        let between = if is_line { between } else { " " };
        return Some(Edit {
            span: Span::new(last.span().end, last.span().end),
            replacement: format!(",{between}{item}"),
        });
    }
    let start = line_start(tree.text, last.span().start);
    let indent = tree.text.get(start..last.span().start)?.split_once('-')?.0;
    let end = line_end(tree.text, last.span().end);
    let line_break = if tree.text.contains("\r\n") { "\r\n" } else { "\n" };
    let break_before = if tree.text.get(..end)?.ends_with('\n') { "" } else { line_break };
    let break_after = if break_before.is_empty() { line_break } else { "" };
    let is_plain = indent.trim().is_empty();
    is_plain.then(|| Edit {
        span: Span::new(end, end),
        replacement: format!("{break_before}{indent}- {item}{break_after}"),
    })
}

/// `word` as YAML, in quotes where the text `sample` of another item is, or where it must be; `None` when `sample` is
/// no scalar on one line.
pub(super) fn in_style_of(sample: &str, word: &str, is_flow: bool) -> Option<String> {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || "-_=./:,+@%".contains(letter);
    let is_plain = !word.is_empty()
        && word.chars().all(is_safe)
        && !word.ends_with(':')
        && word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '-' || first == '/')
        && !matches!(word, "-" | "---")
        && !super::tree::is_keyword(word)
        && !(is_flow && word.contains(','));
    match sample.chars().next()? {
        '\'' if !word.contains(['\'', '\n']) => Some(format!("'{word}'")),
        '"' => Some(super::tree::quote(word)),
        '|' | '>' | '{' | '[' | '&' | '*' | '!' => None,
        _ if sample.contains('\n') => None,
        _ if is_plain => Some(word.to_owned()),
        _ => Some(super::tree::quote(word)),
    }
}

/// Gives a block list other items in its own indentation; `None` when it is none, or has comments inside.
pub(super) fn replace_items(tree: &Tree<'_>, list: &Node, to: &Node) -> Option<Edit> {
    let (first, last) = (list.items().first()?, list.items().last()?);
    let Value::Sequence(items) = to.value() else { return None };
    let written = list.span().of(tree.text);
    let dash = tree.text.get(line_start(tree.text, first.span().start)..first.span().start)?;
    let are_scalars = list.items().iter().all(|item| item.items().is_empty() && item.entries().is_empty());
    let is_block = !written.starts_with('[') && dash.trim() == "-" && are_scalars && !written.contains('#');
    let words = items.iter().map(|item| in_style_of(first.span().of(tree.text), item.as_str()?, false));
    let words = words.collect::<Option<Vec<String>>>().filter(|words| is_block && !words.is_empty())?;
    let replacement = words.join(&format!("\n{dash}"));
    Some(Edit { span: Span::new(first.span().start, last.span().end), replacement })
}

/// The items of a list that stands, with all of them, where its key does.
fn own_items<'t>(tree: Tree<'t>, entry: &'t Entry) -> Option<&'t [Node]> {
    let (outer, list) = (tree.root.span(), entry.value.span());
    let is_here = outer.start <= entry.key_span.start && list.start >= entry.key_span.end && list.end <= outer.end;
    let items = entry.value.items();
    let are_inside = items.iter().all(|item| list.start <= item.span().start && item.span().end <= list.end);
    (is_here && are_inside && !items.is_empty()).then_some(items)
}

fn is_flow(tree: Tree<'_>, entry: &Entry) -> bool {
    entry.value.span().of(tree.text).starts_with('[')
}

fn line_start(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().rfind('\n').map_or(0, |index| index + 1)
}

/// The end of the line of `offset`, its line break included.
fn line_end(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    offset + rest.find('\n').map_or(rest.len(), |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::yaml;
    use crate::scan::limits::Limits;

    fn root(text: &str) -> Node {
        yaml::parse_one(text, &Limits::default()).unwrap()
    }

    fn check_append(text: &str, expected: &str) {
        let root = root(text);
        let value = Node::computed(Value::String("new".into()));
        let edited = append(Tree { text, root: &root }, "l", &value).and_then(|edit| edit.apply(text));
        assert_eq!(edited.as_deref(), Some(expected), "{text}");
    }

    #[test]
    fn an_item_is_added_in_the_style_of_the_list() {
        check_append("a: 1\n", "a: 1\nl: [new]\n");
        check_append("l: [x, y]\n", "l: [x, y, new]\n");
        check_append("l:\n  - x\n  - y # why\na: 1\n", "l:\n  - x\n  - y # why\n  - new\na: 1\n");
        check_append("l:\n- x", "l:\n- x\n- new");
        check_append("l:\r\n- 'x'\r\n", "l:\r\n- 'x'\r\n- 'new'\r\n");
        check_append("{\"l\": [\n  \"x\"\n]}\n", "{\"l\": [\n  \"x\",\n  \"new\"\n]}\n");
    }
}
