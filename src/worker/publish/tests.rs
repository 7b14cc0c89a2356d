use super::*;

#[test]
fn a_failure_says_its_cause_within_the_limits() {
    let output = could_not_finish(&"`x` ".repeat(200));
    assert!(output["title"].as_str().unwrap().chars().count() <= 255);
    assert!(!output["summary"].as_str().unwrap().contains("``"));
}

#[test]
fn a_cause_of_any_length_and_content_fits_and_stays_text() {
    let output = could_not_finish(&format!("git said:\n\n# @acme <img src=x>\u{1b}[2J{}", "x".repeat(100_000)));
    let (title, summary) = (output["title"].as_str().unwrap(), output["summary"].as_str().unwrap());
    assert!(title.chars().count() <= 255 && summary.len() < 2_000, "{}", summary.len());
    assert!(!title.contains(char::is_control) && !summary.contains('\u{1b}'), "{title}");
    // All of it is within one code span on one line.
    assert!(summary.lines().any(|line| line.starts_with("`git said:\\n\\n# @acme <img src=x>") && line.ends_with('`')));
}
