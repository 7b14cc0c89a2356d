//! The binary as a person uses it: what it prints and how it ends.

#![allow(clippy::expect_used, clippy::panic, reason = "a failing test says what it expected")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const PRIVILEGED: &str = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: web # the shop
      image: registry.example.com/web:1.2.3
      securityContext:
        privileged: true
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("temporary folder");
    write(folder.path(), files);
    folder
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(path, text).expect("file");
    }
}

fn dockgate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dockgate"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("run dockgate")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(folder: &Path, arguments: &[&str]) -> (Value, i32) {
    let output = dockgate(folder, &[&["scan", "--format", "json"], arguments].concat());
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (value, output.status.code().unwrap_or(-1))
}

#[test]
fn the_cluster_s_own_policies_are_rules_like_others() {
    let policy = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: labelled}\n\
                  spec:\n  matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods]}]}\n  \
                  validations: [{expression: \"has(object.metadata.labels) && 'team' in object.metadata.labels\", message: a team is needed}]\n";
    let quiet = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'registry.example.com/web:1.2.3'}]}\n";
    let files = [(".github/dockgate/labelled.yaml", policy), ("web.yaml", quiet)];
    let rules = |folder: &Path| {
        let (value, _) = json(folder, &["web.yaml"]);
        let all = value["findings"].as_array().expect("findings").clone();
        all.iter().filter(|found| found["rule"] == "admission/labelled").cloned().collect::<Vec<_>>()
    };
    let folder = folder(&files);
    let found = rules(folder.path());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["severity"], &found[0]["message"]), (&"high".into(), &"a team is needed".into()));
    // It is switched off, made milder and suppressed as any other rule is.
    write(folder.path(), &[(".github/dockgate.yml", "rules: {admission/labelled: low}\n")]);
    assert_eq!(rules(folder.path())[0]["severity"], "low");
    write(folder.path(), &[(".github/dockgate.yml", "rules: {admission/labelled: off}\n")]);
    assert!(rules(folder.path()).is_empty());
    write(
        folder.path(),
        &[
            (".github/dockgate.yml", "{}\n"),
            ("web.yaml", &format!("# dockgate:ignore-file admission/labelled -- made by hand\n{quiet}")),
        ],
    );
    let (value, _) = json(folder.path(), &["web.yaml"]);
    assert!(!value.to_string().contains("unknown"), "{value}");
    let tested = dockgate(folder.path(), &["test"]);
    assert_eq!(tested.status.code(), Some(0), "{}", text(&tested.stdout));
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(identity).args(arguments).current_dir(folder).output().expect("run git");
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
}

/// A repository with one commit.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = folder(files);
    git(folder.path(), &["init", "-q", "-b", "main"]);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "first"]);
    folder
}

