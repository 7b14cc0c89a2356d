//! Stages put together, variables replaced, names told apart from images.
//!
//! Invariant: a value is called known only when a build with default arguments gives exactly that value.

use std::collections::HashMap;

use super::Dockerfile;
use super::expand::{Expander, MAX_VALUE_BYTES, Variable};
use super::instruction::{Arguments, Instruction, Pair};
use super::keyword::Keyword;
use super::problems::Problems;
use super::stage::{Base, Origin, Stage};
use super::word::Word;
use crate::scan::document::shell::variables::names_asked;
use crate::scan::image_reference::ImageReference;
use crate::scan::limits::Limits;
use crate::scan::problem::Cause;

/// Arguments that the builder sets by itself.
pub const PLATFORM_ARGUMENTS: [&str; 9] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// The variables of one stage, or of what stands before the first one.
#[derive(Default)]
struct Scope {
    environment: HashMap<Box<str>, Variable>,
    arguments: HashMap<Box<str>, Variable>,
    parent: Option<usize>,
    /// Whether an image below it may set further variables.
    has_image: bool,
}

struct Resolver<'p, 't> {
    text: &'p str,
    expander: Expander,
    max_depth: usize,
    global: Scope,
    scopes: Vec<Scope>,
    stages: Vec<Stage>,
    names: HashMap<String, usize>,
    problems: &'p mut Problems<'t>,
}

/// Fills in what needs more than one instruction: stages, values and origins.
pub(super) fn resolve(
    text: &str,
    dockerfile: &mut Dockerfile,
    escape: char,
    limits: &Limits,
    problems: &mut Problems<'_>,
) {
    let mut resolver = Resolver {
        text,
        expander: Expander::new(escape),
        max_depth: limits.max_depth,
        global: Scope::default(),
        scopes: Vec::new(),
        stages: Vec::new(),
        names: HashMap::new(),
        problems,
    };
    for (index, instruction) in dockerfile.instructions.iter_mut().enumerate() {
        resolver.instruction(index, instruction);
    }
    for instruction in &mut dockerfile.instructions {
        resolver.origins(instruction);
    }
    resolver.finish();
    dockerfile.stages = resolver.stages;
}

impl Resolver<'_, '_> {
    fn instruction(&mut self, index: usize, instruction: &mut Instruction) {
        if instruction.keyword == Keyword::From && !instruction.on_build {
            self.begin_stage(index, instruction);
        } else if self.stages.is_empty() && instruction.keyword != Keyword::Arg {
            let message = format!("{} before the first FROM; move it into a stage", instruction.keyword);
            self.problems.add(Cause::Syntax, instruction.keyword_span.start, message);
        }
        instruction.stage = self.stages.len().checked_sub(1);
        if instruction.keyword != Keyword::From {
            self.expand(instruction);
        }
        if let Some(stage) = self.stages.last_mut() {
            stage.instructions.end = index + 1;
            stage.span.end = instruction.span.end;
        }
        if !instruction.on_build {
            self.apply(index, instruction);
        }
    }

    fn begin_stage(&mut self, index: usize, instruction: &mut Instruction) {
        let global = &self.global;
        let variable = |name: &str| global.own(name);
        for flag in &mut instruction.flags {
            if let Some(value) = &mut flag.value {
                value.value = self.expander.expand(&value.raw, &variable);
            }
        }
        let Arguments::Words(words) = &mut instruction.arguments else { return };
        if let Some(image) = words.first_mut() {
            image.value = self.expander.expand(&image.raw, &variable);
        }
        let name = match words.as_slice() {
            [_, keyword, name] if keyword.raw.eq_ignore_ascii_case("as") => Some(name.clone()),
            [] | [_] => None,
            _ => {
                let message = "FROM takes an image, then AS and a name at most; remove the rest";
                self.problems.add(Cause::Syntax, instruction.span.start, message);
                None
            }
        };
        let missing = Word { raw: "".into(), value: None, span: instruction.keyword_span };
        let word = words.first().cloned().unwrap_or(missing);
        let base = self.base(&word, false);
        self.push_stage(index, instruction, Origin { base, word }, name);
    }

