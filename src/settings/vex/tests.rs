//! What is read out of documents, and what is refused.

use super::*;

fn read(text: &str) -> (Vec<VexStatement>, Vec<String>) {
    let mut documents = VexDocuments::default();
    documents.add("a.json", text);
    let (statements, refused) = documents.finish();
    (statements, refused.into_iter().map(|(_, why)| why).collect())
}

#[test]
fn both_versions_of_the_form_are_read() {
    let (statements, refused) = read(
        r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z",
        "statements": [
          {"vulnerability": {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2024-1", "name": "CVE-2024-1", "aliases": ["GHSA-1"]},
           "products": [{"@id": "pkg:oci/web", "hashes": {"sha-256": "AB"}, "identifiers": {"purl": "pkg:oci/web2"},
                         "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}],
           "status": "not_affected", "justification": "vulnerable_code_not_present"},
          {"vulnerability": "CVE-2024-2", "timestamp": "2026-02-01T00:00:00Z", "products": ["pkg:oci/web"],
           "subcomponents": ["pkg:deb/debian/zlib"], "status": "fixed"}]}"#,
    );
    assert_eq!(refused, Vec::<String>::new());
    let [newer, older] = statements.as_slice() else { panic!("{statements:?}") };
    assert_eq!((newer.vulnerability.as_slice(), newer.status), (&["CVE-2024-2".to_owned()][..], VexStatus::Fixed));
    assert_eq!(newer.parts, ["pkg:deb/debian/zlib"]);
    assert_eq!(older.vulnerability, ["CVE-2024-1", "CVE-2024-1", "GHSA-1"]);
    assert_eq!(older.products[0].parts, ["pkg:deb/debian/openssl"]);
    assert_eq!(older.products[0].ids, ["pkg:oci/web", "pkg:oci/web2"]);
    assert_eq!(older.products[0].sha256.as_deref(), Some("ab"));
    assert_eq!((older.why.as_str(), older.at.as_str()), ("vulnerable_code_not_present", "2026-01-01T00:00:00"));
}

#[test]
fn what_clears_without_a_reason_or_a_product_counts_for_nothing() {
    let document = |statement: &str| {
        format!(r#"{{"@context": "https://openvex.dev/ns", "timestamp": "x", "statements": [{statement}]}}"#)
    };
    for (statement, why) in [
        (r#"{"vulnerability": "CVE-1", "products": ["x"], "status": "not_affected"}"#, "neither a justification"),
        (r#"{"vulnerability": "CVE-1", "status": "fixed"}"#, "no product"),
        (r#"{"vulnerability": {}, "products": ["x"], "status": "fixed"}"#, "no vulnerability"),
    ] {
        let (statements, refused) = read(&document(statement));
        assert!(statements.is_empty() && refused[0].contains(why), "{statement}: {statements:?} {refused:?}");
    }
    for text in ["", "[]", "{}", r#"{"@context": "https://other.example", "statements": []}"#] {
        let (statements, refused) = read(text);
        assert!(statements.is_empty() && refused[0].contains("no OpenVEX document"), "{text}: {refused:?}");
    }
}

#[test]
fn floods_are_cut_and_said() {
    let one = r#"{"vulnerability": "CVE-1", "products": ["x"], "status": "fixed"}"#;
    let many = vec![one; MAX_STATEMENTS + 5].join(",");
    let (statements, refused) = read(&format!(r#"{{"@context": "openvex", "statements": [{many}]}}"#));
    assert_eq!(statements.len(), MAX_STATEMENTS);
    assert!(refused[0].contains("more than 2000"), "{refused:?}");
    let (statements, refused) = read(&" ".repeat(MAX_BYTES + 1));
    assert!(statements.is_empty() && refused[0].contains("bytes"), "{refused:?}");
}
