use super::super::document::parse;
use super::super::finding::{Finding, Severity};
use super::super::policy::evaluate::FileView;
use super::*;

const REPLICAS: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replica-limit}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
    - expression: object.spec.replicas <= 5
      messageExpression: \"'at most 5 replicas, found ' + string(object.spec.replicas)\"
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod, labels: {app: web}}
spec:
  replicas: 7
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: docker.io/web:1
        - name: side
          image: registry.example.com/side:1
";

fn judge(files: &[&str], text: &str, old: Option<&str>) -> (Vec<Finding>, Vec<Problem>) {
    let limits = Limits::default();
    let named: Vec<(&str, &str)> = files.iter().map(|text| (".github/dockgate/cluster.yaml", *text)).collect();
    let (set, mut problems) = AdmissionSet::load(&named, &limits);
    let parsed = parse("deploy/web.yaml", text, &limits);
    let lines = LineIndex::new(text);
    let view =
        FileView { path: "deploy/web.yaml", identity_path: "deploy/web.yaml", text, lines: &lines, parsed: &parsed };
    let old = old.map(|old| parse("deploy/web.yaml", old, &limits));
    let (findings, more) = set.judge(view, old.as_ref());
    problems.extend(more);
    (findings, problems)
}

/// Each finding as `line severity rule: message`, each problem as `path:line cause message`.
fn told(files: &[&str], text: &str, old: Option<&str>) -> Vec<String> {
    let (findings, problems) = judge(files, text, old);
    let finding =
        |found: &Finding| format!("{} {} {}: {}", found.start.line, found.severity, found.rule, found.message);
    let problem = |found: &Problem| {
        let path = found.path.as_deref().unwrap_or_default();
        format!("{path}:{} {:?} {}", found.line.unwrap_or_default(), found.cause, found.message)
    };
    findings.iter().map(finding).chain(problems.iter().map(problem)).collect()
}

fn policy(name: &str, resources: &str, validations: &str) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: {name}}}\nspec:\n  \
         matchConstraints: {{resourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [{resources}]}}]}}\n  \
         {validations}\n"
    )
}

fn binding(policy: &str, rest: &str) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {{name: {policy}}}\n\
         spec: {{policyName: {policy}, {rest}}}\n"
    )
}

#[test]
fn a_refusal_says_the_computed_message_at_the_field() {
    assert_eq!(told(&[REPLICAS], DEPLOYMENT, None), ["5 high admission/replica-limit: at most 5 replicas, found 7"]);
    assert!(told(&[REPLICAS], &DEPLOYMENT.replace('7', "5"), None).is_empty());
    // The API server makes it one.
    assert!(told(&[REPLICAS], &DEPLOYMENT.replace("  replicas: 7\n", ""), None).is_empty());
    let other = DEPLOYMENT.replace("Deployment", "StatefulSet");
    assert!(told(&[REPLICAS], &other, None).is_empty());
}

#[test]
fn the_actions_of_bindings_decide_how_much_it_matters() {
    for (actions, severity) in [("Deny", "high"), ("Warn", "low"), ("Audit", "info"), ("Warn, Audit", "low")] {
        let bound = binding("replica-limit", &format!("validationActions: [{actions}]"));
        assert!(told(&[REPLICAS, &bound], DEPLOYMENT, None)[0].starts_with(&format!("5 {severity} ")), "{actions}");
    }
    let two =
        [binding("replica-limit", "validationActions: [Warn]"), binding("replica-limit", "validationActions: [Deny]")];
    let told = told(&[REPLICAS, &two[0], &two[1]], DEPLOYMENT, None);
    assert_eq!(told, ["5 high admission/replica-limit: at most 5 replicas, found 7"]);
}

