//! Whose settings count.
//!
//! Invariant: nothing that a pull request proposes decides about that pull request.

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// Settings under which a privileged pod passes.
const LENIENT: &str = "fail-on: never\nrules:\n  kubernetes/privileged-container: off\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_that_switches_rules_off_is_judged_by_the_base() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fork(REPOSITORY, "eve/shop");
    let edits = [Edit::write(".github/dockgate.yml", LENIENT), Edit::write("web.yaml", &privileged_pod("web"))];
    let head = gate.github.push("eve/shop", "evil", &edits);
    let number = gate.github.open_pull(REPOSITORY, "eve/shop", "evil");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert!(gate.github.state().repositories[REPOSITORY].runs.iter().any(|found| found.id == run.id));
    assert!(!gate.github.pull(REPOSITORY, number).comments.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_of_the_repository_cannot_waive_itself_either() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let waiver = "waivers:\n  - rule: kubernetes/privileged-container\n    paths: ['**']\n    until: 2099-12-31\n    \
                  owner: eve\n    reason: because\n";
    let edits = [Edit::write(".github/dockgate.yml", waiver), Edit::write("web.yaml", &privileged_pod("web"))];
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_base_count() {
    let gate = Gate::start(&[(".github/dockgate.yml", LENIENT)]).await;
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    let named = pull.comments.iter().any(|comment| comment.body.contains("kubernetes/privileged-container"));
    assert!(!named, "{:#?}", pull.comments);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_settings_are_said_and_pass_nothing() {
    let gate = Gate::start(&[(".github/dockgate.yml", "fail_on: never\n")]).await;
    let (number, head) = gate.open("clean", &[Edit::write("web.yaml", &pod("web"))]).await;
    let clean = gate.verdict(&head).await;
    let said = format!("{:?}{:?}", clean.summary, clean.text);
    assert!(said.contains("dockgate.yml") && said.contains("fail-on"), "{said}");
    assert_ne!(clean.conclusion.as_deref(), Some("success"), "{clean:#?}");
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty());
    let (_, head) = gate.open("bad", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("failure"));
    gate.assert_sound();
}

/// A cluster's own policy: not more than so many replicas.
fn replica_limit(most: u32) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: replica-limit}}
spec:
  matchConstraints:
    resourceRules:
      - {{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}}
  validations:
    - {{expression: object.spec.replicas <= {most}, message: at most {most} replicas}}
"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_s_own_policies_judge_as_they_stand_on_the_base() {
    use crate::fake_github::fault::FaultKind;
    let deployment = |replicas: u32| {
        let pod = pod("web").replace("apiVersion: v1\nkind: Pod\n", "").replace('\n', "\n    ");
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: web}}}}\n  template:\n    {}\n",
            pod.trim_end()
        )
    };
    let settings = "admission: {paths: [cluster/policies]}\n";
    for (policy, without_git) in [
        ("cluster/policies/limit.yaml", false),
        ("cluster/policies/limit.yaml", true),
        (".github/dockgate/limit.yaml", false),
    ] {
        let gate = Gate::start(&[
            (".github/dockgate.yml", settings),
            (policy, &replica_limit(5)),
            ("cluster/policies/x.yaml", "a: 1\n"),
        ])
        .await;
        if without_git {
            gate.github.fail("", "git-upload-pack", 1000, FaultKind::Status(404));
        }
        let edits = [Edit::write("web.yaml", &deployment(7)), Edit::write(policy, &replica_limit(100))];
        let (run, _) = gate.judge(&edits).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{policy}: {run:#?}");
        let told = format!("{:?}", run.annotations);
        assert!(told.contains("at most 5 replicas") && told.contains("admission/replica-limit"), "{policy}: {told}");
        let at = crate::fixtures::line_of(&deployment(7), "replicas");
        assert!(run.annotations.iter().any(|note| note["path"] == "web.yaml" && note["start_line"] == at), "{told}");
        let (_, head) = gate.open("within", &[Edit::write("web.yaml", &deployment(5))]).await;
        assert_eq!(gate.verdict(&head).await.conclusion.as_deref(), Some("success"), "{policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_of_the_organisation_apply() {
    let github = FakeGitHub::start().await;
    github.create_repository("acme/.github", &[("dockgate.yml", LENIENT)]);
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let gate = Gate::start_for(github, &[]).await;
    let (run, _) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_read_pass_nothing() {
    use crate::fake_github::fault::FaultKind;
    // Blocks by these settings only: read as absent, they would let it pass.
    let gate = Gate::start(&[(".github/dockgate.yml", "fail-on: low\n")]).await;
    gate.github.fail("POST", "graphql", 1, FaultKind::Status(502));
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Status(502));
    let (run, _) = gate.judge(&[Edit::write("Dockerfile", "FROM debian:12.11-slim\nUSER 1000\n")]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "it is tried again: {run:#?}");
    assert!(gate.github.state().faults.is_empty(), "both struck");
    gate.assert_sound();
}
