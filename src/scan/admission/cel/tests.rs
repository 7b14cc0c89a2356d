use super::*;
use crate::scan::document::yaml::parse_one;
use crate::scan::limits::Limits;

const OBJECT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, 'team.example.com/name': shop}, namespace: prod}
spec:
  selector: {}
  template:
    spec:
      hostNetwork: {{ .Values.net }}
      containers:
        - {name: a, image: 'registry.example.com/a:1', resources: {limits: {memory: 512Mi}}, env: []}
        - {name: b, image: b, namespace: odd, ports: [{containerPort: 8080}]}
";

fn evaluate(expression: &str) -> Outcome {
    let text = OBJECT.replace("{{ .Values.net }}", "null");
    let mut object = parse_one(&text, &Limits::default()).unwrap();
    if expression.contains("hostNetwork") {
        let file = crate::scan::document::parse("templates/x.yaml", OBJECT, &Limits::default());
        object = file.documents[0].tree().unwrap().clone();
    }
    let mut roots = Variables::new();
    roots.insert("object".into(), Ok(Val::Node(object)));
    roots.insert("oldObject".into(), Ok(Val::Null));
    roots.insert("request.operation".into(), Ok(Val::text("CREATE")));
    roots.insert("authorizer".into(), Err(Stop::Unsupported("the authorizer".into())));
    let parsed = Expr::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error:?}"));
    Evaluator::new(&roots, 20_000).value(&parsed)
}

fn holds(expressions: &[&str]) {
    for expression in expressions {
        let outcome = evaluate(expression);
        assert!(matches!(outcome, Ok(Val::Bool(true))), "{expression}: {outcome:?}");
    }
}

fn fails(expressions: &[&str]) {
    for expression in expressions {
        let outcome = evaluate(expression);
        assert!(matches!(outcome, Err(Stop::Error(_))), "{expression}: {outcome:?}");
    }
}

#[test]
fn the_language_is_the_specification_s() {
    holds(&[
        "1 + 2 * 3 == 7 && -(3) == -3 && 7 / 2 == 3 && -7 % 3 == -1",
        "1 == 1.0 && 1u == 1 && 2.5 > 2 && 1 in [1, 2] && 'a' in {'a': 1}",
        "[1, 2, 3].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 1, 2].exists_one(x, x == 2)",
        "[1, 2, 3].filter(x, x > 1).map(x, x * 2) == [4, 6]",
        "{'a': 1, 'b': 2}.all(k, k != 'c') && {'a': [1, {'b': null}]} == {'a': [1, {'b': null}]}",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(false && [][0])",
        "(1 > 2 ? 'a' : 'b') == 'b' && size('çé') == 2 && 'ab'.size() == 2",
        "type(1) == int && type('') == string && string(1) == '1' && int('7') == 7 && double(1) == 1.0",
        "[1, 2].all(i, v, v == i + 1) && ['a'].transformList(i, v, v + string(i)) == ['a0']",
        "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && [0, 5].exists(i, v, i == 1 && v == 5)",
        "duration('1h30m').getMinutes() == 90 && duration('90s') > duration('1m')",
    ]);
    fails(&[
        "1 + 'a' == 2",
        "9223372036854775807 + 1 > 0",
        "[1][2] == 1",
        "1 > 'a'",
        "{'a': 1}.b == 1",
        "1 % 0 == 0",
        "'a' ? true : false",
    ]);
}

#[test]
fn objects_are_read_as_the_api_server_has_them() {
    holds(&[
        "object.metadata.name == 'web' && object.kind == 'Deployment'",
        "has(object.metadata.labels) && !has(object.metadata.annotations)",
        "'app' in object.metadata.labels && object.metadata.labels['team.example.com/name'] == 'shop'",
        "object.spec.replicas == 1",
        "object.spec.template.spec.containers.map(c, c.imagePullPolicy) == ['IfNotPresent', 'Always']",
        "object.spec.template.spec.containers.exists(c, has(c.resources) && has(c.resources.limits))",
        "object.spec.template.spec.containers[1].ports.all(p, p.protocol == 'TCP')",
        "object.metadata.__namespace__ == 'prod' && object.metadata.namespace == 'prod'",
        "object.?metadata.?annotations['x'].orValue('none') == 'none'",
        "object.spec.template.spec.?containers.optMap(c, c.size()).orValue(0) == 2",
        "oldObject == null && request.operation == 'CREATE' && has(request.operation)",
        "!has(object.spec.strange) && [?object.?nothing, 1] == [1]",
    ]);
    fails(&["object.metadata.annotations['a'] == ''", "object.metadata.labels.missing == ''", "oldObject.spec.x == 1"]);
}

#[test]
fn what_is_templated_is_unknown_unless_it_does_not_matter() {
    let unknown =
        ["object.spec.template.spec.hostNetwork == true", "!object.spec.template.spec.hostNetwork || 1 / 0 == 1"];
    for expression in unknown {
        let outcome = evaluate(expression);
        assert!(matches!(outcome, Err(Stop::Unknown(_))), "{expression}: {outcome:?}");
    }
    holds(&["object.kind == 'Deployment' || object.spec.template.spec.hostNetwork"]);
}

#[test]
fn what_only_a_cluster_has_is_named() {
    for (expression, expected) in [
        ("authorizer.group('apps').resource('x').check('get').allowed()", "authorizer"),
        ("nobody == 1", "nobody"),
        ("object.metadata.name.frobnicate()", "frobnicate"),
        ("timestamp('2026-01-01T00:00:00Z').getHours('Europe/Paris') == 1", "Europe/Paris"),
    ] {
        match evaluate(expression) {
            Err(Stop::Unsupported(what)) => assert!(what.contains(expected), "{expression}: {what}"),
            other => panic!("{expression}: {other:?}"),
        }
    }
}

