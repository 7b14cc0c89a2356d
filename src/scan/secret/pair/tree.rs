//! Pairs in YAML and JSON: keys, lists of name and value, commands in lists, and texts inside values.
//!
//! Invariant: every node is visited once; an alias is visited where it is written.

use super::super::value::Step;
use super::dialect::Dialect;
use super::key::{Name, Nature};
use super::kind::kind;
use super::passage::Passage;
use super::{Extraction, Form, command, gate, header, kubernetes, text};
use crate::scan::document::node::{Entry, Node, Value};
use crate::scan::document::yaml::{self, Templating};
use crate::scan::limits::Limits;
use crate::scan::span::Span;

/// Keys under which a list of name and value holds the name.
const NAMES: [&str; 10] =
    ["name", "key", "Name", "Key", "ParameterKey", "parameter", "field", "variable", "property", "id"];
/// Keys under which it holds the value.
const VALUES: [&str; 9] =
    ["value", "Value", "ParameterValue", "default", "Default", "defaultValue", "val", "content", "contents"];
/// Maps of hosts and their tokens, as Composer keeps them.
const TOKEN_MAPS: [&str; 4] = ["github-oauth", "gitlab-oauth", "gitlab-token", "bearer"];
/// Keys under which nothing but ciphertext stands.
const CIPHERTEXTS: [&str; 5] = ["encrypted", "encryptedData", "encrypted_data", "secure", "encryptedSecrets"];
/// From so many secrets on that a text shows as it stands, what it encodes shows no others.
const MANY: usize = 100;
/// Bounds of a document inside another one.
const INNER: Limits = Limits {
    max_file_bytes: 1024 * 1024,
    max_depth: 40,
    max_documents: 100,
    max_nodes: 100_000,
    max_condition_steps: 0,
    max_findings_per_policy: 0,
};

/// Reads one document of the file.
pub(super) fn document(extraction: &mut Extraction, passage: &Passage<'_>, root: &Node) {
    if kubernetes::is_other(root) {
        kubernetes::template(extraction, passage, root);
    } else {
        kubernetes::object(extraction, passage, root);
    }
}

/// Reads a node whose key, when it has one, is `name`.
pub(super) fn node(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, node: &Node) {
    match node.value() {
        Value::Mapping(_) => mapping(extraction, passage, name, node),
        Value::Sequence(items) => sequence(extraction, passage, name, items),
        Value::Null | Value::Bool(_) => {}
        Value::Int(_) | Value::Float(_) | Value::String(_) | Value::Unknown(_) => {
            scalar(extraction, passage, name, node, Form::Setting);
        }
    }
}

fn mapping(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, node: &Node) {
    let label = NAMES.iter().find_map(|key| node.get(key).and_then(Node::as_str));
    let label = label.or_else(|| node.get("type").and_then(Node::as_str).filter(|kind| *kind == "password"));
    let label = label.or_else(|| changed(node));
    let is_made_up = label.is_none() || !VALUES.iter().any(|key| node.get(key).is_some());
    if node.get("type").and_then(Node::as_str) == Some("random_password") {
        generated(extraction, passage, node);
    }
    for entry in node.entries().iter().chain(node.shadowed()) {
        let is_value =
            VALUES.contains(&&*entry.key) && !matches!(entry.value.value(), Value::Mapping(_) | Value::Sequence(_));
        match label {
            Some(label) if is_value && !NAMES.contains(&&*entry.key) => {
                scalar(extraction, passage, label, &entry.value, Form::Setting);
            }
            None if is_value && !name.is_empty() => scalar(extraction, passage, name, &entry.value, Form::Setting),
            _ if &*entry.key == "sops" && entry.value.get("mac").is_some() => {}
            _ if CIPHERTEXTS.contains(&&*entry.key) => {}
            _ if is_made_up && entry.key.eq_ignore_ascii_case("key") && is_key_of(name, node) => {
                scalar(extraction, passage, &key_name(name), &entry.value, Form::Setting);
            }
            // A widget of a start page shows what a service tells it for its key.
            _ if name == "widget" && &*entry.key == "key" => {
                scalar(extraction, passage, "api_key", &entry.value, Form::Setting);
            }
            _ if is_named_secret(name, entry) => {
                let name = if TOKEN_MAPS.contains(&name) { "token" } else { singular(name) };
                scalar(extraction, passage, name, &entry.value, Form::Setting);
            }
            _ if is_chpasswd(name, &entry.key) => logins(extraction, passage, &entry.value),
            _ => self::node(extraction, passage, &entry.key, &entry.value),
        }
    }
}