fn rules(report: &Value, status: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter();
    findings.filter(|f| f["status"] == status).map(|f| f["rule"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_folder_is_judged_and_the_exit_code_tells() {
    let bad = folder(&[("pod.yaml", PRIVILEGED)]);
    let (report, code) = json(bad.path(), &[]);
    assert_eq!(code, 1);
    let finding =
        report["findings"].as_array().and_then(|f| f.iter().find(|f| f["rule"] == "kubernetes/privileged-container"));
    let finding = finding.expect("privileged-container");
    assert_eq!((finding["path"].as_str(), finding["line"].as_u64()), (Some("pod.yaml"), Some(10)));
    assert_eq!(finding["severity"], "high");
    let good = folder(&[("notes.txt", "hello\n")]);
    assert_eq!(json(good.path(), &[]).1, 0);
    assert_eq!(dockgate(good.path(), &["scan", "nowhere"]).status.code(), Some(2));
    assert_eq!(dockgate(good.path(), &["scan", "--fail-on", "loud"]).status.code(), Some(2));
}

#[test]
fn what_does_not_parse_is_named_and_ends_with_two() {
    let broken = folder(&[("a.yaml", "kind: [Pod\n")]);
    let (report, code) = json(broken.path(), &[]);
    assert_eq!(code, 2);
    assert_eq!(report["problems"][0]["path"], "a.yaml");
    assert_eq!(report["problems"][0]["cause"], "syntax");
    assert!(report["problems"][0]["line"].is_u64());
}

#[test]
fn a_threshold_of_the_flag_stands_over_the_settings() {
    let tree = folder(&[("pod.yaml", PRIVILEGED), (".github/dockgate.yml", "fail-on: low\n")]);
    assert_eq!(json(tree.path(), &["--fail-on", "critical"]).1, 0);
    assert_eq!(json(tree.path(), &["--fail-on", "never"]).1, 0);
    assert_eq!(json(tree.path(), &[]).1, 1);
}

#[test]
fn a_profile_and_a_standard_choose_the_rules() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  hostNetwork: true\n  containers:\n    \
               - {name: web, image: \"registry.example.com/web:1.2.3\"}\n";
    let tree = folder(&[("pod.yaml", pod)]);
    let found = |arguments: &[&str]| rules(&json(tree.path(), arguments).0, "introduced");
    let baseline = found(&["--standard", "pss:baseline"]);
    assert_eq!(baseline, ["kubernetes/host-network"]);
    let restricted = found(&["--standard", "pss:restricted"]);
    for rule in ["kubernetes/host-network", "kubernetes/run-as-non-root-missing"] {
        assert!(restricted.contains(&rule.to_owned()), "{restricted:?}");
    }
    let sizes = ["default", "strict", "all"].map(|profile| found(&["--profile", profile]).len());
    assert!(sizes[0] <= sizes[1] && sizes[1] <= sizes[2], "{sizes:?}");
    let unknown = dockgate(tree.path(), &["scan", "--standard", "pss:strict"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("pss:restricted"), "{}", text(&unknown.stderr));
    let listed = dockgate(tree.path(), &["rules", "--standard", "pss:baseline", "--format", "json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("json");
    assert!(listed.as_array().expect("a list").iter().any(|rule| rule["id"] == "kubernetes/host-network"));
}

#[test]
fn a_saved_change_keeps_the_standard_it_was_judged_by() {
    let tree = folder(&[("pod.yaml", PRIVILEGED)]);
    let arguments = ["scan", "--standard", "pss:baseline", "--format", "json", "--save", "saved.json"];
    let first = dockgate(tree.path(), &arguments);
    let again = dockgate(tree.path(), &["replay", "saved.json", "--format", "json"]);
    let findings = |output: &Output| serde_json::from_slice::<Value>(&output.stdout).expect("json")["findings"].clone();
    assert_eq!(findings(&first), findings(&again));
    assert_eq!(findings(&first).as_array().map(Vec::len), Some(1));
}

#[test]
fn facts_and_pages_of_the_rules() {
    let empty = folder(&[]);
    let facts = dockgate(empty.path(), &["rules", "--facts", "--format", "json"]);
    let facts: Value = serde_json::from_slice(&facts.stdout).expect("json");
    let container = facts.as_array().expect("a list").iter().find(|t| t["target"] == "kubernetes.container");
    let container = container.expect("kubernetes.container")["facts"].as_array().expect("facts").clone();
    let privileged = container.iter().find(|fact| fact["fact"] == "container.privileged").expect("a fact");
    for key in ["kind", "doc", "example"] {
        assert!(privileged[key].as_str().is_some_and(|text| !text.is_empty()), "{privileged}");
    }
    let shown = text(&dockgate(empty.path(), &["rules", "--facts"]).stdout);
    assert!(shown.contains("kubernetes.container\n") && shown.contains("settings.kubernetes.minor"), "{shown}");
    assert_eq!(dockgate(empty.path(), &["rules", "--format", "html"]).status.code(), Some(2));
    let pages = dockgate(empty.path(), &["rules", "--format", "html", "--out", "site"]);
    assert_eq!(pages.status.code(), Some(0), "{}", text(&pages.stderr));
    let page = fs::read_to_string(empty.path().join("site/kubernetes/privileged-container.html")).expect("a page");
    assert!(page.contains("KSV-0017"));
    assert!(empty.path().join("site/index.html").is_file());
}

#[test]
fn the_comment_of_another_tool_is_obeyed_and_shown() {
    let dockerfile = "# hadolint ignore=DL3006 -- the base moves with us\nFROM debian\nUSER app\n";
    let repository = repository(&[("Dockerfile", dockerfile)]);
    let (report, _) = json(repository.path(), &[]);
    let suppressed = report["suppressed"].as_array().expect("suppressed");
    let one = suppressed.iter().find(|one| one["rule"] == "dockerfile/base-image-untagged").expect("one");
    assert_eq!(one["suppression"]["tool"], "hadolint");
    assert_eq!(one["suppression"]["reason"], "the base moves with us");
}

#[test]
fn old_findings_are_listed_once_and_block_nothing_after() {
    let folder = folder(&[("pod.yaml", PRIVILEGED)]);
    let written = dockgate(folder.path(), &["baseline"]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written.stderr));
    let (report, code) = json(folder.path(), &[]);
    assert_eq!((rules(&report, "introduced").len(), code), (0, 0), "{report}");
    let old = report["findings"].as_array().expect("findings");
    assert!(old.iter().any(|one| one["note"] == "listed in .github/dockgate-baseline.json"), "{report}");
    // What is new blocks as before, and a second list holds what stands then.
    write(folder.path(), &[("more.yaml", &PRIVILEGED.replace("name: web}", "name: more}"))]);
    assert_eq!(json(folder.path(), &[]).1, 1);
    let shown = dockgate(folder.path(), &["baseline", "--output", "-"]);
    assert!(text(&shown.stdout).contains("more.yaml") && text(&shown.stdout).contains("pod.yaml"));
    write(folder.path(), &[(".github/dockgate-baseline.json", "{}")]);
    let (report, _) = json(folder.path(), &[]);
    assert!(report.to_string().contains("could not be read and counts for nothing"), "{report}");
}

#[test]
fn a_change_does_not_list_its_own_findings() {
    let repository = repository(&[("README.md", "hello\n")]);
    write(repository.path(), &[("pod.yaml", PRIVILEGED)]);
    dockgate(repository.path(), &["baseline"]);
    let (report, code) = json(repository.path(), &["--base", "HEAD"]);
    assert_eq!((rules(&report, "introduced").is_empty(), code), (false, 1), "{report}");
}

#[test]
fn the_lists_and_comments_of_other_secret_scanners_are_read_and_named() {
    let token = ["sk_", "live_", "q8Zt3LkW0vBnY5xRc2HdJ7mP"].concat();
    let line = format!("STRIPE_KEY={token}\n");
    let plain = folder(&[(".env", &line)]);
    assert_eq!(json(plain.path(), &[]).1, 1);
    write(plain.path(), &[(".gitleaksignore", ".env:stripe-access-token:1\n")]);
    let (report, code) = json(plain.path(), &[]);
    assert_eq!((code, report["findings"][0]["note"].as_str()), (0, Some("listed in .gitleaksignore")), "{report}");
    for comment in ["gitleaks:allow", "trufflehog:ignore", "pragma: allowlist secret"] {
        let folder = folder(&[(".env", &format!("STRIPE_KEY={token} # {comment}\n"))]);
        let (report, code) = json(folder.path(), &[]);
        assert_eq!(code, 0, "{comment}: {report}");
        let tool =
            if comment.starts_with("pragma") { "detect-secrets" } else { comment.split(':').next().expect("tool") };
        assert!(report.to_string().contains(tool), "{comment}: {report}");
    }
}

#[test]
fn a_secret_that_a_later_commit_removed_is_leaked_all_the_same() {
    let repository = repository(&[("app.env", "LOG=info\n")]);
    let path = repository.path();
    let token = ["sk_", "live_", "q8Zt3LkW0vBnY5xRc2HdJ7mP"].concat();
    write(path, &[("app.env", &format!("LOG=info\nSTRIPE_KEY={token}\n")), ("gone.env", &format!("A={token}\n"))]);
    git(path, &["add", "-A"]);
    git(path, &["commit", "-q", "-m", "with a key"]);
    write(path, &[("app.env", "LOG=debug\n")]);
    git(path, &["rm", "-q", "gone.env"]);
    git(path, &["commit", "-q", "-am", "without it"]);
    for arguments in [&["--base", "HEAD~2"][..], &["--base", "HEAD~2", "--head", "HEAD"]] {
        let (report, code) = json(path, arguments);
        assert_eq!((code, rules(&report, "introduced")), (1, vec!["secret/stripe-key".to_owned()]), "{report}");
        let finding = &report["findings"][0];
        let message = finding["message"].as_str().expect("a message");
        assert!(message.contains("removed later") && message.contains("revoke it first"), "{message}");
        assert_eq!(finding["line"].as_u64().or(finding["start"]["line"].as_u64()), Some(2), "{finding}");
        assert!(!report.to_string().contains(&token));
    }
    let printed = text(&dockgate(path, &["scan", "--base", "HEAD~2"]).stdout);
    assert!(printed.contains("app.env:2") && !printed.contains(&token), "{printed}");
    // A base that has the commit already makes it nobody's news.
    assert_eq!(json(path, &["--base", "HEAD~1"]).1, 0);
}

#[test]
fn only_what_a_change_introduces_blocks() {
    let repository = repository(&[("old.yaml", PRIVILEGED)]);
    write(repository.path(), &[("old.yaml", &format!("# moved down\n\n{PRIVILEGED}"))]);
    let (report, code) = json(repository.path(), &["--base", "HEAD"]);
    assert_eq!(code, 0, "{report}");
    assert!(rules(&report, "existing").contains(&"kubernetes/privileged-container".to_owned()));
    write(repository.path(), &[("new.yaml", PRIVILEGED)]);
    let (report, code) = json(repository.path(), &["--base", "HEAD"]);
    assert_eq!(code, 1);
    assert!(rules(&report, "introduced").contains(&"kubernetes/privileged-container".to_owned()));
    assert_eq!(json(repository.path(), &["--base", "HEAD", "old.yaml"]).1, 0);
    assert_eq!(json(repository.path(), &["--staged"]).1, 0);
    git(repository.path(), &["add", "new.yaml"]);
    assert_eq!(json(repository.path(), &["--staged"]).1, 1);
    git(repository.path(), &["commit", "-q", "-m", "second"]);
    assert_eq!(json(repository.path(), &["--base", "HEAD~1", "--head", "HEAD"]).1, 1);
    assert_eq!(dockgate(repository.path(), &["scan", "--base", "--output=x"]).status.code(), Some(2));
}

#[test]
fn a_change_does_not_choose_its_own_settings() {
    let repository = repository(&[("notes.txt", "x\n")]);
    let off = "rules: {kubernetes/privileged-container: off}\nfail-on: never\n";
    write(repository.path(), &[("new.yaml", PRIVILEGED), (".github/dockgate.yml", off)]);
    assert_eq!(json(repository.path(), &["--base", "HEAD"]).1, 1);
}

#[test]
fn fix_mends_the_file_and_keeps_its_comments() {
    let tree = folder(&[("pod.yaml", PRIVILEGED)]);
    let output = dockgate(tree.path(), &["scan", "--fix", "--fail-on", "high"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let fixed = fs::read_to_string(tree.path().join("pod.yaml")).expect("pod.yaml");
    assert!(!fixed.contains("privileged: true"), "{fixed}");
    assert!(fixed.contains("- name: web # the shop\n"), "{fixed}");
    // Several edits put something in at one place.
    let again = dockgate(tree.path(), &["scan", "--format", "json"]);
    assert!(!text(&again.stdout).contains("duplicate-key"), "{fixed}");
}

#[test]
fn every_format_prints_something_of_its_own() {
    let tree = folder(&[("pod.yaml", PRIVILEGED)]);
    for (format, mark) in [
        ("human", "kubernetes/privileged-container"),
        ("json", "\"findings\""),
        ("sarif", "\"2.1.0\""),
        ("markdown", "|"),
        ("html", "<!doctype html>"),
        ("github", "::error "),
    ] {
        let output = dockgate(tree.path(), &["scan", "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(
            text(&output.stdout).to_lowercase().contains(&mark.to_lowercase()),
            "{format}: {}",
            text(&output.stdout)
        );
    }
}

#[test]
fn no_format_shows_a_secret() {
    // Written in halves, so that this file holds no secret itself.
    let password = format!("{}{}", "hunter2secret", "X9vQ");
    let token = format!("{}{}", "sk_live_", "4f8Zq1Lm7Rt2Xw9Bv3Nc6Yd0");
    let tree = folder(&[
        ("Dockerfile", &format!("FROM debian:12.11-slim\nENV DB_PASSWORD={password} MODE=fast\nUSER root\n")),
        ("app.env", &format!("URL=postgres://app:{password}@db.internal/app\nKEY={token}\n")),
    ]);
    for format in ["human", "json", "sarif", "markdown", "html", "github"] {
        let output = dockgate(tree.path(), &["scan", "--format", format]);
        let shown = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(shown.contains("secret"), "{format} finds them");
        assert!(!shown.contains(&password) && !shown.contains(&token), "{format} shows a secret: {shown}");
    }
}

#[test]
fn a_saved_change_gives_the_same_verdict() {
    let repository = repository(&[("old.yaml", PRIVILEGED)]);
    write(repository.path(), &[("new.yaml", PRIVILEGED)]);
    let (_, code) = json(repository.path(), &["--base", "HEAD", "--save", "saved.json"]);
    let (first, second) = (
        dockgate(repository.path(), &["replay", "--format", "json", "saved.json"]),
        dockgate(repository.path(), &["replay", "--format", "json", "saved.json"]),
    );
    assert_eq!(first.status.code(), Some(code));
    assert_eq!(first.stdout, second.stdout);
    let report: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    assert!(rules(&report, "introduced").contains(&"kubernetes/privileged-container".to_owned()));
}

#[test]
fn a_delivery_without_credentials_says_what_is_missing() {
    let here = folder(&[("ping.json", r#"{"event": "ping", "payload": {}}"#), ("other.json", r#"{"some": "thing"}"#)]);
    for (file, expected) in [("ping.json", "asks for no check"), ("other.json", "not a saved change")] {
        let output = dockgate(here.path(), &["replay", file]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(expected), "{}", text(&output.stderr));
    }
}

#[test]
fn rules_are_listed_explained_and_found_by_other_names() {
    let here = folder(&[]);
    let list = dockgate(here.path(), &["rules", "--format", "json"]);
    let list: Value = serde_json::from_slice(&list.stdout).expect("JSON");
    let list = list.as_array().expect("a list");
    assert!(list.len() >= 38, "{} rules", list.len());
    for rule in list {
        for field in ["id", "title", "category", "severity", "target", "standards", "aliases", "enabled"] {
            assert!(!rule[field].is_null(), "{field} of {rule}");
        }
    }
    assert!(text(&dockgate(here.path(), &["rules", "KSV-0017"]).stdout).contains("kubernetes/privileged-container"));
    let unknown = dockgate(here.path(), &["rules", "kubernetes/priviledged-container"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean \"kubernetes/privileged-container\"?"));
}

/// The YAML block of the README that begins with `start`.
fn readme_block(start: &str) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let block = readme.split("```yaml\n").find(|block| block.starts_with(start)).expect("a block of the README");
    block.split("```").next().unwrap_or_default().to_owned()
}

fn own_policy() -> String {
    readme_block("title: Deployment has one replica")
}

#[test]
fn the_settings_of_the_readme_are_the_defaults() {
    let settings = readme_block("fail-on: high");
    let tree = folder(&[(".github/dockgate.yml", &settings), ("notes.txt", "hello\n")]);
    let (report, code) = json(tree.path(), &["notes.txt"]);
    assert_eq!((code, report["problems"].as_array().map(Vec::len)), (0, Some(0)), "{report}");
    let out = text(&dockgate(tree.path(), &["doctor"]).stdout);
    let bare = text(&dockgate(folder(&[]).path(), &["doctor"]).stdout);
    for line in bare.lines().filter(|line| line.contains("(default)") && !line.contains("DOCKGATE_")) {
        let value = line.trim().trim_end_matches("(default)");
        assert!(out.contains(value), "{value} differs in the README:\n{out}");
    }
}

#[test]
fn a_team_adds_a_rule_with_one_file() {
    let tree = folder(&[
        (".github/dockgate/team/one-replica.yaml", &own_policy()),
        ("web.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n"),
    ]);
    let tested = dockgate(tree.path(), &["test"]);
    assert_eq!(tested.status.code(), Some(0), "{}", text(&tested.stdout));
    let (report, code) = json(tree.path(), &["web.yaml"]);
    assert_eq!(code, 1, "{report}");
    assert!(rules(&report, "introduced").contains(&"team/one-replica".to_owned()), "{report}");
}

#[test]
fn a_bad_rule_is_named_with_its_line_and_the_nearest_field() {
    let bad = own_policy().replace("severity: high", "sevrity: high");
    let tree = folder(&[(".github/dockgate/team/bad.yaml", &bad)]);
    let tested = dockgate(tree.path(), &["test"]);
    assert_eq!(tested.status.code(), Some(1));
    let out = text(&tested.stdout);
    assert!(out.contains("bad.yaml:2") && out.contains("severity"), "{out}");
    let (report, code) = json(tree.path(), &["."]);
    assert_eq!(code, 2, "{report}");
}

#[test]
fn doctor_names_what_is_wrong() {
    let tree = folder(&[(".github/dockgate.yml", "fail_on: high\n")]);
    let output = dockgate(tree.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    let out = text(&output.stdout);
    assert!(out.contains("did you mean \"fail-on\"?"), "{out}");
    assert!(out.contains("fail-on = high  (default)"), "{out}");
    assert_eq!(dockgate(folder(&[]).path(), &["doctor"]).status.code(), Some(0));
}

#[test]
fn serve_says_what_it_lacks() {
    // With nothing at all it would set an app up.
    let output = dockgate(folder(&[]).path(), &["serve", "--app-id", "7"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("DOCKGATE_PRIVATE_KEY"));
}

#[test]
fn what_is_shipped_for_clusters_passes_at_the_strictest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (report, code) = json(root, &["--profile", "strict", "deploy"]);
    assert_eq!((code, &report["findings"]), (0, &Value::Array(Vec::new())), "{report:#}");
    assert!(report["files"].as_u64() >= Some(10), "{report:#}");
    // Nobody but the user knows the digest of the image that they build.
    let suppressed: Vec<&str> =
        report["suppressed"].as_array().into_iter().flatten().filter_map(|entry| entry["rule"].as_str()).collect();
    assert_eq!(suppressed, ["kubernetes/image-not-digest-pinned"]);
    let list = fs::read_to_string(root.join("deploy/kubernetes/kustomization.yaml")).expect("kustomization");
    for entry in fs::read_dir(root.join("deploy/kubernetes")).expect("folder") {
        let path = entry.expect("entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("name");
        let is_object = path.extension().is_some_and(|ending| ending == "yaml") && name != "kustomization.yaml";
        assert!(!is_object || list.contains(&format!("- {name}\n")), "{name} is in no kustomization");
    }
}
