//! What kind of file a path and its content make.
//!
//! **Invariant**: the name decides before the content, and what neither decides is text: every file has a kind.

use super::DocumentKind;
use super::node::Node;
use super::yaml::YamlFile;

/// What the name of a file, or else its first lines, tell of how to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A Dockerfile.
    Dockerfile,
    /// A compose file.
    Compose,
    /// Values of a Helm chart.
    HelmValues,
    /// YAML; the content tells more.
    Yaml,
    /// JSON; the content tells more.
    Json,
    /// JSON with comments.
    JsonWithComments,
    /// Text, whatever it looks like.
    Text,
}

/// Decides by the name, then by the first lines.
pub(super) fn form_of(path: &str, text: &str) -> Form {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    form_of_name(&name).unwrap_or_else(|| form_of_content(text))
}

fn form_of_name(name: &str) -> Option<Form> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_one_of = |starts: [&str; 3]| starts.iter().any(|start| stem.starts_with(start));
    match ending {
        "dockerignore" | "md" | "rst" | "txt" | "tpl" | "sh" | "lock" | "license" | "py" | "go" | "rs" | "js"
        | "ts" | "java" | "rb" | "html" | "sql" => Some(Form::Text),
        "yml" | "yaml" => Some(match stem {
            "compose" => Form::Compose,
            "values" => Form::HelmValues,
            _ if is_one_of(["compose.", "compose-", "compose_"]) || stem.starts_with("docker-compose") => Form::Compose,
            _ if is_one_of(["values.", "values-", "values_"]) => Form::HelmValues,
            _ if stem.ends_with("-values") || stem.ends_with(".values") => Form::HelmValues,
            _ => Form::Yaml,
        }),
        "json" => Some(match name {
            "package-lock.json" => Form::Text,
            "devcontainer.json" | ".devcontainer.json" => Form::JsonWithComments,
            _ => Form::Json,
        }),
        "dockerfile" | "containerfile" => Some(Form::Dockerfile),
        _ if name == "kustomization" => Some(Form::Yaml),
        _ if name == "dockerfile" || name.starts_with("containerfile") => Some(Form::Dockerfile),
        _ => {
            let rest = name.strip_prefix("dockerfile")?;
            rest.starts_with(['.', '-', '_']).then_some(Form::Dockerfile)
        }
    }
}

/// The kind that a path alone gives a tree; the content must bear it out, see [`bears_out`].
pub(super) fn named_kind(path: &str) -> Option<DocumentKind> {
    let mut steps = path.rsplit('/');
    let name = steps.next().unwrap_or(path).to_lowercase();
    let (parent, grandparent) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    let is_yaml = matches!(name.rsplit_once('.'), Some((_, "yml" | "yaml")));
    let is_forge = matches!(grandparent, ".github" | ".gitea" | ".forgejo");
    match name.as_str() {
        "kustomization.yaml" | "kustomization.yml" | "kustomization" => Some(DocumentKind::Kustomization),
        "chart.yaml" | "requirements.yaml" => Some(DocumentKind::HelmChart),
        _ if is_yaml && parent == "workflows" && is_forge => Some(DocumentKind::GithubWorkflow),
        "devcontainer.json" | ".devcontainer.json" => Some(DocumentKind::Devcontainer),
        "action.yml" | "action.yaml" => Some(DocumentKind::GithubAction),
        _ if is_yaml && (name.contains(".gitlab-ci.") || (parent == "ci" && grandparent == ".gitlab")) => {
            Some(DocumentKind::GitlabCi)
        }
        _ => None,
    }
}

/// Whether the content is what the name says.
pub(super) fn bears_out(kind: DocumentKind, file: &YamlFile) -> bool {
    let Some(root) = file.documents.first().map(|document| &document.root) else { return false };
    let has = |key: &str| root.get(key).is_some();
    match kind {
        DocumentKind::GithubWorkflow => has("jobs"),
        DocumentKind::GithubAction => has("runs"),
        DocumentKind::HelmChart => (has("name") && has("version")) || has("dependencies"),
        DocumentKind::Kustomization => {
            root.get("apiVersion").is_none_or(|version| is_kustomization_version(version.as_str()))
        }
        _ => root.as_mapping().is_some() && !is_kubernetes(root),
    }
}

/// Whether an `apiVersion` is one of kustomization files.
pub(in crate::scan) fn is_kustomization_version(version: Option<&str>) -> bool {
    version.is_some_and(|version| version.starts_with("kustomize.config.k8s.io/"))
}

/// Whether a path lies in the templates of a chart.
pub(super) fn is_in_templates(path: &str) -> bool {
    path.split('/').rev().skip(1).any(|directory| directory == "templates")
}

fn form_of_content(text: &str) -> Form {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if begins_as_dockerfile(text) {
        Form::Dockerfile
    } else if text.trim_start().starts_with('{') && text.contains("\"apiVersion\"") {
        Form::Json
    } else if begins_as_object(text) && has_line(text, "apiVersion:") && has_line(text, "kind:") {
        Form::Yaml
    } else {
        Form::Text
    }
}

