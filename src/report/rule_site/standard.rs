//! The names of standards.
//!
//! Invariant: a standard that is not known here is shown as it is written.

const FAMILIES: [(&str, &str); 8] = [
    ("pss", "Pod Security Standards,"),
    ("cis-kubernetes", "CIS Kubernetes Benchmark"),
    ("cis-docker", "CIS Docker Benchmark"),
    ("nsa", "NSA and CISA, Kubernetes Hardening Guide,"),
    ("owasp-k8s", "OWASP Kubernetes Top Ten"),
    ("owasp-cicd", "OWASP CI/CD Security Risks"),
    ("scorecard", "OpenSSF Scorecard,"),
    ("slsa", "SLSA"),
];

/// The name of a clause such as `cis-kubernetes:5.2.2`, for people.
pub(super) fn name(clause: &str) -> String {
    let (family, section) = clause.split_once(':').unwrap_or((clause, ""));
    match FAMILIES.iter().find(|(known, _)| *known == family) {
        Some((_, name)) if section.is_empty() => name.trim_end_matches(',').to_owned(),
        Some((_, name)) => format!("{name} {}", section.replace('-', " ")),
        None => clause.to_owned(),
    }
}
