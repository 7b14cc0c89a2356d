//! What COPY and ADD name though the build does not see it.
//!
//! Invariant: a source is listed only when its path is known as it is written, and stands in the context.

use crate::scan::document::beside::Beside;
use crate::scan::document::dockerfile::{Instruction, Keyword, Word};
use crate::scan::document::node::{Node, Value};

use super::{list, word_fact};

/// The sources that `.dockerignore` leaves out; unknown when that file was not seen.
pub(super) fn sources(instruction: &Instruction, beside: &Beside) -> Node {
    let takes_files = matches!(instruction.keyword, Keyword::Add | Keyword::Copy);
    if !takes_files || instruction.on_build || instruction.flag("from").is_some() {
        return list([]);
    }
    let Some(ignored) = &beside.dockerignore else { return Node::computed(Value::Unknown("".into())) };
    let words = instruction.words();
    let sources = words.get(..words.len().saturating_sub(1)).unwrap_or_default();
    let is_path = |path: &str| !path.contains("://") && !path.starts_with("<<") && !path.contains(['*', '?', '[', '$']);
    let is_left_out =
        |word: &&Word| word.value.as_deref().is_some_and(|path| is_path(path) && ignored.leaves_out(path));
    list(sources.iter().filter(is_left_out).map(word_fact))
}
