//! Reading `waivers`, as a list or with its settings beside it, and `pull-requests`.

use super::super::conversation::{ConversationPatch, Drafts};
use super::{Entry, Patch, Reader, Value};
use crate::settings::role::Role;

const ROLES: [Role; 3] = [Role::Write, Role::Maintain, Role::Admin];

/// The most days before its end that a waiver is announced.
const MOST_DAYS: usize = 365;

impl Reader<'_> {
    /// `waivers: [...]`, or `waivers: {role, announce-days, accepted: [...]}`.
    pub(super) fn waiver_section(&mut self, entry: &Entry, patch: &mut Patch) {
        if matches!(entry.value.value(), Value::Sequence(_)) {
            patch.waivers = self.waivers(&entry.value);
            return;
        }
        let conversation: &mut ConversationPatch = &mut patch.conversation;
        let waivers = &mut patch.waivers;
        self.section(entry, &["role", "announce-days", "accepted"], |reader, name, node| match name {
            "waivers.role" => {
                let roles = ROLES.map(|role| (role.name(), Some(role)));
                conversation.waiver_role = reader.one_of(name, node, &[&roles[..], &[("never", None)]].concat());
            }
            "waivers.announce-days" => conversation.announce_days = reader.number(name, node, 0, MOST_DAYS),
            _ => *waivers = reader.waivers(node),
        });
    }

    /// `pull-requests: {drafts}`.
    pub(super) fn pull_requests(&mut self, entry: &Entry, patch: &mut Patch) {
        let conversation = &mut patch.conversation;
        self.section(entry, &["drafts"], |reader, name, node| {
            conversation.drafts = reader.one_of(name, node, &Drafts::NAMES);
        });
    }
}
