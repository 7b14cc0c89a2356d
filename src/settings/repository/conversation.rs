//! What a team decides about the conversation in a pull request: who may waive by command, when the end of a waiver is
//! announced, what is said on drafts.

use super::super::role::Role;
use super::super::{Origin, Setting};

/// The settings of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// `waivers.role`: the least role that waives by command; `None` for `never`.
    pub waiver_role: Setting<Option<Role>>,
    /// `waivers.announce-days`: so many days before its last one the end of a waiver is announced.
    pub announce_days: Setting<usize>,
    /// `pull-requests.drafts`: what is said on drafts.
    pub drafts: Setting<Drafts>,
}

/// What is said on drafts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drafts {
    /// They are judged and commented like others.
    #[default]
    Comment,
    /// They are judged; comments wait until they are ready for review.
    Silent,
}

/// What one file says; `None` where it is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::option_option, reason = "a file may be silent, and may say never")]
pub(super) struct ConversationPatch {
    pub waiver_role: Option<Option<Role>>,
    pub announce_days: Option<usize>,
    pub drafts: Option<Drafts>,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            waiver_role: Setting::built_in(Some(Role::Maintain)),
            announce_days: Setting::built_in(14),
            drafts: Setting::default(),
        }
    }
}

impl Conversation {
    pub(super) fn apply(&mut self, patch: ConversationPatch, origin: Origin) {
        self.waiver_role.set(patch.waiver_role, origin);
        self.announce_days.set(patch.announce_days, origin);
        self.drafts.set(patch.drafts, origin);
    }

    /// Every setting in force as key, value and origin.
    pub(super) fn effective(&self) -> [(String, String, Origin); 3] {
        let role = self.waiver_role.value.map_or("never", Role::name);
        [
            ("waivers.role".to_owned(), role.to_owned(), self.waiver_role.origin),
            ("waivers.announce-days".to_owned(), self.announce_days.value.to_string(), self.announce_days.origin),
            ("pull-requests.drafts".to_owned(), self.drafts.value.name().to_owned(), self.drafts.origin),
        ]
    }
}

impl Drafts {
    /// All, by their names.
    pub(super) const NAMES: [(&'static str, Self); 2] = [("comment", Self::Comment), ("silent", Self::Silent)];

    /// The name, as settings write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Comment => "comment",
            Self::Silent => "silent",
        }
    }
}
