//! Waivers: findings that are accepted until a day, with somebody who answers for it.

use super::super::Origin;
use super::super::date::Date;
use crate::scan::finding::{Finding, Fingerprint, Severity};
use crate::scan::glob::PathGlobs;
use crate::scan::policy::PolicyId;

/// Accepted findings: a rule under some paths, or one finding, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The rule.
    pub rule: PolicyId,
    /// The files; counts for nothing when one finding is meant.
    pub paths: PathGlobs,
    /// The one finding that is meant, when it was given by command.
    pub finding: Option<WaivedFinding>,
    /// The last day on which it holds.
    pub until: Date,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Whose settings hold it, or a command.
    pub origin: Origin,
}

/// A finding as it was when somebody waived it: one that grew worse since is not covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaivedFinding {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// How severe it was.
    pub severity: Severity,
    /// What exactly was objected to.
    pub subjects: Vec<String>,
}

impl Waiver {
    /// Whether the waiver is about `finding`, expired or not.
    pub fn covers(&self, finding: &Finding) -> bool {
        let is_meant = match &self.finding {
            None => self.paths.matches(&finding.path),
            Some(waived) => waived.covers(finding),
        };
        self.rule == finding.rule && is_meant
    }

    /// Whether the waiver no longer holds on `today`.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.until
    }
}

impl WaivedFinding {
    fn covers(&self, finding: &Finding) -> bool {
        self.fingerprint == finding.fingerprint
            && finding.severity <= self.severity
            && finding.subjects.iter().all(|subject| self.subjects.contains(subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::finding::Category;
    use crate::scan::span::{Position, Span};

    fn finding(severity: Severity, subjects: &[&str]) -> Finding {
        let place = Position { line: 1, column: 1 };
        Finding {
            rule: PolicyId::new("a/b"),
            category: Category::Security,
            severity,
            path: "web.yaml".into(),
            span: Span::new(0, 1),
            start: place,
            end: place,
            message: "m".into(),
            resource: None,
            fingerprint: Fingerprint::of(&["a"]),
            subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
            edit: None,
            decided_by: None,
        }
    }

    #[test]
    fn one_that_grew_worse_since_is_not_covered() {
        let waived = WaivedFinding {
            fingerprint: Fingerprint::of(&["a"]),
            severity: Severity::Medium,
            subjects: vec!["NET_ADMIN".into()],
        };
        for (severity, subjects, expected) in [
            (Severity::Medium, &["NET_ADMIN"][..], true),
            (Severity::Low, &[][..], true),
            (Severity::High, &["NET_ADMIN"][..], false),
            (Severity::Medium, &["NET_ADMIN", "SYS_ADMIN"][..], false),
        ] {
            assert_eq!(waived.covers(&finding(severity, subjects)), expected, "{severity} {subjects:?}");
        }
    }
}
