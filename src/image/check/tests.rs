//! What scanned images come to, and what the check run says.

use super::*;
use crate::github::identity::PullRequestNumber;
use crate::image::contents::{ImageProblem, Installed};
use crate::image::package::{Package, PackageKind};
use crate::report::check_run::{AnnotationLevel, CheckRunOutput, MAX_TEXT_BYTES, MAX_TITLE};
use crate::scan::glob::PathGlobs;

mod secrets;

fn vulnerability(id: &str, package: &str, rating: Rating, fixed: Option<&str>) -> Vulnerability {
    let package = Package::new(PackageKind::Dpkg, package, "1.0").unwrap();
    Vulnerability {
        id: id.to_owned(),
        aliases: Vec::new(),
        rating,
        summary: String::new(),
        installed: Installed { package, path: "var/lib/dpkg/status".into(), layer: 0 },
        fixed: fixed.map(str::to_owned),
        is_known_exploited: false,
        exploit_probability: None,
    }
}

fn report(vulnerabilities: Vec<Vulnerability>) -> ImageReport {
    ImageReport {
        image: "web:2".into(),
        platform: "linux/amd64".into(),
        digest: format!("sha256:{}", "0".repeat(64)),
        scanner: "dockgate".into(),
        distribution: None,
        created: None,
        revision: None,
        base: None,
        diff_ids: Vec::new(),
        packages: Vec::new(),
        vulnerabilities,
        unimportant: 0,
        configuration: Vec::new(),
        set_id_files: Vec::new(),
        secrets: Vec::new(),
        problems: Vec::new(),
    }
}

fn waiver(id: &str, until: &str) -> ImageWaiver {
    ImageWaiver {
        vulnerability: id.to_owned(),
        package: None,
        paths: PathGlobs::default(),
        within: PathGlobs::default(),
        until: until.parse().unwrap(),
        owner: "@acme/platform".into(),
        reason: "not reachable".into(),
    }
}

fn today() -> Date {
    "2026-06-15".parse().unwrap()
}

fn subject(fail_on: Option<Severity>) -> ImagesSubject {
    ImagesSubject { fail_on, ..ImagesSubject::new(Some(PullRequestNumber(1)), "a".repeat(40).parse().unwrap()) }
}

fn image(after: Result<ImageReport, &str>, before: Option<Result<ImageReport, &str>>) -> ScannedImage {
    let scanned = |result: Result<ImageReport, &str>| result.map(Arc::new).map_err(str::to_owned);
    ScannedImage {
        subject: ImageSubject {
            path: "deploy/web.yaml".into(),
            line: 7,
            platform: None,
            before: before.as_ref().map(|_| "web:1".to_owned()),
            after: "web:2".into(),
        },
        is_own: false,
        after: scanned(after),
        before: before.map(scanned),
        base: None,
        newer: None,
        notes: Vec::new(),
    }
}

fn check(images: &[ScannedImage], conclusion: Conclusion, title: &str) -> CheckRunOutput {
    let subject = subject(Some(Severity::High));
    let verdict = decide(&subject, images, today());
    let output = verdict.output();
    assert_eq!((verdict.conclusion, output.title.as_str()), (conclusion, title), "{}", output.summary);
    output
}

#[test]
fn only_what_is_introduced_fixable_and_bad_enough_blocks() {
    let bad = || vulnerability("CVE-1", "openssl", Rating::High, Some("1.1"));
    let blocks = "1 fixable vulnerability comes in and blocks this merge";
    let output = check(&[image(Ok(report(vec![bad()])), None)], Conclusion::Failure, blocks);
    assert!(output.summary.contains("| CVE-1 | high | `openssl` | `1.0` | `1.1` |"), "{}", output.summary);
    let [annotation] = output.annotations.as_slice() else { panic!("{:?}", output.annotations) };
    assert_eq!((annotation.path.as_str(), annotation.start_line), ("deploy/web.yaml", 7));
    assert_eq!(annotation.annotation_level, AnnotationLevel::Failure);
    let clean = "Nothing blocks: 1 image scanned";
    check(&[image(Ok(report(vec![bad()])), Some(Ok(report(vec![bad()]))))], Conclusion::Success, clean);
    let unfixed = vulnerability("CVE-2", "zlib", Rating::Critical, None);
    let output = check(&[image(Ok(report(vec![unfixed])), None)], Conclusion::Success, clean);
    assert!(output.summary.contains("Coming in without a fix: 1"), "{}", output.summary);
    let medium = vulnerability("CVE-3", "curl", Rating::Medium, Some("2"));
    check(&[image(Ok(report(vec![medium])), None)], Conclusion::Success, clean);
    let unknown = vulnerability("CVE-4", "curl", Rating::Unknown, Some("2"));
    check(&[image(Ok(report(vec![unknown])), None)], Conclusion::Success, clean);
}

