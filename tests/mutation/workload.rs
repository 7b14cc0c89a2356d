//! Workloads that no policy objects to, of every kind.

use serde_json::{Map, Value, json};

/// A kind of workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The `apiVersion`.
    pub api: &'static str,
    /// The kind.
    pub name: &'static str,
    /// The path of the map that holds the pods' metadata and spec, with `|` between the steps.
    pub template: &'static str,
}

const fn kind(api: &'static str, name: &'static str, template: &'static str) -> Kind {
    Kind { api, name, template }
}

/// All kinds that hold pods.
pub const KINDS: [Kind; 9] = [
    kind("apps/v1", "Deployment", "spec|template"),
    kind("apps/v1", "StatefulSet", "spec|template"),
    kind("apps/v1", "DaemonSet", "spec|template"),
    kind("apps/v1", "ReplicaSet", "spec|template"),
    kind("v1", "ReplicationController", "spec|template"),
    kind("batch/v1", "Job", "spec|template"),
    kind("batch/v1", "CronJob", "spec|jobTemplate|spec|template"),
    kind("v1", "Pod", ""),
    kind("v1", "PodTemplate", "template"),
];

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Numbers that look random and are the same in every run.
#[derive(Clone, Copy)]
pub struct Dice(u64);

impl Dice {
    /// The dice of that seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }
}

/// The pods' metadata and spec: nothing in them is objected to, whatever the profile.
pub fn template() -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}, "annotations": {"team": "front"}},
        "spec": {
            "serviceAccountName": "web",
            "automountServiceAccountToken": false,
            "priorityClassName": "front",
            "restartPolicy": "Always",
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65532,
                "runAsGroup": 65532,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
                "appArmorProfile": {"type": "RuntimeDefault"},
            },
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"},
            ],
            "initContainers": [container("prepare", json!({"command": ["prepare", "--quiet"]}))],
            "containers": [
                container("web", json!({
                    "ports": [{"name": "http", "containerPort": 8080}],
                    "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
                    "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],
                })),
            ],
            "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "64Mi"}}],
        },
    })
}

fn container(name: &str, more: Value) -> Value {
    let mut container = json!({
        "name": name,
        "image": format!("example.com/{name}:1.4.0@{DIGEST}"),
        "imagePullPolicy": "Always",
        "env": [{"name": "PORT", "value": "8080"}],
        "resources": {
            "requests": {"cpu": "10m", "memory": "64Mi"},
            "limits": {"cpu": "1", "memory": "64Mi", "ephemeral-storage": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]},
        },
    });
    if let (Some(map), Value::Object(more)) = (container.as_object_mut(), more) {
        map.extend(more);
    }
    container
}

/// A template that the restricted level admits, chosen by dice: where its settings stand, what it mounts and runs.
pub fn varied(dice: &mut Dice) -> Value {
    let mut template = template();
    let spec = &mut template["spec"];
    for key in ["priorityClassName", "topologySpreadConstraints", "initContainers", "volumes"] {
        if dice.roll(3) == 0 && key != "volumes" {
            remove(spec, key);
        }
    }
    if dice.roll(3) == 0 {
        lower(spec);
    }
    if dice.roll(4) == 0 {
        spec["hostUsers"] = json!(false);
        remove(&mut spec["securityContext"], "runAsUser");
    }
    for index in 0..dice.roll(3) {
        let volume = VOLUMES[dice.roll(VOLUMES.len())];
        let mut volume: Value = serde_json::from_str(volume).expect("a volume");
        volume["name"] = json!(format!("extra-{index}"));
        spec["volumes"].as_array_mut().expect("volumes").push(volume);
    }
    let container = &mut spec["containers"][0];
    if dice.roll(2) == 0 {
        container["securityContext"]["capabilities"]["add"] = json!(["NET_BIND_SERVICE"]);
    }
    if dice.roll(2) == 0 {
        container["securityContext"]["procMount"] = json!("Default");
        container["securityContext"]["privileged"] = json!(false);
    }
    if dice.roll(2) == 0 {
        container["command"] = json!(["/bin/web", "--listen=:8080"]);
        container["lifecycle"] = json!({"preStop": {"exec": {"command": ["/bin/web", "drain"]}}});
    }
    template
}

/// Volumes that the restricted level admits.
const VOLUMES: [&str; 7] = [
    r#"{"emptyDir": {}}"#,
    r#"{"configMap": {"name": "web"}}"#,
    r#"{"secret": {"secretName": "web"}}"#,
    r#"{"persistentVolumeClaim": {"claimName": "web"}}"#,
    r#"{"projected": {"sources": [{"downwardAPI": {"items": []}}]}}"#,
    r#"{"csi": {"driver": "secrets.example.com", "readOnly": true}}"#,
    r#"{"ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}"#,
];

/// Moves what the pod sets for its containers to each of them.
fn lower(spec: &mut Value) {
    let context = spec["securityContext"].as_object().cloned().unwrap_or_default();
    let own: Map<String, Value> = context.into_iter().filter(|(key, _)| key != "fsGroup").collect();
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["securityContext"].as_object_mut().expect("a map").extend(own.clone());
        }
    }
    spec["securityContext"] = json!({"fsGroup": 65532});
}

/// Takes the key out of a map.
pub fn remove(map: &mut Value, key: &str) {
    map.as_object_mut().expect("a map").shift_remove(key);
}

impl Kind {
    /// An object of the kind with the pods of `template`.
    pub fn object(self, template: &Value) -> Value {
        let mut template = template.clone();
        let mut object =
            json!({"apiVersion": self.api, "kind": self.name, "metadata": {"name": "web", "namespace": "shop"}});
        match self.name {
            "Pod" => {
                object["metadata"]["labels"] = template["metadata"]["labels"].clone();
                object["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
                object["spec"] = template["spec"].clone();
                return object;
            }
            "PodTemplate" => object["template"] = template,
            "Job" | "CronJob" => {
                template["spec"]["restartPolicy"] = json!("Never");
                remove_probes(&mut template["spec"]);
                object["spec"] = if self.name == "Job" {
                    json!({"ttlSecondsAfterFinished": 3600, "template": template})
                } else {
                    json!({
                        "schedule": "0 3 * * *",
                        "startingDeadlineSeconds": 600,
                        "jobTemplate": {"spec": {"template": template}},
                    })
                };
            }
            _ => {
                object["spec"] =
                    json!({"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template});
                if self.name == "StatefulSet" {
                    object["spec"]["serviceName"] = json!("web");
                }
                if self.name == "DaemonSet" {
                    remove(&mut object["spec"], "replicas");
                }
                if self.name == "ReplicationController" {
                    object["spec"]["selector"] = json!({"app": "web"});
                }
            }
        }
        object
    }
}

/// A task that ends needs no probes.
fn remove_probes(spec: &mut Value) {
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        for probe in ["livenessProbe", "readinessProbe"] {
            remove(container, probe);
        }
    }
}