#[test]
fn parameters_come_from_the_tree() {
    let registries = policy(
        "registries",
        "deployments, pods",
        "paramKind: {apiVersion: v1, kind: ConfigMap}
  variables:
    - {name: containers, expression: 'object.kind == \"Pod\" ? object.spec.containers : object.spec.template.spec.containers'}
    - {name: allowed, expression: 'params.data.registries.split(\",\")'}
  validations:
    - expression: variables.containers.all(c, variables.allowed.exists(r, c.image.startsWith(r + '/')))
      message: the image comes from a registry that is not allowed",
    );
    let bound = binding(
        "registries",
        "validationActions: [Deny], paramRef: {name: registries, namespace: policy, parameterNotFoundAction: Deny}",
    );
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: registries, namespace: policy}\ndata: {registries: 'registry.example.com,ghcr.io'}\n";
    let files = [registries.as_str(), &bound, map];
    let said = told(&files, DEPLOYMENT, None);
    // The item that made it false, at the field that the expression names.
    assert_eq!(said, ["12 high admission/registries: the image comes from a registry that is not allowed"]);
    assert!(told(&files, &DEPLOYMENT.replace("docker.io", "ghcr.io"), None).is_empty());
    let lost = told(&files[..2], DEPLOYMENT, None);
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(lost[0].contains("ConfigMap \"registries\" is not in the tree"), "{lost:?}");
    let unbound = told(&files[..1], DEPLOYMENT, None);
    assert!(unbound[0].contains("no binding in the tree names its parameters"), "{unbound:?}");
}

#[test]
fn a_template_is_not_held_against_anybody() {
    let text = DEPLOYMENT.replace("replicas: 7", "replicas: {{ .Values.replicas }}");
    let (findings, problems) = judge(&[REPLICAS], &text, None);
    assert!(findings.is_empty(), "{findings:?}");
    assert!(problems.iter().all(|problem| !problem.cause.leaves_unjudged()), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.message.contains("admission/replica-limit")), "{problems:?}");
}

#[test]
fn an_expression_that_fails_refuses_unless_it_is_told_to_be_ignored() {
    let owner = |more: &str| {
        policy(
            "owner",
            "deployments",
            &format!(
                "{more}validations: [{{expression: \"object.metadata.annotations['owner'] != ''\", message: an owner is needed}}]"
            ),
        )
    };
    let said = told(&[&owner("")], DEPLOYMENT, None);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("an owner is needed: its expression fails (no such key: annotations)"), "{said:?}");
    assert!(told(&[&owner("failurePolicy: Ignore\n  ")], DEPLOYMENT, None).is_empty());
    let guarded = policy(
        "owner",
        "deployments",
        "validations: [{expression: \"has(object.metadata.annotations) && 'owner' in object.metadata.annotations\"}]",
    );
    assert!(told(&[&guarded], DEPLOYMENT, None)[0].contains("failed expression: has(object.metadata.annotations)"));
}

#[test]
fn a_change_of_what_stood_before_is_an_update() {
    let fixed = policy(
        "fixed",
        "deployments",
        "validations: [{expression: 'oldObject == null || object.spec.selector == oldObject.spec.selector', message: the selector stays}]",
    );
    let old = DEPLOYMENT.replace("selector: {matchLabels: {app: web}}", "selector: {matchLabels: {app: old}}");
    assert!(told(&[&fixed], DEPLOYMENT, None).is_empty());
    assert!(told(&[&fixed], DEPLOYMENT, Some(DEPLOYMENT)).is_empty());
    assert_eq!(told(&[&fixed], DEPLOYMENT, Some(&old)), ["6 high admission/fixed: the selector stays"]);
    let only_new = fixed.replace("operations: ['*']", "operations: [CREATE]");
    assert!(told(&[&only_new], DEPLOYMENT, Some(&old)).is_empty());
}

