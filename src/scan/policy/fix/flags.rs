//! Edits of the flags of a program, which are items of the command and the arguments of a container.
//!
//! Invariant: a flag is changed where it is written and added where it is not; one that is written twice, or in a text
//! that holds more than the flag, is left alone.

use super::list;
use super::removal::{Going, joined};
use super::tree::{Tree, edit};
use crate::scan::document::node::{Node, Value};
use crate::scan::edit::Edit;
use crate::scan::policy::EditRule;
use crate::scan::policy::target::kubernetes::control_plane::field_of;

/// The lists that hold flags, in the order in which they are read.
const LISTS: [&str; 2] = ["command", "args"];

/// What `rule` makes of the flags of the component that `facts` tell of.
pub(super) fn build(text: &str, facts: &Node, rule: &EditRule, going: Going<'_>) -> Option<Edit> {
    let tree = Tree { text, root: facts.at("component.tree")? };
    if facts.at("component.source")?.as_str() == Some("file") {
        return in_file(tree, rule, going);
    }
    let flags = |name: &str| Flags { tree, name: name.to_owned() };
    match rule {
        EditRule::Set { path, to } => flags(path).set(&plain(to)?),
        EditRule::Remove { paths } => {
            let parts = paths.iter().filter_map(|path| flags(path).remove());
            joined(text, parts.collect())
        }
        EditRule::Append { path, value } => flags(path).append(&plain(value)?),
        EditRule::RemoveItems { paths } => {
            let parts = paths.iter().filter_map(|path| flags(path).remove_items(going.names));
            joined(text, parts.collect())
        }
        _ => None,
    }
}

/// The fields that mean the same.
fn in_file(tree: Tree<'_>, rule: &EditRule, going: Going<'_>) -> Option<Edit> {
    match rule {
        EditRule::Set { path, to } => tree.set(&field_of(path)?, to),
        EditRule::Remove { paths } => tree.remove_all(&fields_of(paths)),
        EditRule::RemoveItems { paths } => tree.remove_items(&fields_of(paths), going),
        _ => None,
    }
}

fn fields_of(flags: &[String]) -> Vec<String> {
    flags.iter().filter_map(|flag| field_of(flag)).collect()
}

/// A value as a flag has it.
fn plain(value: &Node) -> Option<String> {
    match value.value() {
        Value::Bool(value) => Some(value.to_string()),
        Value::Int(value) => Some(value.to_string()),
        Value::String(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A flag of a container, written or not.
struct Flags<'t> {
    tree: Tree<'t>,
    name: String,
}

/// Where a flag is written.
struct Place<'t> {
    list: &'static str,
    /// The number of its item.
    at: usize,
    item: &'t Node,
    /// The dashes before the name.
    dashes: &'t str,
    value: Option<&'t str>,
    /// The next item, when it is the value.
    next: Option<&'t Node>,
}

impl<'t> Flags<'t> {
    fn items(&self, list: &str) -> &'t [Node] {
        self.tree.root.get(list).map_or(&[], Node::items)
    }

    /// Everywhere that the flag is written.
    fn places(&self) -> Vec<Place<'t>> {
        let place = |list: &'static str, at: usize, item: &'t Node| {
            let word = item.as_str()?;
            let name = word.trim_start_matches('-');
            let dashes = word.strip_suffix(name).filter(|dashes| matches!(*dashes, "-" | "--"))?;
            let (name, value) = name.split_once('=').map_or((name, None), |(name, value)| (name, Some(value)));
            let next = self.items(list).get(at + 1).filter(|next| value.is_none() && is_operand(next));
            (name == self.name).then_some(Place { list, at, item, dashes, value, next })
        };
        LISTS
            .into_iter()
            .flat_map(|list| self.items(list).iter().enumerate().filter_map(move |(at, item)| place(list, at, item)))
            .collect()
    }

    fn set(&self, value: &str) -> Option<Edit> {
        match self.places().as_slice() {
            [] => self.add(value),
            [place] => self.write(place, value),
            _ => None,
        }
    }

    fn remove(&self) -> Option<Edit> {
        let places = self.places();
        let parts = LISTS.into_iter().filter_map(|list| {
            let mut goes = vec![false; self.items(list).len()];
            for place in places.iter().filter(|place| place.list == list) {
                for at in [Some(place.at), place.next.map(|_| place.at + 1)].into_iter().flatten() {
                    *goes.get_mut(at)? = true;
                }
            }
            self.tree.remove_marked(list, self.tree.root.get(list)?, &goes)
        });
        joined(self.tree.text, parts.collect())
    }

    /// Adds to the list that commas part.
    fn append(&self, item: &str) -> Option<Edit> {
        match self.places().as_slice() {
            [] => self.add(item),
            [place] => {
                let written = place.written()?;
                let value = if written.is_empty() { item.to_owned() } else { format!("{written},{item}") };
                self.write(place, &value)
            }
            _ => None,
        }
    }

    /// Takes from the list that commas part; the flag goes with the last item.
    fn remove_items(&self, names: &[String]) -> Option<Edit> {
        let places = self.places();
        let [place] = places.as_slice() else { return None };
        let goes = |item: &&str| names.iter().any(|name| name == item.trim());
        let left: Vec<&str> = place.written()?.split(',').filter(|item| !goes(item)).collect();
        if left.is_empty() { self.remove() } else { self.write(place, &left.join(",")) }
    }

    /// Gives the flag a value where it is written.
    fn write(&self, place: &Place<'_>, value: &str) -> Option<Edit> {
        let (node, word) = match place.next {
            Some(next) => (next, value.to_owned()),
            None => (place.item, format!("{}{}={value}", place.dashes, self.name)),
        };
        let old = node.span().of(self.tree.text);
        let is_flow = self.is_flow(place.list);
        Some(edit(node.span().start, node.span().end, list::in_style_of(old, &word, is_flow)?))
    }

    /// Adds the flag after the others.
    fn add(&self, value: &str) -> Option<Edit> {
        let list = LISTS.into_iter().rev().find(|list| !self.items(list).is_empty())?;
        let last = self.items(list).last()?;
        let word = format!("--{}={value}", self.name);
        let item = list::in_style_of(last.span().of(self.tree.text), &word, self.is_flow(list))?;
        list::append_text(self.tree, list, &item)
    }

    fn is_flow(&self, list: &str) -> bool {
        self.tree.root.get(list).is_some_and(|list| list.span().of(self.tree.text).starts_with('['))
    }
}

