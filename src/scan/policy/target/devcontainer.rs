//! Development containers: what they run, and how far they reach into the machine of whoever opens the repository.
//!
//! **Invariant**: a wish is told the same whether it has a field of its own or stands among `runArgs`.
//!
//! # Source
//! The development containers specification: `devcontainer.json` reference.

use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Document, DocumentKind, ParsedFile};
use crate::scan::image_reference::ImageReference;

use super::facts::{field, list, map, null, text, truth};
use super::kubernetes::is_runtime_socket;
use super::table::facts;
use super::{FactDoc, FactKind, Subject, image};

/// The facts of `devcontainer.file`.
pub(super) const FACTS: &[FactDoc] = facts![&image::FACTS, &CONTAINER];

const CONTAINER: [FactDoc; 7] = [
    FactDoc {
        path: "container.privileged",
        kind: FactKind::Bool,
        doc: "whether `privileged` or `--privileged` among `runArgs` asks for every right over the machine",
        example: "true",
    },
    FactDoc {
        path: "container.privileged_by",
        kind: FactKind::String,
        doc: "the argument among `runArgs` that asks for every right; `null` when none does",
        example: "--privileged",
    },
    FactDoc {
        path: "container.capabilities",
        kind: FactKind::StringList,
        doc: "what `capAdd` and `--cap-add` add, in upper case without `CAP_`",
        example: "[SYS_ADMIN]",
    },
    FactDoc {
        path: "container.security_options",
        kind: FactKind::StringList,
        doc: "what `securityOpt` and `--security-opt` say",
        example: "[seccomp=unconfined]",
    },
    FactDoc {
        path: "container.host_namespaces",
        kind: FactKind::StringList,
        doc: "the arguments that share a namespace of the machine",
        example: "[--network=host]",
    },
    FactDoc {
        path: "container.runtime_socket",
        kind: FactKind::String,
        doc: "what gives access to the container runtime of the machine: a mount or a feature; `null` when nothing does",
        example: "source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind",
    },
    FactDoc {
        path: "container.unpinned_features",
        kind: FactKind::StringList,
        doc: "the features from a registry that name neither a digest nor a full version",
        example: "[ghcr.io/devcontainers/features/go:1]",
    },
];

/// Arguments of one file that are looked at.
const MAX_ARGUMENTS: usize = 1_000;
/// A feature that mounts the socket.
const SOCKET_FEATURE: &str = "/docker-outside-of-docker";

/// The development container of a file, if it is one.
pub(super) fn subjects(file: &ParsedFile) -> Vec<Subject> {
    if file.kind != DocumentKind::Devcontainer {
        return Vec::new();
    }
    file.documents.iter().filter_map(Document::tree).take(1).map(subject).collect()
}

fn subject(root: &Node) -> Subject {
    let arguments = Arguments::of(root);
    let socket = socket(root, &arguments);
    let namespaces = arguments.namespaces();
    let privileged = field(root, "privileged");
    let flag = arguments.flag("--privileged");
    let own_privileged = root.entry("privileged").filter(|entry| entry.value.as_bool() == Some(true));
    let mut places = Vec::new();
    let privileged_span = own_privileged.map(|entry| entry.value.span()).or_else(|| flag.as_ref().map(Node::span));
    places.extend(privileged_span.map(|span| ("privileged", span)));
    places.extend((!socket.is_null()).then(|| ("socket", socket.span())));
    let capabilities = items(root, "capAdd").chain(arguments.values("--cap-add"));
    let options = items(root, "securityOpt").chain(arguments.values("--security-opt"));
    let image = field(root, "image");
    places.extend(image.as_str().map(|_| ("image", image.span())));
    let container = map(vec![
        ("privileged", if flag.is_some() { truth(true) } else { privileged }),
        ("privileged_by", flag.unwrap_or_else(null)),
        ("capabilities", list(capabilities.map(capability))),
        ("security_options", list(options)),
        ("host_namespaces", list(namespaces)),
        ("runtime_socket", socket),
        ("unpinned_features", list(unpinned_features(root))),
    ]);
    Subject {
        facts: map(vec![("container", container), ("image", image::facts(&image))]),
        node: Some(root.clone()),
        places,
        span: root.span(),
        resource: Some("development container".to_owned()),
        identity: vec!["devcontainer".to_owned()],
    }
}

