//! Messages with placeholders: `container {container.name} adds {subjects}`.
//!
//! Invariant: a value of the file enters a message short and without control characters.

use super::super::document::node::{Node, Value};
use super::condition::ConditionError;
use super::condition::check_fact;
use super::parameter::Parameter;
use super::target::FactDoc;

/// Longest value in a message, in characters.
const MAX_VALUE_CHARS: usize = 120;
/// The placeholder of what exactly is objected to.
const SUBJECTS: &str = "subjects";

/// A text with placeholders.
#[derive(Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Fact(String),
    Subjects,
}

impl Template {
    /// Reads `text`; every `{name}` must be a fact or `subjects`.
    pub(super) fn parse(text: &str, facts: &[FactDoc], parameters: &[Parameter]) -> Result<Self, ConditionError> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, tail)) = after.split_once('}') else { break };
            parts.push(Part::Text(before.to_owned()));
            if name == SUBJECTS {
                parts.push(Part::Subjects);
            } else {
                check_fact(name, facts, parameters)?;
                parts.push(Part::Fact(name.to_owned()));
            }
            rest = tail;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The text with the facts and subjects of one finding, fit to be shown.
    pub(super) fn render(&self, facts: &Node, given: &Node, subjects: &[String]) -> String {
        self.fill(facts, given, subjects, shown)
    }

    /// The text with the facts and subjects of one finding, as they stand.
    pub(super) fn render_whole(&self, facts: &Node, given: &Node, subjects: &[String]) -> String {
        self.fill(facts, given, subjects, str::to_owned)
    }

    fn fill(&self, facts: &Node, given: &Node, subjects: &[String], show: impl Fn(&str) -> String) -> String {
        let value = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Fact(path) => {
                facts.at(path).or_else(|| given.at(path)).map_or_else(String::new, |node| show(&plain(node)))
            }
            Part::Subjects => show(&subjects.join(", ")),
        };
        self.parts.iter().map(value).collect()
    }
}

fn plain(node: &Node) -> String {
    match node.value() {
        Value::Null | Value::Mapping(_) => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) | Value::Unknown(text) => text.to_string(),
        Value::Sequence(items) => {
            let scalars = items.iter().take(MAX_VALUE_CHARS).filter(|item| item.items().is_empty());
            scalars.map(plain).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The value as a message shows it: on one line, and cut with `…` where it is too long.
fn shown(value: &str) -> String {
    let mut shown = String::new();
    for (index, character) in value.chars().enumerate() {
        if index == MAX_VALUE_CHARS {
            shown.push('…');
            break;
        }
        match character {
            '\n' | '\r' | '\t' => shown.push(' '),
            _ if character.is_control() || is_invisible(character) => shown.extend(character.escape_unicode()),
            _ => shown.push(character),
        }
    }
    shown
}

/// Characters that change how the text around them is read.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::yaml;
    use crate::scan::limits::Limits;
    use crate::scan::policy::target::FactKind;

    const FACTS: [FactDoc; 1] = [FactDoc { path: "c.name", kind: FactKind::String, doc: "", example: "" }];

    fn check(template: &str, facts: &str, expected: &str) {
        let facts = yaml::parse_one(facts, &Limits::default()).unwrap();
        let template = Template::parse(template, &FACTS, &[]).unwrap();
        assert_eq!(template.render(&facts, &Node::computed(Value::Null), &["A".to_owned(), "B".to_owned()]), expected);
    }

    #[test]
    fn placeholders_become_facts_that_fit_a_line() {
        check("container `{c.name}` adds {subjects}", "c: {name: web}", "container `web` adds A, B");
        check("{c.name}", r#"c: {name: "a\nb\u001b[31m\u202e"}"#, r"a b\u{1b}[31m\u{202e}");
        check("{c.name}!", "c: {}", "!");
        check("{c.name}", &format!("c: {{name: {}}}", "x".repeat(500)), &format!("{}…", "x".repeat(120)));
    }

    #[test]
    fn unknown_placeholders_are_mistakes() {
        let error = Template::parse("{c.nam}", &FACTS, &[]).unwrap_err();
        assert_eq!(error.nearest.as_deref(), Some("c.name"));
    }
}
