//! Waivers by command, and the log of who gave them.
//!
//! Invariant: a waiver holds for one finding of one pull request, until its day, and somebody answers for it.

use dockgate::settings::date::Date;
use dockgate::store::{Shelf, UnixMillis};
use serde_json::Value;

use crate::fake_github::fault::FaultKind;
use crate::fake_github::git::Edit;
use crate::fake_github::state::{Author, State};
use crate::fixtures::privileged_pod;
use crate::harness::{Gate, REPOSITORY};

const GRACE: Author = Author::Other("grace");

/// A gate with a pull request that one finding blocks, and that finding's id.
async fn blocked(settings: Option<&str>) -> (Gate, u64, String, String) {
    let mut files = vec![("README.md", "hello\n")];
    files.extend(settings.map(|settings| (".github/dockgate.yml", settings)));
    let gate = Gate::start(&files).await;
    let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    let run = gate.verdict(&head).await;
    let summary = run.summary.unwrap();
    let command = summary.split("`/dockgate waive ").nth(1).unwrap_or_else(|| panic!("{summary}"));
    let id = command.split(' ').next().unwrap().to_owned();
    assert_eq!(id.len(), 8, "{summary}");
    (gate, number, head, id)
}

async fn said(gate: &Gate, number: u64, author: Author, body: &str) -> (Vec<String>, Vec<String>) {
    let (comment, delivery) = gate.github.say(REPOSITORY, number, author, body);
    gate.deliver(&delivery).await;
    gate.idle().await;
    gate.github.answers(REPOSITORY, number, comment)
}

