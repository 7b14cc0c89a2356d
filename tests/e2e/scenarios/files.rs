//! Files that are not plain text at one path.
//!
//! Invariant: what is not judged is named, with its cause, and never passes as clean in silence.

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::state::CheckRun;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// All that a check run says.
fn said(run: &CheckRun) -> String {
    format!("{:?}\n{:?}\n{:?}\n{:?}", run.title, run.summary, run.text, run.annotations)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_without_a_change_brings_no_finding() {
    let gate = Gate::start(&[("old/web.yaml", &privileged_pod("web"))]).await;
    let (run, pull) = gate.judge(&[Edit::Rename("old/web.yaml".to_owned(), "new/web.yaml".to_owned())]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert!(pull.comments.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_bad_file_is_fine() {
    let gate = Gate::start(&[("web.yaml", &privileged_pod("web")), ("README.md", "hello\n")]).await;
    let (run, pull) = gate.judge(&[Edit::Delete("web.yaml".to_owned())]).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert!(pull.comments.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_named_with_its_cause() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let version = ["version https://git-lfs.github.com", "spec/v1"].join("/");
    let pointer = format!("{version}\noid sha256:{}\nsize 12345\n", "ab".repeat(32));
    let edits = [
        Edit::Symlink("link.yaml".to_owned(), "../../etc/passwd".to_owned()),
        Edit::Submodule("vendored".to_owned(), "c".repeat(40)),
        Edit::Write("logo.png".to_owned(), vec![0x89, b'P', b'N', b'G', 0, 1, 2, 0]),
        Edit::write("model.yaml", &pointer),
        Edit::write("web.yaml", &pod("web")),
    ];
    let (run, _) = gate.judge(&edits).await;
    let summary = run.summary.as_deref().unwrap_or_default();
    for (path, cause) in
        [("link.yaml", "symbolic link"), ("vendored", "submodule"), ("model.yaml", "Git LFS"), ("logo.png", "binary")]
    {
        let line = summary.lines().find(|line| line.contains(&format!("`{path}`")));
        assert!(line.is_some_and(|line| line.contains(cause)), "{path} and {cause} in {summary}");
    }
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{summary}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_sixty_megabytes_is_named_and_the_check_neutral() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let line = b"key: value of a line that is here only to be long enough\n";
    let edits = [Edit::Write("huge.yaml".to_owned(), line.repeat(60 * 1024 * 1024 / line.len()))];
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("neutral"), "{run:#?}");
    assert!(said(&run).contains("huge.yaml"), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_files_are_all_judged() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let mut edits: Vec<Edit> =
        (0..499).map(|index| Edit::write(&format!("deploy/{index:03}.yaml"), &pod("web"))).collect();
    edits.push(Edit::write("deploy/last.yaml", &privileged_pod("web")));
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{:?}", run.title);
    assert!(run.summary.as_deref().unwrap().contains("500 files"), "{:?}", run.summary);
    assert!(run.annotations.iter().any(|note| note["path"] == "deploy/last.yaml"));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_past_the_three_thousand_files_that_github_lists_is_judged() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let mut edits: Vec<Edit> =
        (0..3_200).map(|index| Edit::write(&format!("deploy/{index:04}.yaml"), "kind: ConfigMap\n")).collect();
    edits.push(Edit::write("deploy/last.yaml", &privileged_pod("web")));
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{:?}", run.title);
    assert!(run.summary.as_deref().unwrap().contains("3201 files"), "{:?}", run.summary);
    assert!(run.annotations.iter().any(|note| note["path"] == "deploy/last.yaml"));
    let listed = gate.github.api_requests().iter().filter(|request| request.path.contains("/files")).count();
    assert_eq!(listed, 0, "git gives the files, whatever their number");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_files_past_those_that_github_lists_are_named() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("", "git-upload-pack", 1000, FaultKind::Status(404));
    // As many as GitHub's 3,000 would take minutes to list one by one; it is the same path.
    gate.github.state().most_files = Some(310);
    let mut edits: Vec<Edit> =
        (0..315).map(|index| Edit::write(&format!("deploy/{index:04}.yaml"), "kind: ConfigMap\n")).collect();
    edits.push(Edit::write("deploy/last.yaml", &privileged_pod("web")));
    let (run, _) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("neutral"), "{:?}", run.title);
    let said = said(&run);
    assert!(said.contains("6 more files") && said.contains("GitHub lists only 310 files"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_findings_than_fit_are_still_all_annotated() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let edits: Vec<Edit> =
        (0..60).map(|index| Edit::write(&format!("deploy/{index:03}.yaml"), &privileged_pod("web"))).collect();
    let (run, pull) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"));
    let annotated = |path: &str| run.annotations.iter().any(|note| note["path"] == path);
    assert!((0..60).all(|index| annotated(&format!("deploy/{index:03}.yaml"))), "{:#?}", run.annotations.len());
    assert_eq!(pull.comments.len(), 20, "as many as the settings allow");
    assert_eq!(pull.reviews.len(), 1);
    assert_eq!(run.annotations.len(), 60, "none is sent twice");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_inert() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let names =
        ["a \"b\" `c` <img src=x> @acme/all #1.yaml", "-rf.yaml", "ü/ñ |x|.yaml", "tab\tand.yaml", "[x](y).yaml"];
    let edits: Vec<Edit> = names.iter().map(|name| Edit::write(name, &privileged_pod("web"))).collect();
    let (run, pull) = gate.judge(&edits).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    for name in names {
        assert!(run.annotations.iter().any(|note| note["path"] == name), "{name}: {:#?}", run.annotations);
    }
    assert_eq!(pull.comments.len(), names.len());
    let bodies = pull.comments.iter().map(|comment| comment.body.as_str());
    for shown in bodies.chain(run.summary.as_deref()) {
        // What stands between double backticks is code: neither a tag nor a mention.
        let prose: String = shown.split("``").step_by(2).collect();
        assert!(!prose.contains("<img") && !prose.contains("@acme"), "{shown}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn crlf_and_byte_order_marks_keep_lines_right() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    let text = format!("\u{feff}{}", privileged_pod("web").replace('\n', "\r\n"));
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &text)]).await;
    let line = crate::fixtures::line_of(&text, "privileged: true");
    assert!(pull.comments.iter().any(|comment| comment.line == Some(line)), "{run:#?} {:#?}", pull.comments);
    assert_eq!(gate.github.pull(REPOSITORY, pull.number).reviews.len(), 1);
    gate.assert_sound();
}
