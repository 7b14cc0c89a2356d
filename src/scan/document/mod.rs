//! Files as documents: what kind a file is, and its content with exact positions.
//!
//! Invariant: parsing never fails as a whole. What can't be read becomes a [`Problem`] with its line, and the rest of
//! the file is still there.

pub mod beside;
pub(in crate::scan) mod carrier;
mod classify;
pub mod compose;
pub mod dockerfile;
pub mod dockerignore;
mod inline;
mod jsonc;
pub mod kubernetes;
mod made;
pub mod node;
mod operations;
mod patch;
mod shape;
pub mod shell;
pub mod yaml;

use std::sync::{Arc, OnceLock};

use super::limits::Limits;
use super::problem::{Cause, Problem};
use super::span::{LineIndex, Span};
use beside::Beside;
use classify::Form;
pub(in crate::scan) use classify::is_kustomization_version;
use dockerfile::Dockerfile;
use kubernetes::Object;
use node::Node;
pub use patch::{Named, Naming};
use yaml::{Templating, YamlFile};

/// What a file is, decided by its name and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// Kubernetes objects, YAML or JSON.
    Kubernetes,
    /// A Helm template: Kubernetes objects between template actions.
    HelmTemplate,
    /// Helm chart values.
    HelmValues,
    /// A compose file.
    Compose,
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A kustomization file.
    Kustomization,
    /// `Chart.yaml` of a Helm chart, or the `requirements.yaml` of an old one.
    HelmChart,
    /// A workflow of GitHub Actions.
    GithubWorkflow,
    /// An action of GitHub Actions.
    GithubAction,
    /// A pipeline of GitLab CI.
    GitlabCi,
    /// The description of a development container: `devcontainer.json`.
    Devcontainer,
    /// Any other YAML or JSON.
    Tree,
    /// Any other text: only secrets are looked for.
    Text,
}

/// One file, read.
#[derive(Clone, Debug)]
pub struct ParsedFile {
    /// What the file is.
    pub kind: DocumentKind,
    /// The documents, in the order of the file; those that do not parse are missing and in `problems`.
    pub documents: Vec<Document>,
    /// The comments of the file, in order. Text files and JSON have none.
    pub comments: Vec<Comment>,
    /// What could not be read, with line and column.
    pub problems: Vec<Problem>,
    /// What kustomizations say of the file.
    pub named: Named,
    /// What other files say of it; nothing unless it was asked for.
    pub beside: Arc<Beside>,
    objects: OnceLock<Arc<[Object]>>,
}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Position among the documents of the file, from 0, unreadable ones counted.
    pub index: usize,
    /// The whole document.
    pub span: Span,
    /// The content.
    pub body: Body,
}

/// The content of a document.
#[derive(Clone, Debug)]
pub enum Body {
    /// YAML or JSON.
    Tree(Node),
    /// A Dockerfile.
    Dockerfile(Dockerfile),
}

/// A comment, with its marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The comment from its `#` to the end of its line.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
}

/// Whether a file of this name is read as more than text, whatever it holds.
pub fn may_have_structure(path: &str) -> bool {
    classify::form_of(path, "") != Form::Text
}

/// Reads one file; its kind follows from the name and, where that says nothing, from the content.
pub fn parse(path: &str, text: &str, limits: &Limits) -> ParsedFile {
    parse_named(path, text, limits, Named::default())
}

/// Reads one file, which a kustomization may name as a patch.
pub fn parse_named(path: &str, text: &str, limits: &Limits, named: impl Into<Named>) -> ParsedFile {
    let mut file = parse_plain(path, text, limits);
    file.named = named.into();
    if file.kind == DocumentKind::Kubernetes {
        patch::mark(&mut file.documents, path, file.named.naming);
    }
    if matches!(file.kind, DocumentKind::Kubernetes | DocumentKind::Kustomization) {
        let inline = patch::inline(&file.documents, text, limits);
        if !inline.is_empty() {
            let own = file.objects().iter().cloned();
            file.objects = OnceLock::from(own.chain(inline).collect::<Arc<[Object]>>());
        }
    }
    if file.kind == DocumentKind::Tree {
        let made = patch::of_operations(&file.documents, file.named.target.as_ref());
        if !made.is_empty() {
            file.kind = DocumentKind::Kubernetes;
            file.objects = OnceLock::from(made.into_iter().collect::<Arc<[Object]>>());
        }
    }
    if file.kind == DocumentKind::HelmValues {
        let values = file.documents.iter().filter_map(Document::tree);
        let made = values.flat_map(made::of_values).flat_map(|tree| kubernetes::objects(&tree));
        file.objects = OnceLock::from(made.collect::<Arc<[Object]>>());
    }
    if file.kind == DocumentKind::Compose {
        patch::mark_override(&mut file.documents, path);
    }
    if matches!(file.kind, DocumentKind::Kubernetes | DocumentKind::Compose) {
        inline::add(&mut file, path, text, limits);
    }
    if matches!(file.kind, DocumentKind::Kubernetes | DocumentKind::HelmTemplate | DocumentKind::Compose) {
        let unread = shape::problems(&file, path, text);
        file.problems.extend(unread);
    }
    file
}

