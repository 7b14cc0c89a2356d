//! What turns the verification of TLS certificates off.
//!
//! Invariant: only forms whose documented meaning is "do not verify" are named, each at the word that says so.

use super::command::options;
use crate::scan::document::dockerfile::{Dockerfile, Instruction, Keyword};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Program, ShellCommand, ShellWord};

/// Options by program.
const OPTIONS: [(&str, &[&str]); 15] = [
    ("curl", &["-k", "--insecure", "--proxy-insecure", "--doh-insecure"]),
    ("wget", &["--no-check-certificate"]),
    ("pip", &["--trusted-host"]),
    ("pip3", &["--trusted-host"]),
    ("uv", &["--allow-insecure-host", "--trusted-host"]),
    ("git", &["--no-verify-ssl"]),
    ("http", &["--verify=no", "--verify=false"]),
    ("crane", &["--insecure"]),
    ("aria2c", &["--check-certificate=false"]),
    ("helm", &["--insecure-skip-tls-verify"]),
    ("kubectl", &["--insecure-skip-tls-verify"]),
    ("oc", &["--insecure-skip-tls-verify"]),
    ("skopeo", &["--src-tls-verify=false", "--tls-verify=false"]),
    ("podman", &["--tls-verify=false"]),
    ("buildah", &["--tls-verify=false"]),
];

/// Variables with the values, in lower case, that turn verification off.
const VARIABLES: [(&str, &[&str]); 6] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("GIT_SSL_NO_VERIFY", &["1", "true", "yes", "on"]),
    ("NPM_CONFIG_STRICT_SSL", &["false"]),
    ("CURL_INSECURE", &["1", "true"]),
    ("YARN_ENABLE_STRICT_SSL", &["false", "0"]),
];

/// Settings, in lower case, with the value that turns verification off; as `key=value` or as two words.
const SETTINGS: [(&str, &[&str], &[&str]); 11] = [
    ("dnf", &["--setopt"], &["sslverify=false", "sslverify=0"]),
    ("yum", &["--setopt"], &["sslverify=false", "sslverify=0"]),
    ("yum-config-manager", &["--setopt"], &["sslverify=false", "sslverify=0"]),
    ("microdnf", &["--setopt"], &["sslverify=false", "sslverify=0"]),
    ("go", &["goflags"], &["-insecure"]),
    ("git", &["http.sslverify"], &["false", "0", "off", "no"]),
    ("npm", &["strict-ssl", "--strict-ssl"], &["false"]),
    ("yarn", &["strict-ssl", "enablestrictssl", "--strict-ssl"], &["false"]),
    ("pnpm", &["strict-ssl", "--strict-ssl"], &["false"]),
    ("apt-get", &["acquire::https::verify-peer", "-oacquire::https::verify-peer"], &["false", "0"]),
    ("apt", &["acquire::https::verify-peer", "-oacquire::https::verify-peer"], &["false", "0"]),
];

/// The words of an instruction that turn verification off.
pub(super) fn disabled(_dockerfile: &Dockerfile, instruction: &Instruction) -> Vec<Node> {
    let mut found = Vec::new();
    if matches!(instruction.keyword, Keyword::Env | Keyword::Arg) {
        for pair in instruction.pairs() {
            let value = pair.value.as_ref().and_then(|value| value.value.as_deref());
            if value.is_some_and(|value| is_off(pair.key.shown(), value)) {
                found.push(Node::new(pair.key.span, Value::String(pair.key.shown().into())));
            }
        }
    }
    // A check of health asks the container itself, which has no certificate that anyone would know.
    let scripts = instruction.scripts.iter().filter(|_| instruction.keyword != Keyword::Healthcheck);
    for script in scripts {
        let commands = script.commands();
        let commands = commands.iter().filter_map(|(pipeline, position)| pipeline.commands.get(*position));
        commands.for_each(|command| in_command(command, &mut found));
    }
    found.sort_by_key(Node::span);
    found
}

fn in_command(command: &ShellCommand, found: &mut Vec<Node>) {
    for assignment in &command.assignments {
        if assignment.value.value.as_deref().is_some_and(|value| is_off(&assignment.name, value)) {
            found.push(Node::new(command.span, Value::String(assignment.name.clone())));
        }
    }
    let Some(program) = command.program() else { return };
    for word in &command.words {
        let assigned = word.value.as_deref().and_then(|value| value.split_once('='));
        if let Some((name, _)) = assigned.filter(|(name, value)| is_off(name, value)) {
            found.push(Node::new(word.span, Value::String(name.into())));
        }
    }
    by_option(&program, found);
    by_setting(&program, found);
}

fn by_option(program: &Program<'_>, found: &mut Vec<Node>) {
    let Some((_, names)) = OPTIONS.iter().find(|(name, _)| *name == program.name) else { return };
    let (whole, plain): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| name.contains('='));
    found.extend(
        options(program).into_iter().filter(|option| option.as_str().is_some_and(|name| plain.contains(&name))),
    );
    let words =
        program.arguments.iter().filter(|word| word.value.as_deref().is_some_and(|value| whole.contains(&value)));
    found.extend(words.map(place));
}

fn by_setting(program: &Program<'_>, found: &mut Vec<Node>) {
    let Some((_, keys, off)) = SETTINGS.iter().find(|(name, ..)| *name == program.name) else { return };
    for (index, word) in program.arguments.iter().enumerate() {
        let lower = word.value.as_deref().unwrap_or_default().to_ascii_lowercase();
        let next = program.arguments.get(index + 1).and_then(|next| next.value.as_deref());
        let (key, value) = match lower.split_once('=') {
            Some((key, value)) => (key, value.to_owned()),
            None => (lower.as_str(), next.unwrap_or_default().to_ascii_lowercase()),
        };
        if keys.contains(&key) && off.contains(&value.trim_matches(['"', '\''])) {
            found.push(place(word));
        }
    }
}

fn place(word: &ShellWord) -> Node {
    Node::new(word.span, Value::String(word.value.clone().unwrap_or_default()))
}

fn is_off(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    if ["PIP_TRUSTED_HOST", "GOINSECURE"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return !value.is_empty();
    }
    VARIABLES.iter().any(|(known, off)| known.eq_ignore_ascii_case(name) && off.contains(&value.as_str()))
}
