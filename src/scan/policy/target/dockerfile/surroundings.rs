//! What an instruction stands among: what came before it in its stage, what comes after, and which names are declared.
//!
//! Invariant: one pass forwards and one backwards; a name counts as undefined only when nothing could define it, the
//! base image included.

use std::collections::HashSet;

use super::super::facts::{null, text};
use super::{list, optional_word, word_fact};
use crate::scan::document::dockerfile::{Arguments, Base, Dockerfile, Instruction, Keyword, PLATFORM_ARGUMENTS, Word};
use crate::scan::document::node::{Node, Value};

/// Names of one instruction that are listed.
const MAX_LISTED: usize = 20;

/// What surrounds one instruction.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// The keyword of the instruction before it in its stage.
    pub previous: Option<Keyword>,
    /// The WORKDIR that holds for it.
    pub workdir: Node,
    /// Whether a SHELL before it in its stage, or in one below, names the shell.
    pub names_shell: bool,
    /// Whether a later instruction of its stage takes its place.
    pub is_overridden: bool,
    /// Variables that nothing defines.
    pub undefined: Vec<Node>,
    /// Variables that the same instruction sets, and that have no value before it.
    pub own: Vec<Node>,
}

/// The state of a stage while it is read.
#[derive(Clone, Default)]
struct State {
    names: HashSet<Box<str>>,
    workdir: Option<Word>,
    names_shell: bool,
    /// Whether an image below may define more.
    is_open: bool,
}

/// The surroundings of every instruction.
pub(super) fn surroundings(dockerfile: &Dockerfile) -> Vec<Surroundings> {
    let mut at_end: Vec<State> = Vec::new();
    let mut state = State::default();
    let mut global = State::default();
    let mut found: Vec<Surroundings> = Vec::with_capacity(dockerfile.instructions.len());
    let mut previous: Option<&Instruction> = None;
    for instruction in &dockerfile.instructions {
        if instruction.keyword == Keyword::From && !instruction.on_build {
            at_end.extend(instruction.stage.filter(|stage| *stage > 0).map(|_| std::mem::take(&mut state)));
            state = begin(dockerfile, instruction, &at_end);
            previous = None;
            found.push(of(instruction, None, &global));
            continue;
        }
        let here = if instruction.stage.is_some() { &mut state } else { &mut global };
        found.push(of(instruction, previous.map(|previous| previous.keyword), here));
        previous = Some(instruction);
        here.add(instruction);
    }
    mark_overridden(dockerfile, &mut found);
    found
}

fn begin(dockerfile: &Dockerfile, from: &Instruction, at_end: &[State]) -> State {
    let stage = from.stage.and_then(|stage| dockerfile.stages.get(stage));
    match stage.map(|stage| &stage.origin.base) {
        // A stage is not copied without bound: what many stages inherit is open instead.
        Some(Base::Stage(parent)) => match at_end.get(*parent) {
            Some(state) if state.names.len() < 1000 => state.clone(),
            _ => State { is_open: true, ..State::default() },
        },
        Some(Base::Scratch) => State::default(),
        Some(Base::Image(_) | Base::Unknown) | None => State { is_open: true, ..State::default() },
    }
}

fn of(instruction: &Instruction, previous: Option<Keyword>, state: &State) -> Surroundings {
    let is_from = instruction.keyword == Keyword::From;
    let knows_all = (is_from || !state.is_open) && !instruction.on_build;
    let asked = if knows_all { asked(instruction) } else { Vec::new() };
    let set: Vec<&str> = match instruction.keyword {
        Keyword::Env => instruction.pairs().iter().take(MAX_LISTED).map(|pair| pair.key.shown()).collect(),
        _ => Vec::new(),
    };
    let is_known = |name: &str| state.names.contains(name) || name == "PATH" || PLATFORM_ARGUMENTS.contains(&name);
    let undefined = asked.into_iter().filter(|(name, _)| !is_known(name) && !set.contains(name));
    let own = instruction.pairs().iter().take(MAX_LISTED).flat_map(|pair| {
        let names = pair.value.iter().flat_map(names_of);
        names.filter(|(name, _)| *name != pair.key.shown() && set.contains(name) && !is_known(name)).collect::<Vec<_>>()
    });
    let fact = |(name, word): (&str, &Word)| Node::new(word.span, Value::String(name.into()));
    Surroundings {
        previous,
        workdir: state.workdir.as_ref().map_or_else(null, word_fact),
        names_shell: state.names_shell,
        is_overridden: false,
        undefined: undefined.take(MAX_LISTED).map(fact).collect(),
        own: own.take(MAX_LISTED).map(fact).collect(),
    }
}

