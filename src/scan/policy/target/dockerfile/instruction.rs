//! Facts of an instruction.
//!
//! Invariant: the value of an ENV or ARG is never part of a resource's name or of an identity.

use super::super::Subject;
use super::super::facts::{map, null, text, truth};
use super::surroundings::{self, Surroundings};
use super::{archive, ignored, permission, place, silenced, style, verification, word_fact};
use super::{image_facts, list, optional_word, origin_identity, origin_kind, stage_facts, stage_identity, stage_title};
use crate::scan::document::ParsedFile;
use crate::scan::document::beside::Beside;
use crate::scan::document::dockerfile::{Arguments, Base, Dockerfile, Flag, Instruction, Keyword, Pair, Word};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::ShellScript;
use crate::scan::secret;
use crate::scan::span::Span;

/// How many programs tell a RUN from others.
const MAX_IDENTITY_PROGRAMS: usize = 10;

/// The flags that conditions may ask for, with the name of the fact.
const FLAGS: [(&str, &str); 9] = [
    ("checksum", "checksum"),
    ("chmod", "chmod"),
    ("chown", "chown"),
    ("from", "from"),
    ("keep-git-dir", "keep_git_dir"),
    ("link", "link"),
    ("network", "network"),
    ("platform", "platform"),
    ("security", "security"),
];

pub(super) fn subjects(dockerfile: &Dockerfile, text: &str, file: &ParsedFile) -> Vec<Subject> {
    let surroundings = surroundings::surroundings(dockerfile);
    let unpacked = archive::unpacked_later(dockerfile);
    let silencing = silenced::comments(dockerfile, &file.comments, text);
    let is_lower_case = style::is_lower_case(dockerfile, text);
    let escape = if dockerfile.directive("escape").is_some_and(|set| &*set.value == "`") { '`' } else { '\\' };
    let around = surroundings.iter().zip(unpacked).zip(silencing);
    let subject =
        |(instruction, ((surroundings, unpacked), silencing)): (&Instruction, ((&Surroundings, Node), Vec<Node>))| {
            let mut facts = facts(dockerfile, instruction, surroundings, (text, &file.beside));
            let silencing_at = silencing.first().map(|comment| ("suppression", comment.span()));
            facts.push(("unpacked_later", unpacked));
            facts.push(("other_case", style::other_case(instruction, is_lower_case, text)));
            facts.push(("has_empty_line", style::has_empty_line(instruction, text, escape)));
            facts.push(("suppressions", list(silencing)));
            let mut subject = subject(dockerfile, instruction, facts, text);
            subject.places.extend(silencing_at);
            subject
        };
    dockerfile.instructions.iter().zip(around).map(subject).collect()
}

fn subject(
    dockerfile: &Dockerfile,
    instruction: &Instruction,
    facts: Vec<(&'static str, Node)>,
    file: &str,
) -> Subject {
    let stage = instruction.stage.and_then(|stage| dockerfile.stages.get(stage));
    let mut identity = stage.map(stage_identity).unwrap_or_default();
    identity.push(instruction.keyword.name().to_owned());
    identity.extend(own_identity(instruction));
    let from = instruction.origins.first();
    let mut places: Vec<_> = from.map(|origin| ("image", origin.word.span)).into_iter().collect();
    places.push(("keyword", instruction.keyword_span));
    places.extend(place::of(instruction, file));
    places.extend(remote_sources(instruction).first().map(|source| ("remote_source", source.span())));
    let single = from.filter(|_| instruction.keyword == Keyword::Copy);
    Subject {
        facts: map(vec![
            ("instruction", map(facts)),
            ("stage", map(stage_facts(dockerfile, instruction.stage))),
            ("image", image_facts(single)),
        ]),
        node: None,
        places,
        span: instruction.span,
        resource: Some(stage.map_or_else(|| "before the first stage".to_owned(), stage_title)),
        identity,
    }
}

/// What tells an instruction from others of its keyword: what it copies, sets or takes files from.
fn own_identity(instruction: &Instruction) -> Option<String> {
    if let Some(origin) = instruction.origins.first() {
        return Some(origin_identity(origin));
    }
    match instruction.keyword {
        Keyword::Env | Keyword::Arg | Keyword::Label => {
            instruction.pairs().first().map(|pair| pair.key.shown().to_owned())
        }
        Keyword::Add | Keyword::Copy => instruction.words().last().map(|word| word.raw.to_string()),
        Keyword::Expose => Some(instruction.words().iter().map(|word| &*word.raw).collect::<Vec<_>>().join(" ")),
        Keyword::Workdir | Keyword::User => instruction.words().first().map(|word| word.raw.to_string()),
        Keyword::Run => Some(programs(instruction)),
        _ => None,
    }
}

/// The programs of a RUN, as many as tell it from others.
fn programs(instruction: &Instruction) -> String {
    let commands = instruction.scripts.iter().flat_map(ShellScript::commands);
    let commands = commands.filter_map(|(pipeline, position)| pipeline.commands.get(position)?.program());
    commands.take(MAX_IDENTITY_PROGRAMS).map(|program| program.name).collect::<Vec<_>>().join(" ")
}

fn facts(
    dockerfile: &Dockerfile,
    instruction: &Instruction,
    surroundings: &Surroundings,
    (file, beside): (&str, &Beside),
) -> Vec<(&'static str, Node)> {
    let sources = sources(instruction);
    let takes_files = matches!(instruction.keyword, Keyword::Add | Keyword::Copy);
    let destination = instruction.words().last().filter(|_| takes_files && instruction.words().len() > 1);
    let mut facts = vec![
        ("keyword", text(instruction.keyword.name())),
        ("form", text(form(instruction, file))),
        ("json_form", place::json_form(instruction).map_or_else(null, |json| text(&json))),
        ("author", place::author(instruction).map_or_else(null, text)),
        ("ports", list(surroundings::ports(instruction))),
        ("permissions", list(permission::permissions(instruction))),
        ("on_build", truth(instruction.on_build)),
        ("flags", map(FLAGS.map(|(flag, fact)| (fact, flag_fact(instruction.flag(flag)))).to_vec())),
        ("mounts", list(instruction.flags.iter().filter(|flag| &*flag.name == "mount").map(mount))),
        ("arguments", list(instruction.words().iter().map(word_fact))),
        ("sources", list(sources)),
        ("remote_sources", list(remote_sources(instruction))),
        ("ignored_sources", ignored::sources(instruction, beside)),
        ("destination", optional_word(destination)),
        ("pairs", list(instruction.pairs().iter().map(pair))),
        (
            "images",
            list(instruction.origins.iter().map(|origin| {
                let image = image_facts(Some(origin));
                let part = |name: &str| image.get(name).cloned().unwrap_or_else(null);
                map(vec![
                    ("kind", origin_kind(origin)),
                    (
                        "is_own_stage",
                        truth(matches!(origin.base, Base::Stage(stage) if Some(stage) == instruction.stage)),
                    ),
                    ("is_number", truth(origin.word.raw.bytes().all(|byte| byte.is_ascii_digit()))),
                    ("raw", part("raw")),
                    ("repository", part("repository")),
                    ("tag", part("tag")),
                    ("digest", part("digest")),
                    ("moving", part("moving")),
                ])
            })),
        ),
        ("tls_disabled", list(verification::disabled(dockerfile, instruction))),
    ];
    facts.extend(surroundings::facts(surroundings));
    facts
}

/// How the arguments are written.
fn form(instruction: &Instruction, file: &str) -> &'static str {
    match &instruction.arguments {
        Arguments::Json(_) => "json",
        Arguments::Shell(_) => "shell",
        Arguments::Words(_) => "words",
        Arguments::Pairs(pairs) => {
            let is_old = |pair: &Pair| {
                let Some(value) = &pair.value else { return false };
                !Span::new(pair.key.span.end, value.span.start).of(file).contains('=')
            };
            if instruction.keyword != Keyword::Arg && pairs.iter().any(is_old) { "pair" } else { "pairs" }
        }
    }
}