#[test]
fn what_could_not_be_scanned_is_never_a_success() {
    let bad = || report(vec![vulnerability("CVE-1", "openssl", Rating::High, Some("1.1"))]);
    let unjudged = "1 image could not be judged";
    let output = check(&[image(Err("no such tag"), None)], Conclusion::Neutral, unjudged);
    assert!(output.summary.contains("could not be scanned: no such tag"), "{}", output.summary);
    assert!(output.summary.contains("not scanned"), "{}", output.summary);
    check(&[image(Ok(bad()), Some(Err("gone")))], Conclusion::Neutral, unjudged);
    let mut half = report(Vec::new());
    half.problems.push(ImageProblem::unjudged("rpm database in an old form"));
    check(&[image(Ok(half), None)], Conclusion::Neutral, unjudged);
    let strict = ImagesSubject { unscanned_blocks: true, ..subject(Some(Severity::High)) };
    assert_eq!(decide(&strict, &[image(Err("x"), None)], today()).conclusion, Conclusion::Failure);
    let cut = ImagesSubject { left_out: 3, ..subject(Some(Severity::High)) };
    let verdict = decide(&cut, &[], today());
    assert_eq!(verdict.conclusion, Conclusion::Neutral);
    assert!(verdict.output().summary.contains("Not scanned: 3 more images"), "{}", verdict.output().summary);
}

#[test]
fn no_image_and_no_threshold() {
    check(&[], Conclusion::Success, "This change brings in no image");
    let bad = report(vec![vulnerability("CVE-1", "openssl", Rating::Critical, Some("1.1"))]);
    let images = [image(Ok(bad), None)];
    assert_eq!(decide(&subject(None), &images, today()).conclusion, Conclusion::Success);
}

#[test]
fn hostile_names_stay_inert_and_many_stay_within_the_limits() {
    let many: Vec<_> = (0..3_000)
        .map(|number| vulnerability(&format!("CVE-{number}"), "a|b`@octocat#1", Rating::High, Some("2")))
        .collect();
    let mut images = vec![image(Ok(report(many)), None); 50];
    images[0].subject.after = "x`|<img src=x>\n@octocat".into();
    let output = decide(&subject(Some(Severity::High)), &images, today()).output();
    assert!(output.summary.len() <= MAX_TEXT_BYTES);
    assert!(output.title.chars().count() <= MAX_TITLE);
    assert!(!output.summary.contains("\n@octocat"), "{}", output.summary.get(..500).unwrap());
    assert!(output.annotations.iter().all(|annotation| annotation.title.chars().count() <= MAX_TITLE));
}

#[test]
fn what_is_accepted_is_listed_and_does_not_block() {
    let of = |id: &str| vulnerability(id, "openssl", Rating::High, Some("1.1"));
    let images = [image(Ok(report(vec![of("CVE-1"), of("CVE-2"), of("CVE-3")])), None)];
    let mut documents = crate::settings::vex::VexDocuments::default();
    documents.add(
        ".github/vex/web.json",
        r#"{"@context": "https://openvex.dev/ns", "statements": [{"vulnerability": "CVE-2", "status": "not_affected",
        "justification": "vulnerable_code_not_present", "products": ["pkg:oci/web"]}]}"#,
    );
    let waivers = vec![waiver("CVE-1", "2026-06-15"), waiver("CVE-3", "2026-06-14")];
    let subject = ImagesSubject { waivers, vex: documents.finish().0, ..subject(Some(Severity::High)) };
    let verdict = decide(&subject, &images, today());
    let output = verdict.output();
    assert_eq!(output.title, "1 fixable vulnerability comes in and blocks this merge");
    for part in [
        "Accepted: 2",
        "waived until 2026-06-15 by",
        "stated not to be affected (vulnerable\\_code\\_not\\_present) in `.github/vex/web.json`",
        "the waiver of CVE-3 by",
        "| CVE-3 | high |",
    ] {
        assert!(output.summary.contains(part), "{part} in {}", output.summary);
    }
    let subject =
        ImagesSubject { waivers: vec![waiver("CVE-1", "2026-06-15"), waiver("CVE-3", "2026-06-15")], ..subject };
    assert_eq!(decide(&subject, &images, today()).conclusion, Conclusion::Success);
}

