//! The commands of a step, as far as they say what it does with secrets, images and pull requests.
//!
//! **Invariant**: a command is judged by its words; text that merely mentions a program is not taken for a call of it.

use crate::scan::document::dockerfile::source::Source;
use crate::scan::document::node::Node;
use crate::scan::document::shell::{Program, ShellScript, ShellWord};
use crate::scan::span::Span;

/// Actions that push an image when told so, and those that sign or attest one.
const PUSHERS: [&str; 2] = ["docker/build-push-action", "docker/bake-action"];
const SIGNERS: [&str; 5] = [
    "sigstore/cosign-installer",
    "actions/attest",
    "actions/attest-build-provenance",
    "actions/attest-sbom",
    "slsa-framework/slsa-github-generator",
];

/// Runs `read` on each program of a script, until it says something.
pub(super) fn find<T>(script: &str, mut read: impl FnMut(&Program<'_>) -> Option<T>) -> Option<T> {
    let source = Source::opaque(script, Span::default());
    let shell = ShellScript::parse(&source);
    shell.commands().into_iter().find_map(|(pipeline, position)| {
        let command = pipeline.commands.get(position)?;
        read(&command.program()?)
    })
}

/// Whether some program of a script is called so.
fn runs(script: &str, is_meant: impl Fn(&Program<'_>) -> bool) -> bool {
    find(script, |program| is_meant(program).then_some(())).is_some()
}

/// The arguments of a program as they are when they are literal.
pub(super) fn literals<'p>(program: &'p Program<'_>) -> impl Iterator<Item = &'p str> {
    program.arguments.iter().filter_map(|word| word.value.as_deref())
}

/// The first download of a script that takes a word which `is_secret` says.
pub(super) fn download_with(script: &str, is_secret: impl Fn(&ShellWord) -> bool) -> Option<String> {
    find(script, |program| {
        let holds = program.downloads() && program.arguments.iter().any(&is_secret);
        holds.then(|| program.name.to_owned())
    })
}

/// The first program of a script that executes what a download gives it.
pub(super) fn runs_download(script: &str) -> Option<String> {
    let source = Source::opaque(script, Span::default());
    let shell = ShellScript::parse(&source);
    shell.commands().into_iter().find_map(|(pipeline, position)| {
        let runs = pipeline.runs_download().get(position) == Some(&true);
        Some(pipeline.commands.get(position).filter(|_| runs)?.program()?.name.to_owned())
    })
}

/// Whether a step pushes an image.
pub(super) fn pushes_image(step: &Node) -> bool {
    let with = step.get("with");
    let pushes = with.and_then(|with| with.get("push")).is_some_and(|push| push.as_bool() == Some(true));
    if pushes && is_action(step, &PUSHERS) {
        return true;
    }
    let Some(script) = step.get("run").and_then(Node::as_str) else { return false };
    runs(script, |program| {
        let words: Vec<&str> = literals(program).collect();
        let is_engine = matches!(program.name, "docker" | "podman" | "buildah" | "nerdctl");
        is_engine && (words.first() == Some(&"push") || (words.contains(&"build") && words.contains(&"--push")))
    })
}

/// Whether a step signs something or attests how it was made.
pub(super) fn signs(step: &Node) -> bool {
    let set = |key: &str| {
        let value = step.get("with").and_then(|with| with.get(key));
        value.is_some_and(|value| value.as_bool() != Some(false) && value.as_str() != Some("false"))
    };
    if is_action(step, &SIGNERS) || (is_action(step, &PUSHERS) && (set("provenance") || set("sbom") || set("attests")))
    {
        return true;
    }
    let Some(script) = step.get("run").and_then(Node::as_str) else { return false };
    runs(script, |program| {
        let first = literals(program).next();
        (program.name == "cosign" && matches!(first, Some("sign" | "attest"))) || program.name == "notation"
    })
}

/// Whether a step uses one of these actions, whatever its path and version.
pub(super) fn is_action(step: &Node, names: &[&str]) -> bool {
    let Some(uses) = step.get("uses").and_then(Node::as_str) else { return false };
    let name = uses.split('@').next().unwrap_or_default().to_ascii_lowercase();
    names.iter().any(|known| name == *known || name.strip_prefix(known).is_some_and(|rest| rest.starts_with('/')))
}
