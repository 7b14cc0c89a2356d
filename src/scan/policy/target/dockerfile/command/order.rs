//! The commands of a Dockerfile in the order of its text, with what holds for each and what comes after it.
//!
//! Invariant: every command stands here once, and the work is linear in their number.

use std::collections::HashMap;

use super::effect::Effects;
use super::package::Packaging;
use crate::scan::document::dockerfile::{Base, Dockerfile, Instruction, Keyword, Pair};
use crate::scan::document::shell::{Pipeline, Program, ShellCommand, ShellScript};
use crate::scan::image_reference::ImageReference;
use crate::scan::span::Span;

/// One command where it stands.
pub(super) struct Placed<'d> {
    pub instruction: &'d Instruction,
    pub pipeline: &'d Pipeline,
    /// Its position in the pipeline.
    pub position: usize,
    pub command: &'d ShellCommand,
    pub program: Option<Program<'d>>,
    pub packaging: Option<Packaging<'d>>,
    /// Whether it executes what a download gives it.
    pub runs_download: bool,
    /// Whether it stands in a group, a loop, a substitution or the text of `sh -c`.
    pub is_nested: bool,
    /// Whether a failure inside of its pipeline ends it.
    pub has_pipefail: bool,
    /// What later commands of the same instruction do, and its mounts.
    pub later: Effects,
    /// What later commands of the same stage do.
    pub later_in_stage: Effects,
    /// What later instructions of the same stage do.
    pub after: Effects,
    pub scope: Scope,
}

/// What earlier instructions of a stage leave for its commands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope {
    pub has_pipefail: bool,
    pub skips_pip_cache: bool,
    /// Whether the user is known to be root.
    pub is_root: bool,
}

/// Official images whose user is root.
const ROOT_BASES: [&str; 24] = [
    "alpine",
    "almalinux",
    "amazonlinux",
    "archlinux",
    "buildpack-deps",
    "busybox",
    "centos",
    "debian",
    "fedora",
    "gcc",
    "golang",
    "maven",
    "node",
    "openjdk",
    "opensuse/leap",
    "oraclelinux",
    "perl",
    "php",
    "python",
    "rockylinux",
    "ruby",
    "rust",
    "eclipse-temurin",
    "ubuntu",
];

/// Whether the image is one whose containers run as root unless they are told otherwise.
pub(in crate::scan::policy) fn runs_as_root(image: &ImageReference) -> bool {
    let name = image.familiar_name();
    let is_distroless = image.registry() == "gcr.io"
        && name.starts_with("gcr.io/distroless/")
        && !image.tag().is_some_and(|tag| tag.contains("nonroot"));
    is_distroless || (image.registry() == "docker.io" && ROOT_BASES.contains(&name.as_str()))
}

/// All commands.
pub(super) fn commands(dockerfile: &Dockerfile) -> Vec<Placed<'_>> {
    let scopes = scopes(dockerfile);
    let mut placed = Vec::new();
    for (instruction, scope) in dockerfile.instructions.iter().zip(scopes) {
        let mut scope = scope;
        for script in &instruction.scripts {
            of_script(instruction, script, &mut scope, &mut placed);
        }
    }
    look_ahead(&mut placed);
    placed
}

