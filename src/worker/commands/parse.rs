//! The commands that people write, read strictly.
//!
//! Invariant: pure; what is not exactly a command is a mistake with its remedy, never a guess.

use crate::settings::date::Date;

/// The longest reason, in characters.
const MAX_REASON: usize = 300;
/// The fewest digits by which a finding is named.
const FEWEST_DIGITS: usize = 6;

/// How a waiver is given.
const WAIVE: &str = "/dockgate waive FINDING until YYYY-MM-DD because REASON";

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// What can be commanded.
    Help,
    /// Judge again.
    Rescan,
    /// What a rule is about.
    Explain {
        /// The rule, by its id or by another tool's name for it.
        rule: String,
    },
    /// Accept a finding until a day.
    Waive {
        /// The first digits of its fingerprint.
        finding: String,
        /// The last day.
        until: Date,
        /// Why.
        reason: String,
    },
}

/// Reads the first line of a comment.
///
/// # Errors
/// What is wrong, as a sentence that holds nothing of the line.
pub fn parse(line: &str) -> Result<Command, String> {
    let mut rest = line.strip_prefix("/dockgate").unwrap_or(line).trim();
    let name = word(&mut rest);
    match name {
        "" | "help" if rest.is_empty() => Ok(Command::Help),
        "rescan" if rest.is_empty() => Ok(Command::Rescan),
        "explain" => explain(rest),
        "waive" => waive(rest),
        "help" | "rescan" => Err(format!("`/dockgate {name}` takes nothing more.")),
        _ => Err("That is no command of dockgate.".to_owned()),
    }
}

/// Takes the first word off `rest`.
fn word<'a>(rest: &mut &'a str) -> &'a str {
    let (first, after) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    *rest = after.trim_start();
    first
}

fn explain(rest: &str) -> Result<Command, String> {
    let is_name = |text: &str| {
        (1..=100).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/.:".contains(&byte))
    };
    if is_name(rest) {
        return Ok(Command::Explain { rule: rest.to_owned() });
    }
    Err("Name one rule: `/dockgate explain RULE`.".to_owned())
}

fn waive(mut rest: &str) -> Result<Command, String> {
    let expected = || format!("A waiver is given by `{WAIVE}`.");
    let (finding, until, date, because) = (word(&mut rest), word(&mut rest), word(&mut rest), word(&mut rest));
    if until != "until" || because != "because" {
        return Err(expected());
    }
    let is_id = (FEWEST_DIGITS..=32).contains(&finding.len())
        && finding.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_id {
        return Err(format!("Name the finding by the id that the check run shows, eight digits. {}", expected()));
    }
    let until = date.parse().map_err(|_| format!("The day is to be written as YYYY-MM-DD. {}", expected()))?;
    if rest.chars().filter(|letter| letter.is_alphanumeric()).count() < 3 {
        return Err(format!("Say why, in a few words. {}", expected()));
    }
    if rest.chars().count() > MAX_REASON {
        return Err(format!("The reason is longer than {MAX_REASON} characters."));
    }
    Ok(Command::Waive { finding: finding.to_owned(), until, reason: rest.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<&Command>) {
        assert_eq!(parse(line).ok().as_ref(), expected, "{line:?}");
    }

    #[test]
    fn commands_are_read() {
        for line in ["/dockgate", "/dockgate help", "/dockgate \t help  "] {
            check(line, Some(&Command::Help));
        }
        check("/dockgate rescan", Some(&Command::Rescan));
        let rule = "kubernetes/host-network".to_owned();
        check("/dockgate explain kubernetes/host-network", Some(&Command::Explain { rule }));
        let waive = Command::Waive {
            finding: "1a2b3c4d".into(),
            until: "2027-01-31".parse().unwrap(),
            reason: "the node exporter needs it".into(),
        };
        check("/dockgate waive 1a2b3c4d until 2027-01-31 because  the node exporter needs it", Some(&waive));
    }

    #[test]
    fn what_is_not_exactly_a_command_is_none() {
        for line in [
            "/dockgate rescan now",
            "/dockgate Rescan",
            "/dockgate skip",
            "/dockgate explain",
            "/dockgate explain @acme/all",
            "/dockgate explain a b",
            "/dockgate waive 1a2b3c4d until 2027-01-31",
            "/dockgate waive 1a2b3c4d until 2027-02-30 because it is fine",
            "/dockgate waive 1a2b until 2027-01-31 because it is fine",
            "/dockgate waive 1A2B3C4D until 2027-01-31 because it is fine",
            "/dockgate waive all until 2027-01-31 because it is fine",
            "/dockgate waive 1a2b3c4d until 2027-01-31 because …",
            "/dockgate waive 1a2b3c4d 2027-01-31 because it is fine",
        ] {
            check(line, None);
        }
        check(&format!("/dockgate waive 1a2b3c4d until 2027-01-31 because {}", "x".repeat(301)), None);
    }
}