/// Whether the first line that is no comment is a field of a Kubernetes object.
fn begins_as_object(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with(['#', '-']));
    let fields = ["apiVersion:", "kind:", "metadata:", "spec:"];
    lines.next().is_some_and(|line| fields.iter().any(|field| line.starts_with(field)))
}

fn has_line(text: &str, start: &str) -> bool {
    text.lines().any(|line| line.starts_with(start))
}

/// Whether the first instruction is a FROM that looks like one, or an ARG with such a FROM after it.
fn begins_as_dockerfile(text: &str) -> bool {
    let mut instructions = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_from = |line: &str| {
        let mut words = line.split_whitespace();
        let is_keyword = words.next().is_some_and(|word| word.eq_ignore_ascii_case("from"));
        let rest: Vec<&str> = words.skip_while(|word| word.starts_with("--")).take(4).collect();
        is_keyword
            && matches!(rest.as_slice(), [_] | [_, _, _] if rest.get(1).is_none_or(|word| word.eq_ignore_ascii_case("as")))
    };
    let is_arg = |line: &str| line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("arg "));
    match instructions.next() {
        Some(first) if is_arg(first) => instructions.take(200).any(is_from),
        Some(first) => is_from(first),
        None => false,
    }
}

/// Whether a document is a Kubernetes object: it names its kind and version.
pub(super) fn is_kubernetes(root: &Node) -> bool {
    let names = |key| root.get(key).is_some_and(|value| value.as_str().is_some() || value.is_unknown());
    names("apiVersion") && names("kind")
}

/// Whether a file is compose by content: `services`, one of them with an image, a build or settings that nothing else
/// has together.
pub(super) fn is_compose(file: &YamlFile) -> bool {
    const SETTINGS: [&str; 16] = [
        "cap_add",
        "cap_drop",
        "command",
        "container_name",
        "depends_on",
        "env_file",
        "environment",
        "expose",
        "network_mode",
        "networks",
        "pid",
        "ports",
        "privileged",
        "restart",
        "security_opt",
        "volumes",
    ];
    let is_service = |service: &Node| {
        let has = |key: &&str| service.get(key).is_some();
        has(&"image") || has(&"build") || SETTINGS.iter().filter(|key| has(key)).count() > 1
    };
    file.documents.iter().any(|document| {
        let services = document.root.get("services").map_or(&[][..], Node::entries);
        services.iter().any(|service| is_service(&service.value)) && document.root.get("apiVersion").is_none()
    })
}

/// Whether a file is a workflow by content: jobs that name the machine that they run on.
pub(super) fn is_workflow(file: &YamlFile) -> bool {
    let root = file.documents.first().map(|document| &document.root);
    let jobs = root.and_then(|root| root.get("jobs")).map_or(&[][..], Node::entries);
    let is_started = root.is_some_and(|root| root.get("on").or(root.get("true")).is_some());
    is_started && jobs.iter().any(|job| job.value.get("runs-on").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: Form) {
        assert_eq!(form_of(path, text), expected, "{path}");
    }

    #[test]
    fn names_decide_first() {
        for name in [
            "Dockerfile",
            "a/Dockerfile.prod",
            "b/api.Dockerfile",
            "x/api.dockerfile",
            "Containerfile",
            "Dockerfile-arm",
        ] {
            check(name, "", Form::Dockerfile);
        }
        for name in ["compose.yml", "compose.prod.yaml", "docker-compose.yml", "docker-compose-dev.yaml"] {
            check(name, "", Form::Compose);
        }
        for name in ["values.yaml", "chart/values-prod.yaml", "prod-values.yml", "values.prod.yaml"] {
            check(name, "", Form::HelmValues);
        }
        check("a/.dockerignore", "FROM x", Form::Text);
        check("Dockerfile.dockerignore", "", Form::Text);
        check("Dockerfile.md", "", Form::Text);
        check("Dockerfile.license", "", Form::Text);
        check("decompose.yaml", "", Form::Yaml);
        check("x.json", "", Form::Json);
        check("templates/_helpers.tpl", "apiVersion: v1\nkind: Pod", Form::Text);
    }

    #[test]
    fn content_decides_when_the_name_does_not() {
        check("build/image", "# c\n\nARG A=1\nFROM alpine:$A AS b\n", Form::Dockerfile);
        check("image", "from --platform=linux/amd64 alpine\n", Form::Dockerfile);
        check("letter", "From the desk of\n", Form::Text);
        check("notes", "ARG is a word\n", Form::Text);
        check("pod.j2", "apiVersion: v1\nkind: Pod\n", Form::Yaml);
        check("pod", " {\"apiVersion\": \"v1\"}", Form::Json);
        check("README", "hello", Form::Text);
    }

    #[test]
    fn templates_are_a_directory() {
        assert!(is_in_templates("charts/a/templates/x/y.yaml"));
        assert!(!is_in_templates("charts/templates.yaml"));
    }
}