/// The last name of the path that an operation of a JSON patch changes.
fn changed(node: &Node) -> Option<&str> {
    node.get("op")?;
    node.get("path")?.as_str()?.rsplit('/').next().filter(|name| Name::read(name).is_some())
}

/// Whether `key` under `name` is the key that signs or encrypts for it, such as `jwt: {key: …}`, not the key of a map.
fn is_key_of(name: &str, node: &Node) -> bool {
    let is_secret = Name::read(&key_name(name)).is_some_and(|read| read.nature == Nature::Key);
    is_secret && node.get("name").is_none() && !name.is_empty()
}

/// What `key` under `name` is the key of; one that remembers people signs a cookie.
fn key_name(name: &str) -> String {
    let is_cookie = ["remember-me", "remember_me", "rememberMe"].contains(&name);
    if is_cookie { "cookie_key".to_owned() } else { format!("{name}_key") }
}

/// Whether `entry` of the map `name` is one of many tokens or passwords: `tokens: {agent: …}`.
fn is_named_secret(name: &str, entry: &Entry) -> bool {
    let is_text = matches!(entry.value.value(), Value::String(_));
    let is_map = singular(name) != name || TOKEN_MAPS.contains(&name);
    is_text && is_map && Name::read(&entry.key).is_none()
}

/// `tokens` without its last letter, and `passwords`.
pub(super) fn singular(name: &str) -> &str {
    match name.strip_suffix('s') {
        Some(single) if ["token", "password"].iter().any(|word| single.to_ascii_lowercase().ends_with(word)) => single,
        _ => name,
    }
}

/// What Terraform made up and keeps in its state.
fn generated(extraction: &mut Extraction, passage: &Passage<'_>, resource: &Node) {
    for instance in resource.get("instances").map_or(&[][..], Node::items) {
        if let Some(result) = instance.at("attributes.result") {
            scalar(extraction, passage, "password", result, Form::Setting);
        }
    }
}

fn sequence(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, items: &[Node]) {
    let words: Vec<(&str, Span)> =
        items.iter().filter_map(|item| Some((item.as_str()?, content(passage, item)))).collect();
    if words.len() == items.len() && words.len() > 1 {
        command::list(extraction, passage, &words);
    }
    if let Some(span) = bytes_of_key(name, items) {
        extraction.add(
            passage,
            kind(Form::Setting, Nature::Key, Step::Random),
            span.of(&passage.text),
            span,
            Step::Random,
            Some(name),
        );
    }
    for item in items {
        let is_scalar = matches!(item.value(), Value::String(_) | Value::Unknown(_));
        // An item has no name of its own; that of its list says what it is only when it is one of many, or alone.
        let is_alone = items.len() == 1
            && (header::is_name(name)
                || Name::read(name).is_some_and(|read| matches!(read.nature, Nature::Token | Nature::Key)));
        node(extraction, passage, if is_scalar && !is_alone && !is_plural(name) { "" } else { name }, item);
    }
}

