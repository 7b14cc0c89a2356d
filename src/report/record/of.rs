//! From a verdict to its record.

use std::collections::BTreeMap;

use super::{Entry, ProblemEntry, Record, RuleText, SettingEntry};
use crate::report::{ReportInput, check_run, frame, place, words};
use crate::scan::finding::Finding;
use crate::scan::problem::Problem;
use crate::verdict::{Conclusion, Judged, Standing};

impl Record {
    /// The record of a verdict, whole; the caller adds what the run knows.
    pub fn of(input: &ReportInput<'_>) -> Self {
        let verdict = input.verdict;
        let effective = input.settings.effective().into_iter();
        Self {
            dockgate: super::version(),
            conclusion: conclusion(verdict.conclusion).to_owned(),
            title: check_run::title(verdict),
            facts: facts(input),
            findings: verdict.findings.iter().map(|judged| entry(judged, input)).collect(),
            rules: rules(input),
            problems: problems(input),
            settings: effective
                .map(|(name, value, origin)| SettingEntry {
                    name: words::inert(&name),
                    value: words::inert(&value),
                    origin: origin.name().to_owned(),
                })
                .collect(),
            settings_from: input.settings_from.to_owned(),
            ..Self::default()
        }
    }
}

/// GitHub's word for a conclusion.
pub fn conclusion(conclusion: Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Success => "success",
        Conclusion::Failure => "failure",
        Conclusion::Neutral => "neutral",
    }
}

fn facts(input: &ReportInput<'_>) -> Vec<String> {
    let verdict = input.verdict;
    let mut facts = vec![words::parts(verdict).join(", "), words::count(verdict.files, "file")];
    facts.push(format!("settings from {}", words::inert(input.settings_from)));
    facts.extend(input.head.map(|head| format!("commit {}", words::inert(head))));
    if verdict.resolved > 0 {
        facts.push(format!("{} gone with this change", verdict.resolved));
    }
    if verdict.ignored > 0 {
        facts.push(format!("{} left out by paths.ignore", verdict.ignored));
    }
    facts
}

fn entry(judged: &Judged, input: &ReportInput<'_>) -> Entry {
    let finding = &judged.finding;
    let lines = place::text_of(input.snapshot, finding)
        .map(|text| frame::frame(finding, text, frame::secrets(input.verdict, &finding.path)));
    Entry {
        rule: finding.rule.as_str().to_owned(),
        severity: finding.severity.name().to_owned(),
        standing: standing(&judged.standing).to_owned(),
        path: finding.path.clone(),
        line: finding.start.line,
        commit: finding.commit().map(str::to_owned),
        message: words::inert(&finding.message),
        resource: finding.resource.as_deref().map(words::inert),
        fingerprint: finding.fingerprint.as_str().to_owned(),
        frame: lines.unwrap_or_default(),
        remarks: remarks(judged).iter().map(|remark| words::inert(remark)).collect(),
    }
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Blocks => "blocks",
        Standing::Introduced => "introduced",
        Standing::Existing => "existing",
        Standing::Suppressed { .. } => "suppressed",
        Standing::Waived(_) => "waived",
    }
}

fn remarks(judged: &Judged) -> Vec<String> {
    let mut remarks: Vec<String> = judged.note.iter().cloned().collect();
    match &judged.standing {
        Standing::Suppressed { suppression, introduced } => {
            let by = words::suppressed_by(suppression, *introduced);
            remarks.push(format!("suppressed on line {}{by}: {}", suppression.line, suppression.reason));
        }
        Standing::Waived(waiver) => {
            remarks.push(format!("waived until {} by {}: {}", waiver.until, waiver.owner, waiver.reason));
        }
        Standing::Blocks | Standing::Introduced | Standing::Existing => {}
    }
    remarks
}

fn rules(input: &ReportInput<'_>) -> BTreeMap<String, RuleText> {
    let of = |finding: &Finding| {
        let policy = input.policies.get(&finding.rule)?;
        let (why, fix) = (policy.why.trim().to_owned(), policy.fix.trim().to_owned());
        Some((finding.rule.as_str().to_owned(), RuleText { why, fix, built_in: policy.is_built_in() }))
    };
    input.verdict.findings.iter().filter_map(|judged| of(&judged.finding)).collect()
}

fn problems(input: &ReportInput<'_>) -> Vec<ProblemEntry> {
    let verdict = input.verdict;
    let of = |group: &str, problem: &Problem| ProblemEntry {
        group: group.to_owned(),
        place: words::place(problem),
        cause: words::cause(problem.cause).to_owned(),
        message: words::inert(&problem.message),
    };
    let unjudged = verdict.unjudged().map(|problem| of("unjudged", problem));
    let settings = verdict.settings_mistakes().map(|problem| of("settings", problem));
    unjudged.chain(settings).chain(verdict.notes().map(|problem| of("note", problem))).collect()
}
