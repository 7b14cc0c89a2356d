//! Secrets that one commit of a pull request adds and a later one removes.
//!
//! Invariant: whoever can read the repository has them, so they block until the branch is rewritten without them.

use dockgate::scan::secret::fake;

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::state::CheckRun;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

const CLEAN: &str = "LOG=info\n";

/// A file whose second line is a token.
fn leak() -> String {
    format!("LOG=info\n{}", fake::expand("GITHUB_TOKEN={fake:github-token}\n"))
}

fn write(text: &str) -> Vec<Edit> {
    vec![Edit::write("app.env", text)]
}

fn blocks(run: &CheckRun) -> bool {
    run.conclusion.as_deref() == Some("failure")
}

/// What must hold of a check run that blocks because of `app.env:2` in `commit`.
fn assert_told(gate: &Gate, number: u64, run: &CheckRun, commit: &str) {
    assert!(blocks(run), "{run:#?}");
    let summary = run.summary.as_deref().unwrap_or_default();
    let link = format!("{}/{REPOSITORY}/blob/{}/app.env#L2", gate.github.url, &commit[..12]);
    for part in [
        "secret/github-token",
        &commit[..12],
        &link,
        "Removing the line is not enough",
        "1. Revoke it now: [how](https://docs.github.com/",
        "2. Then rewrite the branch",
    ] {
        assert!(summary.contains(part), "{part} in {summary}");
    }
    // Neither a comment nor an annotation stands beside a line that says something else.
    let comments = gate.github.pull(REPOSITORY, number).comments;
    assert!(comments.iter().all(|comment| comment.path != "app.env"), "{comments:#?}");
    assert!(run.annotations.iter().all(|note| note["path"] != "app.env"), "{:#?}", run.annotations);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_later_commit_removes_blocks_until_the_branch_is_rewritten() {
    let gate = Gate::start(&[("app.env", CLEAN), ("README.md", "hello\n")]).await;
    let main = gate.github.git(REPOSITORY).commit_of("refs/heads/main").unwrap();
    let commits = [write(&leak()), write("LOG=debug\n"), vec![Edit::write("web.yaml", &pod("web"))]];
    let (number, run) = gate.judge_commits("feature", &commits).await;
    let leaking = gate.github.git(REPOSITORY).commit_of("refs/heads/feature~2").unwrap();
    assert_told(&gate, number, &run, &leaking);
    // A force push that only moves the leak does not help, one that leaves it out does.
    let moved = gate.github.force_push(REPOSITORY, "feature", &[&main], &write(&leak()));
    gate.github.push(REPOSITORY, "feature", &write("LOG=warn\n"));
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "synchronize")).await;
    let head = gate.github.pull(REPOSITORY, number).head_sha;
    assert_told(&gate, number, &gate.verdict(&head).await, &moved);
    gate.github.force_push(REPOSITORY, "feature", &[&main], &write("LOG=debug\n"));
    gate.github.push(REPOSITORY, "feature", &write("LOG=warn\n"));
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "synchronize")).await;
    let head = gate.github.pull(REPOSITORY, number).head_sha;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_on_the_secret_stays_open_while_the_history_has_it() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    let main = gate.github.git(REPOSITORY).commit_of("refs/heads/main").unwrap();
    let (number, head) = gate.open("feature", &write(&leak())).await;
    assert!(blocks(&gate.verdict(&head).await));
    let open = |gate: &Gate| {
        let comments = gate.github.pull(REPOSITORY, number).comments;
        (comments.len(), comments.iter().filter(|comment| !comment.minimized).count())
    };
    assert_eq!(open(&gate), (1, 1));
    let head = gate.push("feature", number, &write("LOG=debug\n")).await;
    assert!(blocks(&gate.verdict(&head).await));
    assert_eq!(open(&gate), (1, 1));
    gate.github.force_push(REPOSITORY, "feature", &[&main], &write("LOG=debug\n"));
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "synchronize")).await;
    gate.idle().await;
    assert_eq!(open(&gate), (1, 0));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_commits_cost_no_request_more() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    gate.judge_commits("warm", &[vec![Edit::write("warm.yaml", &pod("web"))]]).await;
    let before = gate.github.log().len();
    let api_before = gate.github.api_requests().len();
    let files = |range: std::ops::Range<usize>, text: &str| -> Vec<Edit> {
        range.map(|index| Edit::write(&format!("deploy/{index}.yaml"), text)).collect()
    };
    let mut commits = vec![files(0..9, &pod("web")), write(&leak()), write("LOG=debug\n")];
    commits.push(files(0..3, &privileged_pod("web")));
    commits.extend((0..20).map(|index| vec![Edit::write("deploy/9.yaml", &format!("# {index}\n{}", pod("web")))]));
    let (_, run) = gate.judge_commits("feature", &commits).await;
    assert!(blocks(&run) && run.title.as_deref().is_some_and(|title| title.starts_with('4')), "{run:#?}");
    let requests = gate.github.api_requests().len() - api_before;
    assert!(requests <= 8, "{requests} requests for 11 files in 24 commits: {:#?}", gate.github.api_requests());
    // Of git's own: what is there, the commits, the files, and the versions in between.
    let of_git = gate.github.log().len() - before - requests;
    assert!(of_git <= 8, "{of_git} requests of git");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_git_the_patches_of_the_api_tell_the_same() {
    for without_graphql in [false, true] {
        let gate = Gate::start(&[("app.env", CLEAN)]).await;
        gate.github.fail("", "git-upload-pack", 1000, FaultKind::Status(404));
        if without_graphql {
            gate.github.fail("POST", "graphql", 1000, FaultKind::Status(404));
        }
        let (number, run) = gate.judge_commits("feature", &[write(&leak()), write("LOG=debug\n")]).await;
        let leaking = gate.github.git(REPOSITORY).commit_of("refs/heads/feature~1").unwrap();
        assert_told(&gate, number, &run, &leaking);
        gate.github.assert_no_violations();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_graphql_off_git_still_reads_all_commits() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    gate.github.fail("POST", "graphql", 1000, FaultKind::Status(404));
    let (number, run) = gate.judge_commits("feature", &[write(&leak()), write("LOG=debug\n")]).await;
    let leaking = gate.github.git(REPOSITORY).commit_of("refs/heads/feature~1").unwrap();
    assert_told(&gate, number, &run, &leaking);
    gate.github.assert_no_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_read_is_named_and_the_check_neutral() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    gate.github.fail("", "git-upload-pack", 1000, FaultKind::Status(404));
    let commits: Vec<Vec<Edit>> = (0..33).map(|index| write(&format!("LOG=info\nN={index}\n"))).collect();
    let (_, run) = gate.judge_commits("feature", &commits).await;
    assert_eq!(run.conclusion.as_deref(), Some("neutral"), "{run:#?}");
    let summary = run.summary.unwrap_or_default();
    assert!(summary.contains("of 33 commits only 30 were read"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_commits_and_more_are_read_by_pages() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    let mut commits: Vec<Vec<Edit>> = (0..120).map(|index| write(&format!("LOG=info\nN={index}\n"))).collect();
    commits.extend([write(&leak()), write("LOG=debug\n")]);
    let (number, run) = gate.judge_commits("feature", &commits).await;
    let leaking = gate.github.git(REPOSITORY).commit_of("refs/heads/feature~1").unwrap();
    assert_told(&gate, number, &run, &leaking);
    let pages = gate.github.api_requests().iter().filter(|request| request.path.contains("/compare/")).count();
    assert_eq!(pages, 2);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stood_in_the_base_or_came_with_a_merge_is_not_blamed_on_the_pull_request() {
    for without_git in [false, true] {
        let old = leak();
        let gate = Gate::start(&[("app.env", &old), ("README.md", "hello\n")]).await;
        if without_git {
            gate.github.fail("", "git-upload-pack", 1000, FaultKind::Status(404));
        }
        // Taken away and brought back: the base has it.
        let back = [write(CLEAN), write(&old), vec![Edit::write("notes.md", "mine\n")]];
        let (_, run) = gate.judge_commits("back", &back).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
        // The base leaks and mends, and a merge brings both to the branch.
        let theirs = fake::expand("token: {fake:github-token}\n").replace("token", "theirs");
        gate.github.push(REPOSITORY, "feature", &[Edit::write("notes.md", "mine\n")]);
        gate.github.push(REPOSITORY, "main", &[Edit::write("theirs.yaml", &theirs)]);
        let main = gate.github.push(REPOSITORY, "main", &[Edit::write("theirs.yaml", "a: 1\n")]);
        let mine = gate.github.git(REPOSITORY).commit_of("refs/heads/feature").unwrap();
        let merged = [Edit::write("theirs.yaml", "a: 1\n")];
        gate.github.force_push(REPOSITORY, "feature", &[&mine, &main], &merged);
        let (_, run) = gate.judge_commits("feature", &[vec![Edit::write("notes.md", "more\n")]]).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
        // A merge that adds something of its own is answered for.
        let tip = gate.github.git(REPOSITORY).commit_of("refs/heads/feature").unwrap();
        let main = gate.github.push(REPOSITORY, "main", &[Edit::write("other.md", "x\n")]);
        let own = fake::expand("key: sk_live_{fake:alnum:24}\n");
        let evil = [Edit::write("other.md", "x\n"), Edit::write("evil.yaml", &own)];
        let merge = gate.github.force_push(REPOSITORY, "feature", &[&tip, &main], &evil);
        let (_, run) = gate.judge_commits("feature", &[vec![Edit::Delete("evil.yaml".to_owned())]]).await;
        assert!(blocks(&run), "{run:#?}");
        let summary = run.summary.unwrap_or_default();
        assert!(summary.contains("evil.yaml") && summary.contains(&merge[..12]), "{summary}");
        assert!(!summary.contains("theirs.yaml"), "{summary}");
        gate.github.assert_no_violations();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_that_git_does_not_give_are_read_by_the_api() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    // The first fetch breaks off; the next, without the commits in between, does not.
    gate.github.fail("", "git-upload-pack", 1, FaultKind::Status(502));
    let (number, run) = gate.judge_commits("feature", &[write(&leak()), write("LOG=debug\n")]).await;
    let leaking = gate.github.git(REPOSITORY).commit_of("refs/heads/feature~1").unwrap();
    assert_told(&gate, number, &run, &leaking);
    let compared = gate.github.api_requests().iter().filter(|request| request.path.contains("/compare/")).count();
    assert_eq!(compared, 3, "the change, and each of its two commits");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_a_fork_and_of_a_merge_group_are_read_too() {
    let gate = Gate::start(&[("app.env", CLEAN)]).await;
    gate.github.fork(REPOSITORY, "eve/shop");
    for text in [leak(), "LOG=debug\n".to_owned()] {
        gate.github.push("eve/shop", "theirs", &write(&text));
    }
    let number = gate.github.open_pull(REPOSITORY, "eve/shop", "theirs");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    let head = gate.github.pull(REPOSITORY, number).head_sha;
    assert!(blocks(&gate.verdict(&head).await));
    let (group, delivery) = gate.github.merge_group_event(REPOSITORY, number);
    gate.deliver(&delivery).await;
    let run = gate.verdict(&group).await;
    assert!(blocks(&run) && run.summary.as_deref().is_some_and(|summary| summary.contains("app.env:2")), "{run:#?}");
    gate.assert_sound();
}
