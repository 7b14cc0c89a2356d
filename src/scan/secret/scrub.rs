//! What was found in a file, and how it is taken out of texts that are shown.
//!
//! Invariant: a value is left in a text only where it is a common word inside a name.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::redacted::Redacted;
use super::value;
use crate::scan::finding::Finding;
use crate::scan::problem::Problem;
use crate::scan::span::Span;

/// What stands in place of a value.
const WITHHELD: &str = "(redacted)";

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The findings, by place.
    pub findings: Vec<Finding>,
    /// Limits that were reached.
    pub problems: Vec<Problem>,
    /// Where values stand in the file, those beyond the limit too, so that whoever shows lines can leave them out.
    pub places: Vec<Span>,
    /// The values that are no well-known defaults, as decoded and as they stand in the file.
    pub(super) values: Vec<Redacted>,
    /// Finds how values begin: all that most texts need to be asked.
    heads: OnceLock<Option<AhoCorasick>>,
    scrubber: OnceLock<Option<AhoCorasick>>,
}

/// Longest beginning of a value that is looked for before the value is, in bytes.
const MAX_HEAD: usize = 8;

impl Secrets {
    /// Adds a text of the file that a policy calls secret. A well-known default such as `password` is a word of other
    /// things as well, and is not taken out of them.
    pub fn conceal(&mut self, text: &str, place: Span) {
        self.places.push(place);
        if value::judge(text, value::Asked::password("")) != value::Step::Default {
            self.values.push(Redacted::new(text, ""));
        }
    }

    /// Takes every value that was found out of `text`, such as the message of a finding that names a thing by it. A
    /// value that is cut short with `…` is taken out as well.
    pub fn scrub(&self, text: &mut String) {
        if self.values.is_empty() {
            return;
        }
        while let Some((start, end)) = self.cut_short(text) {
            text.replace_range(start..end, WITHHELD);
        }
        let head = |part: &'_ str| part.len().min(MAX_HEAD);
        let heads = || searcher(self.parts().map(|part| part.as_bytes().get(..head(part)).unwrap_or_default()));
        if self.heads.get_or_init(heads).as_ref().is_some_and(|heads| !heads.is_match(&**text)) {
            return;
        }
        match self.scrubber.get_or_init(|| searcher(self.parts().map(str::as_bytes))) {
            Some(scrubber) if !scrubber.is_match(&**text) => {}
            Some(scrubber) => {
                let mut scrubbed = String::with_capacity(text.len());
                scrubber.replace_all_with(text, &mut scrubbed, |place, part, into| {
                    let is_name = is_in_name(text, Span::new(place.start(), place.end()));
                    into.push_str(if is_name { part } else { WITHHELD });
                    true
                });
                *text = scrubbed;
            }
            None => WITHHELD.clone_into(text),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().flat_map(Redacted::parts)
    }

    /// Where the beginning of a value stands that `…` cuts short, the `…` included.
    fn cut_short(&self, text: &str) -> Option<(usize, usize)> {
        const ELLIPSIS: char = '…';
        const SHORTEST: usize = 6;
        text.match_indices(ELLIPSIS).find_map(|(cut, mark)| {
            let before = text.get(..cut)?;
            let starts = self.parts().filter_map(|part| {
                let head = part.get(..part.ceil_char_boundary(SHORTEST))?;
                before
                    .match_indices(head)
                    .map(|(start, _)| start)
                    .find(|start| before.get(*start..).is_some_and(|begin| part.starts_with(begin)))
            });
            starts.min().map(|start| (start, cut + mark.len()))
        })
    }
}

fn searcher<'p>(parts: impl Iterator<Item = &'p [u8]>) -> Option<AhoCorasick> {
    // Of many equal ones each would cost as much as all before it.
    let parts: BTreeSet<&[u8]> = parts.collect();
    // Quick to build, as what is searched is short.
    let kind = Some(AhoCorasickKind::NoncontiguousNFA);
    AhoCorasick::builder().kind(kind).match_kind(MatchKind::LeftmostLongest).build(parts).ok()
}

/// Whether what stands at `place` of `text` is a short common word inside a name such as `shop-server`: to leave it out
/// would tell that it is a password as well.
fn is_in_name(text: &str, place: Span) -> bool {
    const LONGEST: usize = 10;
    let is_joint = |letter: char| matches!(letter, '-' | '_');
    let is_part = |letter: char| letter.is_ascii_alphanumeric();
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    let is_word = place.len() <= LONGEST && place.of(text).bytes().all(|byte| byte.is_ascii_lowercase());
    let is_whole = !before.ends_with(is_part) && !after.starts_with(is_part);
    let follows = before.strip_suffix(is_joint).is_some_and(|name| name.ends_with(is_part));
    let goes_on = after.strip_prefix(is_joint).is_some_and(|name| name.starts_with(is_part));
    is_word && is_whole && (follows || goes_on)
}
