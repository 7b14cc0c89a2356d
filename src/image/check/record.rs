//! The decision record of the second check.

use super::{ImagesVerdict, JudgedImage};
use crate::image::accept::Accepted;
use crate::image::report::Vulnerability;
use crate::report::record::{self, ImageEntry, MAX_VULNERABILITIES, Record, VulnerabilityEntry};
use crate::report::words::{count, inert};

impl ImagesVerdict<'_> {
    /// What is kept of the verdict; the caller adds what the run knows.
    pub fn record(&self) -> Record {
        let output = self.output();
        let mut facts = vec![format!("{} judged", count(self.judged.len(), "image"))];
        if self.left_out > 0 {
            facts.push(format!("{} not scanned", count(self.left_out, "more image")));
        }
        facts.push(match self.threshold {
            Some(threshold) => format!("blocks: what comes in, has a fix, and is {threshold} or worse"),
            None => "no vulnerability blocks here".to_owned(),
        });
        Record {
            dockgate: env!("CARGO_PKG_VERSION").to_owned(),
            conclusion: record::conclusion(self.conclusion).to_owned(),
            title: output.title,
            facts,
            images: self.judged.iter().map(JudgedImage::entry).collect(),
            ..Record::default()
        }
    }
}

impl JudgedImage<'_> {
    fn entry(&self) -> ImageEntry {
        let subject = &self.image.subject;
        let blocks = |one: &Vulnerability| self.blocking.iter().any(|other| other.identity() == one.identity());
        let introduced = self.comparison.introduced.iter().filter(|one| !blocks(one));
        let all = (self.blocking.iter().map(|one| entry(one, "blocks")))
            .chain(introduced.map(|one| entry(one, "introduced")))
            .chain(
                self.accepted
                    .iter()
                    .map(|(one, by)| VulnerabilityEntry { remark: Some(remark(*by)), ..entry(one, "accepted") }),
            )
            .chain(self.secrets.iter().map(|secret| {
                let standing = if secret.blocks { "blocks" } else { "introduced" };
                let (place, line) = secret.place.plain();
                VulnerabilityEntry {
                    id: secret.rule.to_owned(),
                    standing: standing.to_owned(),
                    severity: secret.severity.to_string(),
                    package: place,
                    version: line.map_or_else(String::new, |line| format!("line {line}")),
                    fixed: None,
                    remark: Some(inert(secret.message)),
                }
            }))
            .chain(self.comparison.same.iter().map(|one| entry(one, "existing")))
            .chain(self.comparison.fixed.iter().map(|one| entry(one, "gone")));
        let mut vulnerabilities: Vec<VulnerabilityEntry> = all.collect();
        let left_out = vulnerabilities.len().saturating_sub(MAX_VULNERABILITIES);
        vulnerabilities.truncate(MAX_VULNERABILITIES);
        ImageEntry {
            path: subject.path.clone(),
            line: subject.line,
            before: subject.before.clone(),
            after: subject.after.clone(),
            unjudged: self.unjudged.clone(),
            vulnerabilities,
            left_out,
        }
    }
}

fn entry(one: &Vulnerability, standing: &str) -> VulnerabilityEntry {
    let package = &one.installed.package;
    VulnerabilityEntry {
        id: one.id.clone(),
        standing: standing.to_owned(),
        severity: one.rating.to_string(),
        package: package.name.clone(),
        version: package.version.clone(),
        fixed: one.fixed.clone(),
        remark: None,
    }
}

fn remark(by: Accepted<'_>) -> String {
    inert(&match by {
        Accepted::Waiver(waiver) => format!("waived until {} by {}: {}", waiver.until, waiver.owner, waiver.reason),
        Accepted::Vex(statement) => format!("stated in {}: {}", statement.document, statement.why),
    })
}
