//! Targets: which things of a document a policy judges, and the facts it may ask of each.
//!
//! Invariant: facts are code, judgement is data. A fact is absent → `null`; not known before rendering → an
//! [`Unknown`](crate::scan::document::node::Value::Unknown) node, which CEL's own rules turn into "no finding".

pub mod ci;
pub mod compose;
mod custom_image;
mod devcontainer;
pub mod dockerfile;
pub(super) mod facts;
pub mod gitops;
pub mod helm;
mod image;
pub mod kubernetes;
pub mod kustomize;
#[cfg(test)]
mod probe;
mod table;

use super::super::document::ParsedFile;
use super::super::document::node::Node;
use super::super::span::Span;

/// One thing that a policy judges.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The variables of the condition: a map from variable name to its facts.
    pub facts: Node,
    /// The tree that the paths in `at` and `edit` start from, for targets that are trees.
    pub node: Option<Node>,
    /// Named places that `at` may ask for, before paths of `node` are tried.
    pub places: Vec<(&'static str, Span)>,
    /// Where a finding points when `at` finds nothing.
    pub span: Span,
    /// What people call it, such as `Deployment/default/api container web`.
    pub resource: Option<String>,
    /// The parts of its fingerprint: what it is, without lines and versions.
    pub identity: Vec<String>,
}

/// The shape of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// `true` or `false`.
    Bool,
    /// A 64-bit integer.
    Int,
    /// Text.
    String,
    /// A list of texts.
    StringList,
    /// A list of maps, whose members are documented as `name[].member`.
    List,
    /// A map, whose members are documented as `name.member`.
    Map,
    /// A part of the document as it stands: any path below it may be asked.
    Tree,
}

/// One fact of a target, as conditions name it.
#[derive(Clone, Copy, Debug)]
pub struct FactDoc {
    /// The dotted name, such as `container.privileged`.
    pub path: &'static str,
    /// Its shape.
    pub kind: FactKind,
    /// One sentence: what it says, and when it is `null`.
    pub doc: &'static str,
    /// A value as an example.
    pub example: &'static str,
}

/// The kind of files that a target is about.
#[derive(Clone, Copy)]
enum Family {
    Kubernetes,
    Compose,
    Dockerfile,
    Ci,
    Gitops,
    Helm,
    Kustomize,
    Devcontainer,
    Custom,
    Any,
}

