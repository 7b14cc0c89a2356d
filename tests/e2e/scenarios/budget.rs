//! How many requests a pull request costs, and GitHub at another address.
//!
//! Invariant: requests grow by pages, never by files.

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::fake_github::state::LoggedRequest;
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// How many requests of the API a pull request of so many files takes once the token is there.
async fn requests(gate: &Gate, branch: &str, files: usize, bad: usize) -> usize {
    let before = gate.github.api_requests().len();
    let edits: Vec<Edit> = (0..files)
        .map(|index| {
            let text = if index < bad { privileged_pod("web") } else { pod("web") };
            Edit::write(&format!("{branch}/{index:03}.yaml"), &text)
        })
        .collect();
    let (_, head) = gate.open(branch, &edits).await;
    gate.verdict(&head).await;
    gate.github.api_requests().len() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_files_take_at_most_eight_requests_and_more_files_only_more_pages() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    requests(&gate, "warm", 1, 0).await;
    let one = requests(&gate, "one", 1, 1).await;
    let ten = requests(&gate, "ten", 10, 3).await;
    assert!(ten <= 8, "{ten} requests: {:#?}", names(&gate));
    let hundred = requests(&gate, "hundred", 100, 3).await;
    assert!(hundred <= ten + 1, "{hundred} requests, {ten} for ten files: {:#?}", names(&gate));
    let thousand = requests(&gate, "thousand", 1_000, 3).await;
    assert!(thousand <= hundred + 20, "{thousand} requests, {hundred} for a hundred files: {:#?}", names(&gate));
    println!("requests: {one} for 1 file, {ten} for 10 files, {hundred} for 100 files, {thousand} for 1,000 files");
    gate.assert_sound();
}

fn names(gate: &Gate) -> Vec<String> {
    gate.github.api_requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enterprise_server_below_a_path_works() {
    let github = FakeGitHub::start_at("/api/v3").await;
    github.state().long_tokens = true;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let gate = Gate::start_for(github, &[]).await;
    let (run, pull) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert_eq!(pull.reviews.len(), 1);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_about_to_end_is_replaced() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    github.state().token_seconds = Some(200);
    let gate = Gate::start_for(github, &[]).await;
    let (run, _) = gate.judge(&[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    let minted =
        |request: &&LoggedRequest| request.path.ends_with("/access_tokens") && request.body.contains("\"shop\"");
    let minted = gate.github.log().iter().filter(minted).count();
    assert!(minted > 1, "200 s are too few to go on with: {minted} tokens");
    gate.assert_sound();
}
