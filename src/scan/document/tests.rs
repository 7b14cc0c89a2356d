use super::*;

fn check(path: &str, text: &str, expected: DocumentKind) -> ParsedFile {
    let file = parse(path, text, &Limits::default());
    assert_eq!(file.kind, expected, "{path}: {text}");
    file
}

#[test]
fn a_kind_follows_from_name_and_content() {
    let pod = "apiVersion: v1\nkind: Pod\n";
    check("deploy/pod.yaml", pod, DocumentKind::Kubernetes);
    check("deploy/pod.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}", DocumentKind::Kubernetes);
    check("pod", pod, DocumentKind::Kubernetes);
    check("charts/a/templates/pod.yaml", "apiVersion: v1\nkind: {{ .x }}\n", DocumentKind::HelmTemplate);
    check("charts/a/templates/pod.yaml", pod, DocumentKind::Kubernetes);
    check("pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {{ x }}\n", DocumentKind::HelmTemplate);
    check("charts/a/values.yaml", "image: x\n", DocumentKind::HelmValues);
    check("compose.yaml", "services: {}\n", DocumentKind::Compose);
    check("stack.yaml", "services: {a: {image: b}}\n", DocumentKind::Compose);
    check("stack.yaml", "services: {a: {url: b}}\n", DocumentKind::Tree);
    check("stack.yaml", "services: {a: {ports: ['80:80'], pid: host}}\n", DocumentKind::Compose);
    check("services.yaml", "services: {a: {arguments: [], tags: []}, b: {ports: []}}\n", DocumentKind::Tree);
    check("ci/build.yaml", "on: push\njobs: {a: {runs-on: x, steps: []}}\n", DocumentKind::GithubWorkflow);
    check("ci/build.yaml", "jobs: {a: {runs-on: x, steps: []}}\n", DocumentKind::Tree);
    check(".github/workflows/ci.yml", "on: push\nenv: {A: \"${{ secrets.A }}\"}\n", DocumentKind::Tree);
    check("Dockerfile", "FROM alpine\n", DocumentKind::Dockerfile);
    check("README.md", pod, DocumentKind::Text);
}

#[test]
fn problems_say_file_line_and_column() {
    let file = check("a/b.yaml", "a: 1\n---\nb: \"🙂\": 2\n", DocumentKind::Tree);
    let problem = file.problems.first().unwrap();
    assert_eq!((problem.path.as_deref(), problem.cause), (Some("a/b.yaml"), Cause::Syntax));
    assert_eq!((problem.line, problem.column), (Some(3), Some(7)));
}

#[test]
fn json_that_nothing_here_judges_is_text() {
    check("tsconfig.json", "{\"a\": 1]", DocumentKind::Text);
    let broken = check("pod.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\"", DocumentKind::Tree);
    assert_eq!(broken.problems.len(), 1);
}
