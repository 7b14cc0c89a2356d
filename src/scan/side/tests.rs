use super::super::Profile;
use super::super::finding::Severity;
use super::super::policy::PolicyId;
use super::super::scan;
use super::super::snapshot::FileStatus;
use super::*;

const PRIVILEGED: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
    - name: web
      securityContext:
        privileged: true
";
pub(super) const RULE: &str = "kubernetes/privileged-container";

pub(super) fn text(text: &str) -> Content {
    Content::Text(text.into())
}

pub(super) fn change(path: &str, base: Content, head: Content) -> ChangedFile {
    ChangedFile::new(path, None, FileStatus::Modified, base, head)
}

pub(super) fn judge(files: Vec<ChangedFile>) -> Scan {
    scan(&Snapshot { files, whole_tree: false }, PolicySet::builtin(), &ScanOptions::default())
}

/// Judges a tree of which nothing is held, and tells which files are held in the end.
fn judge_unread(files: &[(&str, &str)]) -> (Scan, Vec<String>) {
    let texts: BTreeMap<&str, &str> = files.iter().copied().collect();
    let unread = |path: &&str| ChangedFile::standing(*path, Content::Unread);
    let snapshot = Snapshot { files: texts.keys().map(unread).collect(), whole_tree: true };
    let read = |path: &str| texts.get(path).map_or(Content::Absent, |found| text(found));
    let mut helper = Helper { read: &read, tell: &mut |_| {} };
    let scan = super::super::scan_with(&snapshot, PolicySet::builtin(), &ScanOptions::default(), &mut helper);
    let held = scan.read.keys().cloned().collect();
    (scan, held)
}

#[test]
fn a_text_is_let_go_unless_something_is_found_in_it() {
    let good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n, labels: {pod-security.kubernetes.io/enforce: baseline}}\n";
    let plain = PRIVILEGED.replace("privileged: true", "procMount: Default");
    let pod = PRIVILEGED.replace("name: p}", "name: p, namespace: n}");
    let files = [("a.yaml", good), ("b.yaml", pod.as_str()), ("c.yaml", plain.as_str()), ("z.yaml", namespace)];
    let (scan, held) = judge_unread(&files);
    let whole = files.map(|(path, content)| ChangedFile::standing(path, text(content))).to_vec();
    let snapshot = Snapshot { files: whole, whole_tree: true };
    let all_held = super::super::scan(&snapshot, PolicySet::builtin(), &ScanOptions::default());
    assert_eq!(scan.head.findings, all_held.head.findings);
    assert_eq!((scan.head.files, &scan.head.problems), (4, &all_held.head.problems));
    assert!(found(&scan.head, RULE).first().unwrap().message.contains("enforces baseline"));
    let with_findings: BTreeSet<&str> = scan.head.findings.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(held, Vec::from_iter(with_findings));
    assert!(!held.contains(&"a.yaml".to_owned()));
}

#[test]
fn of_much_text_with_findings_only_a_part_is_held() {
    let long = format!("db_password = hunter22\n{}", "\n".repeat(super::MAX_KEPT_BYTES / 2 - 100));
    let (scan, held) = judge_unread(&[("a.ini", &long), ("b.ini", &long), ("c.ini", &long)]);
    assert_eq!(found(&scan.head, "secret/password").len(), 3);
    assert_eq!(held, ["a.ini", "b.ini"]);
}

#[test]
fn a_text_in_windows_1252_is_judged_with_the_columns_of_its_bytes() {
    let bytes = b"# gr\xf6\xdfe\nn\xe4me = x\n\x80 db_password = hunter22\n";
    let content = Content::from_bytes(bytes.to_vec(), &crate::scan::limits::Limits::default());
    let scan = judge(vec![change("a.ini", Content::Absent, content)]);
    let [secret] = found(&scan.head, "secret/password")[..] else { panic!("{:?}", scan.head) };
    assert_eq!((secret.start.line, secret.start.column, secret.end.column), (3, 17, 25));
    assert!(scan.head.problems.is_empty());
}

pub(super) fn found<'s>(side: &'s Side, rule: &str) -> Vec<&'s Finding> {
    side.findings.iter().filter(|finding| finding.rule.as_str() == rule).collect()
}

#[test]
fn a_renamed_file_and_moved_lines_keep_fingerprints() {
    let head = format!("# one more line\n{PRIVILEGED}");
    let file = ChangedFile::new("b.yaml", Some("a.yaml".into()), FileStatus::Renamed, text(PRIVILEGED), text(&head));
    let scan = judge(vec![file]);
    let (base, head) = (found(&scan.base, RULE), found(&scan.head, RULE));
    let [base, head] = [base.first().unwrap(), head.first().unwrap()];
    assert_eq!((base.path.as_str(), base.start.line), ("a.yaml", 8));
    assert_eq!((head.path.as_str(), head.start.line), ("b.yaml", 9));
    assert_eq!(base.fingerprint, head.fingerprint);
}

