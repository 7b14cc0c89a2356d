//! Reading one settings file: every mistake at once, each with its line and the nearest valid name.
//!
//! Invariant: a key that is not known is an error, and a file with an error gives no values at all.

mod conversation;
mod images;
mod scopes;

use std::collections::BTreeMap;

use super::super::SettingsError;
use super::super::date::Date;
use super::conversation::ConversationPatch;
use super::images::ImagePatch;
use super::{ImagePin, WhenUnjudged};
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::document::yaml;
use crate::scan::finding::Severity;
use crate::scan::glob::PathGlobs;
use crate::scan::limits::Limits;
use crate::scan::options::{Profile, RuleSetting, Scope};
use crate::scan::policy::load::kubernetes_minor_of;
use crate::scan::policy::parameter::ParameterValue;
use crate::scan::span::{LineIndex, Span};

/// Largest settings file, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Most entries of one list or map.
const MAX_ENTRIES: usize = 1_000;

const ROOT_KEYS: [&str; 14] = [
    "admission",
    "fail-on",
    "profile",
    "kubernetes",
    "rules",
    "scopes",
    "paths",
    "images",
    "comments",
    "suppressions",
    "waivers",
    "pull-requests",
    "unjudged",
    "limits",
];

const WAIVER_KEYS: [&str; 5] = ["rule", "paths", "until", "owner", "reason"];

/// What one file says; `None` where it is silent.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(clippy::option_option, reason = "a file may be silent, and may say never")]
pub(super) struct Patch {
    pub fail_on: Option<Option<Severity>>,
    pub profile: Option<Profile>,
    pub kubernetes_minor: Option<u32>,
    pub rules: Vec<(String, RuleSetting, usize)>,
    pub parameters: Vec<(String, BTreeMap<String, ParameterValue>, usize)>,
    /// Each with the rules that it names and their lines.
    pub scopes: Vec<(Scope, Vec<(String, usize)>)>,
    pub ignore: Option<Vec<String>>,
    pub pin: Option<ImagePin>,
    pub images_fail_on: Option<Option<Severity>>,
    pub images: ImagePatch,
    pub max_comments: Option<usize>,
    pub max_suppressed: Option<Option<Severity>>,
    pub waivers: Vec<WaiverPatch>,
    pub conversation: ConversationPatch,
    pub unjudged: Option<WhenUnjudged>,
    pub max_file_bytes: Option<usize>,
    pub admission_paths: Option<Vec<String>>,
}

/// One waiver as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WaiverPatch {
    pub rule: String,
    pub paths: PathGlobs,
    pub until: Date,
    pub owner: String,
    pub reason: String,
    /// The line of the rule, from 1.
    pub line: usize,
}

/// Reads the settings `text` of `file`.
pub(super) fn read(file: &str, text: &str) -> Result<Patch, Vec<SettingsError>> {
    let mut reader = Reader { file, lines: LineIndex::new(text), errors: Vec::new() };
    if text.len() > MAX_BYTES {
        reader.error(Span::default(), format!("{} bytes; a settings file may have {MAX_BYTES}", text.len()));
        return Err(reader.errors);
    }
    let root = match yaml::parse_one(text, &Limits::default()) {
        Ok(root) => root,
        Err(fault) => {
            reader.error(Span::new(fault.offset, fault.offset), fault.message);
            return Err(reader.errors);
        }
    };
    let mut patch = Patch::default();
    if !root.is_null() {
        reader.root(&root, &mut patch);
    }
    if reader.errors.is_empty() { Ok(patch) } else { Err(reader.errors) }
}

struct Reader<'a> {
    file: &'a str,
    lines: LineIndex,
    errors: Vec<SettingsError>,
}

