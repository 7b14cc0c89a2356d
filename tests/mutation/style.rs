//! Writing one object in several styles, with the line of every key and item.

use std::collections::BTreeMap;

use serde_json::Value;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Block YAML, items below their key, with a comment here and there.
    Block,
    /// Block YAML, items indented.
    Indented,
    /// Block YAML, with what is small in one line.
    Flow,
    /// JSON over many lines.
    Json,
    /// JSON in one line.
    OneLine,
}

impl Style {
    /// All styles.
    pub const ALL: [Self; 5] = [Self::Block, Self::Indented, Self::Flow, Self::Json, Self::OneLine];

    fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::OneLine)
    }

    /// The ending of a file.
    pub fn ending(self) -> &'static str {
        if self.is_json() { "json" } else { "yaml" }
    }
}

/// Keys whose values stay blocks in [`Style::Flow`].
const BLOCKS: [&str; 8] =
    ["spec", "template", "metadata", "jobTemplate", "containers", "initContainers", "volumes", "items"];

/// A written object.
pub struct Written {
    /// The text.
    pub text: String,
    /// The line, from 1, of every key and item, by its path with `|` between the steps.
    lines: BTreeMap<String, usize>,
    style: Style,
    line: usize,
    keys: usize,
}

impl Written {
    /// Writes `value` in `style`.
    pub fn new(value: &Value, style: Style) -> Self {
        let mut written = Self { text: String::new(), lines: BTreeMap::new(), style, line: 1, keys: 0 };
        if style.is_json() {
            written.json(value, 0, "");
        } else {
            written.block(value, 0, "");
        }
        written.text.push('\n');
        written
    }

    /// The line of a key or an item; with `|` at its end, the line that the value begins on.
    pub fn line(&self, path: &str) -> usize {
        if let Some(path) = path.strip_suffix('|') {
            let below = self.lines.range(format!("{path}|")..format!("{path}}}")).map(|(_, line)| *line);
            return if self.style.is_json() { self.line(path) } else { below.min().expect("something in it") };
        }
        *self.lines.get(path).unwrap_or_else(|| panic!("{path} is not in\n{}", self.text))
    }

    /// The text after `before`, its lines counted on.
    pub fn after(mut self, before: &str) -> Self {
        let shift = before.matches('\n').count();
        self.text.insert_str(0, before);
        self.lines.values_mut().for_each(|line| *line += shift);
        self
    }

    fn note(&mut self, path: &str) {
        self.lines.insert(path.to_owned(), self.line);
    }

    fn new_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.line += 1;
        self.text.push_str(&" ".repeat(indent));
    }

    /// A value whose first line is begun.
    fn block(&mut self, value: &Value, indent: usize, path: &str) {
        match value {
            Value::Object(map) => {
                for (index, (key, value)) in map.iter().enumerate() {
                    if index > 0 {
                        self.new_line(indent);
                    }
                    self.key(key, value, indent, path);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        self.new_line(indent);
                    }
                    self.note(&step(path, &index.to_string()));
                    self.text.push_str("- ");
                    self.nested(item, indent + 2, &step(path, &index.to_string()), true);
                }
            }
            scalar => self.text.push_str(&plain(scalar)),
        }
    }

    fn key(&mut self, key: &str, value: &Value, indent: usize, path: &str) {
        self.keys += 1;
        if self.style == Style::Block && self.keys.is_multiple_of(9) && self.text.ends_with(' ') && indent > 0 {
            let is_first = self.text.trim_end().ends_with('-');
            if !is_first {
                self.text.push_str("# what follows is meant");
                self.new_line(indent);
            }
        }
        let path = step(path, key);
        self.note(&path);
        self.text.push_str(&plain(&Value::from(key)));
        self.text.push(':');
        let is_flow = self.style == Style::Flow && !BLOCKS.contains(&key);
        match value {
            Value::Object(map) if !map.is_empty() && !is_flow => {
                self.new_line(indent + 2);
                self.block(value, indent + 2, &path);
            }
            Value::Array(items) if !items.is_empty() && !is_flow => {
                let indent = if self.style == Style::Block { indent } else { indent + 2 };
                self.new_line(indent);
                self.block(value, indent, &path);
            }
            _ => {
                self.text.push(' ');
                self.nested(value, indent, &path, !is_flow);
            }
        }
    }

    /// A value on the line of its key or dash.
    fn nested(&mut self, value: &Value, indent: usize, path: &str, may_block: bool) {
        let is_empty = matches!(value, Value::Object(map) if map.is_empty())
            || matches!(value, Value::Array(items) if items.is_empty());
        if may_block && !is_empty { self.block(value, indent, path) } else { self.flow(value, path) }
    }

    fn flow(&mut self, value: &Value, path: &str) {
        match value {
            Value::Object(map) => {
                self.text.push('{');
                for (index, (key, value)) in map.iter().enumerate() {
                    self.text.push_str(if index > 0 { ", " } else { "" });
                    self.note(&step(path, key));
                    self.text.push_str(&plain(&Value::from(key.as_str())));
                    self.text.push_str(": ");
                    self.flow(value, &step(path, key));
                }
                self.text.push('}');
            }
            Value::Array(items) => {
                self.text.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.text.push_str(if index > 0 { ", " } else { "" });
                    self.note(&step(path, &index.to_string()));
                    self.flow(item, &step(path, &index.to_string()));
                }
                self.text.push(']');
            }
            scalar => self.text.push_str(&plain(scalar)),
        }
    }

    fn json(&mut self, value: &Value, indent: usize, path: &str) {
        let (open, close, entries): (_, _, Vec<(Option<&str>, &Value)>) = match value {
            Value::Object(map) => ('{', '}', map.iter().map(|(key, value)| (Some(key.as_str()), value)).collect()),
            Value::Array(items) => ('[', ']', items.iter().map(|item| (None, item)).collect()),
            scalar => return self.text.push_str(&scalar.to_string()),
        };
        self.text.push(open);
        for (index, (key, value)) in entries.iter().enumerate() {
            self.text.push_str(if index > 0 { "," } else { "" });
            self.json_line(indent + 2);
            let path = step(path, key.map_or_else(|| index.to_string(), str::to_owned).as_str());
            self.note(&path);
            if let Some(key) = key {
                self.text.push_str(&Value::from(*key).to_string());
                self.text.push_str(": ");
            }
            self.json(value, indent + 2, &path);
        }
        if !entries.is_empty() {
            self.json_line(indent);
        }
        self.text.push(close);
    }

    fn json_line(&mut self, indent: usize) {
        if self.style == Style::Json {
            self.new_line(indent);
        }
    }
}

fn step(path: &str, last: &str) -> String {
    if path.is_empty() { last.to_owned() } else { format!("{path}|{last}") }
}

/// A scalar as YAML, quoted only where it must be.
fn plain(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./".contains(letter));
    let is_keyword = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"].contains(&&*text.to_lowercase());
    if is_word && !is_keyword { text.clone() } else { value.to_string() }
}