#[test]
fn no_expression_runs_away() {
    let nested = "[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, a + b + c + d >= 0))))";
    assert!(matches!(evaluate(nested), Err(Stop::Budget)));
    assert!(Expr::parse(&"(".repeat(100_000)).is_err());
    assert!(Expr::parse(&"!".repeat(60_000)).is_err());
}

#[test]
fn the_libraries_answer_as_documented() {
    holds(&[
        // Lists and sets.
        "[1, 3, 2].sum() == 6 && [1, 3].max() == 3 && ['b', 'a'].min() == 'a' && [1, 2, 2].isSorted() && ![2, 1].isSorted()",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(5) == -1 && [].sum() == 0",
        "sets.contains([1, 2], [1]) && sets.equivalent([1, 2, 2], [2, 1]) && !sets.intersects([1], [2])",
        "[3, 1].sort() == [1, 3] && [1, 1].distinct() == [1] && [[1], [2]].flatten() == [1, 2] && [1, 2].reverse() == [2, 1]",
        // Texts.
        "'hello'.charAt(1) == 'e' && 'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.indexOf('z') == -1",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && ['a', 'b'].join('-') == 'a-b'",
        "'Tacocat'.lowerAscii() == 'tacocat' && 'x'.upperAscii() == 'X' && ' x '.trim() == 'x'",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && 'aa'.replace('a', 'b', 1) == 'ba'",
        "'%s has %d and %.2f: %s'.format(['a', 3, 1.5, [1, 'b']]) == 'a has 3 and 1.50: [1, b]'",
        "'abc 123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2'] && 'abc'.matches('^a.c$')",
        // Quantities.
        "quantity('500m').isLessThan(quantity('1')) && quantity('1Gi').compareTo(quantity('1024Mi')) == 0",
        "quantity('2').add(quantity('500m')).sub(1) == quantity('1.5') && isQuantity('1.3Ki') && !isQuantity('1KB')",
        "quantity('50k').asInteger() == 50000 && quantity('-1').sign() == -1 && !quantity('1m').isInteger()",
        "quantity('1e3') == quantity('1k') && quantity('9Ei').isGreaterThan(quantity('8E'))",
        // URLs.
        "url('https://user@example.com:443/a%20b?x=1&x=2').getPort() == '443' && isURL('/a/b') && !isURL('a b')",
        "url('https://[::1]:80/p').getHostname() == '::1' && url('HTTPS://h/p?k=a%2Fb').getQuery()['k'] == ['a/b']",
        "url('https://h:1/p').getHost() == 'h:1' && url('https://h/p?q').getEscapedPath() == '/p' && url('https://h').getScheme() == 'https'",
        // Addresses.
        "isIP('10.0.0.1') && !isIP('010.0.0.1') && ip('::1').isLoopback() && ip('8.8.8.8').isGlobalUnicast() && ip('::1').family() == 6",
        "cidr('192.168.0.0/16').containsIP('192.168.1.9') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && !isCIDR('10.0.0.0/33')",
        "ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1') && cidr('10.0.0.0/8').prefixLength() == 8 && string(cidr('10.0.0.0/8').ip()) == '10.0.0.0'",
        // Versions.
        "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0')) && !isSemver('v1.0')",
        "isSemver('v1.0', true) && semver('v1.2', true).patch() == 0 && semver('1.0.0+b') == semver('1.0.0+c')",
        // Formats.
        "!format.dns1123Label().validate('my-label').hasValue() && format.dns1123Label().validate('Bad_').value().size() == 1",
        "format.named('labelValue').hasValue() && !format.named('labelValue').value().validate('a.b').hasValue()",
        // Times.
        "timestamp('2026-01-01T00:00:00Z') > timestamp('2025-12-31T23:59:59.9+00:00') && timestamp('2024-02-29T12:30:45.25Z').getDayOfYear() == 59",
        "timestamp('2024-02-29T12:30:45.25Z').getMilliseconds() == 250 && timestamp(0).getDayOfWeek() == 4 && timestamp(0).getFullYear() == 1970",
        "timestamp('2026-01-01T00:30:00Z').getHours('-01:00') == 23 && timestamp('2026-01-01T00:30:00Z').getMonth('-01:00') == 11",
        "timestamp('2026-01-01T00:00:00Z') - timestamp('2025-12-31T00:00:00Z') == duration('24h') && timestamp('2026-03-01T00:00:00Z').getDate() == 1",
        "string(timestamp('2026-01-01T02:00:00.5+02:00')) == '2026-01-01T00:00:00.5Z' && int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "timestamp('2026-01-01T00:00:00Z') + duration('1h') == timestamp('2026-01-01T01:00:00Z') && timestamp('2026-03-15T00:00:00Z').getDayOfMonth() == 14",
        // Optional values.
        "optional.of(1).value() == 1 && !optional.none().hasValue() && optional.ofNonZeroValue('').orValue('x') == 'x'",
        "optional.none().or(optional.of(2)).value() == 2 && {'a': 1}[?'b'].orValue(3) == 3",
    ]);
    fails(&[
        "quantity('x') == quantity('1')",
        "optional.none().value() == 1",
        "ip('x').family() == 4",
        "semver('1') == semver('1')",
        "'a'.matches('(')",
        "[].max() == 1",
        "timestamp('2026-02-30T00:00:00Z') == timestamp(0)",
        "timestamp('2026-01-01') == timestamp(0)",
        "timestamp('9999-12-31T23:59:59Z') + duration('1h') > timestamp(0)",
    ]);
}