#[test]
fn only_new_findings_get_an_edit() {
    let added = judge(vec![change("a.yaml", Content::Absent, text(PRIVILEGED))]);
    let edit = found(&added.head, RULE).first().unwrap().edit.clone().unwrap();
    let fixed = edit.apply(PRIVILEGED).unwrap();
    assert!(!fixed.contains("privileged"), "{fixed}");
    let kept = judge(vec![change("a.yaml", text(PRIVILEGED), text(&format!("{PRIVILEGED}\n")))]);
    assert_eq!(found(&kept.head, RULE).first().unwrap().edit, None);
}

#[test]
fn what_a_fixed_finding_spoke_for_is_no_news() {
    let fixed = PRIVILEGED.replace("privileged: true", "runAsUser: 1000");
    let scan = judge(vec![change("a.yaml", text(PRIVILEGED), text(&fixed))]);
    let rule = "kubernetes/privilege-escalation-allowed";
    let fingerprints =
        |side: &Side| found(side, rule).iter().map(|found| found.fingerprint.clone()).collect::<Vec<_>>();
    assert_eq!(fingerprints(&scan.head).len(), 1);
    assert_eq!(fingerprints(&scan.base), fingerprints(&scan.head));
    let unchanged = judge(vec![change("a.yaml", text(PRIVILEGED), text(&format!("{PRIVILEGED}\n")))]);
    assert!(found(&unchanged.base, rule).is_empty());
}

#[test]
fn a_problem_that_the_base_has_is_not_introduced() {
    let broken = format!("{PRIVILEGED}---\na: [1\n");
    let moved = format!("# line\n{broken}");
    let introduced = |base: &str| {
        let scan = judge(vec![change("a.yaml", text(base), text(&moved))]);
        let problems = scan.head.problems.iter().filter(|problem| problem.cause == Cause::Syntax);
        problems.map(|problem| problem.introduced).collect::<Vec<_>>()
    };
    assert_eq!(introduced(&broken), [false]);
    assert_eq!(introduced(PRIVILEGED), [true]);
}

#[test]
fn what_is_not_judged_is_a_problem() {
    let limits = crate::scan::limits::Limits::default();
    for (content, cause) in [
        (Content::from_bytes(b"a\0".to_vec(), &limits), Cause::Binary),
        (Content::from_bytes(b"\xff".to_vec(), &limits), Cause::NotUtf8),
        (Content::Unjudged(Unjudged::Symlink), Cause::Symlink),
        (Content::Unjudged(Unjudged::Submodule), Cause::Submodule),
        (text(&" ".repeat(limits.max_file_bytes + 1)), Cause::Limit),
    ] {
        let scan = judge(vec![change("a", Content::Absent, content)]);
        let causes: Vec<Cause> = scan.head.problems.iter().map(|problem| problem.cause).collect();
        assert_eq!((causes, scan.head.files), (vec![cause], 0));
    }
}

#[test]
fn a_suppression_is_introduced_when_the_base_has_none() {
    let suppressed =
        PRIVILEGED.replace("        priv", &format!("        # dockgate:ignore {RULE} -- needed\n        priv"));
    let introduced = |base: &str| {
        let scan = judge(vec![change("a.yaml", text(base), text(&suppressed))]);
        assert!(found(&scan.head, RULE).is_empty());
        scan.head.suppressed.iter().map(|suppressed| suppressed.introduced).collect::<Vec<_>>()
    };
    assert_eq!(introduced(PRIVILEGED), [true]);
    assert_eq!(introduced(&suppressed), [false]);
    assert_eq!(introduced(&format!("{suppressed}\n")), [false]);
}

