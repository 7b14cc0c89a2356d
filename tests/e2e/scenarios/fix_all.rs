//! "Fix all" of a check run.
//!
//! Invariant: one commit, at the head that was judged, by somebody who may push, or none and a reason.

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fake_github::state::Author;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

async fn gate(wanted: &str, granted: &str) -> Gate {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    github.grant("contents", granted);
    github.role("ada", "write");
    Gate::start_for(github, &[("DOCKGATE_FIX", wanted)]).await
}

fn pods() -> [Edit; 2] {
    [Edit::write("web.yaml", &privileged_pod("web")), Edit::write("deploy/api.yaml", &privileged_pod("api"))]
}

/// The text of a file at a commit.
fn text(gate: &Gate, commit: &str, path: &str) -> String {
    gate.github.git(REPOSITORY).text(&["show", &format!("{commit}:{path}")])
}

/// What was said on the pull request as a whole.
fn said(gate: &Gate, number: u64) -> Vec<String> {
    gate.github.pull(REPOSITORY, number).issue_comments.iter().map(|comment| comment.body.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_is_shown_only_where_it_works() {
    for (wanted, granted) in [("false", "write"), ("true", "read"), ("true", "write")] {
        let gate = gate(wanted, granted).await;
        let (_, head) = gate.open("feature", &pods()).await;
        let run = gate.verdict(&head).await;
        assert_eq!(run.actions.len(), usize::from(wanted == "true" && granted == "write"), "{wanted} {granted}");
        gate.github.fork(REPOSITORY, "eve/shop");
        let head = gate.github.push("eve/shop", "theirs", &pods());
        let number = gate.github.open_pull(REPOSITORY, "eve/shop", "theirs");
        gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
        assert!(gate.verdict(&head).await.actions.is_empty(), "not on a fork's branch");
        gate.github.assert_no_violations();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_press_commits_all_edits_signed_off_by_who_pressed() {
    let gate = gate("true", "write").await;
    let (number, head) = gate.open("feature", &pods()).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.actions[0]["identifier"], "fix_all", "{run:#?}");
    gate.deliver(&gate.github.press(REPOSITORY, &head, "fix_all", Author::Person)).await;
    gate.idle().await;
    let fixed = gate.github.pull(REPOSITORY, number).head_sha;
    let git = gate.github.git(REPOSITORY);
    assert_eq!(git.text(&["rev-parse", &format!("{fixed}^")]), head, "one commit on the judged head");
    let message = git.text(&["log", "-1", "--format=%B", &fixed]);
    assert!(message.contains("Signed-off-by: ada <7+ada@users.noreply.127.0.0.1>"), "{message}");
    for path in ["web.yaml", "deploy/api.yaml"] {
        let text = text(&gate, &fixed, path);
        assert!(!text.contains("privileged: true") && text.contains("readOnlyRootFilesystem: true"), "{text}");
    }
    let run = gate.deciding(&fixed).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    assert!(said(&gate, number).is_empty(), "{:?}", said(&gate, number));
    let audit = gate.run(&["audit"]).await;
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    assert!(audit.contains("fixed  by ada"), "{audit}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_moved_is_left_alone_and_that_is_said_once() {
    let gate = gate("true", "write").await;
    let (number, head) = gate.open("feature", &pods()).await;
    gate.verdict(&head).await;
    let press = gate.github.press(REPOSITORY, &head, "fix_all", Author::Person);
    let newer = gate.push("feature", number, &[Edit::write("notes.md", "mine\n")]).await;
    gate.verdict(&newer).await;
    gate.deliver(&press).await;
    gate.deliver(&press.with_action("requested_action")).await;
    gate.idle().await;
    assert_eq!(gate.github.pull(REPOSITORY, number).head_sha, newer);
    let said = said(&gate, number);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("Nothing was committed") && said[0].contains(&newer[..7]), "{said:?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_write_access() {
    let gate = gate("true", "write").await;
    let (number, head) = gate.open("feature", &pods()).await;
    gate.verdict(&head).await;
    gate.deliver(&gate.github.press(REPOSITORY, &head, "fix_all", Author::Other("grace"))).await;
    gate.deliver(&gate.github.press(REPOSITORY, &head, "other", Author::Person)).await;
    gate.idle().await;
    assert_eq!(gate.github.pull(REPOSITORY, number).head_sha, head);
    assert!(said(&gate, number)[0].contains("takes write access; grace has read"), "{:?}", said(&gate, number));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_known_again() {
    let gate = gate("true", "write").await;
    let (number, head) = gate.open("feature", &pods()).await;
    gate.verdict(&head).await;
    let press = gate.github.press(REPOSITORY, &head, "fix_all", Author::Person);
    // As an earlier attempt left it, whose process ended before it could say so.
    let edit = [Edit::write("web.yaml", &pod("web"))];
    let message = format!("Fix what dockgate found\n\nDockgate-Fixes: {head}");
    let made = gate.github.push_saying(REPOSITORY, "feature", &message, &edit);
    gate.deliver(&press).await;
    gate.idle().await;
    assert_eq!(gate.github.pull(REPOSITORY, number).head_sha, made, "no second commit");
    assert!(said(&gate, number).is_empty(), "{:?}", said(&gate, number));
    assert_eq!(
        gate.deciding(&made).await.conclusion.as_deref(),
        Some("failure"),
        "the other file is still to be fixed"
    );
    let audit = gate.run(&["audit"]).await;
    assert!(String::from_utf8_lossy(&audit.stdout).contains(&format!("commit {made}")));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_commit_would_change_otherwise_are_left_alone() {
    let gate = gate("true", "write").await;
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(privileged_pod("wide").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let edits = [Edit::write("web.yaml", &privileged_pod("web")), Edit::Write("wide.yaml".to_owned(), utf16.clone())];
    let (number, head) = gate.open("feature", &edits).await;
    gate.verdict(&head).await;
    gate.deliver(&gate.github.press(REPOSITORY, &head, "fix_all", Author::Person)).await;
    gate.idle().await;
    let fixed = gate.github.pull(REPOSITORY, number).head_sha;
    assert_ne!(fixed, head);
    assert!(!text(&gate, &fixed, "web.yaml").contains("privileged: true"));
    let wide = gate.github.git(REPOSITORY).bytes(&["show", &format!("{fixed}:wide.yaml")]).unwrap();
    assert_eq!(wide, utf16, "its bytes are not those that were judged");
    // GitHub shows no lines of such a file and refuses a comment on them, so it stands on the file.
    let comments = gate.github.pull(REPOSITORY, number).comments;
    assert!(comments.iter().any(|comment| comment.path == "wide.yaml"), "{comments:#?}");
    gate.github.assert_no_violations();
}
