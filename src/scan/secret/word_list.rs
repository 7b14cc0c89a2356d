//! Lists of words that are asked often.
//!
//! Invariant: asking costs the length of the word, however long the list is.

use std::collections::HashSet;
use std::sync::OnceLock;

use foldhash::fast::RandomState;

/// A list of words, parted by white space in its source.
pub(super) struct WordList {
    source: &'static str,
    words: OnceLock<HashSet<&'static str, RandomState>>,
}

impl WordList {
    /// The list that `source` writes out.
    pub const fn new(source: &'static str) -> Self {
        Self { source, words: OnceLock::new() }
    }

    /// Whether `word` is one of them.
    pub fn has(&self, word: &str) -> bool {
        self.words.get_or_init(|| self.source.split_ascii_whitespace().collect()).contains(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        static LIST: WordList = WordList::new("one two  three");
        assert!(LIST.has("two") && LIST.has("three") && !LIST.has("tw") && !LIST.has(""));
    }
}