#[test]
fn a_team_overrides_adds_and_never_breaks() {
    let own = "\
title: t
severity: low
target: kubernetes.container
deny: container.spec.securityContext.privileged == true
message: m
why: w
fix: f
examples: [{name: denied, deny: [1], text: x}, {name: fine, text: x}]
";
    let override_path = format!(".github/dockgate/{RULE}.yaml");
    let severity = |files: &[(&str, String)]| {
        let (set, problems) = PolicySet::builtin().with_team(files);
        let file = change("a.yaml", Content::Absent, text(PRIVILEGED));
        let scan = scan(&Snapshot { files: vec![file], whole_tree: false }, &set, &ScanOptions::default());
        let found = |rule: &str| found(&scan.head, rule).first().map(|finding| finding.severity);
        ((found(RULE), found("own/rule")), problems.iter().map(|problem| problem.line).collect::<Vec<_>>())
    };
    let builtin = severity(&[]).0.0;
    assert!(builtin > Some(Severity::Low));
    assert_eq!(severity(&[(&override_path, own.into())]), ((Some(Severity::Low), None), vec![]));
    let added = (".github/dockgate/own/rule.yaml", own.to_owned());
    assert_eq!(severity(&[added]), ((builtin, Some(Severity::Low)), vec![]));
    assert_eq!(severity(&[(&override_path, own.replace("deny:", "deni:"))]), ((builtin, None), vec![Some(4)]));
    let unknown_fact = own.replace("container.spec", "container.spek");
    assert_eq!(severity(&[(&override_path, unknown_fact)]), ((builtin, None), vec![Some(4)]));
    assert_eq!(severity(&[("docs/rule.yaml", own.into())]), ((builtin, None), vec![]));
}

#[test]
fn a_policy_that_is_switched_off_is_silent_but_known() {
    let set = PolicySet::builtin().without(|id| id.as_str() == RULE);
    let suppressed =
        PRIVILEGED.replace("        priv", &format!("        # dockgate:ignore {RULE} -- needed\n        priv"));
    let file = change("a.yaml", Content::Absent, text(&suppressed));
    let scan = scan(&Snapshot { files: vec![file], whole_tree: false }, &set, &ScanOptions::default());
    assert!(found(&scan.head, RULE).is_empty() && scan.head.suppressed.is_empty());
    assert!(set.get(&PolicyId::new(RULE)).is_some());
}

#[test]
fn what_only_a_change_can_loosen_is_told_by_the_change_alone() {
    let release = |account: &str| {
        format!(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {{name: a}}\nspec: {{{account}}}\n"
        )
    };
    let (bound, free) = (release("serviceAccountName: a"), release(""));
    let rule = "gitops/flux-service-account-missing";
    let count = |base: Content, head: &str| {
        let scan = judge(vec![change("a.yaml", base, text(head))]);
        (found(&scan.base, rule).len(), found(&scan.head, rule).len())
    };
    assert_eq!(count(text(&bound), &free), (0, 1));
    assert_eq!(count(text(&free), &bound), (0, 0));
    assert_eq!(count(text(&free), &format!("# moved\n{free}")), (0, 0));
    assert_eq!(count(text(&free), &free), (0, 0));
    assert_eq!(count(Content::Absent, &free), (0, 0));
    assert_eq!(count(text(&bound), &format!("{free}---\n{}", free.replace("name: a", "name: b"))), (0, 1));
}

#[test]
fn a_pin_is_lost_only_where_one_is_missing() {
    let steps = |uses: &[&str]| {
        let steps: Vec<String> = uses.iter().map(|uses| format!("{{uses: {uses}}}")).collect();
        format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {}\n", steps.join("\n      - "))
    };
    let commit = format!("a/b@{}", "0".repeat(40));
    let lines = |base: &[&str], head: &[&str]| {
        let scan = judge(vec![change(".github/workflows/x.yml", text(&steps(base)), text(&steps(head)))]);
        found(&scan.head, "ci/gha-action-pin-removed").iter().map(|finding| finding.start.line).collect::<Vec<_>>()
    };
    assert_eq!(lines(&[&commit, "a/b@v1"], &[&commit, "a/b@v1", "c/d@v1"]), [0; 0]);
    assert_eq!(lines(&[&commit], &[&commit, "a/b@v1"]), [0; 0]);
    assert_eq!(lines(&[&commit, "a/b@v1"], &["a/b@v1", "a/b@v1"]), [6]);
    assert_eq!(lines(&["a/b@v1", &commit], &["a/b@v1", "a/b@v2"]), [7]);
    assert_eq!(lines(&["a/b@v1"], &["a/b@v2"]), [0; 0]);
}

/// Judges `file` with the digest of each image that an edit wants; returns the images, and the file with all edits.
fn pinned(path: &str, file: &str) -> (Vec<String>, String) {
    let snapshot = Snapshot { files: vec![change(path, Content::Absent, text(file))], whole_tree: false };
    let mut options = ScanOptions { profile: Profile::All, ..ScanOptions::default() };
    let first = scan(&snapshot, PolicySet::builtin(), &options);
    assert!(first.head.findings.iter().filter(|finding| finding.rule.as_str().contains("image")).count() > 0);
    for image in &first.head.unpinned {
        options.digests.insert(image, format!("sha256:{}", "0b".repeat(32)));
    }
    let second = scan(&snapshot, PolicySet::builtin(), &options);
    assert_eq!(second.head.unpinned, []);
    assert_eq!(second.head.findings.len(), first.head.findings.len());
    let is_pin = |finding: &&Finding| finding.edit.as_ref().is_some_and(|edit| edit.replacement.contains("sha256"));
    let edits: Vec<_> = second.head.findings.iter().filter(is_pin).filter_map(|finding| finding.edit.clone()).collect();
    let images = first.head.unpinned.iter().map(ToString::to_string).collect();
    (images, crate::scan::edit::apply_all(file, &edits).0.replace(&"0b".repeat(32), "B"))
}

