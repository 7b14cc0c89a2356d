//! Facts of a service.
//!
//! Invariant: a key that is absent is `null`, and what `extends` of another file may add is unknown.

use std::collections::BTreeSet;

use super::super::facts::{field, map, null, path, text, texts, truth};
use super::super::kubernetes::is_runtime_socket;
use super::super::{Subject, image};
use super::{build, colon_parts, substituted};
use crate::scan::document::beside::Beside;
use crate::scan::document::compose::{Mount, Service};
use crate::scan::document::node::{Node, Value};

/// The images that some service of the file is built as.
pub(super) fn built(services: &[Service]) -> BTreeSet<String> {
    let of_built = services.iter().filter(|service| service.node.get("build").is_some_and(|build| !build.is_null()));
    of_built.filter_map(|service| service.node.get("image")?.as_str().map(str::to_owned)).collect()
}

pub(super) fn subject(
    service: &Service,
    shared: &BTreeSet<String>,
    built: &BTreeSet<String>,
    beside: &Beside,
) -> Subject {
    let image = field(&service.node, "image");
    let mounts = service.mounts();
    let socket = socket(&mounts);
    let mut places = Vec::new();
    places.extend(socket.as_str().is_some().then(|| ("runtime_socket", socket.span())));
    Subject {
        facts: map(vec![
            ("service", facts(service, &mounts, socket, (shared, built), beside)),
            ("image", image::facts(&substituted(&image))),
        ]),
        node: Some(service.node.clone()),
        places,
        span: service.own.span(),
        resource: Some(format!("service {}", service.name)),
        identity: vec!["service".to_owned(), service.name.clone()],
    }
}

fn facts(
    service: &Service,
    mounts: &[Mount],
    socket: Node,
    (shared, images): (&BTreeSet<String>, &BTreeSet<String>),
    beside: &Beside,
) -> Node {
    let at = |key| substituted(&field(&service.node, key));
    let built = at("build");
    let stays_here = at("pull_policy").as_str().is_some_and(|policy| matches!(policy, "never" | "build"))
        || at("image").as_str().is_some_and(|image| images.contains(image));
    let options = texts(&at("security_opt"), str::to_owned);
    let mut facts = vec![
        ("name", text(&service.name)),
        ("builds", if built.is_unknown() { built.clone() } else { truth(!built.is_null() || stays_here) }),
        ("privileged", at("privileged")),
        ("network_mode", at("network_mode")),
        ("pid", at("pid")),
        ("ipc", at("ipc")),
        ("uts", at("uts")),
        ("userns_mode", at("userns_mode")),
        ("cgroup", at("cgroup")),
        ("cgroup_parent", at("cgroup_parent")),
        ("user", user(&at("user"))),
        ("read_only", at("read_only")),
        ("restart", at("restart")),
        ("capabilities_added", texts(&at("cap_add"), capability)),
        ("capabilities_dropped", texts(&at("cap_drop"), capability)),
        ("no_new_privileges", no_new_privileges(&options)),
        ("seccomp", option(&options, "seccomp")),
        ("apparmor", option(&options, "apparmor")),
        ("security_options", options),
        ("devices", devices(&at("devices"))),
        ("bind_mounts", bind_mounts(mounts)),
        ("runtime_socket", socket),
        ("shared_mounts", shared_mounts(mounts, shared)),
        ("environment", environment(&at("environment"))),
        ("command", words(&at("command"))),
        ("build", build::facts(&built, beside.builds.get(&service.name))),
        ("spec", service.node.clone()),
    ];
    facts.extend(limits(&service.node));
    map(facts)
}

/// A number as a text.
fn user(node: &Node) -> Node {
    match node.value() {
        Value::Int(number) => Node::new(node.span(), Value::String(number.to_string().into())),
        _ => node.clone(),
    }
}

fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map_or(name.clone(), str::to_owned)
}

/// `no-new-privileges`, alone or with `:true` or `=true`.
fn no_new_privileges(options: &Node) -> Node {
    let found = option(options, "no-new-privileges");
    match found.value() {
        Value::String(value) => Node::new(found.span(), Value::Bool(value.is_empty() || &**value == "true")),
        _ => found,
    }
}

/// The value of a security option, `""` for one without; `null` when it is absent.
fn option(options: &Node, name: &str) -> Node {
    if options.is_unknown() {
        return options.clone();
    }
    let value = |item: &Node| {
        let rest = item.as_str()?.strip_prefix(name)?;
        let value = rest.strip_prefix([':', '=']).or_else(|| rest.is_empty().then_some(""))?;
        Some(Node::new(item.span(), Value::String(value.into())))
    };
    let unknown = options.items().iter().find(|item| item.is_unknown());
    options.items().iter().find_map(value).or_else(|| unknown.cloned()).unwrap_or_else(null)
}

