use super::*;
use crate::scan::policy::PolicyId;

#[test]
fn every_rule_has_a_page_and_a_row() {
    let policies = PolicySet::builtin();
    let site = site(policies);
    assert_eq!(site.len(), policies.iter().count() + 1);
    let (_, index) = site.first().unwrap();
    for (path, _) in site.iter().skip(1) {
        assert!(index.contains(&format!("href=\"{path}\"")), "{path}");
        assert!(page(policies, path).is_some(), "{path}");
    }
    assert!(page(policies, "kubernetes/none.html").is_none());
    assert!(page(policies, "../Cargo.toml").is_none());
}

#[test]
fn a_page_says_everything_and_escapes_it() {
    let text = "\
title: A <b> title
severity: high
target: kubernetes.container
deny: container.privileged == true
parameters: {hosts: {type: strings, default: [a], doc: which `hosts`}}
message: m
why: because & why
attack: takes `root`
fix: \"write `x: y`\"
references: [\"https://example.com/?a=1&b=2\", \"javascript:alert(1)\"]
standards: [\"pss:baseline\", \"cis-kubernetes:5.2.2\", own]
aliases: {trivy: KSV-0017}
examples:
  - {name: bad one, text: \"a: <1>\\n# deny\\nb: 2\\n\"}
  - {name: good one, text: x}
";
    let policy = Policy::load(PolicyId::new("team/p"), "p.yaml", text).unwrap();
    let page = rule_page(&policy);
    for part in [
        "<h1>A &lt;b&gt; title</h1>",
        "<p>because &amp; why</p>",
        "<p>takes <code>root</code></p>",
        "<p>write <code>x: y</code></p>",
        "a: &lt;1&gt;\n<mark>b: 2</mark>",
        "<td>which <code>hosts</code></td>",
        "<li>Pod Security Standards, baseline <code>pss:baseline</code></li>",
        "<li>CIS Kubernetes Benchmark 5.2.2 <code>",
        "<li>own <code>own</code></li>",
        "<th>trivy</th><td><code>KSV-0017</code></td>",
        "<a href=\"https://example.com/?a=1&amp;b=2\"",
        "<li>javascript:alert(1)</li>",
        "<a href=\"../index.html\">",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<script"));
}

#[test]
fn the_search_is_the_only_script_and_named_by_its_hash() {
    let index = index(PolicySet::builtin());
    let (_, script) = index.split_once("<script>").unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    assert!(index.contains(&format!("script-src 'sha256-{hash}'")));
    assert!(index.contains("ksv-0017"));
}