/// The value of a flag; `true` for one without a value.
fn flag_fact(flag: Option<&Flag>) -> Node {
    match flag {
        Some(flag) => flag.value.as_ref().map_or_else(|| Node::new(flag.span, Value::String("true".into())), word_fact),
        None => null(),
    }
}

fn mount(flag: &Flag) -> Node {
    let value = |names: &[&str]| {
        let found =
            flag.parameters.iter().find(|pair| names.iter().any(|name| pair.key.raw.eq_ignore_ascii_case(name)));
        optional_word(found.and_then(|pair| pair.value.as_ref()))
    };
    map(vec![
        ("type", value(&["type"])),
        ("from", value(&["from"])),
        ("source", value(&["source", "src"])),
        ("target", value(&["target", "dst", "destination"])),
        ("id", value(&["id"])),
    ])
}

/// What ADD and COPY take, here-documents left out.
fn sources(instruction: &Instruction) -> Vec<Node> {
    if !matches!(instruction.keyword, Keyword::Add | Keyword::Copy) {
        return Vec::new();
    }
    let words = instruction.words();
    let sources = words.get(..words.len().saturating_sub(1)).unwrap_or_default();
    sources.iter().filter(|word| !word.raw.starts_with("<<")).map(word_fact).collect()
}

/// The URLs among the sources of ADD, without what may be a secret: user, password and query. A variable in a URL
/// does not make it less remote.
fn remote_sources(instruction: &Instruction) -> Vec<Node> {
    let words = instruction.words();
    let sources = words.get(..words.len().saturating_sub(1)).unwrap_or_default();
    let sources = sources.iter().filter(|_| instruction.keyword == Keyword::Add);
    let url = |word: &Word| {
        let (scheme, rest) = word.shown().trim_matches(['"', '\'']).split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find('?').unwrap_or(rest.len());
        let (authority, path) = rest.get(..end)?.split_at(rest.find('/').unwrap_or(end).min(end));
        let host = authority.rsplit('@').next().unwrap_or_default();
        let is_remote = matches!(scheme.as_str(), "http" | "https" | "git" | "ssh");
        is_remote.then(|| Node::new(word.span, Value::String(format!("{scheme}://{host}{path}").into())))
    };
    sources.filter_map(url).collect()
}

fn pair(pair: &Pair) -> Node {
    let is_literal = pair.value.as_ref().map(|value| value.value.is_some() && !value.raw.contains('$'));
    let literal = pair.value.as_ref().filter(|_| is_literal == Some(true)).and_then(|value| value.value.as_deref());
    let is_secret = literal.is_some_and(|value| secret::is_secret_pair(pair.key.shown(), value));
    map(vec![
        ("key", Node::new(pair.key.span, Value::String(pair.key.shown().into()))),
        ("value", optional_word(pair.value.as_ref())),
        ("is_literal", truth(is_literal.unwrap_or_default())),
        ("is_secret", truth(is_secret)),
    ])
}
