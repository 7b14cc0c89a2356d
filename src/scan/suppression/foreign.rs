//! The suppressions of other tools: those that name a rule of theirs which is also one of ours are obeyed, so that
//! nobody has to write them anew.
//!
//! | tool | form | reach |
//! |---|---|---|
//! | trivy | `# trivy:ignore:ID[:exp:2026-12-31]` | its line or the next |
//! | checkov | `# checkov:skip=ID:reason`, annotation `checkov.io/skip1: ID=reason` | the file, the object |
//! | hadolint | `# hadolint ignore=ID,ID`, `# hadolint global ignore=ID` | the next instruction, the file |
//! | buildkit | `# check=skip=NAME,NAME` | the file |
//! | kube-linter | annotation `ignore-check.kube-linter.io/CHECK: reason` | the object |
//! | polaris | annotation `polaris.fairwinds.com/CHECK-exempt: "true"` | the object |
//! | kube-score | annotation `kube-score/ignore: CHECK,CHECK` | the object |
//! | gitleaks, betterleaks | `# gitleaks:allow`, `# betterleaks:allow` | secrets of its line |
//! | trufflehog, kingfisher | `# trufflehog:ignore`, `# kingfisher:ignore` | secrets of its line |
//! | detect-secrets | `# pragma: allowlist secret`, `# pragma: allowlist nextline secret` | secrets of its line, of the next |
//! | ggshield | `# ggignore` | secrets of its line |
//! | bandit, gosec | `# nosec B105`, `#nosec G101` | secrets of its line |
//!
//! Invariant: what silences a whole tool names no rule, so it silences none of ours: it is reported.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind, packed};

use super::super::document::Body;
use super::super::document::node::{Entry, Node, Value};
use super::super::span::Span;
use super::names::Names;
use super::{ALL_SECRETS, Reach, Source, comment};

/// What stands for a reason that is not given.
const NO_REASON: &str = "no reason given";

/// A suppression of another tool.
#[derive(Debug)]
pub(super) struct Foreign {
    /// The tool, as `aliases` of policies write it.
    pub tool: &'static str,
    /// Our rules that it names.
    pub rules: Vec<String>,
    /// The reason it gives.
    pub reason: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Its place.
    pub span: Span,
    /// What it is meant for.
    pub reach: Reach,
}

