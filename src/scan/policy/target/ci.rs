//! What policies may ask of pipelines: GitHub Actions and GitLab CI.
//!
//! **Invariant**: an expression or variable is never taken for its value; where the text around it matters it is named
//! at its exact place.
//!
//! # Source
//! The workflow and metadata syntax of GitHub Actions; the CI/CD YAML syntax reference of GitLab.

mod checkout;
mod condition;
mod container;
mod docs;
mod expression;
mod gitlab;
mod script;
mod step;
#[cfg(test)]
mod tests;
mod workflow;

use crate::scan::document::{DocumentKind, ParsedFile};

use super::{FactDoc, Subject, Target};

/// The facts of a target of this kind; none for any other target.
pub fn facts(target: Target) -> &'static [FactDoc] {
    match target {
        Target::GithubWorkflow => docs::WORKFLOW,
        Target::GithubContainer => docs::CONTAINER,
        Target::GithubStep => docs::STEP,
        Target::GitlabJob => docs::GITLAB_JOB,
        Target::GitlabImage => docs::GITLAB_IMAGE,
        _ => &[],
    }
}

/// The things of `file` that `target` means, in the order of the file.
pub fn subjects(target: Target, file: &ParsedFile, text: &str) -> Vec<Subject> {
    let is_github = matches!(file.kind, DocumentKind::GithubWorkflow | DocumentKind::GithubAction);
    match target {
        Target::GithubWorkflow | Target::GithubContainer | Target::GithubStep if is_github => {
            let Some(workflow) = workflow::Workflow::read(file) else { return Vec::new() };
            match target {
                Target::GithubWorkflow => vec![workflow.subject()],
                Target::GithubContainer => container::subjects(&workflow),
                _ => step::subjects(&workflow, text),
            }
        }
        Target::GitlabJob if file.kind == DocumentKind::GitlabCi => gitlab::job_subjects(file),
        Target::GitlabImage if file.kind == DocumentKind::GitlabCi => gitlab::image_subjects(file),
        _ => Vec::new(),
    }
}
