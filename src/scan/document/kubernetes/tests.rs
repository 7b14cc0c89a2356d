use std::fmt::Write;

use super::*;
use crate::scan::document::parse;
use crate::scan::limits::Limits;

/// Each object as `title: container (role), …`.
fn check(text: &str, expected: &[&str]) {
    let file = parse("deploy/x.yaml", text, &Limits::default());
    let objects = file.documents.iter().filter_map(|document| document.tree()).flat_map(objects);
    let shown: Vec<String> = objects
        .map(|object| {
            let containers = object.pod().map(Pod::containers).unwrap_or_default();
            let names: Vec<_> =
                containers.iter().map(|found| format!("{} ({})", found.name, found.role.name())).collect();
            format!("{}: {}", object.title(), names.join(", "))
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

#[test]
fn every_workload_kind_shows_its_containers() {
    let template = "template: {spec: {containers: [{name: c}], initContainers: [{name: i}]}}";
    for (api, kind) in [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "ReplicationController"),
        ("batch/v1", "Job"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("serving.knative.dev/v1", "Service"),
        ("apps.openshift.io/v1", "DeploymentConfig"),
        ("apps.kruise.io/v1alpha1", "CloneSet"),
        ("kubeflow.org/v1", "Notebook"),
    ] {
        let text =
            format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web, namespace: s}}\nspec: {{{template}}}\n");
        check(&text, &[&format!("{kind}/s/web: i (init), c (main)")]);
    }
    let sandbox = template.replacen("template", "podTemplate", 1);
    check(
        &format!("apiVersion: agents.x-k8s.io/v1alpha1\nkind: Sandbox\nmetadata: {{name: web}}\nspec: {{{sandbox}}}\n"),
        &["Sandbox/web: i (init), c (main)"],
    );
    check(
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c}], ephemeralContainers: [{name: e}]}\n",
        &["Pod/: c (main), e (ephemeral)"],
    );
    check(
        &format!("apiVersion: v1\nkind: PodTemplate\nmetadata: {{generateName: g-}}\n{template}\n"),
        &["PodTemplate/g-: i (init), c (main)"],
    );
    check(
        &format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: web}}\nspec: {{jobTemplate: {{spec: {{{template}}}}}}}\n"
        ),
        &["CronJob/web: i (init), c (main)"],
    );
}

#[test]
fn kinds_of_other_groups_are_not_pods() {
    check(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: c}]}}}\n",
        &["Service/web: "],
    );
    check(
        "apiVersion: batch.volcano.sh/v1\nkind: Job\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: c}]}}}\n",
        &["Job/web: "],
    );
    check("apiVersion: x\nname: no kind\n", &[]);
    check("- a\n", &[]);
}

#[test]
fn lists_are_unpacked() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c}]}}";
    check(
        &format!("apiVersion: v1\nkind: List\nitems: [{pod}, {{apiVersion: v1, kind: PodList, items: [{pod}, 1]}}]\n"),
        &["Pod/p: c (main)", "Pod/p: c (main)"],
    );
}

#[test]
fn what_objects_hold_is_read_as_well() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c}]}}";
    for (head, holder) in [
        ("apiVersion: template.openshift.io/v1\nkind: Template\n", format!("objects: [{pod}]")),
        ("apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\n", format!("spec: {{resources: [{pod}]}}")),
        (
            "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\n",
            format!("spec: {{forProvider: {{manifest: {pod}}}}}"),
        ),
        (
            "apiVersion: apiextensions.crossplane.io/v1\nkind: Composition\n",
            format!("spec: {{pipeline: [{{input: {{resources: [{{name: a, base: {pod}}}]}}}}]}}"),
        ),
        (
            "apiVersion: kro.run/v1alpha1\nkind: ResourceGraphDefinition\n",
            format!("spec: {{resources: [{{id: a, template: {pod}}}]}}"),
        ),
        (
            "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\n",
            format!("spec: {{workload: {{manifests: [{pod}]}}}}"),
        ),
    ] {
        let kind = head.trim().rsplit(' ').next().unwrap();
        check(&format!("{head}{holder}\n"), &[&format!("{kind}/: "), "Pod/p: c (main)"]);
    }
    let policy = |wanted: &str| {
        format!(
            "apiVersion: policy.open-cluster-management.io/v1\nkind: ConfigurationPolicy\nspec: {{object-templates: [{{complianceType: {wanted}, objectDefinition: {pod}}}]}}\n"
        )
    };
    check(&policy("musthave"), &["ConfigurationPolicy/: ", "Pod/p: c (main)"]);
    check(&policy("mustnothave"), &["ConfigurationPolicy/: "]);
    check(&format!("apiVersion: example.com/v1\nkind: Template\nobjects: [{pod}]\n"), &["Template/: "]);
}

#[test]
fn a_list_of_lists_of_aliases_ends() {
    let mut text = String::from("apiVersion: v1\nkind: List\na0: &a0 {apiVersion: v1, kind: Pod}\n");
    for level in 1..40 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 30].join(",");
        writeln!(text, "a{level}: &a{level} {{apiVersion: v1, kind: List, items: [{items}]}}").unwrap();
    }
    text.push_str("items: [*a39]\n");
    let file = parse("x.yaml", &text, &Limits::default());
    let root = file.documents.first().and_then(|document| document.tree()).unwrap();
    assert!(objects(root).len() <= MAX_OBJECTS);
}
