//! Edits: what the field `edit` of a policy may say.
//!
//! It is one edit or a list of them. Of a list, all that apply to a finding and find something to do are made together.
//! Each may have `when`, a condition in CEL on the facts of the target, without which it applies to every finding.
//!
//! | edit | what it does |
//! |---|---|
//! | `{set: path, to: value}` | gives the key at `path` the value, with the maps above it when they are absent |
//! | `{remove: path}`, or a list of paths | removes the keys that are there; the step `*` is every item of a list, and every value of a map |
//! | `{remove_items: path}`, or a list of paths | takes what `subjects` names out of lists or maps |
//! | `{append: key, value: item}` | adds an item to a list, which is made when it is absent |
//! | `{rename: path, to: key}` | gives a key another name; when that is there too, the old one goes |
//! | `{remove_words: [word, …], from: path}` | takes words out of a text that is parted by blanks; the key goes with the last one |
//! | `{replace: place, with: template}` | replaces the text of a named place; the empty template deletes it |
//! | `{then: template}` | for commands of a RUN: adds a command to its end, joined as the others are |
//! | `{rewrite: name}` | for Dockerfiles: one of the forms of [`Rewrite`] |
//! | `{pin: true}` | writes the digest of the image there beside its tag, once its registry was asked |
//!
//! Paths begin at the target's node, and with `in: fact` at that fact, which is a part of the document. A key that holds
//! dots is written `data["server.insecure"]`. Of `kubernetes.control_plane` paths are names of flags, as in `at`: `set`
//! and `remove` change the flag, or the field of the kubelet's file that means the same; `append` and `remove_items`
//! change its list, which is parted by commas.
//!
//! Invariant: an edit is offered only when it works; see [`super::fix`].

use super::Written;
use crate::scan::document::node::Node;

/// One part of how a finding is put right.
#[derive(Clone, Debug)]
pub struct EditPart {
    /// What is done.
    pub rule: EditRule,
    /// The condition, CEL, under which it is; `None`: always.
    pub when: Option<Written>,
    /// The fact that paths begin at; `None`: the target's node.
    pub within: Option<String>,
}

/// How to repair the text.
#[derive(Clone, Debug)]
pub enum EditRule {
    /// Gives the key at a path a value, with the maps above it when they are absent.
    Set {
        /// The path.
        path: String,
        /// The value.
        to: Node,
    },
    /// Removes the keys at paths that exist.
    Remove {
        /// The paths; the step `*` is every item of a list or value of a map.
        paths: Vec<String>,
    },
    /// Removes items of lists or keys of maps: those that the finding's subjects name.
    RemoveItems {
        /// The paths of the lists and maps.
        paths: Vec<String>,
    },
    /// Adds an item to the list under a key, which is made when it is absent.
    Append {
        /// The key.
        path: String,
        /// The item.
        value: Node,
    },
    /// Gives a key another name.
    Rename {
        /// The path of the key.
        path: String,
        /// The new name.
        to: String,
    },
    /// Takes words out of a text.
    RemoveWords {
        /// The path of the text.
        path: String,
        /// The words.
        words: Vec<String>,
    },
    /// Replaces the text of a named place.
    Replace {
        /// The name of the place.
        place: String,
        /// The new text; placeholders are facts.
        with: Written,
    },
    /// Adds a command to the end of a RUN.
    Then {
        /// The command; placeholders are facts.
        command: Written,
    },
    /// Writes a part of a Dockerfile in another form.
    Rewrite {
        /// The form.
        form: Rewrite,
    },
    /// Writes the digest of the image beside its tag, once its registry was asked.
    Pin,
}

impl EditRule {
    /// The text of the rule that holds placeholders, with the name of its field.
    pub(super) fn template(&self) -> Option<(&Written, &'static str)> {
        match self {
            Self::Replace { with, .. } => Some((with, "edit.with")),
            Self::Then { command } => Some((command, "edit.then")),
            _ => None,
        }
    }
}

/// Other forms of a part of a Dockerfile, by the name that policies give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// `user`: the stage ends with a USER that is not root: the last one that it had before, else the one user that its
    /// commands add, else, where the base image is known to run as root, 65532. It stands before what the container
    /// starts, or in the place of a USER that no command needs.
    User,
    /// `pairs`: `ENV NAME value` as `ENV NAME=value`, and LABEL alike.
    Pairs,
    /// `workdir`: a RUN that is only a `cd` as WORKDIR.
    Workdir,
    /// `shell`: a RUN that only puts another shell in the place of `/bin/sh` as SHELL.
    Shell,
    /// `stage_name`: the number of a stage as its name.
    StageName,
    /// `joined`: a RUN and the next one as one, joined by `&&`.
    Joined,
    /// `without_subjects`: the words, flags and variables that `subjects` names are gone.
    WithoutSubjects,
}

impl Rewrite {
    /// All forms.
    pub const ALL: [Self; 7] =
        [Self::User, Self::Pairs, Self::Workdir, Self::Shell, Self::StageName, Self::Joined, Self::WithoutSubjects];

    /// The name as policies write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Pairs => "pairs",
            Self::Workdir => "workdir",
            Self::Shell => "shell",
            Self::StageName => "stage_name",
            Self::Joined => "joined",
            Self::WithoutSubjects => "without_subjects",
        }
    }

    /// The form of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// The steps of a path: what dots part, and keys in `["…"]`.
pub(super) fn steps(path: &str) -> Vec<&str> {
    let (mut steps, mut rest) = (Vec::new(), path);
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix("[\"").and_then(|rest| rest.split_once("\"]")) {
            Some(quoted) => quoted,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        steps.push(step);
        rest = after.strip_prefix('.').unwrap_or(after);
        if step.is_empty() && !after.is_empty() && rest.len() == after.len() {
            // A bracket that opens no key: there is nothing of that name.
            steps.push(rest);
            break;
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_dots_stand_in_brackets() {
        for (path, expected) in [
            ("a.b", vec!["a", "b"]),
            ("data[\"server.insecure\"]", vec!["data", "server.insecure"]),
            ("a[\"b.c\"].d", vec!["a", "b.c", "d"]),
            ("a[b", vec!["a", "", "[b"]),
            ("", vec![]),
        ] {
            assert_eq!(steps(path), expected, "{path}");
        }
    }
}