impl Reader<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        let line = self.lines.line(span.start);
        self.errors.push(SettingsError::File { file: self.file.to_owned(), line, message: message.into() });
    }

    fn wrong(&mut self, name: &str, node: &Node, expected: &str) {
        self.error(node.span(), format!("\"{name}\": found {}, expected {expected}", describe(node)));
    }

    fn unknown(&mut self, entry: &Entry, prefix: &str, valid: &[&str]) {
        let name = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        let written = name(&shown(&entry.key));
        let known = || valid.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(", ");
        let advice = nearest(&entry.key, valid.iter().copied())
            .map_or_else(|| format!("known here: {}", known()), |key| format!("did you mean \"{}\"?", name(key)));
        self.error(entry.key_span, format!("unknown setting \"{written}\"; {advice}"));
    }

    fn root(&mut self, root: &Node, patch: &mut Patch) {
        for entry in self.map("settings", root) {
            match &*entry.key {
                "fail-on" => patch.fail_on = self.threshold("fail-on", &entry.value),
                "profile" => {
                    let names = Profile::ALL.map(|profile| (profile.name(), profile));
                    patch.profile = self.one_of("profile", &entry.value, &names);
                }
                "kubernetes" => self.section(entry, &["version"], |reader, name, node| {
                    patch.kubernetes_minor = reader.kubernetes(name, node);
                }),
                "rules" => self.rules(&entry.value, patch),
                "scopes" => patch.scopes = self.scopes(&entry.value),
                "paths" => self.section(entry, &["ignore"], |reader, name, node| {
                    patch.ignore = reader.globs(name, node).map(|globs| globs.patterns().to_vec());
                }),
                "images" => self.images(entry, patch),
                "comments" => self.section(entry, &["max"], |reader, name, node| {
                    patch.max_comments = reader.number(name, node, 0, 100);
                }),
                "suppressions" => self.section(entry, &["max-severity"], |reader, name, node| {
                    patch.max_suppressed = reader.threshold(name, node);
                }),
                "waivers" => self.waiver_section(entry, patch),
                "pull-requests" => self.pull_requests(entry, patch),
                "unjudged" => patch.unjudged = self.unjudged(&entry.value),
                "limits" => self.section(entry, &["max-file-bytes"], |reader, name, node| {
                    patch.max_file_bytes = reader.number(name, node, 1_024, 100 * 1024 * 1024);
                }),
                "admission" => self.section(entry, &["paths"], |reader, name, node| {
                    patch.admission_paths = reader.places(name, node, "");
                }),
                _ => self.unknown(entry, "", &ROOT_KEYS),
            }
        }
    }

    fn map<'n>(&mut self, name: &str, node: &'n Node) -> &'n [Entry] {
        match node.as_mapping() {
            Some(mapping) if mapping.entries().len() <= MAX_ENTRIES => mapping.entries(),
            Some(_) => {
                self.error(node.span(), format!("\"{name}\": more than {MAX_ENTRIES} entries"));
                &[]
            }
            None => {
                self.wrong(name, node, "a map");
                &[]
            }
        }
    }

    /// A map whose keys are all read by `read`, which gets the dotted name and the value.
    fn section(&mut self, entry: &Entry, valid: &[&str], mut read: impl FnMut(&mut Self, &str, &Node)) {
        for inner in self.map(&entry.key, &entry.value) {
            if valid.contains(&&*inner.key) {
                read(self, &format!("{}.{}", entry.key, inner.key), &inner.value);
            } else {
                self.unknown(inner, &entry.key, valid);
            }
        }
    }

    #[expect(clippy::option_option, reason = "a value may be wrong, and may be never")]
    fn threshold(&mut self, name: &str, node: &Node) -> Option<Option<Severity>> {
        let severities = Severity::ALL.into_iter().map(|severity| (severity.name(), Some(severity)));
        self.one_of(name, node, &severities.chain([("never", None)]).collect::<Vec<_>>())
    }

    fn unjudged(&mut self, node: &Node) -> Option<WhenUnjudged> {
        let names = [("neutral", WhenUnjudged::Neutral), ("fail", WhenUnjudged::Fail), ("pass", WhenUnjudged::Pass)];
        self.one_of("unjudged", node, &names)
    }

    fn one_of<T: Copy>(&mut self, name: &str, node: &Node, names: &[(&str, T)]) -> Option<T> {
        let text = node.as_str();
        let found = names.iter().find(|(known, _)| Some(*known) == text).map(|(_, value)| *value);
        if found.is_none() {
            let expected = names.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
            let near = text.and_then(|text| nearest(text, names.iter().map(|(known, _)| *known)));
            let advice = near.map_or_else(String::new, |known| format!("; did you mean \"{known}\"?"));
            self.wrong(name, node, &format!("one of {expected}{advice}"));
        }
        found
    }

    fn number(&mut self, name: &str, node: &Node, least: usize, most: usize) -> Option<usize> {
        let number = node.as_int().and_then(|number| usize::try_from(number).ok());
        let fits = number.filter(|number| (least..=most).contains(number));
        if fits.is_none() {
            self.wrong(name, node, &format!("a whole number from {least} to {most}"));
        }
        fits
    }

    fn rules(&mut self, node: &Node, patch: &mut Patch) {
        for entry in self.map("rules", node) {
            let name = format!("rules.{}", shown(&entry.key));
            let (rule, line) = (entry.key.to_string(), self.lines.line(entry.key_span.start));
            if entry.value.as_mapping().is_none() {
                patch.rules.extend(self.rule(&name, &entry.value).map(|setting| (rule, setting, line)));
                continue;
            }
            for inner in self.map(&name, &entry.value) {
                match &*inner.key {
                    "severity" => {
                        let setting = self.rule(&format!("{name}.severity"), &inner.value);
                        patch.rules.extend(setting.map(|setting| (rule.clone(), setting, line)));
                    }
                    "parameters" => {
                        let values = self.parameters(&format!("{name}.parameters"), &inner.value);
                        patch.parameters.push((rule.clone(), values, line));
                    }
                    _ => self.unknown(inner, &name, &["severity", "parameters"]),
                }
            }
        }
    }

    /// A severity or `off`.
    fn rule(&mut self, name: &str, node: &Node) -> Option<RuleSetting> {
        // YAML 1.1 reads a bare `off` as false.
        if node.as_bool() == Some(false) {
            return Some(RuleSetting::Off);
        }
        let severities = Severity::ALL.into_iter().map(|severity| (severity.name(), RuleSetting::Severity(severity)));
        self.one_of(name, node, &severities.chain([("off", RuleSetting::Off)]).collect::<Vec<_>>())
    }

    /// The values by name; which a rule takes is checked where the rules are known.
    fn parameters(&mut self, name: &str, node: &Node) -> BTreeMap<String, ParameterValue> {
        let mut values = BTreeMap::new();
        for entry in self.map(name, node) {
            match ParameterValue::read(&entry.value) {
                Some(value) => drop(values.insert(entry.key.to_string(), value)),
                None => self.wrong(
                    &format!("{name}.{}", shown(&entry.key)),
                    &entry.value,
                    "a text, a whole number, true, false or a list of texts",
                ),
            }
        }
        values
    }

    /// Such as `"1.34"`. Without quotes 1.30 would be the number 1.3, so a number is refused.
    fn kubernetes(&mut self, name: &str, node: &Node) -> Option<u32> {
        let minor = node.as_str().and_then(kubernetes_minor_of);
        if minor.is_none() {
            self.wrong(name, node, "a version in quotes, such as \"1.34\"");
        }
        minor
    }

    fn list<'n>(&mut self, name: &str, node: &'n Node) -> &'n [Node] {
        match node.value() {
            Value::Sequence(items) if items.len() <= MAX_ENTRIES => items,
            Value::Sequence(_) => {
                self.error(node.span(), format!("\"{name}\": more than {MAX_ENTRIES} entries"));
                &[]
            }
            _ => {
                self.wrong(name, node, "a list");
                &[]
            }
        }
    }

    fn globs(&mut self, name: &str, node: &Node) -> Option<PathGlobs> {
        let before = self.errors.len();
        let single = std::slice::from_ref(node);
        let items = if node.as_str().is_some() { single } else { self.list(name, node) };
        let mut patterns = Vec::new();
        for item in items {
            match item.as_str().map(|pattern| PathGlobs::new(&[pattern]).map(|_| pattern.to_owned())) {
                Some(Ok(pattern)) => patterns.push(pattern),
                Some(Err(error)) => self.error(item.span(), format!("\"{name}\": {error}")),
                None => self.wrong(name, item, "a pattern of paths"),
            }
        }
        if self.errors.len() > before {
            return None;
        }
        match PathGlobs::new(&patterns) {
            Ok(globs) => Some(globs),
            Err(error) => {
                self.error(node.span(), format!("\"{name}\": {error}"));
                None
            }
        }
    }

    /// Files and folders of the repository, by their whole paths; a folder may be written with `ending` behind it.
    fn places(&mut self, name: &str, node: &Node, ending: &str) -> Option<Vec<String>> {
        let before = self.errors.len();
        let single = std::slice::from_ref(node);
        let items = if node.as_str().is_some() { single } else { self.list(name, node) };
        let mut places = Vec::new();
        for item in items {
            let path = item.as_str().map(|path| path.strip_suffix(ending).unwrap_or(path));
            let path = path.map(|path| path.trim_start_matches("./").trim_end_matches('/'));
            let is_plain = |path: &&str| {
                let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['*', '\\']);
                path.split('/').all(is_part) && !path.contains(char::is_control)
            };
            match path.filter(is_plain) {
                Some(path) => places.push(path.to_owned()),
                None => self.wrong(name, item, "a file or folder of the repository, such as \"cluster/policies\""),
            }
        }
        (self.errors.len() == before).then_some(places)
    }

    fn waivers(&mut self, node: &Node) -> Vec<WaiverPatch> {
        let items = self.list("waivers", node).iter();
        items.filter_map(|item| self.waiver(item)).collect()
    }

    fn waiver(&mut self, node: &Node) -> Option<WaiverPatch> {
        for entry in self.map("waivers", node).iter().filter(|entry| !WAIVER_KEYS.contains(&&*entry.key)) {
            self.unknown(entry, "waivers", &WAIVER_KEYS);
        }
        node.as_mapping()?;
        let [rule, owner, reason] = ["rule", "owner", "reason"].map(|key| self.waiver_text("waivers", node, key));
        let until = self.waiver_day("waivers", node);
        let paths = if let Some(paths) = node.get("paths") {
            self.globs("waivers.paths", paths)
        } else {
            self.error(node.span(), "a waiver needs \"paths\"; write [\"**\"] for every file");
            None
        };
        let line = self.lines.line(node.entry("rule").map_or(node.span(), |entry| entry.value.span()).start);
        Some(WaiverPatch { rule: rule?, paths: paths?, until: until?, owner: owner?, reason: reason?, line })
    }

    fn waiver_text(&mut self, name: &str, node: &Node, key: &str) -> Option<String> {
        let Some(value) = node.get(key) else {
            self.error(node.span(), format!("a waiver needs \"{key}\""));
            return None;
        };
        let text = value.as_str().map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            self.wrong(&format!("{name}.{key}"), value, "a text");
        }
        text.map(str::to_owned)
    }
}

/// The name of `names` that is spelled most like `name`, when one is near.
pub(super) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.into_iter().map(|known| (strsim::jaro_winkler(&name.replace('_', "-"), known), known));
    near.filter(|(likeness, _)| *likeness > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

fn describe(node: &Node) -> String {
    match node.value() {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::String(text) | Value::Unknown(text) => format!("\"{}\"", shown(text)),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a map".to_owned(),
    }
}

/// At most the first 60 characters of `text`, on one line.
fn shown(text: &str) -> String {
    let line: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > 60 { format!("{line}…") } else { line }
}
