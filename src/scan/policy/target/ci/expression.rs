//! Expressions of GitHub Actions, `${{ … }}`, and which of them hold what an outsider wrote.
//!
//! **Invariant**: one pass over the text; only a context whose value comes back as text is named, never one that is
//! merely compared or tested.
//!
//! # Source
//! GitHub's "Security hardening for GitHub Actions", and its security lab's list of contexts that outsiders control.

use crate::scan::span::Span;

/// Contexts that an outsider can write, in lower case, with `*` for an index.
pub(super) const UNTRUSTED: [&str; 42] = [
    "github.head_ref",
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.pull_request.head.label",
    "github.event.pull_request.head.repo.default_branch",
    "github.event.pull_request.head.repo.description",
    "github.event.pull_request.head.repo.homepage",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.review_comment.body",
    "github.event.discussion.title",
    "github.event.discussion.body",
    "github.event.changes.title.from",
    "github.event.changes.body.from",
    "github.event.pages.*.page_name",
    "github.event.pages.*.title",
    "github.event.commits.*.message",
    "github.event.commits.*.author.name",
    "github.event.commits.*.author.email",
    "github.event.commits.*.committer.name",
    "github.event.commits.*.committer.email",
    "github.event.head_commit.message",
    "github.event.head_commit.author.name",
    "github.event.head_commit.author.email",
    "github.event.head_commit.committer.name",
    "github.event.head_commit.committer.email",
    "github.event.workflow_run.head_branch",
    "github.event.workflow_run.display_title",
    "github.event.workflow_run.head_commit.message",
    "github.event.workflow_run.head_commit.author.name",
    "github.event.workflow_run.head_commit.author.email",
    "github.event.workflow_run.head_commit.committer.name",
    "github.event.workflow_run.head_commit.committer.email",
    "github.event.workflow_run.head_repository.description",
    "github.event.workflow_run.pull_requests.*.head.ref",
    "github.event.check_suite.head_branch",
    "github.event.check_suite.head_commit.message",
    "github.event.check_run.check_suite.head_branch",
    "github.event.merge_group.head_commit.message",
];

/// Objects that hold such a context, which `toJSON` prints whole.
const HOLDERS: [&str; 12] = [
    "github",
    "github.event",
    "github.event.issue",
    "github.event.pull_request",
    "github.event.pull_request.head",
    "github.event.comment",
    "github.event.review",
    "github.event.discussion",
    "github.event.commits",
    "github.event.head_commit",
    "github.event.workflow_run",
    "github.event.changes",
];

/// Functions that give back no text of their arguments.
const TESTS: [&str; 4] = ["contains", "startswith", "endswith", "hashfiles"];

/// The expressions in `raw`: the place of each with its `${{` and `}}`, and what stands between them.
pub(super) fn expressions(raw: &str) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = raw.get(from..).and_then(|rest| rest.find("${{")).map(|at| from + at) {
        let Some(end) = end_of(raw, start + 3) else { break };
        found.push((Span::new(start, end + 2), raw.get(start + 3..end).unwrap_or_default()));
        from = end + 2;
    }
    found
}

/// Where the `}}` of an expression begins, strings skipped; a string that does not end counts as text.
fn end_of(raw: &str, from: usize) -> Option<usize> {
    let rest = raw.get(from..)?;
    let plain = rest.find("}}")?;
    let bytes = rest.as_bytes();
    let mut at = 0;
    let mut in_string = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\'' => in_string = !in_string,
            b'\n' if in_string => break,
            b'}' if !in_string && bytes.get(at + 1) == Some(&b'}') => return Some(from + at),
            _ => {}
        }
        at += 1;
    }
    Some(from + plain)
}

/// The contexts of an expression whose text comes back and that `is_untrusted` says.
pub(super) fn untrusted(body: &str, taints: impl Fn(&str) -> bool) -> bool {
    let uses = uses(body);
    uses.iter().any(|found| {
        !found.is_tested && (is_untrusted(&found.context, found.is_printed_whole) || taints(&found.context))
    })
}

fn is_untrusted(context: &str, is_printed_whole: bool) -> bool {
    UNTRUSTED.contains(&context) || (is_printed_whole && HOLDERS.contains(&context))
}

/// One use of a context.
struct Use {
    /// In lower case, steps joined by `.`, an index as `*`.
    context: String,
    /// Whether it is compared or tested, so that its text does not come back.
    is_tested: bool,
    /// Whether `toJSON` prints it.
    is_printed_whole: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Context(String),
    Call(String),
    Close,
    Open,
    Comparison,
    Not,
    Other,
}

fn uses(body: &str) -> Vec<Use> {
    let tokens = tokens(body);
    let mut calls: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            Token::Call(name) => calls.push(name),
            Token::Open => calls.push(""),
            Token::Close => drop(calls.pop()),
            Token::Context(context) => {
                let before = index.checked_sub(1).and_then(|before| tokens.get(before));
                let after = tokens.get(index + 1);
                let is_compared = [before, after].contains(&Some(&Token::Comparison)) || before == Some(&Token::Not);
                found.push(Use {
                    context: context.clone(),
                    is_tested: is_compared || calls.iter().any(|name| TESTS.contains(name)),
                    is_printed_whole: calls.contains(&"tojson"),
                });
            }
            Token::Comparison | Token::Not | Token::Other => {}
        }
    }
    found
}

