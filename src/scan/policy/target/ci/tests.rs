use super::super::probe::{assert_documented, check, read};
use super::*;
use crate::scan::document::parse;
use crate::scan::limits::Limits;

const WORKFLOW: &str = ".github/workflows/ci.yml";

fn steps(steps: &str) -> String {
    format!("on: [push]\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n{steps}")
}

#[test]
fn a_path_and_its_content_make_a_pipeline() {
    let kind = |path: &str, text: &str| parse(path, text, &Limits::default()).kind;
    let workflow = "on: push\njobs: {a: {steps: []}}\n";
    assert_eq!(kind(".github/workflows/a.yaml", workflow), DocumentKind::GithubWorkflow);
    assert_eq!(kind("sub/.github/workflows/a.yml", workflow), DocumentKind::GithubWorkflow);
    assert_eq!(kind("workflows/a.yml", workflow), DocumentKind::Tree);
    assert_eq!(kind("x/action.yml", "runs: {using: composite}\n"), DocumentKind::GithubAction);
    assert_eq!(kind("x/action.yml", "action: 1\n"), DocumentKind::Tree);
    assert_eq!(kind(".gitlab-ci.yml", "build: {script: make}\n"), DocumentKind::GitlabCi);
    assert_eq!(kind("ci/build.gitlab-ci.yml", "build: {script: make}\n"), DocumentKind::GitlabCi);
}

#[test]
fn expressions_are_no_template_of_helm() {
    let text =
        steps("      - run: echo ${{ matrix.a }}\n      - {name: \"${{ matrix.b }}\", run: x}\n      - uses: a/b@v1\n");
    check(Target::GithubStep, WORKFLOW, &text, "step.run", &["echo ${{ matrix.a }}", "x", "null"]);
    check(Target::GithubStep, WORKFLOW, &text, "step.version_kind", &["null", "null", "tag"]);
}

#[test]
fn injections_stand_at_their_expression() {
    let text = steps(
        "      - run: |\n          echo ok\n          echo \"${{ github.event.issue.title }}\"\n      - run: echo ${{ github.sha }}\n      - env: {T: \"${{ github.head_ref }}\"}\n        run: echo $T\n      - env: {T: \"${{ github.head_ref }}\"}\n        run: echo ${{ env.T }}\n      - uses: actions/github-script@v7\n        with: {script: \"return '${{ github.event.comment.body }}'\"}\n",
    );
    let subjects = read(Target::GithubStep, WORKFLOW, &text);
    let places: Vec<Vec<&str>> = subjects
        .iter()
        .map(|subject| {
            let found = subject.facts.at("step.injections").unwrap().items();
            found.iter().map(|item| item.span().of(&text)).collect()
        })
        .collect();
    let expected: [&[&str]; 5] =
        [&["${{ github.event.issue.title }}"], &[], &[], &["${{ env.T }}"], &["${{ github.event.comment.body }}"]];
    assert_eq!(places, expected);
}

#[test]
fn the_nearest_variable_of_a_name_counts() {
    let text = "on: push\nenv: {A: '${{ github.head_ref }}', B: '${{ github.head_ref }}', C: fixed}\njobs:\n  a:\n    env: {B: fixed, C: '${{ env.A }}'}\n    steps:\n      - run: echo ${{ env.A }}\n      - run: echo ${{ env.B }}\n      - run: echo ${{ env.C }}\n      - {run: 'echo ${{ env.A }}', env: {A: fixed}}\n      - {uses: MikeFarah/yq@v4, with: {cmd: '${{ env.A }}'}}\n";
    let subjects = read(Target::GithubStep, WORKFLOW, text);
    let counts = subjects.iter().map(|subject| subject.facts.at("step.injections").unwrap().items().len());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 0, 1, 0, 1]);
}