/// What was read of other tools' suppressions.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub suppressions: Vec<Foreign>,
    /// Those that name no rule, with what is said about them.
    pub refused: Vec<(Span, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Trivy,
    Checkov,
    Hadolint,
    Kics,
    BuildKit,
    Annotation,
    /// A tool that looks for secrets: all of its line are meant.
    Secrets(&'static str),
    DetectSecrets,
    NoSec,
}

const FORMS: [(&str, Form); 18] = [
    ("trivy:ignore:", Form::Trivy),
    ("checkov:skip=", Form::Checkov),
    ("hadolint ", Form::Hadolint),
    ("kics-scan ", Form::Kics),
    ("check=skip=", Form::BuildKit),
    ("checkov.io/skip", Form::Annotation),
    ("kube-linter.io/", Form::Annotation),
    ("polaris.fairwinds.com/", Form::Annotation),
    ("kube-score/ignore", Form::Annotation),
    ("gitleaks:allow", Form::Secrets("gitleaks")),
    ("betterleaks:allow", Form::Secrets("betterleaks")),
    ("trufflehog:ignore", Form::Secrets("trufflehog")),
    ("kingfisher:ignore", Form::Secrets("kingfisher")),
    ("ggignore", Form::Secrets("ggshield")),
    ("pragma: allowlist ", Form::DetectSecrets),
    ("pragma: whitelist ", Form::DetectSecrets),
    ("nosec ", Form::NoSec),
    ("#nosec ", Form::NoSec),
];
/// The rules of bandit and gosec that are about secrets.
const NOSEC_SECRETS: [&str; 4] = ["B105", "B106", "B107", "G101"];

/// The suppressions of other tools in a file.
pub(super) fn find(file: Source<'_>, names: &Names<'_>) -> Found {
    let (mut reader, mut has_annotations) = (Reader { file, names, found: Found::default() }, false);
    for (start, (text, form)) in hits(file.text) {
        match form {
            Form::Annotation => has_annotations = true,
            form => reader.comment(form, text, start),
        }
    }
    if has_annotations {
        for object in file.parsed.objects() {
            let own = object.node.get("metadata");
            // The metadata of a Pod are those of its object.
            let pod = object.pod().and_then(|pod| pod.metadata.as_ref());
            let template = pod.filter(|pod| own.is_none_or(|own| own.span() != pod.span()));
            for metadata in own.into_iter().chain(template) {
                reader.annotations(metadata, object.node.span());
            }
        }
    }
    reader.found
}

/// Where names of [`FORMS`] stand, the earlier of those that begin at the same place.
fn hits(text: &str) -> Vec<(usize, (&'static str, Form))> {
    static PACKED: OnceLock<Option<packed::Searcher>> = OnceLock::new();
    static FINDER: OnceLock<Option<AhoCorasick>> = OnceLock::new();
    let names = || FORMS.map(|(name, _)| name);
    let form = |hit: aho_corasick::Match| Some((hit.start(), *FORMS.get(hit.pattern().as_usize())?));
    // Quick to build, but not there on every processor.
    if let Some(finder) = PACKED.get_or_init(|| packed::Searcher::new(names())) {
        return finder.find_iter(text).filter_map(form).collect();
    }
    let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(names()).ok();
    let finder = FINDER.get_or_init(build).as_ref();
    finder.into_iter().flat_map(|finder| finder.find_iter(text)).filter_map(form).collect()
}

struct Reader<'f, 'p> {
    file: Source<'f>,
    names: &'f Names<'p>,
    found: Found,
}

impl Reader<'_, '_> {
    fn comment(&mut self, form: Form, name: &str, offset: usize) {
        // Of `#nosec` the sign is the comment's own in one language and part of the name in another.
        let sign = usize::from(name.starts_with('#'));
        let comment = comment::at(self.file, offset).or_else(|| comment::at(self.file, offset + sign));
        let Some(comment) = comment else { return };
        let body = self.file.text.get(offset + name.len()..comment.end).unwrap_or_default().trim();
        let span = Span::new(offset, comment.end);
        match form {
            Form::Trivy => self.trivy(body, span, comment.own_line),
            Form::Checkov => {
                let (ids, reason) = body.split_once(':').unwrap_or((body, ""));
                self.add("checkov", ids, reason, span, Reach::File);
            }
            Form::Hadolint => {
                let (reach, body) = match body.strip_prefix("global ") {
                    Some(body) => (Reach::File, body.trim_start()),
                    None => (self.next_instruction(span, comment.own_line), body),
                };
                let ids = body.strip_prefix("ignore").map(str::trim_start).and_then(|body| body.strip_prefix('='));
                if let Some(ids) = ids {
                    let is_id = |next: char| next.is_ascii_alphanumeric() || matches!(next, ',' | ' ');
                    let end = ids.find(|next| !is_id(next)).unwrap_or(ids.len());
                    let (ids, reason) = ids.split_at(end);
                    self.add("hadolint", ids, reason.trim_start_matches(['#', '-', ' ']), span, reach);
                }
            }
            Form::Kics => self.refuse("KICS", span),
            Form::BuildKit => self.add("buildkit", body.split(';').next().unwrap_or_default(), "", span, Reach::File),
            Form::Secrets(tool) => self.secrets(tool, span, false),
            Form::DetectSecrets => match body.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["secret", ..] => self.secrets("detect-secrets", span, false),
                ["nextline", "secret", ..] => self.secrets("detect-secrets", span, true),
                _ => {}
            },
            Form::NoSec => {
                let mut ids = body.split([',', ' ', ':']).filter(|id| !id.is_empty());
                if ids.any(|id| NOSEC_SECRETS.contains(&id)) {
                    self.secrets("nosec", span, false);
                }
            }
            Form::Annotation => {}
        }
    }

    /// Notes that all secrets are meant of the line that a comment stands on, or of the next one.
    fn secrets(&mut self, tool: &'static str, span: Span, is_next: bool) {
        let line = self.file.lines.line(span.start) + usize::from(is_next);
        let (rules, reach) = (vec![ALL_SECRETS.to_owned()], Reach::Line { line, inside: false });
        self.found.suppressions.push(Foreign { tool, rules, reason: NO_REASON.to_owned(), until: None, span, reach });
    }

    /// Several may stand on one line: `# trivy:ignore:A trivy:ignore:B`.
    fn trivy(&mut self, body: &str, span: Span, own_line: bool) {
        let reach = self.next_instruction(span, own_line);
        let words = body.split_whitespace().map(|word| word.strip_prefix("trivy:ignore:").unwrap_or(word));
        for word in words {
            let (id, rest) = word.split_once(':').unwrap_or((word, ""));
            let until = rest.strip_prefix("exp:").map(|day| day.split(':').next().unwrap_or(day).to_owned());
            let before = self.found.suppressions.len();
            self.add("trivy", id, "", span, reach);
            for suppression in self.found.suppressions.iter_mut().skip(before) {
                suppression.until.clone_from(&until);
            }
        }
    }

    /// In a Dockerfile a comment is meant for the whole instruction below it.
    fn next_instruction(&self, span: Span, own_line: bool) -> Reach {
        let line = comment::target_line(self.file, span, own_line);
        let instructions = self.file.parsed.documents.iter().find_map(|document| match &document.body {
            Body::Dockerfile(dockerfile) => Some(dockerfile.instructions.as_slice()),
            Body::Tree(_) => None,
        });
        let start = self.file.lines.line_span(self.file.text, line);
        let begins = |span: &Span| start.start <= span.start && span.start <= start.end;
        let below = instructions.and_then(|all| all.iter().map(|one| one.span).find(begins));
        below.map_or(Reach::Line { line, inside: false }, Reach::Within)
    }

    fn annotations(&mut self, metadata: &Node, object: Span) {
        let within = Reach::Within(object);
        for entry in metadata.get("annotations").map_or(&[][..], Node::entries) {
            let (key, span) = (&*entry.key, Span::new(entry.key_span.start, entry.value.span().end));
            let value = text_of(entry);
            if key.starts_with("checkov.io/skip") {
                let (id, reason) = value.split_once('=').unwrap_or((value, ""));
                self.add("checkov", id, reason, span, within);
            } else if let Some(check) = key.strip_prefix("ignore-check.kube-linter.io/") {
                self.add("kube-linter", check, value, span, within);
            } else if key == "kube-score/ignore" {
                self.add("kube-score", value, "", span, within);
            } else if key == "kube-linter.io/ignore-all" {
                self.refuse("kube-linter", span);
            } else if let Some(check) = key.strip_prefix("polaris.fairwinds.com/") {
                match check.strip_suffix("-exempt") {
                    Some(check) if is_true(entry) => self.add("polaris", check, "", span, within),
                    None if check == "exempt" && is_true(entry) => self.refuse("Polaris", span),
                    Some(_) | None => {}
                }
            }
        }
    }

    /// Notes a suppression, when any of its `ids`, separated by commas, names a rule of ours.
    fn add(&mut self, tool: &'static str, ids: &str, reason: &str, span: Span, reach: Reach) {
        let ids = ids.split(',').map(str::trim).filter(|id| !id.is_empty());
        let rules: Vec<String> = ids.flat_map(|id| self.names.of(tool, id)).map(|rule| (*rule).to_owned()).collect();
        if rules.is_empty() {
            return;
        }
        let reason = if reason.trim().is_empty() { NO_REASON } else { reason.trim() };
        self.found.suppressions.push(Foreign { tool, rules, reason: reason.to_owned(), until: None, span, reach });
    }

    fn refuse(&mut self, tool: &str, span: Span) {
        let message = format!(
            "this comment of {tool} names no rule of dockgate and is not obeyed: write `dockgate:ignore RULE -- reason`"
        );
        self.found.refused.push((span, message));
    }
}

fn text_of(entry: &Entry) -> &str {
    match entry.value.value() {
        Value::String(text) => text,
        _ => "",
    }
}

fn is_true(entry: &Entry) -> bool {
    entry.value.as_bool() == Some(true) || text_of(entry).eq_ignore_ascii_case("true")
}

#[cfg(test)]
mod tests;