/// The paths of the host that devices name, in short and long form.
fn devices(devices: &Node) -> Node {
    let device = |node: &Node| match node.value() {
        Value::String(short) => Some(Node::new(node.span(), Value::String((*colon_parts(short).first()?).into()))),
        Value::Mapping(_) => Some(substituted(&field(node, "source"))),
        Value::Unknown(_) => Some(node.clone()),
        _ => None,
    };
    if devices.is_unknown() {
        return devices.clone();
    }
    Node::computed(Value::Sequence(devices.items().iter().filter_map(device).collect()))
}

fn bind_mounts(mounts: &[Mount]) -> Node {
    let binds = mounts.iter().filter(|mount| mount.kind.as_deref() == Some("bind"));
    let source = |mount: &Mount| Some(Node::new(mount.node.span(), Value::String(mount.source.clone()?.into())));
    Node::computed(Value::Sequence(binds.filter_map(source).collect()))
}

fn shared_mounts(mounts: &[Mount], shared: &BTreeSet<String>) -> Node {
    let mounts = mounts.iter().filter(|mount| mount.source.as_ref().is_some_and(|source| shared.contains(source)));
    let source = |mount: &Mount| Some(Node::new(mount.node.span(), Value::String(mount.source.clone()?.into())));
    Node::computed(Value::Sequence(mounts.filter_map(source).collect()))
}

fn socket(mounts: &[Mount]) -> Node {
    let is_socket = |mount: &&Mount| {
        mount.kind.as_deref() != Some("volume") && mount.source.as_deref().is_some_and(is_runtime_socket)
    };
    let found = mounts.iter().find(is_socket).and_then(|mount| {
        let place = mount.node.get("source").unwrap_or(&mount.node).span();
        Some(Node::new(place, Value::String(mount.source.clone()?.into())))
    });
    found.unwrap_or_else(null)
}

/// The variables of a map, or of a list of `NAME=value`; the value is `null` where the shell of the host decides.
fn environment(environment: &Node) -> Node {
    if environment.is_unknown() {
        return environment.clone();
    }
    let variable = |name: Node, value: Node| map(vec![("name", name), ("value", value)]);
    let scalar = |node: &Node| match node.value() {
        Value::Int(number) => Node::new(node.span(), Value::String(number.to_string().into())),
        Value::Bool(value) => Node::new(node.span(), Value::String(value.to_string().into())),
        _ => substituted(node),
    };
    let of_map = environment.entries().iter().map(|entry| {
        variable(Node::new(entry.key_span, Value::String(entry.key.as_ref().into())), scalar(&entry.value))
    });
    let of_list = environment.items().iter().filter_map(|item| {
        let (Value::String(written) | Value::Unknown(written)) = item.value() else { return None };
        let (name, value) = written.split_once('=').map_or((&**written, None), |(name, value)| (name, Some(value)));
        Some(variable(super::part(item, name), value.map_or_else(null, |value| super::part(item, value))))
    });
    Node::computed(Value::Sequence(of_map.chain(of_list).collect()))
}

/// The words of a command: those of a list, or those that blanks part.
fn words(command: &Node) -> Node {
    let word = |word: &str| Node::new(command.span(), Value::String(word.into()));
    match command.value() {
        Value::String(line) => Node::computed(Value::Sequence(line.split_whitespace().map(word).collect())),
        Value::Sequence(_) | Value::Unknown(_) => command.clone(),
        _ => Node::computed(Value::Sequence(Vec::new())),
    }
}

/// What bounds and watches the service.
fn limits(node: &Node) -> Vec<(&'static str, Node)> {
    let any = |paths: &[&[&str]]| {
        let found: Vec<Node> = paths.iter().map(|keys| path(node, keys)).collect();
        let known = found.iter().find(|node| !node.is_null() && !node.is_unknown());
        known.or_else(|| found.iter().find(|node| node.is_unknown())).cloned().unwrap_or_else(null)
    };
    let check = field(node, "healthcheck");
    let is_disabled = path(node, &["healthcheck", "disable"]);
    let test = path(node, &["healthcheck", "test"]);
    let is_none = test.as_str().or_else(|| test.items().first()?.as_str()) == Some("NONE");
    vec![
        ("memory_limit", any(&[&["mem_limit"], &["deploy", "resources", "limits", "memory"]])),
        ("cpu_limit", any(&[&["cpus"], &["cpu_quota"], &["deploy", "resources", "limits", "cpus"]])),
        ("pids_limit", any(&[&["pids_limit"], &["deploy", "resources", "limits", "pids"]])),
        (
            "has_healthcheck",
            match (check.is_unknown(), is_disabled.as_bool()) {
                (true, _) => check,
                (false, Some(true)) => truth(false),
                (false, _) if is_none => truth(false),
                (false, _) => truth(!check.is_null()),
            },
        ),
    ]
}