#[test]
fn the_head_of_a_pull_request_is_known() {
    let text = steps(
        "      - uses: actions/checkout@v4\n        with: {ref: \"${{ github.event.pull_request.head.sha }}\"}\n      - uses: actions/checkout@v4\n        with: {ref: \"${{ github.event.pull_request.base.sha }}\"}\n      - run: gh pr checkout 12\n      - run: git fetch origin pull/12/head\n      - run: echo gh pr checkout\n      - run: npm ci && gh pr checkout 12\n      - run: gh pr checkout 12 && npm ci\n",
    );
    let expected = [
        "${{ github.event.pull_request.head.sha }}",
        "null",
        "gh pr checkout",
        "pull/12/head",
        "null",
        "gh pr checkout",
        "gh pr checkout",
    ];
    check(Target::GithubStep, WORKFLOW, &text, "step.fetches_head", &expected);
    check(Target::GithubStep, WORKFLOW, &text, "step.runs_after", &["true"; 7]);
}

#[test]
fn containers_and_services_are_read_in_both_forms() {
    let text = "on: push\njobs:\n  a:\n    runs-on: [self-hosted, linux]\n    container: node:22\n    services:\n      db:\n        image: docker:dind\n        options: --privileged --name x\n        volumes: ['/var/run/docker.sock:/x']\n      c: {image: '${{ matrix.image }}'}\n  b: {container: {image: x, credentials: {password: '${{ secrets.P }}'}}}\n";
    check(Target::GithubContainer, WORKFLOW, text, "image.raw", &["node:22", "docker:dind", "?", "x"]);
    check(Target::GithubContainer, WORKFLOW, text, "container.privileged", &["false", "true", "false", "false"]);
    let sockets = ["null", "/var/run/docker.sock:/x", "null", "null"];
    check(Target::GithubContainer, WORKFLOW, text, "container.runtime_socket", &sockets);
    check(Target::GithubContainer, WORKFLOW, text, "container.password", &["null"; 4]);
    check(Target::GithubContainer, WORKFLOW, text, "job.self_hosted", &["true", "true", "true", "false"]);
}

#[test]
fn a_workflow_tells_what_it_starts_on_and_what_it_may() {
    let text = "on: {push: {}, workflow_dispatch: {inputs: {v: {}}}}\npermissions: write-all\nenv: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}\njobs: {a: {permissions: write-all, steps: [{run: docker push x}, {run: 'cosign sign x'}]}}\n";
    for (fact, expected) in [
        ("workflow.triggers", "push,workflow_dispatch"),
        ("workflow.inputs", "v"),
        ("workflow.write_all", "write-all,write-all"),
        ("workflow.unsecure_commands", "ACTIONS_ALLOW_UNSECURE_COMMANDS"),
        ("workflow.pushes_image", "true"),
        ("workflow.signs", "true"),
    ] {
        check(Target::GithubWorkflow, WORKFLOW, text, fact, &[expected]);
    }
}

#[test]
fn images_of_gitlab_stand_in_many_places() {
    let text = "image: ruby\ndefault: {services: [postgres:17]}\nstages: [a]\n.hidden: {image: {name: 'x:1'}}\nbuild: {image: $CI_REGISTRY_IMAGE/$NAME, services: [{name: docker:dind}]}\n";
    check(
        Target::GitlabImage,
        ".gitlab-ci.yml",
        text,
        "image.raw",
        &["ruby", "postgres:17", "x:1", "?", "docker:dind"],
    );
    check(Target::GitlabJob, ".gitlab-ci.yml", text, "job.name", &[".hidden", "build"]);
}

/// Every fact of every target is documented, and every documented fact is given.
#[test]
fn facts_and_their_documentation_are_the_same() {
    let github = "on: push\njobs: {a: {container: x, steps: [{run: x}]}}\n";
    let gitlab = "build: {image: x, script: y}\n";
    for (target, path, text) in [
        (Target::GithubWorkflow, WORKFLOW, github),
        (Target::GithubContainer, WORKFLOW, github),
        (Target::GithubStep, WORKFLOW, github),
        (Target::GitlabJob, ".gitlab-ci.yml", gitlab),
        (Target::GitlabImage, ".gitlab-ci.yml", gitlab),
    ] {
        assert_documented(target, path, text);
    }
}
