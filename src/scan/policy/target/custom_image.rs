//! Images in custom resources.
//!
//! **Invariant**: a path is listed only where the kind's own documentation says that it holds an image.
//!
//! # Source
//! Tekton Pipelines v1, Argo Workflows 3, `KubeVirt` 1, Prometheus Operator 0.8x, `CloudNativePG` 1, `JobSet`, Volcano,
//! Strimzi, Ray, Spark and OpenTelemetry operators, Actions Runner Controller, Rook, Dragonfly, ECK,
//! Zalando's operator and that of `MariaDB`, `RabbitMQ`, Keycloak, `MinIO`, Crossplane.

use crate::scan::document::kubernetes::{Object, objects};
use crate::scan::document::node::{Node, Value};
use crate::scan::document::{Document, ParsedFile};
use crate::scan::image_reference::ImageReference;

use super::facts::{map, null, text};
use super::table::facts;
use super::{FactDoc, FactKind, Subject, image};

/// Images of one file that are listed.
const MAX_IMAGES: usize = 5_000;

/// The facts of `image.custom`.
pub(super) const FACTS: &[FactDoc] = facts![&image::FACTS, &HOLDER];

const HOLDER: [FactDoc; 3] = [
    FactDoc { path: "holder.kind", kind: FactKind::String, doc: "the kind of the custom resource", example: "Task" },
    FactDoc { path: "holder.group", kind: FactKind::String, doc: "the group of its API", example: "tekton.dev" },
    FactDoc {
        path: "holder.path",
        kind: FactKind::String,
        doc: "the keys that lead to the image",
        example: "spec.image",
    },
];

const TEKTON: &[&str] = &["steps.*.image", "sidecars.*.image", "stepTemplate.image"];
const WORKFLOW: &[&str] = &[
    "templates.*.container.image",
    "templates.*.script.image",
    "templates.*.initContainers.*.image",
    "templates.*.sidecars.*.image",
    "templates.*.containerSet.containers.*.image",
    "templateDefaults.container.image",
];
const POD: &[&str] = &["containers.*.image", "initContainers.*.image"];
const MONITORING: &[&str] = &["image", "containers.*.image", "initContainers.*.image"];

/// Where kinds of a group hold images: under each prefix, each path. `*` is every item of a list.
type Place = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);
const PLACES: &[Place] = &[
    ("tekton.dev", &["Task", "ClusterTask"], &["spec"], TEKTON),
    ("tekton.dev", &["TaskRun"], &["spec.taskSpec"], TEKTON),
    ("tekton.dev", &["StepAction"], &["spec"], &["image"]),
    ("tekton.dev", &["Pipeline"], &["spec.tasks.*.taskSpec", "spec.finally.*.taskSpec"], TEKTON),
    (
        "tekton.dev",
        &["PipelineRun"],
        &["spec.pipelineSpec.tasks.*.taskSpec", "spec.pipelineSpec.finally.*.taskSpec"],
        TEKTON,
    ),
    ("argoproj.io", &["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"], &["spec"], WORKFLOW),
    ("argoproj.io", &["CronWorkflow"], &["spec.workflowSpec"], WORKFLOW),
    ("kubevirt.io", &["VirtualMachine", "VirtualMachineInstanceReplicaSet"], &["spec.template.spec"], DISKS),
    ("kubevirt.io", &["VirtualMachineInstance"], &["spec"], DISKS),
    ("monitoring.coreos.com", &["Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"], &["spec"], MONITORING),
    ("postgresql.cnpg.io", &["Cluster"], &["spec"], &["imageName"]),
    ("postgresql.cnpg.io", &["Pooler"], &["spec.template.spec"], POD),
    ("jobset.x-k8s.io", &["JobSet"], &["spec.replicatedJobs.*.template.spec.template.spec"], POD),
    ("batch.volcano.sh", &["Job"], &["spec.tasks.*.template.spec"], POD),
    ("kafka.strimzi.io", &["KafkaConnect", "Kafka", "KafkaBridge"], &["spec", "spec.kafka"], &["image"]),
    ("ray.io", &["RayCluster"], &["spec.headGroupSpec.template.spec", "spec.workerGroupSpecs.*.template.spec"], POD),
    ("sparkoperator.k8s.io", &["SparkApplication"], &["spec", "spec.driver", "spec.executor"], &["image"]),
    ("opentelemetry.io", &["OpenTelemetryCollector"], &["spec"], &["image"]),
    ("actions.github.com", &["AutoscalingRunnerSet", "EphemeralRunner"], &["spec.template.spec", "spec.spec"], POD),
    ("ceph.rook.io", &["CephCluster"], &["spec.cephVersion"], &["image"]),
    ("dragonflydb.io", &["Dragonfly"], &["spec"], &["image"]),
    ("elasticsearch.k8s.elastic.co", &["Elasticsearch"], &["spec"], &["image"]),
    ("kibana.k8s.elastic.co", &["Kibana"], &["spec"], &["image"]),
    ("acid.zalan.do", &["postgresql"], &["spec"], &["dockerImage"]),
    ("rabbitmq.com", &["RabbitmqCluster"], &["spec"], &["image"]),
    ("k8s.keycloak.org", &["Keycloak"], &["spec"], &["image"]),
    ("minio.min.io", &["Tenant"], &["spec"], &["image"]),
    ("k8s.mariadb.com", &["MariaDB"], &["spec"], &["image"]),
    ("pkg.crossplane.io", &["Provider", "Function", "Configuration"], &["spec"], &["package"]),
];
const DISKS: &[&str] = &["volumes.*.containerDisk.image"];

