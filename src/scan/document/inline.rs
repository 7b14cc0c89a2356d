//! Dockerfiles that stand as a block of text in another file: in a compose service, in a build of `OpenShift`.
//!
//! **Invariant**: every place of such a Dockerfile is its place in the file; a text in another form than a literal block
//! is left alone.

use super::super::limits::Limits;
use super::super::problem::Problem;
use super::super::span::{LineIndex, Span};
use super::node::Node;
use super::{Body, Comment, Document, DocumentKind, ParsedFile, dockerfile};

/// Dockerfiles of one file that are read.
const MAX_INLINE: usize = 50;

/// Adds the Dockerfiles that stand in `file` to its documents.
pub(super) fn add(file: &mut ParsedFile, path: &str, text: &str, limits: &Limits) {
    let blocks: Vec<Span> = blocks(file).iter().map(Node::span).take(MAX_INLINE).collect();
    let mut comments: Vec<Comment> = Vec::new();
    for span in blocks {
        let Some(content) = literal(text, span) else { continue };
        let shifted = shifted(text, content);
        let (dockerfile, found, problems) = dockerfile::parse(&shifted, limits);
        let index = file.documents.len();
        file.documents.push(Document { index, span: content, body: Body::Dockerfile(dockerfile) });
        comments.extend(found);
        let places = (LineIndex::new(&shifted), LineIndex::new(text));
        file.problems.extend(problems.into_iter().map(|problem| placed(problem, path, (&shifted, text), &places)));
    }
    if !comments.is_empty() {
        file.comments.extend(comments);
        file.comments.sort_by_key(|comment| comment.span);
    }
}

fn blocks(file: &ParsedFile) -> Vec<Node> {
    if file.kind == DocumentKind::Compose {
        let trees = file.documents.iter().filter_map(Document::tree);
        let services = trees.filter_map(|tree| tree.get("services")).flat_map(Node::entries);
        return services.filter_map(|service| service.value.at("build.dockerfile_inline").cloned()).collect();
    }
    let objects = file.objects().iter();
    let builds = objects.filter(|object| object.kind == "BuildConfig" && object.group() == Some("build.openshift.io"));
    builds.filter_map(|object| object.node.at("spec.source.dockerfile").cloned()).collect()
}

/// The lines of a literal block (`|`), its indicator left out.
fn literal(text: &str, span: Span) -> Option<Span> {
    let written = span.of(text);
    let first = written.strip_prefix('|').and_then(|_| written.find('\n'))?;
    Some(Span::new(span.start + first + 1, span.end))
}

/// The text up to the end of the block with nothing but the block in it, each byte at its place: what stands before it
/// is blank, and the indentation of its lines are line breaks, so that its lines begin where YAML has them begin.
fn shifted(text: &str, content: Span) -> String {
    let body = content.of(text);
    let is_blank = |line: &&str| line.trim().is_empty();
    let width = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = body.split('\n').filter(|line| !is_blank(line)).map(width).next().unwrap_or_default();
    let mut shifted = " ".repeat(content.start.saturating_sub(1));
    shifted.push('\n');
    for line in body.split_inclusive('\n') {
        let cut = width(line).min(indent);
        shifted.push_str(&"\n".repeat(cut));
        shifted.push_str(line.get(cut..).unwrap_or_default());
    }
    shifted
}

/// The problem at its place in the file.
fn placed(problem: Problem, path: &str, (shifted, text): (&str, &str), places: &(LineIndex, LineIndex)) -> Problem {
    let (from, to) = places;
    let position = problem.line.map(|line| {
        let start = from.start_of(line);
        let rest = shifted.get(start..).unwrap_or_default();
        let before = rest.chars().take(problem.column.unwrap_or(1).saturating_sub(1)).map(char::len_utf8);
        to.position(text, start + before.sum::<usize>())
    });
    let problem = Problem { path: Some(path.to_owned()), ..problem };
    match position {
        Some(position) => problem.at(position),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::document::{Body, parse};
    use crate::scan::limits::Limits;

    /// The instructions of the Dockerfiles in a file, each as `line: text`.
    fn check(path: &str, text: &str, expected: &[&str]) {
        let file = parse(path, text, &Limits::default());
        assert!(file.problems.iter().all(|problem| !problem.cause.leaves_unjudged()), "{:?}", file.problems);
        let mut shown = Vec::new();
        for document in &file.documents {
            let Body::Dockerfile(dockerfile) = &document.body else { continue };
            for instruction in &dockerfile.instructions {
                let line = text[..instruction.span.start].matches('\n').count() + 1;
                shown.push(format!("{line}: {} {}", instruction.keyword.name(), instruction.scripts.len()));
            }
        }
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn dockerfiles_in_compose_files_and_builds_are_read_at_their_place() {
        check(
            "compose.yaml",
            "services:\n  web:\n    build:\n      dockerfile_inline: |\n        FROM alpine:3.21\n        # hadolint ignore=DL3018\n        RUN apk add curl && \\\n            curl -V\n        RUN <<EOF\n        echo a\n        EOF\n        USER app\n  db: {image: postgres}\n",
            &["5: FROM 0", "7: RUN 1", "9: RUN 2", "12: USER 0"],
        );
        check(
            "build.yaml",
            "apiVersion: build.openshift.io/v1\nkind: BuildConfig\nmetadata: {name: a}\nspec:\n  source:\n    dockerfile: |-\n      FROM ubi9\n      RUN a\n",
            &["7: FROM 0", "8: RUN 1"],
        );
        check("compose.yaml", "services: {web: {build: {dockerfile_inline: FROM alpine}}}\n", &[]);
    }

    #[test]
    fn a_mistake_is_named_at_its_place() {
        let text =
            "services:\n  web:\n    build:\n      dockerfile_inline: |\n        FROM alpine:3.21\n        FORM x\n";
        let file = parse("compose.yaml", text, &Limits::default());
        let places: Vec<_> =
            file.problems.iter().map(|problem| (problem.line, problem.column, problem.path.is_some())).collect();
        assert_eq!(places, [(Some(6), Some(9), true)]);
    }
}