    fn push_stage(&mut self, index: usize, instruction: &mut Instruction, origin: Origin, name: Option<Word>) {
        let (parent, has_image) = match origin.base {
            Base::Stage(parent) => (Some(parent), self.scopes.get(parent).is_some_and(|scope| scope.has_image)),
            Base::Scratch => (None, false),
            Base::Image(_) | Base::Unknown => (None, true),
        };
        self.scopes.push(Scope { parent, has_image, ..Scope::default() });
        let number = self.stages.len();
        if let Some(name) = &name {
            self.names.insert(name.raw.to_lowercase(), number);
        }
        instruction.origins = vec![origin.clone()];
        self.stages.push(Stage {
            index: number,
            name,
            origin,
            platform: instruction.flag("platform").and_then(|flag| flag.value.clone()),
            span: instruction.span,
            instructions: index..index + 1,
            user: parent.and_then(|parent| self.stages.get(parent)).and_then(|stage| stage.user),
        });
    }

    /// What a name stands for; numbers are stages only outside FROM.
    fn base(&mut self, word: &Word, takes_numbers: bool) -> Base {
        let Some(name) = word.value.as_deref().filter(|name| !name.is_empty()) else { return Base::Unknown };
        if let Some(stage) = self.names.get(&name.to_lowercase()) {
            return Base::Stage(*stage);
        }
        if name == "scratch" {
            return Base::Scratch;
        }
        if takes_numbers && let Ok(number) = name.parse::<usize>() {
            if number < self.stages.len() {
                return Base::Stage(number);
            }
            self.problems.add(Cause::Syntax, word.span.start, "there is no stage of that number");
            return Base::Unknown;
        }
        match ImageReference::parse(name) {
            Ok(image) => Base::Image(image),
            Err(error) => {
                self.problems.add(Cause::Syntax, word.span.start, format!("not an image name: {error}"));
                Base::Unknown
            }
        }
    }

    fn expand(&mut self, instruction: &mut Instruction) {
        let Self { expander, scopes, global, max_depth, .. } = self;
        let stage = instruction.stage;
        let on_build = instruction.on_build;
        let variable = |name: &str| match stage {
            _ if on_build => Variable::Unknown,
            Some(stage) => lookup(scopes, stage, name, *max_depth),
            None => global.own(name),
        };
        let mut fill = |word: &mut Word| word.value = expander.expand(&word.raw, &variable);
        for flag in &mut instruction.flags {
            flag.value.iter_mut().for_each(&mut fill);
            flag.parameters.iter_mut().for_each(|pair| fill_pair(pair, &mut fill));
        }
        let is_literal = !expands(instruction.keyword);
        match &mut instruction.arguments {
            Arguments::Json(words) | Arguments::Words(words) if is_literal => {
                for word in words {
                    word.value = Some(word.raw.clone());
                }
            }
            Arguments::Json(words) | Arguments::Words(words) => words.iter_mut().for_each(fill),
            Arguments::Pairs(pairs) => pairs.iter_mut().for_each(|pair| fill_pair(pair, &mut fill)),
            Arguments::Shell(source) if instruction.keyword == Keyword::Run => {
                let bodies = instruction.heredocs.iter().map(|heredoc| heredoc.body.of(self.text));
                let names = std::iter::once(source.text()).chain(bodies).flat_map(names_asked);
                let known = names.filter_map(|name| match variable(name) {
                    Variable::Known(value) => Some((name.into(), value)),
                    Variable::Unknown | Variable::Unset => None,
                });
                instruction.variables = known.collect();
            }
            Arguments::Shell(_) => {}
        }
    }

