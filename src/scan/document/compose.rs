//! Services of a compose file, `extends` within the file followed.
//!
//! **Invariant**: a service is what compose would run as far as this file tells; what another file adds makes it open,
//! so that nothing is taken to be absent.
//!
//! # Source
//! The compose specification: merging of `extends`, short and long syntax of volumes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::{Entry, Mapping, Node, Value};

/// Services that may extend each other in a row.
const MAX_EXTENDS: usize = 16;
/// Services of one file; more are not looked at.
const MAX_SERVICES: usize = 10_000;
/// Entries and items taken over by `extends` in one file; a service that would exceed them is open instead.
const MAX_TAKEN_OVER: usize = 500_000;

/// One service.
#[derive(Clone, Debug)]
pub struct Service {
    /// The name.
    pub name: String,
    /// The service as written, without what it extends.
    pub own: Node,
    /// The service with what it extends.
    pub node: Node,
    /// The volumes of the file that are a path of the host, by name.
    bound: Arc<BTreeMap<String, String>>,
}

/// One mount of a service.
#[derive(Clone, Debug)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs`, …; `None` when it is not known before substitution.
    pub kind: Option<String>,
    /// What is mounted: a path of the host, that of a volume that binds one included, or the name of a volume.
    pub source: Option<String>,
    /// The source as the mount writes it.
    pub written: Option<String>,
    /// Where it stands in the file.
    pub node: Node,
}

/// The services of a compose file, in order.
pub fn services(root: &Node) -> Vec<Service> {
    let Some(all) = root.get("services") else { return Vec::new() };
    let mut budget = MAX_TAKEN_OVER;
    let bound = Arc::new(bound_volumes(root));
    let service = |entry: &Entry| Service {
        name: String::from(entry.key.clone()),
        own: entry.value.clone(),
        node: whole_or_part(root, extended(all, &entry.value, &mut budget)),
        bound: Arc::clone(&bound),
    };
    let maps = all.entries().iter().filter(|entry| entry.value.as_mapping().is_some());
    maps.take(MAX_SERVICES).map(service).collect()
}

impl Service {
    /// The mounts under `volumes`, in short and long syntax.
    pub fn mounts(&self) -> Vec<Mount> {
        let mounts = self.node.get("volumes").map_or(&[][..], Node::items).iter().filter_map(mount);
        mounts.map(|mount| self.resolved(mount)).collect()
    }

    /// A mount of a volume that is a path of the host mounts that path.
    fn resolved(&self, mount: Mount) -> Mount {
        let is_volume = mount.kind.as_deref().is_none_or(|kind| kind == "volume");
        match mount.source.as_ref().and_then(|name| self.bound.get(name)).filter(|_| is_volume) {
            Some(path) => Mount { kind: Some("bind".to_owned()), source: Some(path.clone()), ..mount },
            None => mount,
        }
    }
}

/// A service that an override only adds to is a part of the service of another file.
fn whole_or_part(root: &Node, service: Node) -> Node {
    let is_whole = ["image", "build", "extends", "provider"].iter().any(|key| service.get(key).is_some());
    if root.is_patch() && !is_whole { service.as_patch() } else { service }
}

/// The volumes whose options bind a path of the host.
fn bound_volumes(root: &Node) -> BTreeMap<String, String> {
    let volumes = root.get("volumes").map_or(&[][..], Node::entries).iter().take(MAX_SERVICES);
    let bound = volumes.filter_map(|volume| {
        let options = volume.value.get("driver_opts")?;
        let text = |key| options.get(key).and_then(Node::as_str);
        let binds =
            text("o").is_some_and(|list| list.split(',').any(|option| matches!(option.trim(), "bind" | "rbind")));
        let path = text("device").filter(|path| binds && is_host_path(path))?;
        Some((String::from(volume.key.clone()), path.to_owned()))
    });
    bound.collect()
}

/// A service with what it extends, nearest first.
fn extended(all: &Node, service: &Node, budget: &mut usize) -> Node {
    let mut chain = vec![service];
    let mut leaves_file = false;
    while let Some(extends) = chain.last().and_then(|last| last.get("extends")) {
        let base = match extends.value() {
            Value::String(name) => all.get(name),
            Value::Mapping(_) if extends.get("file").is_none() => {
                extends.get("service").and_then(Node::as_str).and_then(|name| all.get(name))
            }
            _ => None,
        };
        match base {
            Some(base) if chain.len() < MAX_EXTENDS => chain.push(base),
            _ => {
                leaves_file = true;
                break;
            }
        }
    }
    let merged = chain.into_iter().skip(1).fold(service.clone(), |node, base| merge(&node, base, LEVELS, budget));
    let leaves_file = leaves_file || *budget == 0;
    match merged.as_mapping() {
        Some(map) if leaves_file => Node::new(merged.span(), Value::Mapping(map.clone().with_open(true))),
        _ => merged,
    }
}

/// How deep maps are united: the service, its settings, and the maps in those.
const LEVELS: usize = 3;

