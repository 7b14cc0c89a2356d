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
    ReviewThread { id: "t".into(), is_resolved: false, resolved_by_us: false, is_outdated: false, comment, comments: 1 }
}

fn minimized(thread: &ReviewThread) -> ReviewThread {
    let comment = ThreadComment { is_minimized: true, ..thread.comment.clone() };
    ReviewThread { comment, ..thread.clone() }
}

#[test]
fn a_finding_that_was_said_is_never_said_anew() {
    let ours = thread(&wanted().body);
    let marked = thread(&format!("Fixed in abc.\n\n{}", wanted().body));
    let by_a_person = ReviewThread { is_resolved: true, ..ours.clone() };
    let by_us = ReviewThread { resolved_by_us: true, ..by_a_person.clone() };
    for said in [ours.clone(), marked, by_a_person, by_us, minimized(&ours)] {
        assert!(plan(&[wanted()], &clean(), std::slice::from_ref(&said)).new.is_empty(), "{said:?}");
    }
    assert_eq!(plan(&[wanted()], &clean(), &[thread("a comment of ours without a marker")]).new.len(), 1);
}

#[test]
fn what_is_gone_is_settled_once_and_left_to_whoever_settled_it() {
    let ours = thread(&wanted().body);
    let settled = |said: ReviewThread| plan(&[], &clean(), &[said]).settled.len();
    assert_eq!(settled(ours.clone()), 1);
    assert_eq!(settled(ReviewThread { is_resolved: true, ..ours.clone() }), 0);
    assert_eq!(settled(minimized(&ours)), 0);
    assert_eq!(settled(thread(&format!("Fixed in abc.\n\n{}", wanted().body))), 0);
}

#[test]
fn a_second_comment_on_a_finding_goes_unless_somebody_replied() {
    let first = thread(&wanted().body);
    let second = ReviewThread { id: "u".into(), ..first.clone() };
    let replied = ReviewThread { comments: 2, ..second.clone() };
    let repeated = |second: &ReviewThread| plan(&[wanted()], &clean(), &[first.clone(), second.clone()]).repeated.len();
    assert_eq!((repeated(&second), repeated(&replied)), (1, 0));
}

#[test]
fn a_marker_stands_as_often_as_its_finding() {
    let shown = BTreeMap::from([(MARKER, 2)]);
    let standing = Standings { shown, accepted: BTreeSet::from(["ee"]), existing: BTreeSet::from(["dd"]) };
    for (marker, expected) in [
        (MARKER.to_owned(), None),
        (format!("{MARKER}-2"), None),
        (format!("{MARKER}-3"), Some(Gone::Fixed)),
        ("ee".to_owned(), Some(Gone::Accepted)),
        ("dd".to_owned(), Some(Gone::Existing)),
    ] {
        assert_eq!(standing.gone(&marker), expected, "{marker}");
    }
}