#[test]
fn an_image_is_pinned_once_its_digest_is_known() {
    let (images, fixed) = pinned("Dockerfile", "ARG V=3.13.1\nFROM python:${V}\nCOPY --from=acme/x /a /b\n");
    assert_eq!(images, ["python:3.13.1", "acme/x"]);
    assert_eq!(fixed, "ARG V=3.13.1@sha256:B\nFROM python:${V}\nCOPY --from=acme/x:latest@sha256:B /a /b\n");
    let (_, fixed) = pinned("compose.yaml", "services:\n  a: &a {image: 'redis:latest'} # cache\n  b: *a\n");
    assert_eq!(fixed, "services:\n  a: &a {image: 'redis:latest@sha256:B'} # cache\n  b: *a\n");
    let (_, fixed) = pinned("kustomization.yaml", "images:\n  - name: acme/web\n    newTag: latest\n");
    assert_eq!(fixed, "images:\n  - name: acme/web\n    digest: \"sha256:B\"\n    newTag: latest\n");
    let (_, fixed) = pinned("values.yaml", "image:\n  repository: acme/web\n  tag: latest\n  digest:\n");
    assert_eq!(fixed, "image:\n  repository: acme/web\n  tag: latest\n  digest: \"sha256:B\"\n");
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - {name: a, image: nginx}\n";
    assert_eq!(pinned("a.yaml", pod).1, pod.replace("nginx", "nginx:latest@sha256:B"));
}

#[test]
fn a_patch_is_judged_by_what_it_says() {
    let patch = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      hostNetwork: true
      containers:
        - name: web
          image: nginx
          securityContext: {runAsUser: 0}
        - name: log
          securityContext: {privileged: true}
        - name: sync
          securityContext: {capabilities: {add: [SYS_ADMIN]}}
      volumes:
        - {name: s, hostPath: {path: /var/run/docker.sock}}
";
    let rules = |path: &str, kustomization: &str| {
        let files = [("kustomization.yaml", kustomization), (path, patch)];
        let files = files.map(|(path, content)| ChangedFile::standing(path, text(content))).to_vec();
        let scan = scan(&Snapshot { files, whole_tree: true }, PolicySet::builtin(), &ScanOptions::default());
        assert_eq!(scan.head.problems, []);
        scan.head.findings.iter().map(|finding| finding.rule.as_str().to_owned()).collect::<Vec<_>>()
    };
    let of_patch = rules("web.yaml", "resources: [base]\npatches: [{path: web.yaml}]\n");
    let of_resource = rules("web.yaml", "resources: [web.yaml]\n");
    let left_out =
        ["capabilities-not-dropped", "privilege-escalation-allowed", "run-as-non-root-missing", "seccomp-not-set"];
    let is_of_absence = |rule: &String| left_out.iter().any(|name| rule.ends_with(name));
    assert!(left_out.iter().all(|name| of_resource.iter().any(|rule| rule.ends_with(name))), "{of_resource:?}");
    let said: Vec<&String> = of_resource.iter().filter(|rule| !is_of_absence(rule)).collect();
    assert_eq!(of_patch.iter().collect::<Vec<_>>(), said);
    assert_eq!(rules("overlays/web.yaml", "resources: []\n"), of_patch);
}

#[test]
fn a_patch_within_a_kustomization_is_judged_in_its_place() {
    let kustomization = "\
resources: [base]
patches:
  - target: {kind: Deployment}
    patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            containers:
              - name: web
                securityContext:
                  privileged: true
";
    let scan = judge(vec![change("kustomization.yaml", Content::Absent, text(kustomization))]);
    let lines: Vec<_> = found(&scan.head, RULE).iter().map(|finding| finding.start.line).collect();
    assert_eq!((lines, scan.head.findings.len()), (vec![14], 1));
    let edit = scan.head.findings.first().and_then(|finding| finding.edit.as_ref());
    let fixed = edit.and_then(|edit| edit.apply(kustomization));
    assert!(fixed.is_none_or(|fixed| !fixed.contains("privileged")));
}
