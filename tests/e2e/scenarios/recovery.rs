//! What was lost, missed or given up is found again, without anybody pushing.
//!
//! Invariant: every open head ends with one completed check run.

use std::time::{Duration, SystemTime};

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::state::{CheckRun, State};
use crate::fake_github::{FakeGitHub, INSTALLATION};
use crate::fixtures::{pod, privileged_pod};
use crate::harness::{Gate, REPOSITORY};

/// Long enough ago to be older than anything that just began.
const MINUTES_AGO: Duration = Duration::from_mins(3);

fn completed<'a>(state: &'a State, head: &str) -> Option<&'a CheckRun> {
    let mut runs = state.repositories.values().flat_map(|repository| &repository.runs);
    runs.find(|run| run.head_sha == head && run.name == "dockgate" && run.status == "completed")
}

/// A fake with one repository and an open pull request that nobody told of; returns its number and head too.
async fn unheard(text: &str) -> (FakeGitHub, u64, String) {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let head = github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", text)]);
    let number = github.open_pull(REPOSITORY, REPOSITORY, "feature");
    let mut state = github.state();
    let pulls = &mut state.repositories.get_mut(REPOSITORY).unwrap().pulls;
    pulls.get_mut(&number).unwrap().updated = SystemTime::now() - MINUTES_AGO;
    drop(state);
    (github, number, head)
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_never_arrived_are_asked_for_again() {
    let (github, number, head) = unheard(&privileged_pod("web")).await;
    github.lose(&github.pull_request_event(REPOSITORY, number, "opened"));
    let mut gate = Gate::start_for(github, &[("DOCKGATE_RECOVER_SECONDS", "1")]).await;
    gate.github.wait_for("the verdict", |state| completed(state, &head).is_some()).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    // Nobody answers this one, and the process that is started later asks for it.
    gate.kill();
    let second = gate.github.push(REPOSITORY, "feature", &[Edit::write("web.yaml", &pod("web"))]);
    assert_eq!(gate.github.deliver(&gate.github.pull_request_event(REPOSITORY, number, "synchronize")).await, 0);
    gate.restart().await;
    gate.github.wait_for("the second verdict", |state| completed(state, &second).is_some()).await;
    gate.verdict(&second).await;
    let attempts = gate.github.state().hook.attempts.clone();
    let again: Vec<_> = attempts.iter().filter(|attempt| attempt.redelivery).collect();
    assert!(again.iter().all(|attempt| attempt.status == 202), "each is accepted");
    assert_eq!(again.len(), 2, "each is asked for once");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pull_requests_without_a_verdict_get_one() {
    let (github, _, head) = unheard(&privileged_pod("web")).await;
    for branch in ["a", "b", "c"] {
        github.push(REPOSITORY, branch, &[Edit::write(&format!("{branch}.yaml"), &pod(branch))]);
        github.open_pull(REPOSITORY, REPOSITORY, branch);
    }
    let more = [("DOCKGATE_RECONCILE_SECONDS", "2"), ("DOCKGATE_CHECK_SECONDS", "60")];
    let gate = Gate::start_for(github, &more).await;
    let heads = |state: &State| -> Vec<String> {
        state.repositories[REPOSITORY].pulls.values().map(|pull| pull.head_sha.clone()).collect()
    };
    let all = |state: &State| heads(state).iter().all(|head| completed(state, head).is_some());
    gate.github.wait_for("a verdict for each", all).await;
    let run = gate.verdict(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    // A run that a process left behind for ever is ended, and its verdict follows.
    let late = gate.github.push(REPOSITORY, "a", &[Edit::write("late.yaml", &pod("late"))]);
    let mut stuck = CheckRun { id: 1, head_sha: late.clone(), annotations: Vec::new(), completions: 0, ..run };
    (stuck.status, stuck.conclusion) = ("in_progress".to_owned(), None);
    (stuck.external_id, stuck.created) = (format!("{REPOSITORY}#2"), SystemTime::now() - MINUTES_AGO);
    gate.github.state().repositories.get_mut(REPOSITORY).unwrap().runs.push(stuck);
    gate.github.wait_for("its end", |state| completed(state, &late).is_some()).await;
    gate.github
        .wait_for("its verdict", |state| completed(state, &late).unwrap().conclusion.as_deref() == Some("success"))
        .await;
    gate.verdict(&late).await;
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_new_to_us_is_judged_without_comments() {
    for is_whole in [true, false] {
        let (github, number, head) = unheard(&privileged_pod("web")).await;
        let gate = Gate::start_for(github, &[]).await;
        let event = if is_whole {
            gate.github.installation_event("created")
        } else {
            gate.github.repository_added_event(REPOSITORY)
        };
        gate.deliver(&event).await;
        gate.github.wait_for("the verdict", |state| completed(state, &head).is_some()).await;
        let run = gate.verdict(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
        assert!(run.summary.unwrap().contains("first look"), "the first run says what this is");
        assert!(gate.github.pull(REPOSITORY, number).comments.is_empty(), "nothing is said about what was there");
        let text = format!("# 2\n{}", privileged_pod("web"));
        let second = gate.push("feature", number, &[Edit::write("web.yaml", &text)]).await;
        let run = gate.verdict(&second).await;
        assert!(!run.summary.unwrap().contains("first look"), "that is said once");
        assert!(!gate.github.pull(REPOSITORY, number).comments.is_empty(), "what is new is commented");
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_suspended_or_removed_meanwhile_ends_its_jobs_without_noise() {
    for is_removed in [true, false] {
        let gate = Gate::start(&[("README.md", "hello\n")]).await;
        gate.github.fail("", "git-upload-pack", 1, FaultKind::Hang);
        gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
        gate.github.wait_for_hang().await;
        {
            let mut state = gate.github.state();
            if is_removed {
                state.installations.remove(&INSTALLATION);
            } else {
                state.installations.get_mut(&INSTALLATION).unwrap().is_suspended = true;
            }
        }
        gate.github.release();
        gate.idle().await;
        assert!(gate.dead().await.is_empty(), "{:#?}", gate.dead().await);
        gate.github.assert_no_violations();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_tried_again_and_healed_in_place() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let gate = Gate::start_for(github, &[("DOCKGATE_HEAL_SECONDS", "3")]).await;
    gate.github.fail("POST", "/check-runs", 1, FaultKind::Status(403));
    let (_, head) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    gate.github.wait_for("the failure", |state| completed(state, &head).is_some()).await;
    let failed = gate.runs(&head).remove(0);
    assert_eq!(failed.conclusion.as_deref(), Some("failure"), "{failed:#?}");
    assert!(failed.title.unwrap().contains("403"), "the cause is told");
    assert!(failed.summary.unwrap().contains("tried again by itself"), "and what happens next");
    let is_healed = |state: &State| completed(state, &head).unwrap().conclusion.as_deref() == Some("success");
    gate.github.wait_for("the verdict", is_healed).await;
    gate.verdict(&head).await;
    assert!(gate.dead().await.is_empty());
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_no_list_showed_in_time_is_ended_later() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    // Open pull requests are not looked through: this may be a commit that is no head any more.
    let gate = Gate::start_for(github, &[("DOCKGATE_CHECK_SECONDS", "5"), ("DOCKGATE_RECONCILE_SECONDS", "0")]).await;
    gate.github.fail("POST", "/check-runs", 1, FaultKind::LostAnswer(502));
    let (_, head) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    let runs = |state: &State| state.repositories[REPOSITORY].runs.len();
    gate.github.wait_for("the run", |state| runs(state) == 1).await;
    // The list that the second attempt reads is older than the run.
    let unseen = gate.github.state().repositories.get_mut(REPOSITORY).unwrap().runs.remove(0);
    gate.github.wait_for("the verdict", |state| completed(state, &head).is_some()).await;
    gate.idle().await;
    gate.github.state().repositories.get_mut(REPOSITORY).unwrap().runs.insert(0, unseen);
    let is_ended = |state: &State| state.repositories[REPOSITORY].runs.iter().all(|run| run.status == "completed");
    gate.github.wait_for("the end of the other run", is_ended).await;
    let runs = gate.runs(&head);
    let conclusions: Vec<_> = runs.iter().map(|run| run.conclusion.as_deref()).collect();
    assert_eq!(conclusions, [Some("cancelled"), Some("success")], "{runs:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_that_no_list_shows_yet_is_not_written_over() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let more = [("DOCKGATE_RECONCILE_SECONDS", "1"), ("DOCKGATE_CHECK_SECONDS", "60")];
    let gate = Gate::start_for(github, &more).await;
    let (_, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    // The first look and the delivery may both have judged it.
    let verdict = gate.verdict(&head).await;
    let mut before = CheckRun { created: SystemTime::now() - MINUTES_AGO, ..verdict.clone() };
    (before.status, before.conclusion) = ("in_progress".to_owned(), None);
    gate.github.state().repositories.get_mut(REPOSITORY).unwrap().listed_runs = Some(vec![before]);
    // The list and the run itself are read, twice.
    let path = format!("/check-runs/{}", verdict.id);
    let reads =
        |state: &State| state.log.iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(&path)).count();
    gate.github.wait_for("two looks", |state| reads(state) >= 2).await;
    gate.idle().await;
    let runs = gate.runs(&head);
    let said = (runs.len(), runs[0].completions, &runs[0].title);
    assert_eq!(said, (1, verdict.completions, &verdict.title), "{runs:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_that_comes_while_its_run_is_about_to_be_ended_stands() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let more = [
        ("DOCKGATE_RECONCILE_SECONDS", "1"),
        ("DOCKGATE_CHECK_SECONDS", "60"),
        // Ten writes are free, the next ones wait.
        ("DOCKGATE_WRITE_MILLISECONDS", "2000"),
    ];
    let gate = Gate::start_for(github, &more).await;
    let (_, head) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    let verdict = gate.verdict(&head).await;
    let left_open = |id| CheckRun {
        id,
        status: "in_progress".to_owned(),
        conclusion: None,
        created: SystemTime::now() - MINUTES_AGO,
        ..verdict.clone()
    };
    gate.github.state().repositories.get_mut(REPOSITORY).unwrap().runs.splice(0..0, (1..=13).map(left_open));
    let ended = |state: &State| {
        state.repositories[REPOSITORY].runs.iter().filter(|run| run.id <= 13 && run.conclusion.is_some()).count()
    };
    gate.github.wait_for("the first of them to be ended", |state| ended(state) >= 5).await;
    // Each is read with the list, and again right before it would be ended.
    let reads = |state: &State, id: u64| {
        let path = format!("/check-runs/{id}");
        state.log.iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(&path)).count()
    };
    let told = {
        let mut state = gate.github.state();
        let told: Vec<u64> = (1..=13).filter(|id| reads(&state, *id) < 2).collect();
        for run in &mut state.repositories.get_mut(REPOSITORY).unwrap().runs {
            if told.contains(&run.id) {
                (run.status, run.conclusion) = ("completed".to_owned(), Some("success".to_owned()));
                run.title = Some("Told meanwhile".to_owned());
            }
        }
        told
    };
    assert!(!told.is_empty(), "writes wait for their turn");
    gate.github.wait_for("a look right before the write", |state| told.iter().all(|id| reads(state, *id) >= 2)).await;
    gate.idle().await;
    let runs = gate.runs(&head);
    let kept = runs.iter().filter(|run| run.title.as_deref() == Some("Told meanwhile")).count();
    assert_eq!(kept, told.len(), "{runs:#?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_that_fail_take_neither_the_verdict_nor_the_scan_of_images() {
    let github = FakeGitHub::start().await;
    github.create_repository(REPOSITORY, &[("README.md", "hello\n")]);
    let gate = Gate::start_for(github, &[("DOCKGATE_IMAGES", "scan")]).await;
    gate.github.fail("POST", "/reviews", 3, FaultKind::Status(502));
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    let images = |state: &State| {
        let mut runs = state.repositories[REPOSITORY].runs.iter();
        runs.any(|run| run.name == "dockgate/images" && run.status == "completed")
    };
    gate.github.wait_for("the scan of images", images).await;
    assert!(gate.github.pull(REPOSITORY, number).comments.is_empty(), "comments have to wait");
    let run = completed(&gate.github.state(), &head).cloned().unwrap();
    assert_eq!((run.conclusion.as_deref(), run.completions), (Some("failure"), 1), "{run:#?}");
    gate.idle().await;
    assert_eq!(gate.github.pull(REPOSITORY, number).reviews.len(), 1);
    assert_eq!(gate.runs(&head).len(), 2, "{:#?}", gate.runs(&head));
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_obeyed_by_the_process_that_follows() {
    let mut gate = Gate::start(&[("README.md", "hello\n")]).await;
    gate.github.fail("POST", "/check-runs", 1, FaultKind::TooManyRequests { retry_after_seconds: 8 });
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &pod("web"))]).await;
    gate.github.wait_for("the refusal", |state| state.log.iter().any(|request| request.status == 429)).await;
    let refused = gate.github.log().into_iter().find(|request| request.status == 429).unwrap();
    gate.wait_for_output("to be retried").await;
    gate.kill();
    gate.restart().await;
    // A delivery makes the job due at once; its limit still holds.
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "reopened")).await;
    gate.verdict(&head).await;
    let log = gate.github.api_requests();
    let mut later = log.iter().filter(|request| request.at > refused.at && !request.path.contains("/app"));
    let waited = later.next().unwrap().at.duration_since(refused.at);
    assert!(waited >= Duration::from_secs(8), "{waited:?}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_through_keeps_to_its_share_of_the_limit() {
    let (github, _, head) = unheard(&pod("web")).await;
    let resets = SystemTime::now() + Duration::from_secs(6);
    github.state().quota = Some((3_000, resets));
    let gate = Gate::start_for(github, &[("DOCKGATE_RECONCILE_SECONDS", "2")]).await;
    gate.github.wait_for("the verdict", |state| completed(state, &head).is_some()).await;
    // GitHub tells whole seconds.
    assert!(SystemTime::now() + Duration::from_secs(1) >= resets, "more than a quarter was used up by others");
    let looked = |path: &str| gate.github.log().iter().filter(|request| request.path.contains(path)).count();
    assert!(looked("/installation/repositories") > 0 && looked("/pulls?state=open") == 1);
    gate.assert_sound();
}