/// The lines of the audit log as JSON.
async fn audit(gate: &Gate, more: &[&str]) -> Vec<Value> {
    let output = gate.run(&[&["audit", "--format", "json"], more].concat()).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Today and some days, as the server counts them.
fn day(after: u32) -> String {
    yesterday().plus_days(after + 1).to_string()
}

fn yesterday() -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Date::from_unix_seconds(now.as_secs() - 86_400)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maintainer_waives_a_finding_and_the_check_turns_green_at_once() {
    let (gate, number, head, id) = blocked(None).await;
    gate.github.role("grace", "maintain");
    let until = day(60);
    let line = format!("/dockgate waive {id} until {until} because the node agent needs it, see @acme/all");
    let (reactions, replies) = said(&gate, number, GRACE, &line).await;
    assert_eq!((reactions.as_slice(), replies.len()), (&["+1".to_owned()][..], 0), "{replies:?}");
    let run = gate.deciding(&head).await;
    assert_eq!(run.conclusion.as_deref(), Some("success"), "{run:#?}");
    let summary = run.summary.unwrap();
    assert!(summary.contains(&format!("waived until {until} by @\u{200b}grace")), "{summary}");
    assert!(summary.contains("the node agent needs it") && !summary.contains("@acme"), "{summary}");
    assert!(!summary.contains("end soon"), "{summary}");
    let pull = gate.github.pull(REPOSITORY, number);
    assert!(pull.comments.iter().any(|comment| comment.body.starts_with("Accepted by a waiver")), "{pull:#?}");
    // The merge queue judges the same change by the same waiver.
    let (group, delivery) = gate.github.merge_group_event(REPOSITORY, number);
    gate.deliver(&delivery).await;
    assert_eq!(gate.verdict(&group).await.conclusion.as_deref(), Some("success"));
    let lines = audit(&gate, &["--repository", REPOSITORY, "--pull-request", &number.to_string()]).await;
    let events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!(events, ["verdict", "waived", "verdict", "verdict"], "the queue's too: {lines:#?}");
    assert_eq!((&lines[0]["detail"]["conclusion"], &lines[0]["head"]), (&"failure".into(), &head.as_str().into()));
    assert_eq!((&lines[1]["actor"], &lines[1]["detail"]["until"]), (&"grace".into(), &until.as_str().into()));
    assert_eq!(lines[2]["detail"]["waived"][0]["by"], "@grace");
    assert_eq!(lines[2]["detail"]["rules"]["version"], env!("CARGO_PKG_VERSION"));
    let shown = gate.run(&["audit"]).await;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("waived  by grace") && shown.lines().count() == 4, "{shown}");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiver_takes_the_role_and_somebody_else_than_the_author() {
    let (gate, number, head, id) = blocked(None).await;
    let line = format!("/dockgate waive {id} until {} because it is fine for now", day(10));
    let refused = async |author: Author, line: &str, word: &str| {
        let (reactions, replies) = said(&gate, number, author, line).await;
        assert_eq!(reactions, ["confused"], "{line}");
        assert!(replies[0].contains(word), "{word}: {replies:?}");
    };
    gate.github.role("grace", "write");
    refused(GRACE, &line, "takes the role maintain").await;
    gate.github.role("ada", "admin");
    refused(Author::Person, &line, "somebody else").await;
    gate.github.role("grace", "maintain");
    refused(GRACE, &line.replace(&id, "00000000"), "no finding `00000000`").await;
    refused(GRACE, &line.replace(&day(10), "2020-01-01"), "ends between today").await;
    refused(GRACE, &line.replace(&day(10), &day(400)), "ends between today").await;
    assert_eq!(gate.deciding(&head).await.conclusion.as_deref(), Some("failure"));
    assert_eq!(gate.runs(&head).len(), 1, "nothing was judged again");
    assert_eq!(audit(&gate, &[]).await.len(), 1);
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_base_name_the_role_and_broken_ones_let_nobody_waive() {
    for (settings, role, word) in [
        ("waivers: {role: admin}\n", "maintain", "takes the role admin"),
        ("waivers: {role: never}\n", "admin", "switched off"),
        ("waivers: {role: everybody}\n", "admin", "nobody can waive"),
    ] {
        let gate = Gate::start(&[("README.md", "hello\n"), (".github/dockgate.yml", settings)]).await;
        let (number, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
        gate.verdict(&head).await;
        gate.github.role("grace", role);
        let line = format!("/dockgate waive 12345678 until {} because it is fine for now", day(10));
        let (reactions, replies) = said(&gate, number, GRACE, &line).await;
        assert_eq!(reactions, ["confused"], "{settings}");
        assert!(replies[0].contains(word), "{settings}: {replies:?}");
        gate.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_one_line_of_the_log_however_often_it_is_told() {
    let gate = Gate::start(&[("README.md", "hello\n")]).await;
    // The conclusion reaches GitHub, and its answer is lost: the job runs again.
    gate.github.fail("PATCH", "/check-runs/", 1, FaultKind::LostAnswer(502));
    let (_, head) = gate.open("feature", &[Edit::write("web.yaml", &privileged_pod("web"))]).await;
    assert_eq!(gate.deciding(&head).await.conclusion.as_deref(), Some("failure"));
    let lines = audit(&gate, &["--since", &day(0)]).await;
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0]["detail"]["blocks"][0]["rule"].is_string(), "{lines:#?}");
    assert!(audit(&gate, &["--since", &day(1)]).await.is_empty());
    assert!(audit(&gate, &["--repository", "acme/other"]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiver_that_ends_soon_is_announced() {
    let (gate, number, head, id) = blocked(Some("waivers: {role: write, announce-days: 5}\n")).await;
    gate.github.role("grace", "write");
    for (days, announced) in [(4, true), (5, false)] {
        let line = format!("/dockgate waive {id} until {} because it moves next week", day(days));
        assert_eq!(said(&gate, number, GRACE, &line).await.0, ["+1"]);
        let run = gate.deciding(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some("success"));
        let summary = run.summary.unwrap();
        assert_eq!(summary.contains("**Waivers that end soon**"), announced, "{summary}");
    }
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_waiver_is_announced_though_nobody_pushes() {
    let (mut gate, number, head, id) = blocked(Some("waivers: {role: write, announce-days: 5}\n")).await;
    gate.github.role("grace", "write");
    let line = format!("/dockgate waive {id} until {} because it moves next month", day(20));
    assert_eq!(said(&gate, number, GRACE, &line).await.0, ["+1"]);
    assert!(!gate.deciding(&head).await.summary.unwrap().contains("end soon"));
    // Two weeks go by.
    gate.kill();
    let (name, body) = gate.store.kept_below(Shelf::Waiver, "", UnixMillis(0), 2).await.unwrap().remove(0);
    let later = body.replace(&day(20), &day(3));
    assert_ne!(later, body);
    gate.store.keep(Shelf::Waiver, &name, &later, None).await.unwrap();
    for _ in 0..2 {
        gate.restart().await;
        let is_told = |state: &State| {
            let newest = state.repositories[REPOSITORY].runs.iter().max_by_key(|run| run.id).unwrap();
            newest.summary.as_ref().is_some_and(|summary| summary.contains("**Waivers that end soon**"))
        };
        gate.github.wait_for("the announcement", is_told).await;
        assert_eq!(gate.deciding(&head).await.conclusion.as_deref(), Some("success"));
        gate.kill();
    }
    let verdicts = audit(&gate, &[]).await.into_iter().filter(|line| line["event"] == "verdict").count();
    assert_eq!(verdicts, 3, "announced once");
    gate.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_waived_blocks_again_when_the_waiver_ends() {
    let (mut gate, number, head, id) = blocked(None).await;
    gate.github.role("grace", "maintain");
    let today = day(0);
    let line = format!("/dockgate waive {id} until {today} because it is repaired tomorrow");
    assert_eq!(said(&gate, number, GRACE, &line).await.0, ["+1"]);
    assert_eq!(gate.deciding(&head).await.conclusion.as_deref(), Some("success"));
    // A day goes by.
    gate.kill();
    let now = UnixMillis(0);
    let (name, body) = gate.store.kept_below(Shelf::Waiver, "", now, 2).await.unwrap().remove(0);
    let past = body.replace(&today, &yesterday().to_string());
    assert_ne!(past, body);
    gate.store.keep(Shelf::Waiver, &name, &past, None).await.unwrap();
    for _ in 0..2 {
        gate.restart().await;
        let is_back = |state: &State| {
            let newest = state.repositories[REPOSITORY].runs.iter().max_by_key(|run| run.id);
            newest.is_some_and(|run| run.conclusion.as_deref() == Some("failure"))
        };
        gate.github.wait_for("the verdict without the waiver", is_back).await;
        let run = gate.deciding(&head).await;
        assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
        let summary = run.summary.unwrap();
        let ended = format!("the waiver of @\u{200b}grace ended on {}", yesterday());
        assert!(summary.contains(&ended), "{summary:?}");
        gate.kill();
    }
    let events: Vec<Value> = audit(&gate, &[]).await.into_iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["verdict", "waived", "verdict", "waiver-ended", "verdict"]);
    assert_eq!(gate.github.pull(REPOSITORY, number).comments.len(), 1, "the thread is reopened, not repeated");
    gate.assert_sound();
}
