use crate::scan::document::parse;
use crate::scan::limits::Limits;

/// Checks the problems of a file, each as `line: message` up to the colon.
fn check(path: &str, text: &str, expected: &[&str]) {
    let file = parse(path, text, &Limits::default());
    let shown: Vec<String> = file
        .problems
        .iter()
        .filter(|problem| problem.cause.leaves_unjudged())
        .map(|problem| {
            let message = problem.message.split(": it was").next().unwrap_or_default();
            format!("{}: {message}", problem.line.unwrap_or_default())
        })
        .collect();
    assert_eq!(shown, expected, "{text}");
}

fn pod(spec: &str) -> String {
    format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n{spec}")
}

#[test]
fn a_map_or_a_scalar_in_place_of_a_list_is_named() {
    let at = "`spec.template.spec";
    let wrong = |field: &str, found: &str, wanted: &str| {
        format!("{at}.{field} of the Deployment is {found} where the API takes {wanted}")
    };
    for (spec, line, field, found, wanted) in [
        ("      containers:\n        web: {image: nginx}\n", 8, "containers`", "a map", "a list"),
        ("      initContainers: web\n", 7, "initContainers`", "a single value", "a list"),
        ("      containers:\n        - web\n", 8, "containers[0]`", "a single value", "a map"),
        ("      volumes: {data: {emptyDir: {}}}\n", 7, "volumes`", "a map", "a list"),
        ("      containers: [{name: a, env: {A: b}}]\n", 7, "containers[0].env`", "a map", "a list"),
        ("      containers: [{name: a, args: --debug}]\n", 7, "containers[0].args`", "a single value", "a list"),
        ("      containers: [{name: a, command: [{--a: b}]}]\n", 7, "containers[0].command[0]`", "a map", "a text"),
        (
            "      containers: [{name: a, securityContext: {capabilities: {drop: ALL}}}]\n",
            7,
            "containers[0].securityContext.capabilities.drop`",
            "a single value",
            "a list",
        ),
        ("      - containers: []\n", 7, "`", "a list", "a map"),
    ] {
        let field =
            if field == "`" { wrong("", found, wanted).replace(".` ", "` ") } else { wrong(field, found, wanted) };
        let field = field.replace("spec. of", "spec` of");
        check("web.yaml", &pod(spec), &[&format!("{line}: {field}")]);
    }
}

#[test]
fn other_kinds_are_looked_at_as_well() {
    check(
        "role.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules:\n  - apiGroups: [\"\"]\n    resources: secrets\n    verbs: \"*\"\n",
        &[
            "5: `rules[0].resources` of the Role is a single value where the API takes a list",
            "6: `rules[0].verbs` of the Role is a single value where the API takes a list",
        ],
    );
    check(
        "list.yaml",
        "apiVersion: v1\nkind: List\nitems: {apiVersion: v1, kind: Pod}\n",
        &["3: `items` of the List is a map where the API takes a list"],
    );
}

#[test]
fn what_is_in_order_or_not_known_is_left_alone() {
    check(
        "web.yaml",
        &pod("      containers: [{name: a, env: null, args: [1, true], command: [], resources: {}}]\n      volumes:\n"),
        &[],
    );
    check("web.yaml", &pod("      containers: ${CONTAINERS}\n      volumes: {{ .Values.volumes }}\n"), &[]);
    check(
        "templates/web.yaml",
        &pod(
            "      volumes:\n        {{- toYaml .Values.volumes | nindent 8 }}\n      containers:\n        - name: a\n          args:\n            {{- range .Values.args }}\n            - {{ . }}\n            {{- end }}\n          env:\n            {{- include \"env\" . | nindent 12 }}\n",
        ),
        &[],
    );
    check(
        "own.yaml",
        "apiVersion: example.com/v1\nkind: Deployment\nspec: {template: {spec: {containers: {a: b}}}}\n",
        &[],
    );
    check("own.yaml", "apiVersion: example.com/v1\nkind: Role\nrules: all\n", &[]);
}

#[test]
fn many_mistakes_are_counted() {
    let text = pod(&format!("      containers: [{}]\n", ["{env: a}"; 14].join(", ")));
    let file = parse("web.yaml", &text, &Limits::default());
    assert_eq!(file.problems.len(), 11);
    assert!(file.problems.iter().any(|problem| problem.message.starts_with("4 more fields")));
}

#[test]
fn compose_services_are_looked_at_as_well() {
    check(
        "compose.yaml",
        "services:\n  a: {image: nginx, ports: '80:80', cap_add: SYS_ADMIN}\n  b: nginx\n  c: {image: nginx, volumes: {data: /data}}\n",
        &[
            "2: `services.a.ports` of the compose file is a single value where compose takes a list",
            "2: `services.a.cap_add` of the compose file is a single value where compose takes a list",
            "3: `services.b` of the compose file is a single value where compose takes a map",
            "4: `services.c.volumes` of the compose file is a map where compose takes a list",
        ],
    );
    check(
        "compose.yaml",
        "x-common: &c {restart: always}\nservices:\n  a: {<<: *c, image: nginx, ports: [80, {target: 81}], volumes: '${VOLUMES}', cap_drop: }\n  x-other: 1\n  b:\n",
        &[],
    );
}