/// The images of a file that no other target names.
pub(super) fn images(file: &ParsedFile) -> Vec<Subject> {
    let roots = file.documents.iter().filter_map(Document::tree);
    let mut found = Vec::new();
    for root in roots {
        for object in objects(root) {
            found.extend(of_object(&object));
        }
    }
    found.truncate(MAX_IMAGES);
    found
}

fn of_object(object: &Object) -> Vec<Subject> {
    let Some(group) = object.group() else { return Vec::new() };
    let mut found = Vec::new();
    let places = PLACES.iter().filter(|(of, kinds, ..)| *of == group && kinds.contains(&&*object.kind));
    for (_, _, prefixes, paths) in places {
        for (prefix, path) in prefixes.iter().flat_map(|prefix| paths.iter().map(move |path| (prefix, path))) {
            let full = format!("{prefix}.{path}");
            for image in select(&object.node, &full) {
                let holder = map(vec![("kind", text(&object.kind)), ("group", text(group)), ("path", text(&full))]);
                let mut identity = object.identity();
                identity.extend([full.clone(), repository(image)]);
                found.push(subject(image, holder, Some(object.title()), identity));
            }
        }
    }
    found.extend(of_parts(object, group));
    found
}

/// What the Prometheus operator put together before it had `image`: `baseImage`, `tag` and `sha`.
fn of_parts(object: &Object, group: &str) -> Option<Subject> {
    let spec = object.node.get("spec").filter(|_| group == "monitoring.coreos.com")?;
    let base = spec.get("baseImage").filter(|_| spec.get("image").is_none())?;
    let part = |key: &str| spec.get(key).cloned().unwrap_or_else(null);
    let facts = image::composed(&null(), base, &part("tag"), &part("sha"));
    let place = ["tag", "baseImage"].into_iter().find_map(|key| spec.get(key))?;
    let holder = map(vec![("kind", text(&object.kind)), ("group", text(group)), ("path", text("spec.baseImage"))]);
    let mut identity = object.identity();
    identity.extend(["spec.baseImage".to_owned(), repository(base)]);
    Some(Subject {
        facts: map(vec![("holder", holder), ("image", facts)]),
        ..subject(place, null(), Some(object.title()), identity)
    })
}

/// The repository, or the text as written: what stays when a version changes.
fn repository(image: &Node) -> String {
    match image.value() {
        Value::String(written) => {
            ImageReference::parse(written).map_or_else(|_| written.to_string(), |image| image.repository())
        }
        Value::Unknown(written) => written.to_string(),
        _ => String::new(),
    }
}

fn subject(image: &Node, holder: Node, resource: Option<String>, identity: Vec<String>) -> Subject {
    Subject {
        facts: map(vec![("holder", holder), ("image", image::facts(image))]),
        node: None,
        places: vec![("image", image.span())],
        span: image.span(),
        resource,
        identity,
    }
}

/// The texts at a dotted path, `*` being every item of a list.
fn select<'n>(root: &'n Node, path: &str) -> Vec<&'n Node> {
    let mut nodes = vec![root];
    for step in path.split('.') {
        let mut next = Vec::new();
        for node in nodes {
            match (step, node.value()) {
                ("*", Value::Sequence(items)) => next.extend(items.iter().take(MAX_IMAGES)),
                (key, _) => next.extend(node.get(key)),
            }
        }
        next.truncate(MAX_IMAGES);
        nodes = next;
    }
    nodes.retain(|node| matches!(node.value(), Value::String(text) if !text.is_empty()) || node.is_unknown());
    nodes
}
