//! Whose results count for what.

use super::*;
use crate::image::results::Results;
use crate::scan::glob::PathGlobs;

const SCAN: &str = "acme/shop/.github/workflows/scan.yml";

fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

/// Pull request 12 at commit `a`, from a branch to `release`; the default branch is `main`.
fn subject(uploads: &[&str]) -> ImagesSubject {
    ImagesSubject {
        uploads: PathGlobs::new(uploads).unwrap(),
        branches: vec!["release".into(), "main".into()],
        ..ImagesSubject::new(Some(PullRequestNumber(12)), sha('a'))
    }
}

/// Results of the workflow `file` that ran on `commit` for `reference`.
fn upload(file: &str, commit: char, reference: &str) -> Upload {
    let number = reference.strip_prefix("refs/pull/").and_then(|rest| rest.strip_suffix("/merge"));
    let workflow = Workflow {
        repository: "acme/shop".parse().unwrap(),
        commit: sha(commit),
        pull_request: number.map(|number| PullRequestNumber(number.parse().unwrap())),
        reference: reference.into(),
        file: file.into(),
    };
    let document = serde_json::json!({"SchemaVersion": 2, "ArtifactName": "ghcr.io/acme/shop:1", "Results": []});
    let results = Results::read(document.to_string().as_bytes()).unwrap();
    Upload::new(workflow, results.report("ghcr.io/acme/shop:1", "", ""))
}

#[track_caller]
fn check(uploads: &[&str], file: &str, commit: char, reference: &str, expected: bool) {
    let is_for = upload(file, commit, reference).is_for(&subject(uploads));
    assert_eq!(is_for, expected, "{file} on {commit} for {reference}, settings {uploads:?}");
}

#[test]
fn by_default_a_workflow_counts_as_it_stands_on_a_branch_that_the_change_does_not_write() {
    let merge = "refs/pull/12/merge";
    let at = |reference: &str| format!("{SCAN}@{reference}");
    // What the pull request, or its branch, says of itself.
    check(&[], &at(merge), 'b', merge, false);
    check(&[], &at("refs/heads/feature"), 'a', "refs/heads/feature", false);
    check(&[], &at(&"a".repeat(40)), 'b', merge, false);
    check(&[], &at("refs/tags/main"), 'b', merge, false);
    check(&[], "evil/shop/.github/workflows/scan.yml@refs/heads/main", 'b', merge, false);
    check(&[], "acme/shop-evil/.github/workflows/scan.yml@refs/heads/main", 'b', merge, false);
    check(&[], "", 'a', "refs/heads/feature", false);
    // A reusable workflow of the base, called by whatever the pull request holds.
    check(&[], &at("refs/heads/main"), 'b', merge, true);
    check(&[], &at("refs/heads/release"), 'a', "refs/heads/feature", true);
    check(&[], &at("refs/heads/main"), 'b', "refs/pull/13/merge", false);
    check(&[], &at("refs/heads/main"), 'b', "refs/heads/feature", false);
    // One that runs on the base: it says itself which commit it looked at.
    check(&[], &at("refs/heads/main"), 'c', "refs/heads/main", true);
    check(&[], "Acme/Shop/.github/workflows/scan.yml@refs/heads/main", 'c', "refs/heads/main", true);
}

#[test]
fn what_the_team_names_counts_and_nothing_else() {
    let merge = "refs/pull/12/merge";
    let own = format!("{SCAN}@{merge}");
    check(&["acme/shop/.github/workflows/scan.yml@*/**"], &own, 'b', merge, true);
    check(&["acme/shop/.github/workflows/scan.yml@*/**"], &own, 'b', "refs/pull/13/merge", false);
    check(&["shared/ci/.github/workflows/*@refs/heads/main"], &own, 'b', merge, false);
    let shared = "shared/ci/.github/workflows/scan.yml@refs/heads/main";
    check(&["shared/ci/.github/workflows/*@refs/heads/main"], shared, 'b', merge, true);
    let base = format!("{SCAN}@refs/heads/main");
    check(&["shared/ci/.github/workflows/*@refs/heads/main"], &base, 'b', merge, false);
}

#[tokio::test]
async fn results_of_one_workflow_do_not_take_the_place_of_anothers() {
    let store = crate::store::open("sqlite::memory:").await.unwrap();
    let now = UnixMillis(1_000);
    let trusted = upload(&format!("{SCAN}@refs/heads/main"), 'c', "refs/heads/main");
    let own = upload(&format!("{SCAN}@refs/pull/12/merge"), 'b', "refs/pull/12/merge");
    for one in [&trusted, &own] {
        assert!(keep(store.as_ref(), &sha('a'), one, now).await.unwrap());
    }
    let found = of(store.as_ref(), &trusted.repository, &subject(&[]), now).await.unwrap();
    assert_eq!((found.believed, found.others), (vec![trusted], vec![own.clone()]));
    let named = |number: u32| Upload { image: format!("ghcr.io/acme/shop:{number}"), ..own.clone() };
    for number in 2..=MOST {
        assert!(keep(store.as_ref(), &sha('a'), &named(number), now).await.unwrap(), "{number}");
    }
    assert!(!keep(store.as_ref(), &sha('a'), &named(MOST + 1), now).await.unwrap());
    assert!(keep(store.as_ref(), &sha('a'), &named(2), now).await.unwrap(), "it is there already");
}