fn tokens(body: &str) -> Vec<Token> {
    let mut reader = Reader { rest: body };
    let mut tokens = Vec::new();
    while let Some(first) = reader.rest.chars().next() {
        if first.is_whitespace() {
            reader.skip(first.len_utf8());
        } else if first == '\'' {
            reader.string();
            tokens.push(Token::Other);
        } else if first.is_ascii_alphabetic() || first == '_' {
            tokens.push(reader.name());
        } else {
            tokens.push(reader.symbol());
        }
    }
    tokens
}

struct Reader<'b> {
    rest: &'b str,
}

impl<'b> Reader<'b> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> &'b str {
        let end = self.rest.find(|letter| !is_part(letter)).unwrap_or(self.rest.len());
        let taken = self.rest.get(..end).unwrap_or_default();
        self.skip(end);
        taken
    }

    /// The text of a string; `''` within it is a quote.
    fn string(&mut self) -> &'b str {
        self.skip(1);
        let text = self.take_while(|letter| letter != '\'');
        self.skip(1);
        text
    }

    fn symbol(&mut self) -> Token {
        for operator in ["==", "!=", "<=", ">="] {
            if self.rest.starts_with(operator) {
                self.skip(2);
                return Token::Comparison;
            }
        }
        let first = self.rest.chars().next().unwrap_or(' ');
        self.skip(first.len_utf8());
        match first {
            '<' | '>' => Token::Comparison,
            '!' => Token::Not,
            '(' => Token::Open,
            ')' => Token::Close,
            _ => Token::Other,
        }
    }

    /// A function that is called, or a context with its steps.
    fn name(&mut self) -> Token {
        let mut context = self.word();
        if self.after_blanks().starts_with('(') {
            self.skip_blanks();
            self.skip(1);
            return Token::Call(context);
        }
        loop {
            let next = self.after_blanks();
            if next.starts_with('.') {
                self.skip_blanks();
                self.skip(1);
                self.skip_blanks();
                let step = if self.rest.starts_with('*') {
                    self.skip(1);
                    "*".to_owned()
                } else {
                    self.word()
                };
                context.push('.');
                context.push_str(&step);
            } else if next.starts_with('[') {
                self.skip_blanks();
                self.skip(1);
                context.push('.');
                context.push_str(&self.index());
            } else {
                return Token::Context(context);
            }
        }
    }

    fn word(&mut self) -> String {
        self.take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-')).to_ascii_lowercase()
    }

    /// What stands in brackets: a name in quotes, or any index, which counts as `*`.
    fn index(&mut self) -> String {
        self.skip_blanks();
        let name = if self.rest.starts_with('\'') { self.string().to_ascii_lowercase() } else { "*".to_owned() };
        self.take_while(|letter| letter != ']');
        self.skip(1);
        name
    }

    fn after_blanks(&self) -> &'b str {
        self.rest.trim_start()
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: bool) {
        assert_eq!(untrusted(body, |context| context == "env.title"), expected, "{body}");
    }

    #[test]
    fn what_outsiders_write_is_known_in_every_spelling() {
        for body in [
            "github.event.issue.title",
            " github.event.pull_request.head.ref ",
            "GitHub.Event.Issue.Title",
            "github.event['issue']['title']",
            "github . event . issue . title",
            "github.event.commits[0].message",
            "github.event.commits.*.message",
            "github.head_ref || github.run_id",
            "format('{0}', github.event.comment.body)",
            "toJSON(github.event)",
            "toJSON(github.event.commits)",
            "github.ref == 'x' && github.head_ref || 'y'",
            "env.TITLE",
        ] {
            check(body, true);
        }
    }

    #[test]
    fn what_is_compared_or_written_by_trusted_people_is_not() {
        for body in [
            "github.event.pull_request.number",
            "github.event.pull_request.head.sha",
            "github.event.pull_request.base.ref",
            "github.sha",
            "github.event.issue.title == 'x'",
            "'x' != github.head_ref",
            "!github.head_ref",
            "contains(github.event.comment.body, '/run')",
            "startsWith( github.head_ref, 'release/') && 'a' || 'b'",
            "'github.head_ref'",
            "github.event",
            "steps.x.outputs.title",
            "env.OTHER",
            "",
        ] {
            check(body, false);
        }
    }

    #[test]
    fn expressions_end_where_github_ends_them() {
        let bodies = |raw: &str| expressions(raw).iter().map(|(_, body)| body.trim().to_owned()).collect::<Vec<_>>();
        assert_eq!(bodies("a ${{ x }} b ${{ '}}' }}"), ["x", "'}}'"]);
        assert_eq!(bodies("${{ it's }}\nlater's ${{ y }}"), ["it's", "y"]);
        assert_eq!(bodies("$ {{ x }} ${x} ${{ open"), Vec::<String>::new());
    }
}