/// The variables that the builder replaces in the instruction, where it gives no default.
fn asked(instruction: &Instruction) -> Vec<(&str, &Word)> {
    let words: Vec<&Word> = match &instruction.arguments {
        Arguments::Words(words) if instruction.keyword != Keyword::Maintainer => words.iter().collect(),
        Arguments::Pairs(pairs) => pairs.iter().filter_map(|pair| pair.value.as_ref()).collect(),
        _ => Vec::new(),
    };
    let flags = instruction.flags.iter().filter_map(|flag| flag.value.as_ref());
    let flags = flags.filter(|_| instruction.keyword != Keyword::Run);
    words.into_iter().chain(flags).take(MAX_LISTED).flat_map(names_of).take(MAX_LISTED).collect()
}

/// The variables of a word that are neither quoted, nor escaped, nor given a default.
fn names_of(word: &Word) -> impl Iterator<Item = (&str, &Word)> {
    let is_literal = word.raw.contains(['\'', '\\', '`']) || word.value.is_some();
    let raw = if is_literal { "" } else { &*word.raw };
    raw.split('$').skip(1).filter_map(move |rest| {
        let (rest, braced) = rest.strip_prefix('{').map_or((rest, false), |rest| (rest, true));
        let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
        let (name, after) = rest.split_at_checked(length)?;
        let is_plain = !braced || after.starts_with('}');
        (is_plain && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'))
            .then_some((name, word))
    })
}

impl State {
    fn add(&mut self, instruction: &Instruction) {
        if instruction.on_build {
            return;
        }
        match instruction.keyword {
            Keyword::Arg | Keyword::Env => {
                self.names.extend(instruction.pairs().iter().map(|pair| pair.key.shown().into()));
            }
            Keyword::Shell => self.names_shell = true,
            Keyword::Workdir => self.workdir = instruction.words().first().cloned(),
            _ => {}
        }
    }
}

/// Of several CMD, ENTRYPOINT or HEALTHCHECK of a stage the last one holds.
fn mark_overridden(dockerfile: &Dockerfile, found: &mut [Surroundings]) {
    let mut seen: HashSet<(Option<usize>, Keyword)> = HashSet::new();
    for (instruction, surroundings) in dockerfile.instructions.iter().zip(found.iter_mut()).rev() {
        let is_single = matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck);
        if is_single && !instruction.on_build {
            surroundings.is_overridden = !seen.insert((instruction.stage, instruction.keyword));
        }
    }
}

/// The facts that surroundings give.
pub(super) fn facts(surroundings: &Surroundings) -> Vec<(&'static str, Node)> {
    vec![
        ("previous", surroundings.previous.map_or_else(null, |keyword| text(keyword.name()))),
        ("workdir", surroundings.workdir.clone()),
        ("names_shell", super::truth(surroundings.names_shell)),
        ("is_overridden", super::truth(surroundings.is_overridden)),
        ("undefined_variables", list(surroundings.undefined.iter().cloned())),
        ("own_references", list(surroundings.own.iter().cloned())),
    ]
}

/// The ports that EXPOSE declares.
pub(super) fn ports(instruction: &Instruction) -> Vec<Node> {
    if instruction.keyword != Keyword::Expose {
        return Vec::new();
    }
    instruction.words().iter().map(port).collect()
}

fn port(word: &Word) -> Node {
    let number = |text: &str| match text.parse::<i64>() {
        Ok(number) => Node::new(word.span, Value::Int(number)),
        Err(_) => null(),
    };
    let raw = word_fact(word);
    let Some(value) = raw.as_str().map(str::to_owned) else {
        return super::map(["raw", "first", "last", "protocol"].map(|name| (name, raw.clone())).to_vec());
    };
    let (range, protocol) = value.split_once('/').map_or((&*value, None), |(range, name)| (range, Some(name)));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    super::map(vec![
        ("raw", optional_word(Some(word))),
        ("first", number(first)),
        ("last", number(last)),
        ("protocol", protocol.map_or_else(|| text("tcp"), text)),
    ])
}