#[test]
fn selectors_and_conditions_narrow_what_it_is_about() {
    let with = |more: &str| REPLICAS.replace("  validations:", &format!("{more}\n  validations:"));
    let constraints =
        |more: &str| REPLICAS.replace("  matchConstraints:\n", &format!("  matchConstraints:\n    {more}\n"));
    for (policy, count) in [
        (with("  matchConditions: [{name: not-web, expression: \"object.metadata.name != 'web'\"}]"), 0),
        (
            with(
                "  matchConditions: [{name: web, expression: \"request.namespace == 'prod' && request.operation == 'CREATE'\"}]",
            ),
            1,
        ),
        (constraints("objectSelector: {matchLabels: {app: other}}"), 0),
        (constraints("objectSelector: {matchExpressions: [{key: app, operator: In, values: [web]}]}"), 1),
        (constraints("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dev}}"), 0),
        (
            constraints(
                "namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}",
            ),
            1,
        ),
        (
            constraints(
                "excludeResourceRules: [{apiGroups: [apps], apiVersions: ['*'], operations: ['*'], resources: [deployments], resourceNames: [web]}]",
            ),
            0,
        ),
    ] {
        assert_eq!(judge(&[&policy], DEPLOYMENT, None).0.len(), count, "{policy}");
    }
    let labelled = constraints("namespaceSelector: {matchLabels: {env: production}}");
    let unknown = told(&[&labelled], DEPLOYMENT, None);
    assert!(unknown[0].contains("namespace that is not in the tree"), "{unknown:?}");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: prod, labels: {env: production}}\n";
    assert_eq!(judge(&[&labelled, namespace], DEPLOYMENT, None).0.len(), 1);
}

#[test]
fn what_can_not_be_judged_is_named_with_its_line() {
    let asks = policy(
        "asks",
        "deployments",
        "validations:\n    - expression: \"authorizer.group('').resource('pods').check('create').allowed()\"",
    );
    assert_eq!(
        told(&[&asks], DEPLOYMENT, None),
        [
            ".github/dockgate/cluster.yaml:7 Policy admission/asks is not judged: it needs the authorizer, which only a cluster has"
        ]
    );
    let broken = policy("broken", "deployments", "validations:\n    - expression: object.spec. <= 5");
    let said = told(&[&broken], DEPLOYMENT, None);
    assert!(
        said[0].starts_with(".github/dockgate/cluster.yaml:7 Policy admission policy is not applied: \"expression\""),
        "{said:?}"
    );
    let lost = told(&[&binding("nobody", "validationActions: [Deny]")], DEPLOYMENT, None);
    assert!(lost[0].contains("binds the policy \"nobody\""), "{lost:?}");
}

#[test]
fn the_plural_of_a_kind_is_the_api_s() {
    for (kind, plural) in [
        ("Pod", "pods"),
        ("Ingress", "ingresses"),
        ("NetworkPolicy", "networkpolicies"),
        ("Endpoints", "endpoints"),
        ("StorageClass", "storageclasses"),
        ("Gateway", "gateways"),
        ("HTTPRoute", "httproutes"),
    ] {
        assert_eq!(matching::plural(kind), plural);
    }
    assert_eq!(Severity::High.name(), "high");
}

#[test]
fn files_of_dockgate_s_own_form_are_told_apart() {
    assert!(holds_objects(REPLICAS) && holds_objects("{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}"));
    assert!(!holds_objects(
        "title: x\ntarget: kubernetes.object\nexamples:\n  - text: |\n      apiVersion: v1\n      kind: Pod\n"
    ));
}

#[test]
fn an_exact_policy_is_about_the_version_that_it_names() {
    let of = |how: &str, version: &str| {
        let rule =
            format!("{{apiGroups: [apps], apiVersions: [{version}], operations: [CREATE], resources: [deployments]}}");
        let constraints = format!("{{matchPolicy: {how}, resourceRules: [{rule}]}}");
        let start = policy("few", "deployments", "validations: [{expression: object.spec.replicas < 5}]");
        let (before, after) = start.split_once("  matchConstraints: ").unwrap();
        let after = after.split_once('\n').unwrap().1;
        told(&[&format!("{before}  matchConstraints: {constraints}\n{after}")], DEPLOYMENT, None).len()
    };
    assert_eq!([of("Exact", "v1"), of("Exact", "v1beta1"), of("Equivalent", "v1beta1")], [1, 0, 1]);
}

#[test]
fn a_policy_about_deletions_is_named() {
    let deletions = policy("kept", "deployments", "validations: [{expression: 'false'}]")
        .replace("operations: ['*']", "operations: [DELETE]");
    let told = told(&[&deletions], DEPLOYMENT, None);
    assert!(told.len() == 1 && told[0].contains("deletions"), "{told:?}");
}