/// Which things a policy judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// `kubernetes.object`: every object.
    KubernetesObject,
    /// `kubernetes.pod`: every pod template.
    KubernetesPod,
    /// `kubernetes.container`: every container, init and ephemeral ones included.
    KubernetesContainer,
    /// `kubernetes.security_context`: the security context of every pod template and of every container in it.
    KubernetesSecurityContext,
    /// `kubernetes.volume`: every volume of a pod template.
    KubernetesVolume,
    /// `kubernetes.role_rule`: every rule of a role.
    KubernetesRoleRule,
    /// `kubernetes.role_binding`: every role binding.
    KubernetesRoleBinding,
    /// `kubernetes.service`: every service.
    KubernetesService,
    /// `kubernetes.ingress`: every ingress, gateway and route.
    KubernetesIngress,
    /// `kubernetes.network_policy`: every network policy.
    KubernetesNetworkPolicy,
    /// `kubernetes.service_account`: every service account.
    KubernetesServiceAccount,
    /// `kubernetes.namespace`: every namespace.
    KubernetesNamespace,
    /// `kubernetes.control_plane`: every container that runs a part of the control plane, and the kubelet's configuration.
    KubernetesControlPlane,
    /// `kubernetes.set`: every object with the other objects of the same side that belong to it; see [`kubernetes::set`].
    KubernetesSet,
    /// `compose.service`: every service.
    ComposeService,
    /// `compose.port`: every port that a service publishes.
    ComposePort,
    /// `compose.mount`: everything that a service mounts.
    ComposeMount,
    /// `dockerfile.stage`: every build stage.
    DockerfileStage,
    /// `dockerfile.instruction`: every instruction.
    DockerfileInstruction,
    /// `dockerfile.command`: every command of a shell form.
    DockerfileCommand,
    /// `kustomize.file`: every kustomization file.
    KustomizeFile,
    /// `kustomize.source`: every remote resource of a kustomization file, and every chart of it.
    KustomizeSource,
    /// `kustomize.image`: every image that a kustomization replaces, in Flux and Argo CD objects too.
    KustomizeImage,
    /// `kustomize.function`: every object that a build runs as a function.
    KustomizeFunction,
    /// `helm.chart`: every description of a chart.
    HelmChart,
    /// `helm.dependency`: every dependency of a chart.
    HelmDependency,
    /// `helm.template`: every template of a chart.
    HelmTemplate,
    /// `helm.image`: every image in values of a chart, wherever the values stand.
    HelmImage,
    /// `helm.context`: every security context and every setting of the host in such values.
    HelmContext,
    /// `gitops.source`: every place that Argo CD or Flux takes manifests or charts from.
    GitopsSource,
    /// `gitops.application`: every Application of Argo CD, and the template of every `ApplicationSet`.
    GitopsApplication,
    /// `gitops.encrypted`: every document that SOPS should have encrypted.
    GitopsEncrypted,
    /// `github.workflow`: every workflow and action of GitHub Actions.
    GithubWorkflow,
    /// `github.container`: every container that a job runs in, and every service beside it.
    GithubContainer,
    /// `github.step`: every step of a job or composite action, and every workflow that a job calls.
    GithubStep,
    /// `gitlab.job`: every job of GitLab CI.
    GitlabJob,
    /// `gitlab.image`: every image and service of GitLab CI.
    GitlabImage,
    /// `devcontainer.file`: every description of a development container.
    DevcontainerFile,
    /// `image.custom`: every image in a custom resource that is no pod template.
    ImageCustom,
    /// `secret`: any text.
    Secret,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 40] = [
        Self::KubernetesObject,
        Self::KubernetesPod,
        Self::KubernetesContainer,
        Self::KubernetesSecurityContext,
        Self::KubernetesVolume,
        Self::KubernetesRoleRule,
        Self::KubernetesRoleBinding,
        Self::KubernetesService,
        Self::KubernetesIngress,
        Self::KubernetesNetworkPolicy,
        Self::KubernetesServiceAccount,
        Self::KubernetesNamespace,
        Self::KubernetesControlPlane,
        Self::KubernetesSet,
        Self::ComposeService,
        Self::ComposePort,
        Self::ComposeMount,
        Self::DockerfileStage,
        Self::DockerfileInstruction,
        Self::DockerfileCommand,
        Self::GitopsSource,
        Self::GitopsApplication,
        Self::GitopsEncrypted,
        Self::GithubWorkflow,
        Self::GithubContainer,
        Self::GithubStep,
        Self::GitlabJob,
        Self::GitlabImage,
        Self::KustomizeFile,
        Self::KustomizeSource,
        Self::KustomizeImage,
        Self::KustomizeFunction,
        Self::HelmChart,
        Self::HelmDependency,
        Self::HelmTemplate,
        Self::HelmImage,
        Self::HelmContext,
        Self::DevcontainerFile,
        Self::ImageCustom,
        Self::Secret,
    ];

    /// The name as policies write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::KubernetesObject => "kubernetes.object",
            Self::KubernetesPod => "kubernetes.pod",
            Self::KubernetesContainer => "kubernetes.container",
            Self::KubernetesSecurityContext => "kubernetes.security_context",
            Self::KubernetesVolume => "kubernetes.volume",
            Self::KubernetesRoleRule => "kubernetes.role_rule",
            Self::KubernetesRoleBinding => "kubernetes.role_binding",
            Self::KubernetesService => "kubernetes.service",
            Self::KubernetesIngress => "kubernetes.ingress",
            Self::KubernetesNetworkPolicy => "kubernetes.network_policy",
            Self::KubernetesServiceAccount => "kubernetes.service_account",
            Self::KubernetesNamespace => "kubernetes.namespace",
            Self::KubernetesControlPlane => "kubernetes.control_plane",
            Self::KubernetesSet => "kubernetes.set",
            Self::ComposeService => "compose.service",
            Self::ComposePort => "compose.port",
            Self::ComposeMount => "compose.mount",
            Self::DockerfileStage => "dockerfile.stage",
            Self::DockerfileInstruction => "dockerfile.instruction",
            Self::DockerfileCommand => "dockerfile.command",
            Self::GitopsSource => "gitops.source",
            Self::GitopsApplication => "gitops.application",
            Self::GitopsEncrypted => "gitops.encrypted",
            Self::GithubWorkflow => "github.workflow",
            Self::GithubContainer => "github.container",
            Self::GithubStep => "github.step",
            Self::GitlabJob => "gitlab.job",
            Self::GitlabImage => "gitlab.image",
            Self::KustomizeFile => "kustomize.file",
            Self::KustomizeSource => "kustomize.source",
            Self::KustomizeImage => "kustomize.image",
            Self::KustomizeFunction => "kustomize.function",
            Self::HelmChart => "helm.chart",
            Self::HelmDependency => "helm.dependency",
            Self::HelmTemplate => "helm.template",
            Self::HelmImage => "helm.image",
            Self::HelmContext => "helm.context",
            Self::DevcontainerFile => "devcontainer.file",
            Self::ImageCustom => "image.custom",
            Self::Secret => "secret",
        }
    }

    /// The target of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    /// The kind of files that its things stand in.
    fn family(self) -> Family {
        match self {
            Self::KubernetesObject
            | Self::KubernetesPod
            | Self::KubernetesContainer
            | Self::KubernetesRoleRule
            | Self::KubernetesSecurityContext
            | Self::KubernetesVolume
            | Self::KubernetesRoleBinding
            | Self::KubernetesService
            | Self::KubernetesIngress
            | Self::KubernetesNetworkPolicy
            | Self::KubernetesServiceAccount
            | Self::KubernetesNamespace
            | Self::KubernetesControlPlane
            | Self::KubernetesSet => Family::Kubernetes,
            Self::ComposeService | Self::ComposePort | Self::ComposeMount => Family::Compose,
            Self::DockerfileStage | Self::DockerfileInstruction | Self::DockerfileCommand => Family::Dockerfile,
            Self::GithubWorkflow | Self::GithubContainer | Self::GithubStep | Self::GitlabJob | Self::GitlabImage => {
                Family::Ci
            }
            Self::GitopsSource | Self::GitopsApplication | Self::GitopsEncrypted => Family::Gitops,
            Self::HelmChart | Self::HelmDependency | Self::HelmTemplate | Self::HelmImage | Self::HelmContext => {
                Family::Helm
            }
            Self::KustomizeFile | Self::KustomizeSource | Self::KustomizeImage | Self::KustomizeFunction => {
                Family::Kustomize
            }
            Self::DevcontainerFile => Family::Devcontainer,
            Self::ImageCustom => Family::Custom,
            Self::Secret => Family::Any,
        }
    }

    /// The things of the file that the target means, in the order of the file; none when the file is of another kind.
    pub fn subjects(self, file: &ParsedFile, text: &str) -> Vec<Subject> {
        match self.family() {
            // What belongs together is found once all files of a side are read.
            Family::Kubernetes if self == Self::KubernetesSet => Vec::new(),
            Family::Kubernetes => kubernetes::subjects(self, file, text),
            Family::Compose => compose::subjects(self, file, text),
            Family::Dockerfile => dockerfile::subjects(self, file, text),
            Family::Ci => ci::subjects(self, file, text),
            Family::Gitops => gitops::subjects(self, file, text),
            Family::Helm => helm::subjects(self, file, text),
            Family::Kustomize => kustomize::subjects(self, file, text),
            Family::Devcontainer => devcontainer::subjects(file),
            Family::Custom => custom_image::subjects(file),
            Family::Any => Vec::new(),
        }
    }

    /// The facts that conditions may ask of each thing; [`SETTINGS`] come on top.
    pub fn facts(self) -> &'static [FactDoc] {
        match self.family() {
            Family::Kubernetes => kubernetes::facts(self),
            Family::Compose => compose::facts(self),
            Family::Dockerfile => dockerfile::facts(self),
            Family::Ci => ci::facts(self),
            Family::Gitops => gitops::facts(self),
            Family::Helm => helm::facts(self),
            Family::Kustomize => kustomize::facts(self),
            Family::Devcontainer => devcontainer::FACTS,
            Family::Custom => custom_image::FACTS,
            Family::Any => &[],
        }
    }

    /// Whether several things of the target may share one text of the file, by anchors or by `extends`.
    pub fn shares_text(self) -> bool {
        matches!(self, Self::ComposeService | Self::ComposePort | Self::ComposeMount)
    }

    /// The path that an example is scanned under when it names none.
    pub fn example_path(self) -> &'static str {
        match self {
            Self::ComposeService | Self::ComposePort | Self::ComposeMount => "compose.yaml",
            Self::DockerfileStage | Self::DockerfileInstruction | Self::DockerfileCommand => "Dockerfile",
            Self::GithubWorkflow | Self::GithubContainer | Self::GithubStep => ".github/workflows/build.yml",
            Self::GitlabJob | Self::GitlabImage => ".gitlab-ci.yml",
            Self::KustomizeFile | Self::KustomizeSource | Self::KustomizeImage | Self::KustomizeFunction => {
                "kustomization.yaml"
            }
            Self::DevcontainerFile => ".devcontainer/devcontainer.json",
            Self::HelmChart | Self::HelmDependency => "Chart.yaml",
            Self::HelmImage | Self::HelmContext => "values.yaml",
            Self::HelmTemplate => "templates/manifest.yaml",
            Self::GitopsEncrypted => "secrets.sops.yaml",
            Self::Secret => "config/settings.conf",
            _ => "deploy/manifest.yaml",
        }
    }
}

/// The facts that every target has: the settings.
pub const SETTINGS: [FactDoc; 2] = [
    FactDoc {
        path: "settings.images.pin",
        kind: FactKind::String,
        doc: "what an image must be pinned by: `tag` or `digest`",
        example: "digest",
    },
    FactDoc {
        path: "settings.kubernetes.minor",
        kind: FactKind::Int,
        doc: "the minor version of the cluster's Kubernetes 1, the newest known unless settings say otherwise",
        example: "34",
    },
];

impl std::fmt::Display for FactKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Bool => "true or false",
            Self::Int => "a number",
            Self::String => "a text",
            Self::StringList => "a list of texts",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Tree => "a part of the document",
        })
    }
}
