//! What commands are answered with.
//!
//! Invariant: whatever a person wrote shows as text; no mention, link or markup comes of it.

use crate::report::markdown;
use crate::scan::policy::set::PolicySet;
use crate::scan::policy::{Policy, PolicyId};

/// What can be commanded.
pub fn help() -> String {
    "| command | |\n|---|---|\n\
     | `/dockgate rescan` | judges the pull request again |\n\
     | `/dockgate explain RULE` | what a rule is about, and how to fix it |\n\
     | `/dockgate waive FINDING until YYYY-MM-DD because REASON` | accepts one finding until a day; the check run shows its id |\n"
        .to_owned()
}

/// What the rule of `policies` called `name` is about; an error says that none is.
pub fn explain(name: &str, policies: &PolicySet, rules_url: Option<&str>) -> Result<String, String> {
    let built_in = PolicySet::builtin();
    // Only the built-in rules have pages.
    let url = |policy: &Policy| rules_url.filter(|_| built_in.get(&policy.id).is_some());
    let mut found = policies.find(name).map(|policy| page(policy, url(policy))).take(3).peekable();
    if found.peek().is_some() {
        return Ok(found.collect::<Vec<_>>().join("\n---\n\n"));
    }
    let likeness = |id: &PolicyId| {
        let last = id.as_str().rsplit('/').next().unwrap_or_default();
        strsim::jaro_winkler(id.as_str(), name).max(strsim::jaro_winkler(last, name))
    };
    let near = policies.iter().map(|policy| (likeness(&policy.id), &policy.id)).max_by(|a, b| a.0.total_cmp(&b.0));
    let advice = match near {
        Some((likeness, id)) if likeness > 0.7 => format!("; did you mean {}?", markdown::code(id.as_str())),
        _ => "; `dockgate rules` lists them.".to_owned(),
    };
    Err(format!("No rule is called {}{advice}", markdown::code(name)))
}

fn page(policy: &Policy, rules_url: Option<&str>) -> String {
    let id = policy.id.as_str();
    let name = rules_url.map_or_else(|| markdown::code(id), |url| format!("[{}]({url}/{id}.html)", markdown::code(id)));
    let (title, why, fix) =
        (markdown::message(&policy.title), markdown::message(&policy.why), markdown::message(&policy.fix));
    let reference = policy.references.first().map_or_else(String::new, |page| format!("\n[Why and how]({page})\n"));
    format!("**{} · {title}** · {name}\n\n{why}\n\nFix: {fix}\n{reference}", policy.severity)
}
