use super::super::super::limits::Limits;
use super::super::kubernetes::Pod;
use super::super::{DocumentKind, Naming, ParsedFile, parse_named};
use super::*;

const TARGET: &str = "target: {kind: Deployment, name: web}";

fn parsed(path: &str, text: &str) -> ParsedFile {
    parse_named(path, text, &Limits::default(), Naming::No)
}

/// A kustomization with one patch.
fn with(target: &str, operations: &str) -> String {
    let operations = operations.replace('\n', "\n      ");
    format!("resources: [a.yaml]\npatches:\n  - {target}\n    patch: |-\n      {operations}\n")
}

fn titles(file: &ParsedFile) -> Vec<String> {
    file.objects().iter().map(Object::title).collect()
}

/// The value at `path` of the one object, as it stands in the text.
fn value<'t>(text: &'t str, file: &ParsedFile, path: &str) -> Option<&'t str> {
    let object = file.objects().first()?;
    Some(object.node.at(path)?.span().of(text))
}

#[test]
fn a_value_stands_at_its_own_place() {
    let text = with(
        TARGET,
        "- op: add\n  path: /spec/template/spec/hostNetwork\n  value: true\n- op: replace\n  path: \
         /spec/template/spec/containers/0/image\n  value: nginx",
    );
    let file = parsed("kustomization.yaml", &text);
    assert_eq!(titles(&file), ["Deployment/web"]);
    assert_eq!(value(&text, &file, "spec.template.spec.hostNetwork"), Some("true"));
    assert_eq!(value(&text, &file, "spec.template.spec.containers.0.image"), Some("nginx"));
    let object = file.objects().first().unwrap();
    assert!(object.node.is_patch() && object.node.at("spec.template.spec").unwrap().is_open());
    let containers = object.pod().map(Pod::containers).unwrap();
    assert_eq!(containers.iter().map(|container| container.name.as_str()).collect::<Vec<_>>(), ["containers/0"]);
}

#[test]
fn the_kind_is_that_of_the_target_or_what_the_paths_tell() {
    let operation = |path: &str| format!("- {{op: add, path: {path}, value: 1}}");
    for (target, path, expected) in [
        ("target: {kind: StatefulSet}", "/spec/replicas", Some("apps/v1 StatefulSet")),
        ("target: {group: x.io, version: v2, kind: Widget}", "/spec/replicas", Some("x.io/v2 Widget")),
        ("target: {kind: ClusterRole}", "/rules/-", Some("rbac.authorization.k8s.io/v1 ClusterRole")),
        ("target: {kind: Service}", "/spec/type", Some("v1 Service")),
        ("target: {kind: CustomResourceDefinition}", "/spec/group", None),
        ("target: {kind: Deployment, group: x.io}", "/spec/template/spec/hostPID", None),
        ("target: {kind: Deployment|DaemonSet}", "/spec/template/spec/hostPID", Some("apps/v1 Deployment")),
        ("target: {labelSelector: a=b}", "/spec/jobTemplate/spec/template/spec/hostPID", Some("batch/v1 CronJob")),
        ("target: {name: web}", "/spec/hostPID", None),
        ("options: {}", "/spec/template/spec/hostPID", Some("apps/v1 Deployment")),
    ] {
        let file = parsed("kustomization.yaml", &with(target, &operation(path)));
        let shown = file.objects().first().map(|object| format!("{} {}", object.api_version, object.kind));
        assert_eq!(shown.as_deref(), expected, "{target} {path}");
    }
}