fn parse_plain(path: &str, text: &str, limits: &Limits) -> ParsedFile {
    match classify::form_of(path, text) {
        Form::Text => ParsedFile::text(),
        Form::Dockerfile => parse_dockerfile(path, text, limits),
        Form::JsonWithComments => {
            let (plain, comments) = jsonc::without_comments(text);
            ParsedFile { comments, ..parse_tree(path, &plain, Form::JsonWithComments, limits) }
        }
        form @ (Form::Compose | Form::HelmValues | Form::Yaml | Form::Json) => parse_tree(path, text, form, limits),
    }
}

impl ParsedFile {
    fn text() -> Self {
        Self::new(DocumentKind::Text, Vec::new(), Vec::new(), Vec::new())
    }

    /// A file of that content.
    pub(in crate::scan) fn new(
        kind: DocumentKind,
        documents: Vec<Document>,
        comments: Vec<Comment>,
        problems: Vec<Problem>,
    ) -> Self {
        Self {
            kind,
            documents,
            comments,
            problems,
            named: Named::default(),
            beside: Arc::default(),
            objects: OnceLock::new(),
        }
    }

    /// The Kubernetes objects of all documents, found when they are first asked for.
    pub fn objects(&self) -> &[Object] {
        self.objects
            .get_or_init(|| self.documents.iter().filter_map(Document::tree).flat_map(kubernetes::objects).collect())
    }
}

impl Document {
    /// The tree; `None` for a Dockerfile.
    pub fn tree(&self) -> Option<&Node> {
        match &self.body {
            Body::Tree(root) => Some(root),
            Body::Dockerfile(_) => None,
        }
    }
}

fn parse_dockerfile(path: &str, text: &str, limits: &Limits) -> ParsedFile {
    let (dockerfile, comments, mut problems) = dockerfile::parse(text, limits);
    for problem in &mut problems {
        problem.path = Some(path.to_owned());
    }
    let body = Body::Dockerfile(dockerfile);
    let documents = vec![Document { index: 0, span: Span::new(0, text.len()), body }];
    ParsedFile::new(DocumentKind::Dockerfile, documents, comments, problems)
}

fn parse_tree(path: &str, text: &str, form: Form, limits: &Limits) -> ParsedFile {
    let is_template = classify::is_in_templates(path);
    let templating = if is_template { Templating::Certain } else { Templating::Possible };
    let file = yaml::parse(text, limits, templating);
    if form == Form::Json && is_other_json(text, &file) {
        return ParsedFile::text();
    }
    let kind = kind_of_tree(path, &file, form, is_template);
    let problems = problems_of(path, text, &file);
    let documents = file.documents.into_iter().map(|document| Document {
        index: document.index,
        span: document.span,
        body: Body::Tree(document.root),
    });
    ParsedFile::new(kind, documents.collect(), file.comments, problems)
}

/// JSON with comments and the like, which nothing here is meant to judge as a tree.
fn is_other_json(text: &str, file: &YamlFile) -> bool {
    !text.contains("\"apiVersion\"") && file.faults.iter().any(|fault| fault.cause == Cause::Syntax)
}

fn kind_of_tree(path: &str, file: &YamlFile, form: Form, is_template: bool) -> DocumentKind {
    if let Some(kind) = classify::named_kind(path).filter(|kind| classify::bears_out(*kind, file)) {
        return kind;
    }
    let holds_objects = file.documents.iter().any(|document| classify::is_kubernetes(&document.root));
    match form {
        _ if file.is_masked && (is_template || holds_objects) => DocumentKind::HelmTemplate,
        _ if holds_objects => DocumentKind::Kubernetes,
        Form::Compose => DocumentKind::Compose,
        Form::HelmValues => DocumentKind::HelmValues,
        _ if classify::is_compose(file) => DocumentKind::Compose,
        _ if classify::is_workflow(file) => DocumentKind::GithubWorkflow,
        _ => DocumentKind::Tree,
    }
}

fn problems_of(path: &str, text: &str, file: &YamlFile) -> Vec<Problem> {
    if file.faults.is_empty() {
        return Vec::new();
    }
    let index = LineIndex::new(text);
    let problem = |fault: &yaml::Fault| {
        Problem::of_file(path, fault.cause, fault.message.clone()).at(index.position(text, fault.offset))
    };
    file.faults.iter().map(problem).collect()
}

#[cfg(test)]
mod tests;
