use super::*;

#[test]
fn a_failure_says_its_cause_within_the_limits() {
    let output = could_not_finish(&"`x` ".repeat(200));
    assert!(output["title"].as_str().unwrap().chars().count() <= 255);
    assert!(!output["summary"].as_str().unwrap().contains("``"));
}
