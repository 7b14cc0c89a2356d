//! The team's own policies where a command runs.

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
