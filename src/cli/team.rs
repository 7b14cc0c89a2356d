//! The team's own policies where a command runs.

use std::collections::BTreeSet;

use anyhow::bail;

use crate::scan::limits::Limits;
use crate::scan::policy::set::PolicySet;
use crate::scan::problem::Problem;
use crate::settings::repository::SettingsFile;
use crate::source::directory::DirectorySource;

/// The built-in policies with those below `.github/dockgate` of this folder, and what is wrong with the latter.
pub fn policies_here() -> (PolicySet, Vec<Problem>) {
    let team = DirectorySource::new(".", Vec::new(), Limits::default()).team();
    let texts = team.policies.iter().filter_map(|file| match &file.text {
        SettingsFile::Text(text) => Some((file.path.as_str(), text.as_str())),
        SettingsFile::Absent | SettingsFile::Unreadable { .. } => None,
    });
    PolicySet::builtin().with_team(&texts.collect::<Vec<_>>())
}

/// Checks that some policy is of `standard`.
///
/// # Errors
/// None is; says which standards there are.
pub fn require_standard(policies: &PolicySet, standard: &str) -> anyhow::Result<()> {
    if policies.iter().any(|policy| policy.stands_for(standard)) {
        return Ok(());
    }
    let family = |clause: &String| match clause.split_once(':') {
        Some(("pss", _)) | None => clause.clone(),
        Some((family, _)) => family.to_owned(),
    };
    let known: BTreeSet<String> = policies.iter().flat_map(|policy| policy.standards.iter().map(family)).collect();
    bail!("no rule is of the standard \"{standard}\"; there are {}", Vec::from_iter(known).join(", "))
}
