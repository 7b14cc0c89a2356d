use super::*;
use crate::scan::admission::AdmissionSet;
use crate::scan::document;
use crate::scan::finding::{Fingerprint, Severity};
use crate::scan::limits::Limits;
use crate::scan::policy::{PolicyId, PolicySet};

const KNOWN: [&str; 3] = ["kubernetes/host-network", "kubernetes/privileged-container", "secret/github-token"];

/// A finding of `rule` on everything between the marks `«` and `»`, which are taken out.
fn marked(path: &str, text: &str, rule: &str) -> (String, Vec<Finding>) {
    let (mut plain, mut findings) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('«') {
        plain.push_str(before);
        let (inside, after) = after.split_once('»').unwrap();
        let span = Span::new(plain.len(), plain.len() + inside.len());
        plain.push_str(inside);
        findings.push((span, inside));
        rest = after;
    }
    plain.push_str(rest);
    let lines = LineIndex::new(&plain);
    let findings = findings.into_iter().map(|(span, _)| Finding {
        rule: PolicyId::new(rule),
        category: if rule.starts_with("secret/") { Category::Secret } else { Category::Security },
        severity: Severity::High,
        path: path.to_owned(),
        span,
        start: lines.position(&plain, span.start),
        end: lines.position(&plain, span.end),
        message: String::new(),
        resource: None,
        fingerprint: Fingerprint::of(&[rule]),
        subjects: Vec::new(),
        edit: None,
        decided_by: None,
    });
    let findings = findings.collect();
    (plain, findings)
}

fn run(path: &str, text: &str, rule: &str, base: &[Suppression]) -> Applied {
    let (text, findings) = marked(path, text, rule);
    let parsed = document::parse(path, &text, &Limits::default());
    let lines = LineIndex::new(&text);
    let known = PolicySet::builtin().iter().filter(|policy| KNOWN.contains(&policy.id.as_str()));
    let set = PolicySet::of(known.cloned());
    apply(
        Source { path, text: &text, lines: &lines, parsed: &parsed },
        findings,
        &Names::new(&set, &AdmissionSet::default()),
        base,
    )
}

/// Checks how many findings stay, how many are suppressed, and the problems as `line:column message`.
fn check(path: &str, text: &str, expected: (usize, usize), problems: &[&str]) {
    let applied = run(path, text, "kubernetes/privileged-container", &[]);
    let show = |problem: &Problem| {
        format!("{}:{} {}", problem.line.unwrap_or_default(), problem.column.unwrap_or_default(), problem.message)
    };
    let shown: Vec<_> = applied.problems.iter().map(show).collect();
    assert_eq!((applied.findings.len(), applied.suppressed.len()), expected, "{path} {text} {shown:?}");
    assert_eq!(shown, problems, "{text}");
}

#[test]
fn a_comment_on_the_line_or_above_it_suppresses() {
    let rule = "dockgate:ignore kubernetes/privileged-container -- accepted by ops";
    check("a.yaml", &format!("a:\n  «b: true» # {rule}\n"), (0, 1), &[]);
    check("a.yaml", &format!("a:\n  # {rule}\n  «b: true»\n"), (0, 1), &[]);
    check("a.yaml", &format!("a:\n  # {rule}\n  # another remark\n  «b: true\n  c: 1»\n"), (0, 1), &[]);
    check(
        "a.yaml",
        &format!("# {rule}\na:\n  «b: true»\n"),
        (1, 0),
        &["1:3 kubernetes/privileged-container finds nothing here: remove the suppression"],
    );
    check(
        "a.yaml",
        &format!("a:\n  «b: true\n  c: 1» # {rule}\n"),
        (1, 0),
        &["3:10 kubernetes/privileged-container finds nothing here: remove the suppression"],
    );
    check("a.yaml", &format!("a: |\n  # {rule}\n  «b»\n"), (0, 1), &[]);
}