/// The place of a key that is written as a list of its bytes, as that of a Zigbee network is. One that counts up is the
/// default that all of them have.
fn bytes_of_key(name: &str, items: &[Node]) -> Option<Span> {
    const FEWEST_STEPS: usize = 4;
    let is_key = Name::read(name).is_some_and(|read| read.last == "key");
    if !is_key || !matches!(items.len(), 16 | 24 | 32) {
        return None;
    }
    let bytes: Option<Vec<u8>> = items.iter().map(|item| u8::try_from(item.as_int()?).ok()).collect();
    let mut steps: Vec<u8> =
        bytes?.array_windows().map(|[first, second]: &[u8; 2]| second.wrapping_sub(*first)).collect();
    steps.sort_unstable();
    steps.dedup();
    let (first, last) = (items.first()?, items.last()?);
    (steps.len() > FEWEST_STEPS).then(|| Span::new(first.span().start, last.span().end))
}

/// Whether a list of this name holds secrets, such as `passwords` and `apiTokens`.
fn is_plural(name: &str) -> bool {
    let plurals = ["passwords", "tokens", "keys", "secrets", "apikeys", "passphrases"];
    Name::read(name).is_some_and(|read| plurals.contains(&read.last.as_str()))
}

/// Judges a scalar by its name, then looks into it.
pub(super) fn scalar(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, node: &Node, form: Form) {
    let span = content(passage, node);
    let raw = span.of(&passage.text);
    if is_tagged(passage, node.span()) {
        return inner(extraction, passage, name, node.as_str().unwrap_or_default(), node);
    }
    let value = match node.value() {
        Value::String(value) | Value::Unknown(value) => &**value,
        Value::Int(_) | Value::Float(_) => raw,
        _ => return,
    };
    let is_constant = |label: &str| label.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_assigned = value.split_once('=').is_some_and(|(label, _)| label.len() > 2 && is_constant(label));
    if is_assigned && raw == value && assigned(extraction, passage, value, span) {
        return;
    }
    if extraction.pair(passage, name, value.trim_end(), trimmed(span, &passage.text), form) {
        return;
    }
    inner(extraction, passage, name, value, node);
}

/// Whether a tag of some program says that a value stands for another one: `!Ref`, `!vault`, `!secret`.
fn is_tagged(passage: &Passage<'_>, place: Span) -> bool {
    let before = passage.text.get(..place.start).unwrap_or_default();
    let before = before.strip_suffix(['"', '\'']).unwrap_or(before).trim_end_matches(' ');
    let tag = before.rsplit([' ', '\n', ':', ',', '[', '{']).next().unwrap_or_default();
    tag.len() > 1 && tag.starts_with('!') && !tag.starts_with("!!") && tag != "!Sub"
}

/// Looks into the text of a value: a file, a command, a connection string.
fn inner(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, value: &str, node: &Node) {
    if !gate::is_open(value) {
        return;
    }
    if let Some(block) = passage.block(node.span()) {
        extraction.deeper(|extraction| embedded(extraction, &block, name));
        return;
    }
    let place = content(passage, node);
    let is_plain = place.of(&passage.text) == value;
    if is_plain && assigned(extraction, passage, value, place) {
        return;
    }
    let raw = place.of(&passage.text);
    let exact = extraction.found.len();
    if !raw.contains('\n') && (raw.contains("\\\"") || raw.contains("\\n")) {
        // JSON or lines in a text: what stands there as it is has an exact place.
        extraction.deeper(|extraction| text::read(extraction, &passage.part(place), Dialect::Inline));
        let count = extraction.found.len() - exact;
        if count > MANY || count > 0 && !value.contains('\n') {
            return;
        }
    }
    let decoded = extraction.found.len();
    let inner = if is_plain { passage.part(place) } else { passage.decoded(value, place) };
    extraction.deeper(|extraction| {
        if !is_plain && value.contains('\n') {
            embedded(extraction, &inner, name);
        } else {
            text::read(extraction, &inner, Dialect::Inline);
        }
    });
    extraction.keep_exact(exact, decoded);
}