impl<'t> Place<'t> {
    /// The value as written.
    fn written(&self) -> Option<&'t str> {
        self.value.or_else(|| self.next?.as_str())
    }
}

/// Whether the item is no flag, so that it may be the value of the one before it.
fn is_operand(item: &Node) -> bool {
    item.as_str().is_some_and(|word| !word.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::yaml;
    use crate::scan::limits::Limits;

    fn apply(text: &str, change: impl Fn(Flags<'_>) -> Option<Edit>) -> Option<String> {
        let root = yaml::parse_one(text, &Limits::default()).unwrap();
        change(Flags { tree: Tree { text, root: &root }, name: "f".to_owned() })?.apply(text)
    }

    fn set(text: &str, expected: Option<&str>) {
        assert_eq!(apply(text, |flags| flags.set("new")).as_deref(), expected, "{text}");
    }

    #[test]
    fn a_flag_is_set_where_it_is_written() {
        set("command:\n  - c\n  - --f=old # why\n  - --g=1\n", Some("command:\n  - c\n  - --f=new # why\n  - --g=1\n"));
        set("command: [c, \"--f=old\"]\n", Some("command: [c, \"--f=new\"]\n"));
        set("{\"args\": [\"-f\", \"old\"]}\n", Some("{\"args\": [\"-f\", \"new\"]}\n"));
        set("command: [c]\nargs: ['--f']\n", Some("command: [c]\nargs: ['--f=new']\n"));
        set("command: [c, --f=1, --f=2]\n", None);
    }

    #[test]
    fn a_flag_is_added_after_the_others() {
        set("command:\n- c\n- --g=1\nimage: x\n", Some("command:\n- c\n- --g=1\n- --f=new\nimage: x\n"));
        set("command: [c]\nargs: [\"--g\"]\n", Some("command: [c]\nargs: [\"--g\", \"--f=new\"]\n"));
        set(
            "{\n  \"args\": [\n    \"c\",\n    \"--g\"\n  ]\n}\n",
            Some("{\n  \"args\": [\n    \"c\",\n    \"--g\",\n    \"--f=new\"\n  ]\n}\n"),
        );
        set("image: x\n", None);
    }

    #[test]
    fn items_of_a_flag_come_and_go() {
        let append = |text: &str| apply(text, |flags| flags.append("X"));
        assert_eq!(append("args: [c, --f=A]\n").as_deref(), Some("args: [c, \"--f=A,X\"]\n"));
        assert_eq!(append("args:\n- c\n- --f=A\n").as_deref(), Some("args:\n- c\n- --f=A,X\n"));
        assert_eq!(append("args:\n- c\n").as_deref(), Some("args:\n- c\n- --f=X\n"));
        let remove = |text: &str| apply(text, |flags| flags.remove_items(&["X".to_owned()]));
        assert_eq!(remove("args:\n- c\n- --f=A,X,B\n").as_deref(), Some("args:\n- c\n- --f=A,B\n"));
        assert_eq!(remove("args:\n- c\n- --f=X\n").as_deref(), Some("args:\n- c\n"));
        assert_eq!(remove("args:\n- c\n- --f\n- X\n- --g\n").as_deref(), Some("args:\n- c\n- --g\n"));
        assert_eq!(remove("args:\n- c\n"), None);
    }
}