#[test]
fn what_is_of_the_base_is_told_apart_and_a_newer_one_is_named() {
    let of = |id: &str, layer: usize| {
        let mut one = vulnerability(id, "openssl", Rating::High, Some("1.1"));
        one.installed.layer = layer;
        one
    };
    let layers = |count: usize| (0..count).map(|number| format!("sha256:{number}")).collect::<Vec<_>>();
    let after = ImageReport { diff_ids: layers(3), ..report(vec![of("CVE-1", 0), of("CVE-2", 2)]) };
    let base = ImageReport { diff_ids: layers(2), ..report(vec![of("CVE-1", 0)]) };
    let newer = Newer { image: "debian:12.9@sha256:1".into(), is_base: true, left: 0, of: 1 };
    let image = ScannedImage {
        base: Some(("debian:12.1".into(), Arc::new(base))),
        newer: Some(newer),
        notes: vec!["12 names another image by now".into()],
        ..image(Ok(after), None)
    };
    let blocks = "2 fixable vulnerabilities come in and block this merge";
    let output = check(&[image], Conclusion::Failure, blocks);
    for part in [
        "1 of the base image `debian:12.1`, 1 of its own.",
        "| CVE-1 | high | `openssl` | `1.0` | `1.1` | base |",
        "| CVE-2 | high | `openssl` | `1.0` | `1.1` | own |",
        "The base image has a newer version of the same line: `debian:12.9@sha256:1` has 0 of 1 vulnerability.",
        "names another image by now",
    ] {
        assert!(output.summary.contains(part), "{part} in {}", output.summary);
    }
}

#[test]
fn several_versions_of_one_image_are_named() {
    let named = |after: &str| ImageSubject { after: after.into(), ..image(Err("x"), None).subject };
    let images = vec![named("web:1"), named("docker.io/library/web:2"), named("api:1"), named("api:1@sha256:x")];
    let subject = ImagesSubject { images, ..subject(None) };
    let output = decide(&subject, &[], today()).output();
    assert!(output.summary.contains("docker.io/library/web"), "{}", output.summary);
    assert!(output.summary.contains("comes in as 1, 2"), "{}", output.summary);
    assert!(!output.summary.contains("api"), "{}", output.summary);
}

#[test]
fn an_image_that_nobody_mends_any_more_is_remarked_on() {
    let release = |end: &str| {
        let text = format!("ID=fedora\nVERSION_ID=38\nPRETTY_NAME=Fedora 38\nSUPPORT_END={end}\n");
        ImageReport { distribution: crate::image::distribution::Distribution::parse(&text), ..report(Vec::new()) }
    };
    let clean = "Nothing blocks: 1 image scanned";
    let output = check(&[image(Ok(release("2026-06-14")), None)], Conclusion::Success, clean);
    let remark = "Fedora 38 has not been mended by its makers since 2026-06-14";
    assert!(output.summary.contains(remark), "{}", output.summary);
    let output = check(&[image(Ok(release("2026-06-15")), None)], Conclusion::Success, clean);
    assert!(!output.summary.contains("not been mended"), "{}", output.summary);
}

#[test]
fn what_stands_is_told_the_same_way_each_time() {
    let bad = |id: &str| vulnerability(id, "openssl", Rating::High, Some("1.1"));
    let named = |path: &str, vulnerabilities: Vec<_>| {
        let mut image = image(Ok(report(vulnerabilities)), None);
        image.subject.path = path.to_owned();
        image
    };
    let images = [named("a.yaml", vec![bad("CVE-1"), bad("CVE-2")]), named("b.yaml", vec![bad("CVE-1"), bad("CVE-2")])];
    let subject = subject(Some(Severity::High));
    let standing = decide(&subject, &images, today()).standing("main");
    assert_eq!(standing.title, "Images in use: 2 fixable vulnerabilities in 1 image");
    assert_eq!((standing.blocking, standing.unjudged), (2, 0));
    assert_eq!(standing.ids, ["CVE-1", "CVE-2"]);
    assert_eq!(standing.body.matches("| CVE-1 |").count(), 1, "{}", standing.body);
    assert!(standing.body.contains("`a.yaml` line 7, `b.yaml` line 7"), "{}", standing.body);
    assert_eq!(decide(&subject, &images, today()).standing("main"), standing);
    let waived =
        ImagesSubject { waivers: vec![waiver("CVE-1", "2999-01-01"), waiver("CVE-2", "2999-01-01")], ..subject };
    let standing = decide(&waived, &images, today()).standing("main");
    assert_eq!((standing.blocking, standing.title.as_str()), (0, "Images in use: nothing that would block"));
    let unread = [image(Err("no such tag"), None)];
    let standing = decide(&waived, &unread, today()).standing("main");
    assert_eq!((standing.blocking, standing.unjudged), (0, 1));
    assert!(standing.body.contains("no such tag"), "{}", standing.body);
}
