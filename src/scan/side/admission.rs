//! What the cluster's own policies say of both sides of a file.
//!
//! Invariant: settings decide about their findings as about any others.

use super::{FileScanner, Judged, Sides};
use crate::scan::document::ParsedFile;
use crate::scan::options::RuleSetting;
use crate::scan::policy::evaluate::FileView;

impl FileScanner<'_> {
    /// Adds what the cluster's policies say of the file by itself.
    pub(super) fn admit(&self, sides: &mut Sides) {
        if self.options.standard.is_some() || self.options.admission.is_empty() {
            return;
        }
        let mut before: Option<ParsedFile> = None;
        if let Ok(Some(base)) = &mut sides.base {
            self.admit_side(base, None);
            before = Some(base.parsed.clone());
        }
        if let Ok(Some(head)) = &mut sides.head {
            let is_changed = self.file.base != self.file.head;
            self.admit_side(head, before.as_ref().filter(|_| is_changed));
        }
    }

    fn admit_side(&self, side: &mut Judged, before: Option<&ParsedFile>) {
        let view = FileView {
            path: &side.path,
            identity_path: self.identity_path(),
            text: &side.text,
            lines: &side.lines,
            parsed: &side.parsed,
        };
        let (mut findings, problems) = self.options.admission.judge(view, before);
        findings.retain_mut(|finding| {
            side.secrets.scrub(&mut finding.message);
            let own = self.options.severities.get(&finding.rule).copied().map(RuleSetting::Severity);
            match self.options.scoped(&finding.rule, &side.path, None).or(own) {
                Some(RuleSetting::Off) => return false,
                Some(RuleSetting::Severity(severity)) => finding.severity = severity,
                None => {}
            }
            true
        });
        side.admitted.extend(findings);
        side.problems.extend(problems);
    }
}