#[test]
fn a_whole_file_and_several_rules() {
    check(
        "a.yaml",
        "# dockgate:ignore-file kubernetes/privileged-container -- a test bed\na: «1»\nb: «2»\n",
        (0, 2),
        &[],
    );
    check(
        "a.yaml",
        "# dockgate:ignore kubernetes/host-network, kubernetes/privileged-container -- node agent\na: «1»\n",
        (0, 1),
        &["1:3 kubernetes/host-network finds nothing here: remove the suppression"],
    );
}

#[test]
fn what_cannot_be_obeyed_is_reported() {
    check(
        "a.yaml",
        "a: «1» # dockgate:ignore kubernetes/privileged-container\n",
        (1, 0),
        &["1:8 the suppression gives no reason and is not obeyed: write `dockgate:ignore RULE -- reason`"],
    );
    check(
        "a.yaml",
        "a: «1» # dockgate:ignore -- because\n",
        (1, 0),
        &["1:8 the suppression names no rule and is not obeyed: write `dockgate:ignore RULE -- reason`"],
    );
    check(
        "a.yaml",
        "a: «1» # dockgate:ignore kubernetes/privileged-containers -- because\n",
        (1, 0),
        &["1:8 unknown rule \"kubernetes/privileged-containers\"; did you mean \"kubernetes/privileged-container\"?"],
    );
    check(
        "a.yaml",
        "a: «1» # dockgate:ignore A0b1C2d3 -- because\n",
        (1, 0),
        &["1:8 the suppression names a rule that is not known: `dockgate rules` lists all"],
    );
}

#[test]
fn every_kind_of_file_has_its_own_comments() {
    let rule = "dockgate:ignore kubernetes/privileged-container -- x";
    check("Dockerfile", &format!("FROM a:1\n# {rule}\n«RUN b»\n"), (0, 1), &[]);
    check("Dockerfile", &format!("FROM a:1\n«RUN b && \\\n  # {rule}\n  c»\n"), (0, 1), &[]);
    check("main.go", &format!("// {rule}\n«a»\n"), (0, 1), &[]);
    check("main.go", &format!("s := \"# {rule}\" «a»\n"), (1, 0), &[]);
    check("page.html", &format!("<!-- {rule} -->\n«a»\n"), (0, 1), &[]);
    check("style.unknown", &format!("«a» /* {rule} */\n"), (0, 1), &[]);
    check("app.ini", &format!("; {rule}\n«a»\n"), (0, 1), &[]);
    check("a.sql", &format!("-- {rule}\n«a»\n"), (0, 1), &[]);
    check("README.md", &format!("    # {rule}\n«a»\n"), (1, 0), &[]);
    check("a.json", &format!("{{\"a\": «1»}} # {rule}\n"), (1, 0), &[]);
    check("a.yaml", &format!("a: \"# {rule}\"\nb: «1»\n"), (1, 0), &[]);
}

#[test]
fn only_what_the_base_lacks_is_introduced() {
    let text = "a: «1» # dockgate:ignore kubernetes/privileged-container -- x\n";
    let twice = format!("{text}b: «2» # dockgate:ignore kubernetes/privileged-container -- y\n");
    let base = run("a.yaml", text, "kubernetes/privileged-container", &[]).suppressions;
    let marks = |base: &[Suppression]| -> Vec<bool> {
        let applied = run("a.yaml", &twice, "kubernetes/privileged-container", base);
        applied.suppressed.iter().map(|suppressed| suppressed.introduced).collect()
    };
    assert_eq!(marks(&[]), [true, true]);
    assert_eq!(marks(&base), [false, true]);
}

#[test]
fn a_reason_that_holds_a_secret_is_withheld() {
    let text = "a: 1 # dockgate:ignore secret/github-token -- the token is «hunter2»\n";
    let applied = run("a.yaml", text, "secret/github-token", &[]);
    assert_eq!(applied.suppressed.len(), 1);
    assert!(!format!("{applied:?}").contains("hunter2"));
}