/// `over` on `base`: maps are united, lists joined, anything else replaced.
fn merge(over: &Node, base: &Node, levels: usize, budget: &mut usize) -> Node {
    let cost = over.entries().len() * base.entries().len() / 8
        + base.entries().len()
        + over.items().len()
        + base.items().len();
    if levels == 0 || cost > *budget {
        *budget = if cost > *budget { 0 } else { *budget };
        return over.clone();
    }
    *budget -= cost;
    match (over.value(), base.value()) {
        (Value::Mapping(own), Value::Mapping(more)) => {
            let mut entries: Vec<Entry> = own.entries().to_vec();
            for entry in more.entries().iter().filter(|entry| &*entry.key != "extends") {
                match entries.iter_mut().find(|own| own.key == entry.key) {
                    Some(own) => own.value = merge(&own.value, &entry.value, levels - 1, budget),
                    None => entries.push(entry.clone()),
                }
            }
            let open = own.is_open() || more.is_open();
            Node::new(over.span(), Value::Mapping(Mapping::new(entries).with_open(open)))
        }
        (Value::Sequence(own), Value::Sequence(more)) => {
            Node::new(over.span(), Value::Sequence(more.iter().chain(own).cloned().collect()))
        }
        _ => over.clone(),
    }
}

/// Reads `source:target[:mode]`, or a map with `type`, `source` and `target`.
fn mount(node: &Node) -> Option<Mount> {
    let text = |key| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let (kind, source) = match node.value() {
        Value::String(short) | Value::Unknown(short) => {
            let source = short_source(short);
            let kind = if source.is_some_and(is_host_path) { "bind" } else { "volume" };
            (Some(kind.to_owned()), source.map(str::to_owned))
        }
        Value::Mapping(_) => (text("type"), text("source")),
        _ => return None,
    };
    Some(Mount { kind, written: source.clone(), source, node: node.clone() })
}

/// The part before the colon that separates source and target; a single letter before a colon is a Windows drive.
fn short_source(short: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let is_drive = short.starts_with(|first: char| first.is_ascii_alphabetic());
    let end = short.char_indices().find_map(|(offset, letter)| {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (letter == ':' && depth == 0 && !(offset == 1 && is_drive)).then_some(offset)
    })?;
    short.get(..end)
}

fn is_host_path(source: &str) -> bool {
    source.starts_with(['/', '.', '~', '$', '\\']) || source.get(1..2) == Some(":")
}

#[cfg(test)]
mod tests {
    use super::super::super::limits::Limits;
    use super::super::parse;
    use super::*;

    fn read(text: &str) -> Vec<Service> {
        let file = parse("compose.yaml", text, &Limits::default());
        file.documents.iter().filter_map(|document| document.tree()).flat_map(services).collect()
    }

    /// The keys of the last service, `+` when it is open, and the sources of its mounts.
    fn check(text: &str, keys: &str, mounts: &[&str]) {
        let found = read(text);
        let last = found.last().unwrap();
        let mut shown: Vec<&str> = last.node.entries().iter().map(|entry| &*entry.key).collect();
        shown.extend(last.node.is_open().then_some("+"));
        assert_eq!(shown.join(" "), keys, "{text}");
        let sources: Vec<String> = last
            .mounts()
            .into_iter()
            .map(|mount| format!("{}:{}", mount.kind.unwrap_or_default(), mount.source.unwrap_or_default()))
            .collect();
        assert_eq!(sources, mounts, "{text}");
    }

    #[test]
    fn an_override_leaves_out_what_the_other_file_says() {
        let text = "services: {a: {user: root}, b: {image: x}}\n";
        for (path, expected) in [("compose.yaml", [false; 2]), ("docker-compose.prod.yml", [true, false])] {
            let file = parse(path, text, &Limits::default());
            let root = file.documents.first().and_then(|document| document.tree()).unwrap();
            assert_eq!(services(root).iter().map(|service| service.node.is_open()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn extends_is_followed_within_the_file() {
        let base = "services:\n  base: {image: a, volumes: [data:/x], environment: {A: 1}}\n";
        check(
            &format!("{base}  web: {{extends: base, ports: [1]}}\n"),
            "extends ports image volumes environment",
            &["volume:data"],
        );
        check(
            &format!("{base}  web: {{extends: {{service: base}}, volumes: [./y:/y]}}\n"),
            "extends volumes image environment",
            &["volume:data", "bind:./y"],
        );
        check("services:\n  web: {extends: {file: b.yml, service: base}, image: x}\n", "extends image +", &[]);
        check("services:\n  a: {extends: b}\n  b: {extends: a}\n", "extends +", &[]);
        check("services:\n  a: {extends: gone}\n", "extends +", &[]);
        check("x: &x {image: a}\nservices:\n  a: {<<: *x, build: .}\n", "build image", &[]);
    }

    #[test]
    fn mounts_are_read_in_both_forms() {
        check(
            "services:\n  a:\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n      - ${DIR:-/x}:/y\n      - /anonymous\n      - C:\\x:/x\n      - {type: bind, source: /run/docker.sock, target: /s}\n",
            "volumes",
            &["bind:/var/run/docker.sock", "bind:${DIR:-/x}", "volume:", "bind:C:\\x", "bind:/run/docker.sock"],
        );
    }

    #[test]
    fn a_volume_that_binds_a_path_is_that_path() {
        let volumes = "volumes:\n  data: {driver: local, driver_opts: {type: none, o: bind, device: /var/run}}\n  net: {driver_opts: {type: nfs, o: 'addr=10.0.0.1,rw', device: ':/x'}}\n";
        check(
            &format!(
                "services:\n  a: {{volumes: ['data:/d:ro', 'net:/n', {{type: volume, source: data, target: /e}}]}}\n{volumes}"
            ),
            "volumes",
            &["bind:/var/run", "volume:net", "bind:/var/run"],
        );
    }

    #[test]
    fn what_is_no_service_is_left_out() {
        assert!(read("services: [a]\n").is_empty());
        assert!(read("services: {a: null}\n").is_empty());
        assert!(read("a: 1\n").is_empty());
    }
}