/// Reads a value that is `NAME=value` or `--name=value` as a whole: nothing but its end ends the inner value.
fn assigned(extraction: &mut Extraction, passage: &Passage<'_>, text: &str, place: Span) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let Some((label, value)) = text.split_once('=') else { return false };
    let is_whole = !label.is_empty()
        && label.bytes().all(is_part)
        && !value.is_empty()
        && !value.contains(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`'));
    if !is_whole || Name::read(label).is_none() {
        return false;
    }
    let form = if label.starts_with('-') { Form::CommandLine } else { Form::Setting };
    let span = Span::new(place.end - value.len(), place.end);
    extraction.pair(passage, label.trim_start_matches('-'), value, span, form)
}

/// Reads a text that is a file of its own, whose name `name` may tell its kind.
pub(super) fn embedded(extraction: &mut Extraction, passage: &Passage<'_>, name: &str) {
    let text = &*passage.text;
    let lower = name.to_ascii_lowercase();
    let begin = text.trim_start();
    let has_ending = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    let is_script = has_ending(&[".sh", "script", "run", "command", "args"]) || begin.starts_with("#!");
    let is_tree =
        has_ending(&[".json", ".yaml", ".yml", "json", "config"]) || begin.starts_with('{') || begin.starts_with("---");
    if !is_script && (is_tree || looks_like_yaml(text)) && !text.contains("{{") {
        let file = yaml::parse(text, &INNER, Templating::Possible);
        let is_read =
            file.faults.is_empty() && file.documents.iter().all(|document| !document.root.entries().is_empty());
        if is_read && !file.documents.is_empty() {
            for inner in &file.documents {
                document(extraction, passage, &inner.root);
            }
            return;
        }
    }
    let dialect = match () {
        () if is_script => Dialect::Shell,
        () if begin.starts_with('<') => Dialect::Xml,
        () if begin.starts_with('{') || begin.starts_with('[') && begin.contains("\":") => Dialect::Quoted,
        () if has_ending(&[".js", ".py", ".lua", ".rb", ".go", ".php", ".groovy"]) => Dialect::Code,
        () if text.contains('\n') => Dialect::Lines,
        () => Dialect::Inline,
    };
    text::read(extraction, passage, dialect);
}

/// Whether most lines are `name: value`, which no other format of files has.
fn looks_like_yaml(text: &str) -> bool {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).take(50);
    let keyed = lines().filter(|line| line.ends_with(':') || line.contains(": ") || line.starts_with("- ")).count();
    keyed > 0 && keyed * 10 >= lines().count() * 9
}

/// `list` of cloud-init's `chpasswd`.
fn is_chpasswd(name: &str, key: &str) -> bool {
    name == "chpasswd" && key == "list"
}

/// `user:password`, one a line.
fn logins(extraction: &mut Extraction, passage: &Passage<'_>, node: &Node) {
    let block = passage.block(node.span());
    let items: Vec<Passage<'_>> = match &block {
        Some(block) => vec![block.part(Span::new(0, block.text.len()))],
        None => node
            .items()
            .iter()
            .chain(node.as_str().map(|_| node))
            .map(|item| passage.part(content(passage, item)))
            .collect(),
    };
    for passage in items {
        let mut start = 0;
        for line in passage.text.split_inclusive('\n') {
            let login = line.trim_end();
            if let Some((_, password)) = login.split_once(':') {
                let end = start + login.len();
                extraction.pair(&passage, "password", password, Span::new(end - password.len(), end), Form::Setting);
            }
            start += line.len();
        }
    }
}

/// The place of a scalar without its quotes.
pub(super) fn content(passage: &Passage<'_>, node: &Node) -> Span {
    let span = node.span();
    let raw = span.of(&passage.text);
    let is_quoted = ["\"", "'"].iter().any(|quote| raw.len() > 1 && raw.starts_with(quote) && raw.ends_with(quote));
    if is_quoted { Span::new(span.start + 1, span.end - 1) } else { span }
}

fn trimmed(span: Span, text: &str) -> Span {
    Span::new(span.start, span.start + span.of(text).trim_end().len())
}
