//! The search for keywords: hundreds of words at once, everywhere in a text, whatever the case of ASCII letters.
//!
//! Of each word its rarest three bytes stand in a small table; a text is read once, three bytes at a time, and only
//! where the table knows them a word is compared. So there is nothing to build but that table, and it fits the fastest
//! cache.
//!
//! Invariant: no word is missed, and every hit is a word.

use crate::scan::span::Span;

/// Bytes of a gram.
const GRAM: usize = 3;
/// How many grams the table tells apart.
const SLOTS: usize = 1 << 16;

/// Words to look for.
#[derive(Debug)]
pub(super) struct Keywords {
    words: Vec<String>,
    /// One bit for each slot: whether any word has it.
    filter: Box<[u64; SLOTS / 64]>,
    /// What words have a slot, by slot: the word, and where in it the gram begins.
    entries: Vec<(usize, usize, usize)>,
}

impl Default for Keywords {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Keywords {
    /// Words of at least three ASCII characters; shorter ones are not found.
    pub fn new(words: Vec<String>) -> Self {
        let mut filter = Box::new([0_u64; SLOTS / 64]);
        let mut entries: Vec<(usize, usize, usize)> = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            let Some((slot, offset)) = rarest(word) else { continue };
            if let Some(bits) = filter.get_mut(slot / 64) {
                *bits |= 1 << (slot % 64);
            }
            entries.push((slot, index, offset));
        }
        entries.sort_unstable();
        Self { words, filter, entries }
    }

    /// Adds every place in `part` of `text` where a word stands, with the word's index, by their ends.
    pub fn find(&self, text: &str, part: Span, hits: &mut Vec<(usize, Span)>) {
        let first = hits.len();
        let bytes = text.as_bytes().get(..part.end).unwrap_or_default();
        let grams = bytes.get(part.start..).unwrap_or_default().array_windows::<GRAM>();
        for (at, gram) in grams.enumerate() {
            let slot = slot(*gram);
            if self.filter.get(slot / 64).is_some_and(|bits| bits >> (slot % 64) & 1 != 0) {
                self.compare(bytes, part.start, part.start + at, slot, hits);
            }
        }
        if let Some(fresh) = hits.get_mut(first..) {
            fresh.sort_by_key(|(_, span)| (span.end, span.start));
        }
    }

    /// Adds the words that have `slot` and stand around `position`, where their gram begins.
    fn compare(&self, bytes: &[u8], start: usize, position: usize, slot: usize, hits: &mut Vec<(usize, Span)>) {
        let from = self.entries.partition_point(|(other, ..)| *other < slot);
        let entries = self.entries.get(from..).unwrap_or_default();
        for (_, index, offset) in entries.iter().take_while(|(other, ..)| *other == slot) {
            let Some(begin) = position.checked_sub(*offset).filter(|begin| *begin >= start) else { continue };
            let Some(word) = self.words.get(*index) else { continue };
            let place = Span::new(begin, begin + word.len());
            if bytes.get(place.start..place.end).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes())) {
                hits.push((*index, place));
            }
        }
    }
}

/// Where a gram stands in the table, whatever the case of its letters: the upper half of a product, by Knuth's
/// multiplicative hashing.
fn slot([first, second, third]: [u8; GRAM]) -> usize {
    // One bit maps a letter's two cases, and some other bytes, to one number.
    let gram = u32::from_le_bytes([first, second, third, 0]) | 0x0020_2020;
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// The slot of the gram of `word` that texts have least, and where it begins.
fn rarest(word: &str) -> Option<(usize, usize)> {
    let bytes = word.as_bytes();
    let grams = bytes.array_windows::<GRAM>().enumerate();
    let rarity = |gram: &[u8]| gram.iter().map(|byte| commonness(*byte)).sum::<usize>();
    let (offset, gram) = grams.min_by_key(|(_, gram)| rarity(*gram))?;
    Some((slot(*gram), offset))
}

/// How often a byte is met in configuration and code: the higher, the more.
fn commonness(byte: u8) -> usize {
    const BY_FREQUENCY: &[u8] = b" etaoinsrlcdupmhfgbyvwk_-x./:\"=0,1'2()j3q4z5";
    let byte = byte.to_ascii_lowercase();
    BY_FREQUENCY.iter().position(|other| *other == byte).map_or(0, |rank| BY_FREQUENCY.len() - rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], text: &str, expected: &[(usize, usize)]) {
        let keywords = Keywords::new(words.iter().map(|word| (*word).to_owned()).collect());
        let mut hits = Vec::new();
        keywords.find(text, Span::new(0, text.len()), &mut hits);
        let found: Vec<_> = hits.iter().map(|(word, span)| (*word, span.start)).collect();
        assert_eq!(found, expected, "{words:?} in {text:?}");
    }

    #[test]
    fn every_place_of_every_word_is_found_in_the_order_of_ends() {
        check(&["key", "api_key", "monkey"], "API_KEY monkey", &[(1, 0), (0, 4), (2, 8), (0, 11)]);
        check(&["aaa"], "aaaaa", &[(0, 0), (0, 1), (0, 2)]);
        check(&["key"], "ke", &[]);
        check(&["key"], "", &[]);
        check(&["ab"], "ab", &[]);
        check(&["://"], "a://b", &[(0, 1)]);
        check(&["eyj"], "äeyJé", &[(0, 2)]);
    }

    #[test]
    fn what_only_folds_alike_is_no_hit() {
        check(&["a-@"], "A\r`", &[]);
        check(&["sl."], "sl\u{e} SL.", &[(0, 4)]);
    }

    #[test]
    fn a_part_is_searched_alone() {
        let keywords = Keywords::new(vec!["token".to_owned()]);
        let mut hits = Vec::new();
        let text = "token token token";
        for part in [Span::new(1, 11), Span::new(12, 16)] {
            keywords.find(text, part, &mut hits);
        }
        assert_eq!(hits, [(0, Span::new(6, 11))]);
    }
}
