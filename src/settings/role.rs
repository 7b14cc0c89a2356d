//! What people may do in a repository, by the names of GitHub's roles.

/// A role. Ordered: `None < Read < … < Admin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May see nothing.
    None,
    /// May read.
    Read,
    /// May sort issues and pull requests.
    Triage,
    /// May push.
    Write,
    /// May manage the repository.
    Maintain,
    /// May do everything.
    Admin,
}

impl Role {
    const ALL: [(&'static str, Self); 6] = [
        ("none", Self::None),
        ("read", Self::Read),
        ("triage", Self::Triage),
        ("write", Self::Write),
        ("maintain", Self::Maintain),
        ("admin", Self::Admin),
    ];

    /// The name, as GitHub and settings write it.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, role)| *role == self).map_or("none", |(name, _)| name)
    }

    /// The role called `name`; `None` for one that an organisation made itself.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, role)| role)
    }
}