    /// What the instruction changes for those after it.
    fn apply(&mut self, index: usize, instruction: &Instruction) {
        match instruction.keyword {
            Keyword::Arg => instruction.pairs().iter().for_each(|pair| self.declare(pair, instruction.stage)),
            Keyword::Env => {
                let Some(scope) = instruction.stage.and_then(|stage| self.scopes.get_mut(stage)) else { return };
                for pair in instruction.pairs() {
                    scope.environment.insert(pair.key.shown().into(), known(pair.value.as_ref()));
                }
            }
            Keyword::User => {
                if let Some(stage) = self.stages.last_mut() {
                    stage.user = Some(index);
                }
            }
            _ => {}
        }
    }

    fn declare(&mut self, pair: &Pair, stage: Option<usize>) {
        let name = pair.key.shown();
        let is_platform = PLATFORM_ARGUMENTS.contains(&name);
        let variable = match &pair.value {
            _ if is_platform => Variable::Unknown,
            Some(value) => known(Some(value)),
            None if stage.is_some() => self.global.own(name),
            None => Variable::Unset,
        };
        let scope = stage.and_then(|stage| self.scopes.get_mut(stage)).unwrap_or(&mut self.global);
        scope.arguments.insert(name.into(), variable);
    }

    fn origins(&mut self, instruction: &mut Instruction) {
        let words: Vec<Word> = match instruction.keyword {
            Keyword::Copy => instruction.flag("from").and_then(|flag| flag.value.clone()).into_iter().collect(),
            Keyword::Run => mount_origins(instruction),
            _ => return,
        };
        let origins = words.into_iter().map(|word| Origin { base: self.base(&word, true), word });
        instruction.origins = origins.collect();
    }

    fn finish(&mut self) {
        if self.stages.is_empty() {
            self.problems.add(Cause::Syntax, 0, "no FROM: the file builds nothing; add one");
        }
        if self.expander.is_exhausted() {
            self.problems.add(Cause::Limit, 0, "variables expand to more text than the limit; the rest is not known");
        }
    }
}

impl Scope {
    fn own(&self, name: &str) -> Variable {
        if let Some(variable) = self.environment.get(name).or_else(|| self.arguments.get(name)) {
            return variable.clone();
        }
        if PLATFORM_ARGUMENTS.contains(&name) { Variable::Unknown } else { Variable::Unset }
    }
}

/// The variable as `stage` sees it: its own and those of the stages it starts from, ENV before ARG.
fn lookup(scopes: &[Scope], stage: usize, name: &str, max_depth: usize) -> Variable {
    let mut argument = None;
    let mut next = Some(stage);
    for _ in 0..max_depth {
        let Some(scope) = next.and_then(|stage| scopes.get(stage)) else { break };
        if let Some(variable) = scope.environment.get(name) {
            return variable.clone();
        }
        argument = argument.or_else(|| scope.arguments.get(name));
        next = scope.parent;
    }
    let may_be_set = next.is_some() || scopes.get(stage).is_some_and(|scope| scope.has_image);
    match argument {
        Some(variable) => variable.clone(),
        None if may_be_set || PLATFORM_ARGUMENTS.contains(&name) => Variable::Unknown,
        None => Variable::Unset,
    }
}

fn known(value: Option<&Word>) -> Variable {
    match value {
        Some(word) => match word.value.as_deref().filter(|value| value.len() <= MAX_VALUE_BYTES) {
            Some(value) => Variable::Known(value.into()),
            None => Variable::Unknown,
        },
        None => Variable::Known("".into()),
    }
}

fn fill_pair(pair: &mut Pair, fill: &mut impl FnMut(&mut Word)) {
    fill(&mut pair.key);
    pair.value.iter_mut().for_each(fill);
}

fn mount_origins(instruction: &Instruction) -> Vec<Word> {
    let parameters = instruction.flags.iter().flat_map(|flag| &flag.parameters);
    parameters.filter(|pair| pair.key.raw.eq_ignore_ascii_case("from")).filter_map(|pair| pair.value.clone()).collect()
}

/// Whether the builder replaces variables in the arguments.
fn expands(keyword: Keyword) -> bool {
    !matches!(
        keyword,
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Shell | Keyword::Maintainer
    )
}
