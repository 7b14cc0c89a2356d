//! Secrets that images bring in, and what else is remarked of them.

use super::*;
use crate::image::contents::{ImageSecret, SetIdFile};
use crate::image::report::ConfigurationRemark;
use crate::image::secrets::{FileSecret, SecretKind};

fn secret(path: &str, layer: usize) -> ImageSecret {
    let secret = FileSecret {
        path: path.into(),
        line: 2,
        rule: "secret/github-token".into(),
        message: "GitHub token, masked".into(),
        severity: Severity::Critical,
    };
    ImageSecret { secret, layer, is_hidden: layer == 1 }
}

/// An image of three layers with secrets in these.
fn with_secrets(layers: &[usize]) -> ImageReport {
    let secrets = layers.iter().map(|layer| secret(&format!("app/{layer}.env"), *layer)).collect();
    ImageReport { secrets, diff_ids: ["a", "b", "c"].map(String::from).to_vec(), ..report(Vec::new()) }
}

#[test]
fn a_secret_in_a_file_blocks_in_a_layer_of_its_own_alone() {
    let clean = "Nothing blocks: 1 image scanned";
    // Nobody says what the image is built on.
    let output = check(&[image(Ok(with_secrets(&[0, 1])), None)], Conclusion::Success, clean);
    assert!(output.summary.contains("Secrets, not blocking: 2"), "{}", output.summary);
    assert!(output.summary.contains("| 0 | 2 |"), "it is in the table: {}", output.summary);
    let base = ImageReport { diff_ids: vec!["a".into()], ..report(Vec::new()) };
    let on_base = |layers: &[usize]| ScannedImage {
        base: Some(("debian:12".into(), Arc::new(base.clone()))),
        ..image(Ok(with_secrets(layers)), None)
    };
    check(&[on_base(&[0])], Conclusion::Success, clean);
    let output = check(&[on_base(&[0, 1])], Conclusion::Failure, "1 secret comes in and blocks this merge");
    for part in [
        "in `app/1.env` | critical | GitHub token, masked | `app/1.env` line 2 | 1, removed later |",
        "of the base image",
    ] {
        assert!(output.summary.contains(part), "{part} in {}", output.summary);
    }
    assert_eq!(output.annotations[0].title, "critical · 1 secret in a new image");
    // What was there before, and what is accepted, does not block.
    let before = ScannedImage { before: Some(Ok(Arc::new(with_secrets(&[1])))), ..on_base(&[1]) };
    check(&[before], Conclusion::Success, clean);
    let waiver =
        ImageWaiver { within: PathGlobs::new(&["app/*"]).unwrap(), ..waiver("secret/github-token", "2999-01-01") };
    let subject = ImagesSubject { waivers: vec![waiver], ..subject(Some(Severity::High)) };
    assert_eq!(decide(&subject, &[on_base(&[1])], today()).conclusion, Conclusion::Success);
    // Of an image that the change builds only the lowest layer may be somebody else's.
    let mut built = image(Ok(with_secrets(&[0])), None);
    built.subject.path.clear();
    built.is_own = true;
    check(&[built.clone()], Conclusion::Success, clean);
    built.after = Ok(Arc::new(with_secrets(&[2])));
    check(&[built], Conclusion::Failure, "1 secret comes in and blocks this merge");
}

/// An image whose environment holds a secret, as its configuration tells.
fn with_environment() -> ImageReport {
    let kind = SecretKind { rule: "secret/github-token".into(), severity: Severity::Critical };
    let message = "the environment of the image holds a secret: GitHub token, masked".to_owned();
    let remark = ConfigurationRemark { id: "secret-in-environment".into(), message, secret: Some(kind) };
    ImageReport { configuration: vec![remark], ..report(Vec::new()) }
}

#[test]
fn a_secret_in_the_environment_blocks_where_it_is_of_its_own() {
    let clean = "Nothing blocks: 1 image scanned";
    let blocks = "1 secret comes in and blocks this merge";
    let output = check(&[image(Ok(with_environment()), None)], Conclusion::Success, clean);
    assert!(output.summary.contains("Secrets, not blocking: 1"), "{}", output.summary);
    let own = ScannedImage { is_own: true, ..image(Ok(with_environment()), None) };
    let output = check(&[own], Conclusion::Failure, blocks);
    assert!(
        output.summary.contains("| secret/github-token in secret-in-environment | critical |"),
        "{}",
        output.summary
    );
    assert!(output.annotations[0].message.contains("in secret-in-environment"), "{:?}", output.annotations);
    let on = |base: ImageReport| ScannedImage {
        base: Some(("debian:12".into(), Arc::new(base))),
        ..image(Ok(with_environment()), None)
    };
    check(&[on(report(Vec::new()))], Conclusion::Failure, blocks);
    check(&[on(with_environment())], Conclusion::Success, clean);
    let known = image(Ok(with_environment()), Some(Ok(with_environment())));
    check(&[ScannedImage { is_own: true, ..known }], Conclusion::Success, clean);
    let waived = ImagesSubject { waivers: vec![waiver("secret/github-token", "2999-01-01")], ..subject(None) };
    let waived = ImagesSubject { fail_on: Some(Severity::High), ..waived };
    let own = ScannedImage { is_own: true, ..image(Ok(with_environment()), None) };
    assert_eq!(decide(&waived, &[own], today()).conclusion, Conclusion::Success);
}

#[test]
fn what_an_image_is_like_is_remarked_when_it_is_new() {
    let root = ConfigurationRemark { id: "runs-as-root".into(), message: "it runs as root".into(), secret: None };
    let old = || ImageReport {
        created: Some("2024-01-02T03:04:05Z".into()),
        configuration: vec![root.clone()],
        set_id_files: vec![SetIdFile { path: "usr/bin/own".into(), mode: 0o4755, layer: 2 }],
        ..with_secrets(&[])
    };
    let clean = "Nothing blocks: 1 image scanned";
    let base = ImageReport { diff_ids: vec!["a".into()], ..report(Vec::new()) };
    let on_base =
        |before| ScannedImage { base: Some(("debian:12".into(), Arc::new(base.clone()))), ..image(Ok(old()), before) };
    let remarks =
        ["it was built on 2024-01-02, more than a year ago", "it runs as root", "run as their owner: usr/bin/own"];
    let output = check(&[on_base(None)], Conclusion::Success, clean);
    for remark in remarks {
        assert!(
            output.summary.contains(&format!("- To know: {remark}")) || output.summary.contains(remark),
            "{remark}"
        );
    }
    let output = check(&[on_base(Some(Ok(old())))], Conclusion::Success, clean);
    assert!(!output.summary.contains("runs as root") && !output.summary.contains("usr/bin/own"), "{}", output.summary);
}

#[test]
fn secrets_that_stand_are_told_without_their_lines() {
    let subject = subject(Some(Severity::High));
    let of = |image: ScannedImage| {
        let images = [image];
        decide(&subject, &images, today()).standing("main")
    };
    let mut report = with_secrets(&[0, 2]);
    report.configuration = with_environment().configuration;
    let others = of(image(Ok(report.clone()), None));
    assert_eq!(others.blocking, 0, "{}", others.body);
    let own = of(ScannedImage { is_own: true, ..image(Ok(report), None) });
    assert_eq!(own.title, "Images in use: 2 secrets in 1 image");
    assert_eq!(own.ids, ["secret/github-token in `app/2.env`", "secret/github-token in secret-in-environment"]);
    for id in &own.ids {
        assert!(own.body.contains(&format!("| {id} | critical |")), "{}", own.body);
    }
    assert!(!own.body.contains("app/0.env"), "{}", own.body);
}
