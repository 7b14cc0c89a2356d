use super::*;
use crate::github::client::ThreadComment;
use crate::scan::Scan;
use crate::scan::snapshot::Snapshot;
use crate::settings::date::Date;
use crate::settings::repository::{RepositorySettings, SettingsFile};
use crate::verdict::decide;

const MARKER: &str = "0123456789abcdef0123456789abcdef";

fn wanted() -> ReviewComment {
    let body = format!("text\n<!-- dockgate:{MARKER} -->");
    ReviewComment { path: "a".into(), line: 3, start_line: None, body, marker: MARKER.into() }
}

/// A verdict without findings: every marker that was said is of a finding that is gone.
fn clean() -> Verdict {
    let settings = RepositorySettings::resolve(&SettingsFile::Absent, &SettingsFile::Absent, &[]);
    decide(Scan::default(), &Snapshot::default(), &settings, Date::from_unix_seconds(0))
}

fn thread(body: &str) -> ReviewThread {
    let comment = ThreadComment { id: "c".into(), number: 1, body: body.into(), is_minimized: false };
    ReviewThread { id: "t".into(), is_resolved: false, resolved_by_us: false, comment, comments: 1 }
}

fn check(said: &ReviewThread, new: usize, fixed: usize) {
    let plan = plan_comments(&[wanted()], &clean(), std::slice::from_ref(said));
    assert_eq!((plan.new.len(), plan.fixed.len()), (new, fixed), "{said:?}");
}

#[test]
fn what_was_said_is_settled_or_left_by_who_settled_it() {
    let ours = thread(&wanted().body);
    check(&ours, 1, 1);
    check(&ReviewThread { is_resolved: true, ..ours.clone() }, 0, 0);
    check(&ReviewThread { is_resolved: true, resolved_by_us: true, ..ours.clone() }, 1, 0);
    let comment = ThreadComment { is_minimized: true, ..ours.comment.clone() };
    check(&ReviewThread { comment, ..ours.clone() }, 1, 0);
    check(&thread(&format!("{FIXED}abc.\n\n{}", wanted().body)), 1, 0);
    check(&thread("a comment of ours without a marker"), 1, 0);
}

#[test]
fn a_marker_stands_as_often_as_its_finding() {
    let count = BTreeMap::from([(MARKER, 2)]);
    for (marker, stands) in [(MARKER.to_owned(), true), (format!("{MARKER}-2"), true), (format!("{MARKER}-3"), false)] {
        assert_eq!(is_there(&marker, &count), stands, "{marker}");
    }
    assert!(!is_there("ffff", &count));
}

#[test]
fn a_failure_says_its_cause_within_the_limits() {
    let output = could_not_finish(&"`x` ".repeat(200));
    assert!(output["title"].as_str().unwrap().chars().count() <= 255);
    assert!(!output["summary"].as_str().unwrap().contains("``"));
}