#[test]
fn operations_follow_each_other() {
    let spec = "spec.template.spec";
    for (operations, path, expected) in [
        (
            "- {op: add, path: /spec/template/spec/volumes, value: []}\n\
             - {op: add, path: /spec/template/spec/volumes/-, value: {name: a}}",
            "volumes.0",
            Some("{name: a}"),
        ),
        (
            "- {op: add, path: /spec/template/spec/hostPID, value: true}\n- {op: remove, path: /spec/template/spec/hostPID}",
            "hostPID",
            None,
        ),
        (
            "- {op: add, path: /spec/template/spec/a, value: {b: 1, c: 2}}\n\
             - {op: replace, path: /spec/template/spec/a/b, value: 3}",
            "a.b",
            Some("3"),
        ),
        (
            "- {op: add, path: /spec/template/spec/containers/0, value: {name: a}}\n\
             - {op: add, path: /spec/template/spec/containers/0, value: {name: b}}",
            "containers.1",
            Some("{name: b}"),
        ),
        ("- {op: add, path: /spec/template/spec/a~1b~0c, value: 4}", "a/b~c", Some("4")),
        ("- {op: test, path: /spec/template/spec/hostPID, value: true}", "hostPID", None),
    ] {
        let text = with(TARGET, operations);
        let file = parsed("kustomization.yaml", &text);
        assert_eq!(value(&text, &file, &format!("{spec}.{path}")), expected, "{operations}");
    }
}

#[test]
fn what_is_put_in_is_whole() {
    let text = with(
        TARGET,
        "- {op: add, path: /spec/template/spec/containers/-, value: {name: a, securityContext: {}}}\n\
         - {op: add, path: /spec/template/spec/containers/-, value: {name: b}}",
    );
    let file = parsed("kustomization.yaml", &text);
    let containers = file.objects().first().and_then(Object::pod).map(Pod::containers).unwrap();
    assert_eq!(containers.len(), 2);
    assert!(containers.iter().all(|container| !container.node.is_open()));
}

#[test]
fn they_are_read_wherever_they_stand() {
    let list = "[{\"op\": \"add\", \"path\": \"/spec/template/spec/hostPID\", \"value\": true}]";
    let block = "- op: add\n  path: /spec/template/spec/hostPID\n  value: true\n";
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1beta2\nkind: Kustomization\nspec:\n  patchesJson6902:\n";
    for (path, text) in [
        ("patch.json", list.to_owned()),
        ("deploy/host.yaml", block.to_owned()),
        ("kustomization.yaml", format!("patches:\n  - {TARGET}\n    patch: '{list}'\n")),
        ("kustomization.yaml", format!("patchesJson6902:\n  - {TARGET}\n    patch: |\n{}", indented(block))),
        ("ks.yaml", format!("{flux}    - {TARGET}\n      patch:\n{}", indented(block))),
    ] {
        let file = parsed(path, &text);
        let found = file.objects().iter().filter_map(Object::pod).find_map(|pod| pod.spec.get("hostPID").cloned());
        assert_eq!(found.map(|node| node.span().of(&text).to_owned()).as_deref(), Some("true"), "{text}");
    }
}

fn indented(block: &str) -> String {
    format!("        {}\n", block.trim_end().replace('\n', "\n        "))
}

#[test]
fn other_lists_are_none() {
    for text in ["[]\n", "- {op: add}\n", "- {op: plus, path: /spec/template/spec/a, value: 1}\n", "- a\n- b\n"] {
        let file = parsed("ops.yaml", text);
        assert_eq!((file.kind, file.objects().len()), (DocumentKind::Tree, 0), "{text}");
    }
    let machine = "- {op: add, path: /machine/network, value: {hostname: a}}\n";
    assert_eq!(parsed("ops.yaml", machine).kind, DocumentKind::Tree);
}

#[test]
fn what_was_put_in_is_moved_and_copied() {
    let pod = "/spec/template/spec";
    let operations = format!(
        "- {{op: add, path: {pod}/securityContext, value: {{privileged: true}}}}\n\
         - {{op: copy, from: {pod}/securityContext, path: {pod}/containers/0/securityContext}}\n\
         - {{op: move, from: {pod}/securityContext/privileged, path: {pod}/hostPID}}\n\
         - {{op: add, path: {pod}/hostIPC, value: true}}\n\
         - {{op: copy, from: {pod}/elsewhere, path: {pod}/hostIPC}}"
    );
    let text = with(TARGET, &operations);
    let file = parsed("kustomization.yaml", &text);
    let value = |path: &str| value(&text, &file, &format!("spec.template.spec.{path}"));
    assert_eq!(value("containers.0.securityContext.privileged"), Some("true"));
    assert_eq!(value("hostPID"), Some("true"));
    assert_eq!(value("securityContext.privileged"), None);
    assert_eq!(value("hostIPC"), None);
}
