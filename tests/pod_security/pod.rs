//! A pod that is changed field by field, and the forms it is written in.

use serde_json::{Map, Value, json};

use super::cases::{Case, Change};

/// The lists of containers.
pub const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// A pod: its metadata and its spec.
#[derive(Clone)]
pub struct Pod(Value);

impl Pod {
    /// How many forms [`Pod::written`] knows.
    pub const FORMS: usize = 12;

    /// The least that the restricted level admits, with a container in each list.
    pub fn restricted() -> Self {
        let container = |name: &str| {
            json!({
                "name": name,
                "image": "example.com/web:1.0.0",
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            })
        };
        Self(json!({
            "metadata": {"name": "web"},
            "spec": {
                "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                "initContainers": [container("prepare")],
                "containers": [container("web")],
                "ephemeralContainers": [container("debug")],
            },
        }))
    }

    /// The pod with a change; a path that begins with `@` is of the first container of `list`, one with `*` of the
    /// first of each.
    pub fn with(mut self, change: &Change, list: &str) -> Self {
        let (path, value) = change;
        let value: Option<Value> = (*value != "-").then(|| serde_yaml::from_str(value).expect("the value of a change"));
        let lists = if path.starts_with('*') { &LISTS[..] } else { &[list] };
        for list in lists {
            let path = path.replacen(['@', '*'], &format!("spec|{list}|0"), 1);
            put(&mut self.0, &path, value.clone());
        }
        self
    }

    /// The pod with the changes of another case; `None` where they meet this pod's.
    pub fn changed_by(self, case: &Case) -> Option<Self> {
        let base = Self::restricted();
        let own = |change: &Change| {
            let path = change.0.replacen(['@', '*'], "spec|containers|0", 1);
            let parent = path.rsplit_once('|').map_or("", |(parent, _)| parent).to_owned();
            at(&self.0, &parent) == at(&base.0, &parent)
        };
        if !case.changes.iter().all(own) {
            return None;
        }
        Some(case.changes.iter().fold(self, |pod, change| pod.with(change, LISTS[0])))
    }

    /// The pod as a file: its path and its text.
    pub fn written(&self, form: usize) -> (&'static str, String) {
        let template = json!({"metadata": self.0["metadata"], "spec": self.0["spec"]});
        let object = |api: &str, kind: &str, key: &str, body: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, key: body});
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"]});
        let value = match form / 2 % (Self::FORMS / 2) {
            0 => pod,
            1 => object("apps/v1", "Deployment", "spec", json!({"template": template})),
            2 => object("batch/v1", "CronJob", "spec", json!({"jobTemplate": {"spec": {"template": template}}})),
            3 => object("v1", "PodTemplate", "template", template),
            4 => json!({"apiVersion": "v1", "kind": "List", "items": [
                object("v1", "ReplicationController", "spec", json!({"template": template})),
            ]}),
            _ => object("apps/v1", "DaemonSet", "spec", json!({"template": template})),
        };
        match form % 2 {
            0 => ("deploy/web.yaml", serde_yaml::to_string(&value).expect("YAML")),
            _ => ("deploy/web.json", serde_json::to_string_pretty(&value).expect("JSON")),
        }
    }
}

/// Puts `value` at a path whose steps `|` separates, or takes away what is there.
fn put(root: &mut Value, path: &str, value: Option<Value>) {
    let (parent, last) = path.rsplit_once('|').expect("a path of two steps");
    let mut node = root;
    for step in parent.split('|') {
        node = if let Ok(index) = step.parse::<usize>() {
            &mut node[index]
        } else {
            if node[step].is_null() {
                node[step] = Value::Object(Map::new());
            }
            &mut node[step]
        };
    }
    let map = node.as_object_mut().expect("a map");
    match value {
        Some(value) => drop(map.insert(last.to_owned(), value)),
        None => drop(map.shift_remove(last)),
    }
}

fn at<'v>(root: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('|').try_fold(root, |node, step| match step.parse::<usize>() {
        Ok(index) => node.get(index),
        Err(_) => node.get(step),
    })
}
