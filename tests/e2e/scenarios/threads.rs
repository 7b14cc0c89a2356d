//! Comments on lines over the life of a pull request.
//!
//! Invariant: of one finding there is one comment.

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fake_github::state::{Author, Pull};
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// A gate that may resolve threads, or may not, with a judged pull request that has one comment of ours.
async fn commented(resolves: bool) -> (Gate, u64) {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    github.grant("contents", if resolves { "write" } else { "read" });
    let gate = Gate::start_for(github, &[("DOCKGATE_RESOLVE_THREADS", if resolves { "true" } else { "false" })]).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    gate.verdict(&head).await;
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), 1);
    (gate, number)
}

/// Pushes a text, waits for the verdict, and returns the pull request.
async fn pushed(gate: &Gate, number: u64, text: &str) -> Pull {
    let head = gate.push("feature", number, &[Edit::write("web.yaml", text)]).await;
    gate.verdict(&head).await;
    gate.github.pull(REPOSITORY, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_reopened_and_not_said_anew() {
    for resolves in [true, false] {
        let (gate, number) = commented(resolves).await;
        let original = gate.github.pull(REPOSITORY, number).comments[0].body.clone();
        for _ in 0..2 {
            let pull = pushed(&gate, number, &pod("web")).await;
            let comment = &pull.comments[0];
            assert_eq!((comment.resolved, comment.minimized), (resolves, !resolves), "{comment:#?}");
            assert_eq!(comment.body.starts_with("Fixed in "), !resolves, "{comment:#?}");
            let pull = pushed(&gate, number, &format!("# moved\n{}", privileged_pod("web"))).await;
            let comment = &pull.comments[0];
            assert_eq!((comment.resolved, comment.minimized), (false, false), "{comment:#?}");
            assert_eq!((pull.comments.len(), comment.body == original), (1, true), "{pull:#?}");
        }
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_no_list_shows_yet_is_not_made_again() {
    let (gate, number) = commented(false).await;
    let hide = |hides: bool| gate.github.state().repositories.get_mut(REPOSITORY).unwrap().hides_threads = hides;
    hide(true);
    let text = format!("# moved\n{}", privileged_pod("web"));
    let head = gate.push("feature", number, &[Edit::write("web.yaml", &text)]).await;
    let is_told = |state: &crate::fake_github::state::State| {
        let runs = &state.repositories[REPOSITORY].runs;
        runs.iter().any(|run| run.head_sha == head && run.conclusion.as_deref() == Some("failure"))
    };
    gate.github.wait_for("its verdict", is_told).await;
    gate.wait_for_output("comments that were made a moment ago are not listed yet").await;
    hide(false);
    gate.verdict(&head).await;
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), 1);
    let reviews = gate.github.log().into_iter().filter(|request| request.path.ends_with("/reviews")).count();
    assert_eq!(reviews, 1, "nothing was made and taken back");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_settled_stays_settled() {
    let (gate, number) = commented(true).await;
    gate.github.change_pull(REPOSITORY, number, |pull| {
        (pull.comments[0].resolved, pull.comments[0].resolved_by) = (true, Some(Author::Person));
    });
    let pull = pushed(&gate, number, &format!("# moved\n{}", privileged_pod("web"))).await;
    assert_eq!((pull.comments.len(), pull.comments[0].resolved), (1, true), "{pull:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_is_there_twice_goes_unless_somebody_replied() {
    for replied in [false, true] {
        let (gate, number) = commented(false).await;
        let twin = gate.github.state().new_id();
        let reply = gate.github.state().new_id();
        gate.github.change_pull(REPOSITORY, number, |pull| {
            let mut second = pull.comments[0].clone();
            second.id = twin;
            let mut answer = second.clone();
            (answer.id, answer.reply_to, answer.author) = (reply, Some(twin), Author::Person);
            pull.comments.push(second);
            pull.comments.extend(replied.then_some(answer));
        });
        let pull = pushed(&gate, number, &format!("# moved\n{}", privileged_pod("web"))).await;
        assert_eq!(pull.comments.iter().any(|comment| comment.id == twin), replied, "{pull:#?}");
        gate.assert_sound();
    }
}