/// The texts of a list.
fn items<'n>(root: &'n Node, key: &str) -> impl Iterator<Item = Node> + 'n {
    root.get(key).map_or(&[][..], Node::items).iter().take(MAX_ARGUMENTS).cloned()
}

fn capability(node: Node) -> Node {
    match node.as_str() {
        Some(name) => {
            let name = name.to_ascii_uppercase();
            Node::new(node.span(), Value::String(name.strip_prefix("CAP_").unwrap_or(&name).to_owned().into()))
        }
        None => node,
    }
}

/// `runArgs`: the arguments of `docker run`.
struct Arguments(Vec<Node>);

impl Arguments {
    fn of(root: &Node) -> Self {
        Self(items(root, "runArgs").collect())
    }

    /// The argument that switches `name` on.
    fn flag(&self, name: &str) -> Option<Node> {
        let is_on = |node: &&Node| {
            node.as_str().is_some_and(|argument| argument == name || argument.strip_prefix(name) == Some("=true"))
        };
        self.0.iter().find(is_on).cloned()
    }

    /// The values of an option, each at the place of the argument that has it: `--name=value` or `--name`, `value`.
    fn values(&self, name: &'static str) -> impl Iterator<Item = Node> {
        let written = move |(index, node): (usize, &Node)| {
            let argument = node.as_str()?;
            match argument.strip_prefix(name)? {
                "" => self.0.get(index + 1).cloned(),
                joined => Some(Node::new(node.span(), Value::String(joined.strip_prefix('=')?.to_owned().into()))),
            }
        };
        self.0.iter().enumerate().filter_map(written)
    }

    /// The arguments that share a namespace of the machine.
    fn namespaces(&self) -> Vec<Node> {
        const OPTIONS: [&str; 6] = ["--network", "--net", "--pid", "--ipc", "--uts", "--userns"];
        let shared = OPTIONS.iter().flat_map(|name| {
            let values = self.values(name).filter(|value| value.as_str() == Some("host"));
            values.map(move |value| Node::new(value.span(), Value::String(format!("{name}=host").into())))
        });
        shared.collect()
    }
}

/// What gives access to the container runtime of the machine.
fn socket(root: &Node, arguments: &Arguments) -> Node {
    let mounts = items(root, "mounts").chain(arguments.values("--mount"));
    let volumes = arguments.values("--volume").chain(arguments.values("-v"));
    let mounted = mounts.filter(|mount| source(mount).is_some_and(|source| is_runtime_socket(&source)));
    let bound = volumes.filter(|volume| {
        let source = volume.as_str().and_then(|volume| volume.split(':').next());
        source.is_some_and(is_runtime_socket)
    });
    let features = root.get("features").map_or(&[][..], Node::entries).iter();
    let lent = features.filter(|entry| {
        ImageReference::parse(&entry.key).is_ok_and(|image| image.repository().ends_with(SOCKET_FEATURE))
    });
    let lent = lent.map(|entry| Node::new(entry.key_span, Value::String((*entry.key).into())));
    mounted.chain(bound).chain(lent).next().unwrap_or_else(null)
}

/// The source of a mount, as an object or as `source=…,target=…`.
fn source(mount: &Node) -> Option<String> {
    if let Some(source) = mount.get("source") {
        return source.as_str().map(str::to_owned);
    }
    let parts = mount.as_str()?.split(',').filter_map(|part| part.split_once('='));
    parts.filter(|(key, _)| matches!(key.trim(), "source" | "src")).map(|(_, value)| value.to_owned()).next()
}

/// The features from a registry whose version moves.
fn unpinned_features(root: &Node) -> Vec<Node> {
    let features = root.get("features").map_or(&[][..], Node::entries).iter().take(MAX_ARGUMENTS);
    let moves = |name: &str| {
        let is_local = name.starts_with('.') || name.starts_with("http");
        let is_fixed = |image: &ImageReference| {
            image.digest().is_some() || image.tag().is_some_and(|tag| tag.split('.').count() >= 3)
        };
        !is_local && name.contains('/') && ImageReference::parse(name).is_ok_and(|image| !is_fixed(&image))
    };
    let moving = features.filter(|entry| moves(&entry.key));
    moving.map(|entry| Node::new(entry.key_span, text(&entry.key).value().clone())).collect()
}
