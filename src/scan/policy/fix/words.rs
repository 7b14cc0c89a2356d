//! Words that are taken out of a text in YAML or JSON.
//!
//! Invariant: only a text without escapes is changed, and what stays of it keeps its blanks.

use super::removal::joined;
use super::tree::{Tree, contains, edit};
use crate::scan::edit::Edit;

impl Tree<'_> {
    /// The text at `path` without `words`; its key goes with the last one.
    pub(super) fn remove_words(&self, path: &str, words: &[String]) -> Option<Edit> {
        let node = super::removal::at(self.root, path)?;
        let value = node.as_str()?;
        let goes = |word: &str| words.iter().any(|gone| gone == word);
        let is_here = contains(self.root.span(), node.span());
        if !is_here || !value.split_whitespace().any(goes) {
            return None;
        }
        if value.split_whitespace().all(goes) {
            return self.remove(path);
        }
        let raw = node.span().of(self.text);
        let quoted = ['"', '\''].iter().find_map(|quote| raw.strip_prefix(*quote)?.strip_suffix(*quote));
        let start = node.span().start + usize::from(quoted.is_some());
        let inner = quoted.unwrap_or(raw);
        let is_block = raw.starts_with(['|', '>']);
        if !is_block && inner != value {
            return None;
        }
        let found = words_of(inner).into_iter().skip(usize::from(is_block)).collect::<Vec<_>>();
        let mut parts = Vec::new();
        let mut kept: Option<usize> = None;
        for (index, (from, to)) in found.iter().enumerate() {
            if !inner.get(*from..*to).is_some_and(goes) {
                kept = Some(*to);
                continue;
            }
            parts.push(match (kept, found.get(index + 1)) {
                (Some(kept), _) => edit(start + kept, start + to, String::new()),
                (None, Some((next, _))) => edit(start + from, start + next, String::new()),
                (None, None) => return None,
            });
            kept = kept.map(|_| *to);
        }
        joined(self.text, parts)
    }
}

/// Where the words of a text begin and end.
fn words_of(text: &str) -> Vec<(usize, usize)> {
    let (mut words, mut start) = (Vec::new(), None);
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (letter.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                words.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::document::yaml;
    use crate::scan::limits::Limits;

    fn check(text: &str, expected: Option<&str>) {
        let root = yaml::parse_one(text, &Limits::default()).unwrap();
        let words = ["--a".to_owned(), "--b".to_owned()];
        let edited = Tree { text, root: &root }.remove_words("o", &words).and_then(|edit| edit.apply(text));
        assert_eq!(edited.as_deref(), expected, "{text}");
    }

    #[test]
    fn words_go_with_the_blanks_before_them() {
        check("o: --a --c 1 --b\nm: 1\n", Some("o: --c 1\nm: 1\n"));
        check("o: '--c --a --b --d'\n", Some("o: '--c --d'\n"));
        check("o: \"--a --b\"\nm: 1\n", Some("m: 1\n"));
        check("o: >-\n  --c\n  --a\n  --d\n", Some("o: >-\n  --c\n  --d\n"));
        check("o: >-\n  --a --b\n  --d\n", Some("o: >-\n  --d\n"));
        check("o: --c\n", None);
    }
}
