use super::*;
use crate::report::frame::FrameLine;
use crate::report::html::Source;
use crate::report::record::{RuleText, Step};

const EVIL: &str = "<script>alert(1)</script>\"'onerror=x&";

fn entry(number: usize, standing: &str, severity: &str) -> Entry {
    Entry {
        rule: "kubernetes/privileged-container".to_owned(),
        severity: severity.to_owned(),
        standing: standing.to_owned(),
        path: format!("deploy/{number}.yaml"),
        line: number,
        message: format!("finding number {number}"),
        frame: vec![FrameLine { number, text: "privileged: true".to_owned(), marked: Some((0, 10)) }],
        ..Entry::default()
    }
}

fn record() -> Record {
    let mut findings: Vec<Entry> = (1..=3).map(|number| entry(number, "blocks", "high")).collect();
    findings.extend((4..=450).map(|number| entry(number, "existing", "low")));
    let rule = RuleText { why: "why".to_owned(), fix: "fix".to_owned(), built_in: true };
    Record {
        repository: "acme/shop".to_owned(),
        head: "a".repeat(40),
        check: "dockgate".to_owned(),
        pull_request: Some(7),
        title: "3 findings block this merge".to_owned(),
        findings,
        rules: [("kubernetes/privileged-container".to_owned(), rule)].into(),
        timeline: vec![Step { at: 1_000, what: "began".to_owned() }, Step { at: 1_250, what: "judged".to_owned() }],
        ..Record::default()
    }
}

fn shown(record: &Record, parameters: &[(&str, &str)]) -> String {
    let filter = Filter::read(parameters.iter().copied());
    body(&DetailsInput {
        record,
        revision: (2, 1_250),
        filter: &filter,
        signed: &[("expires", "1"), ("signature", "s")],
        links: Links { rules: Some("/rules"), source: Some(Source { root: "https://h/acme/shop/blob", head: "abc" }) },
        repository_url: "https://h/acme/shop",
    })
}

#[test]
fn every_finding_can_be_reached_page_by_page() {
    let record = record();
    let mut seen = 0;
    for page in ["1", "2", "3"] {
        let html = shown(&record, &[("page", page)]);
        seen += html.matches("<article").count();
        assert_eq!(html.contains("Next page"), page != "3");
        assert_eq!(html.contains("Page before"), page != "1");
    }
    assert_eq!(seen, record.findings.len());
    assert!(shown(&record, &[("page", "99999999999999999999")]).contains("1 to 200 of 450 findings"));
    assert!(shown(&record, &[("page", "9999999999")]).contains("No finding fits"));
}

#[test]
fn filters_are_links_and_a_form_that_keep_the_signature() {
    let record = record();
    for (parameters, expected) in [
        (&[("show", "blocks")][..], 3),
        (&[("show", "nonsense")], 200),
        (&[("severity", "high")], 3),
        (&[("severity", "low"), ("path", "45")], 6),
        (&[("rule", "another/rule")], 0),
        (&[("path", "deploy/2.yaml")], 1),
    ] {
        assert_eq!(shown(&record, parameters).matches("<article").count(), expected, "{parameters:?}");
    }
    let html = shown(&record, &[("severity", "high")]);
    assert!(html.contains("href=\"?expires=1&amp;signature=s&amp;show=blocks&amp;severity=high\""), "{html}");
    assert!(html.contains("<input type=\"hidden\" name=\"signature\" value=\"s\">"));
    assert!(html.contains("<a href=\"/rules/kubernetes/privileged-container.html\">"));
    assert!(html.contains("href=\"https://h/acme/shop/blob/abc/deploy/1.yaml#L1\""));
    assert!(html.contains("1970-01-01 00:00:01 UTC</time> · judged (+250 ms)"));
}

#[test]
fn nothing_of_a_change_becomes_markup() {
    let mut record = record();
    let entry = Entry {
        path: EVIL.to_owned(),
        rule: EVIL.to_owned(),
        message: EVIL.to_owned(),
        standing: "blocks".to_owned(),
        severity: EVIL.to_owned(),
        remarks: vec![EVIL.to_owned()],
        frame: vec![FrameLine { number: 1, text: EVIL.to_owned(), marked: Some((3, 9)) }],
        ..Entry::default()
    };
    record.findings.insert(0, entry);
    record.title = EVIL.to_owned();
    record.facts = vec![EVIL.to_owned()];
    record.check = EVIL.to_owned();
    record.head = EVIL.to_owned();
    record.could_not_finish = Some(EVIL.to_owned());
    let html = shown(&record, &[("path", EVIL), ("rule", EVIL)]);
    assert!(html.contains("&lt;script&gt;"));
    assert!(!html.contains("<script") && !html.contains("'onerror"), "{html}");
}