fn of_script<'d>(
    instruction: &'d Instruction,
    script: &'d ShellScript,
    scope: &mut Scope,
    placed: &mut Vec<Placed<'d>>,
) {
    let own = script.pipelines.as_ptr_range();
    let mut commands = script.commands();
    commands.sort_by_key(|(pipeline, position)| pipeline.commands.get(*position).map(|command| command.span));
    let mut runs: (Option<*const Pipeline>, Vec<bool>) = (None, Vec::new());
    let mut runner = Span::default();
    for (pipeline, position) in commands {
        let Some(command) = pipeline.commands.get(position) else { continue };
        let pointer = std::ptr::from_ref(pipeline);
        if runs.0 != Some(pointer) {
            runs = (Some(pointer), pipeline.runs_download());
        }
        // Of a shell and what it executes, the shell is told of.
        let is_within = runner.start <= command.span.start && command.span.end <= runner.end;
        let runs_download = !is_within && runs.1.get(position).copied().unwrap_or_default();
        runner = if runs_download { command.span } else { runner };
        let program = command.program();
        scope.has_pipefail |= program.as_ref().is_some_and(sets_pipefail);
        placed.push(Placed {
            instruction,
            pipeline,
            position,
            command,
            packaging: program.as_ref().and_then(Packaging::of),
            program,
            runs_download,
            is_nested: !own.contains(&pointer),
            has_pipefail: scope.has_pipefail,
            later: Effects::default(),
            later_in_stage: Effects::default(),
            after: Effects::default(),
            scope: *scope,
        });
    }
}

/// `set -o pipefail`, and a shell started with it.
fn sets_pipefail(program: &Program<'_>) -> bool {
    (program.name == "set" || program.is_shell())
        && program.arguments.iter().any(|word| word.value.as_deref() == Some("pipefail"))
}

fn look_ahead(placed: &mut [Placed<'_>]) {
    let mut in_stage: HashMap<Option<usize>, Effects> = HashMap::new();
    let mut in_instruction: (usize, Effects) = (usize::MAX, Effects::default());
    let mut after = Effects::default();
    for one in placed.iter_mut().rev() {
        let start = one.instruction.span.start;
        let stage = in_stage.entry(one.instruction.stage).or_default();
        if in_instruction.0 != start {
            in_instruction = (start, Effects::of_mounts(one.instruction));
            after = *stage;
        }
        one.after = after;
        one.later = in_instruction.1;
        one.later_in_stage = *stage;
        if let Some(program) = &one.program {
            let effects = Effects::of(program, one.packaging.as_ref());
            in_instruction.1 = in_instruction.1.and(effects);
            *stage = stage.and(effects);
        }
    }
}

/// For each instruction what holds before it.
fn scopes(dockerfile: &Dockerfile) -> Vec<Scope> {
    let mut at_end: Vec<Scope> = Vec::with_capacity(dockerfile.stages.len());
    let mut scopes = vec![Scope::default(); dockerfile.instructions.len()];
    for stage in &dockerfile.stages {
        let mut scope = match &stage.origin.base {
            Base::Stage(parent) => at_end.get(*parent).copied().unwrap_or_default(),
            Base::Image(image) => Scope { is_root: runs_as_root(image), ..Scope::default() },
            Base::Scratch | Base::Unknown => Scope::default(),
        };
        for index in stage.instructions.clone() {
            if let (Some(instruction), Some(slot)) = (dockerfile.instructions.get(index), scopes.get_mut(index)) {
                *slot = scope;
                scope = scope.after(instruction);
            }
        }
        at_end.push(scope);
    }
    scopes
}

/// Whether pip takes a setting for a no.
pub(super) fn says_no(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off" | "")
}

impl Scope {
    fn after(mut self, instruction: &Instruction) -> Self {
        if instruction.on_build {
            return self;
        }
        match instruction.keyword {
            Keyword::Shell => self.has_pipefail = instruction.words().iter().any(|word| &*word.raw == "pipefail"),
            Keyword::User => {
                let user = instruction.words().first().and_then(|word| word.value.as_deref());
                let name = user.map(|user| user.split(':').next().unwrap_or(user));
                self.is_root = matches!(name, Some("root" | "0"));
            }
            Keyword::Env | Keyword::Arg => {
                let said = instruction.pairs().iter().rfind(|pair| pair.key.shown() == "PIP_NO_CACHE_DIR");
                let is_on = |pair: &Pair| !pair.value.as_ref().is_some_and(|value| says_no(value.shown()));
                self.skips_pip_cache = said.map_or(self.skips_pip_cache, is_on);
            }
            _ => {}
        }
        self
    }
}
