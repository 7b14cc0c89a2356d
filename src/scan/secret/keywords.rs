//! The search for keywords: hundreds of words at once, everywhere in a text, whatever the case of ASCII letters.
//!
//! Of each word three bytes stand in a small table, once for each parity of its place; so a text is looked at only at
//! every second byte, three bytes at a time. Where the table knows them, the bytes before and after are looked at, and
//! only where they fit as well a word is compared. Neither look takes a branch: each notes a place, and goes on as if
//! there were none unless the table knows it. There is nothing to build but two tables, which are small.
//!
//! Invariant: no word is missed, and every hit is a word.

use crate::scan::span::Span;

/// Bytes of a gram.
const GRAM: usize = 3;
/// How far apart the places are that are looked at.
const STRIDE: usize = 2;
/// How many grams of eight bytes are looked at.
const AT_ONCE: usize = 3;
/// How many grams the table tells apart.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 18;
/// How many slots share what is known of the bytes around them, as a power of two.
const SHARED_BITS: u32 = 4;
/// How many times eight bytes are looked at before what they brought is.
const AT_A_TIME: usize = 64;
/// One bit maps a letter's two cases, and some other bytes, to one number.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// Words to look for.
#[derive(Debug)]
pub(super) struct Keywords {
    words: Vec<Word>,
    /// One bit for each slot: whether any word has it.
    filter: Table<u64, { SLOTS / 64 }>,
    /// The bytes that stand around the grams of some slots, in any word.
    around: Table<Around, { SLOTS >> SHARED_BITS }>,
    /// Where the entries of the slots of each element of `filter` begin.
    starts: Vec<usize>,
    /// What words have a slot, by slot.
    entries: Vec<Entry>,
}

/// A table of a size that is known, so that no place in it is checked.
#[derive(Debug)]
struct Table<T, const N: usize>(Box<[T; N]>);

#[derive(Debug)]
struct Word {
    text: String,
    /// Its first eight bytes, folded; zeros after the last one.
    head: u64,
    /// Ones where `head` has a byte.
    mask: u64,
    /// Whether nothing else is to be compared: few letters, and nothing else.
    is_all_in_head: bool,
}

/// A gram of the text that a word may have.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    slot: usize,
    position: usize,
}

/// What [`Keywords::find`] works on.
struct Search<'t, 'h> {
    /// The text up to where words may end.
    bytes: &'t [u8],
    /// Where words may begin.
    start: usize,
    /// What was found, from `first` on by the ends.
    hits: &'h mut Vec<(usize, Span)>,
    first: usize,
}

/// One bit for the lower five bits of each byte that may stand before a gram, and after it. The two cases of a letter have
/// them in common.
#[derive(Clone, Copy, Debug, Default)]
struct Around {
    before: u32,
    after: u32,
}

/// A word that may stand where a gram of the text has a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    slot: u32,
    word: u16,
    /// Where the word begins, from one byte before the gram on: 1 for a word that begins with it.
    back: u16,
}

impl Entry {
    /// Which element of the filter its slot is in.
    fn element(self) -> usize {
        self.slot as usize / 64
    }
}

impl<T: Copy + Default, const N: usize> Default for Table<T, N> {
    fn default() -> Self {
        let table = vec![T::default(); N].into_boxed_slice();
        Self(table.try_into().unwrap_or_else(|_| Box::new([T::default(); N])))
    }
}

impl Default for Keywords {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Keywords {
    /// Words of at least three bytes; shorter ones are not found, nor what comes after 65,536 words. Only letters of ASCII
    /// are found in either case.
    pub fn new(words: Vec<String>) -> Self {
        let mut entries = Vec::with_capacity(words.len() * STRIDE);
        for (index, word) in (0_u16..=u16::MAX).zip(&words) {
            add(&mut entries, index, word.as_bytes());
        }
        let mut filter = Table::<u64, { SLOTS / 64 }>::default();
        let mut starts = vec![0; SLOTS / 64];
        let mut around = Table::<Around, { SLOTS >> SHARED_BITS }>::default();
        let entries = by_slot(&entries);
        for (index, entry) in entries.iter().enumerate().rev() {
            let element = entry.element();
            if let (Some(bits), Some(start)) = (filter.0.get_mut(element), starts.get_mut(element)) {
                *bits |= 1 << (entry.slot % 64);
                *start = index;
            }
            let word = words.get(usize::from(entry.word)).map_or(&b""[..], |word| word.as_bytes());
            if let Some(around) = around.0.get_mut(entry.slot as usize >> SHARED_BITS) {
                around.add(word, usize::from(entry.back));
            }
        }
        Self { words: words.into_iter().map(Word::new).collect(), filter, around, starts, entries }
    }

    /// Adds every place in `part` of `text` where a word stands, with the word's index, by their ends.
    pub fn find(&self, text: &str, part: Span, hits: &mut Vec<(usize, Span)>) {
        let bytes = text.as_bytes().get(..part.end).unwrap_or_default();
        let first = hits.len();
        let mut search = Search { bytes, start: part.start, hits, first };
        let mut position = part.start;
        if position + size_of::<u64>() <= bytes.len() {
            position = self.find_most(&mut search);
        }
        while position < bytes.len() {
            self.look(&mut search, &[position], &mut [Near::default(); AT_ONCE]);
            position += STRIDE * AT_ONCE;
        }
    }

    /// Adds the words around all places that have eight bytes; returns the first one that has not.
    fn find_most(&self, search: &mut Search<'_, '_>) -> usize {
        let mut places = [0; AT_A_TIME];
        let mut near = [Near::default(); AT_A_TIME * AT_ONCE];
        let mut position = search.start;
        while position + size_of::<u64>() <= search.bytes.len() {
            let mut count = 0;
            let rest = search.bytes.get(position..).unwrap_or_default().array_windows();
            for eight in rest.step_by(STRIDE * AT_ONCE).take(AT_A_TIME) {
                if let Some(place) = places.get_mut(count) {
                    *place = position;
                }
                count += usize::from(self.knows_any(u64::from_le_bytes(*eight)));
                position += STRIDE * AT_ONCE;
            }
            self.look(search, places.get(..count).unwrap_or_default(), &mut near);
        }
        position
    }

    /// Whether any word has one of the grams of eight bytes.
    fn knows_any(&self, eight: u64) -> bool {
        let folded = eight | FOLD;
        self.bit(slot(folded)) | self.bit(slot(folded >> 16)) | self.bit(slot(folded >> 32)) != 0
    }

    /// 1 for a slot that any word has.
    fn bit(&self, slot: usize) -> u64 {
        self.filter.0.get(slot / 64).map_or(0, |bits| bits >> (slot % 64) & 1)
    }

    /// Adds the words that stand around the grams of the eight bytes from each of `places` on; `near` has room for all
    /// these grams.
    fn look(&self, search: &mut Search<'_, '_>, places: &[usize], near: &mut [Near]) {
        let mut count = 0;
        for &place in places {
            let eight = eight(search.bytes, place);
            let before = place.checked_sub(1).and_then(|before| search.bytes.get(before)).copied().unwrap_or_default();
            let shifted = eight << 8 | u64::from(before);
            for step in 0..AT_ONCE {
                let offset = step * STRIDE;
                let slot = slot((eight | FOLD) >> (offset * 8));
                if let Some(near) = near.get_mut(count) {
                    *near = Near { slot, position: place + offset };
                }
                let fits = self.fit(slot, shifted >> (offset * 8), eight >> ((offset + GRAM) * 8));
                count += usize::from(self.bit(slot) & fits != 0);
            }
        }
        for near in near.get(..count).unwrap_or_default() {
            self.compare(search, *near);
        }
    }

    /// 1 where the lowest bytes of `before` and `after` may stand around the gram of a slot.
    fn fit(&self, slot: usize, before: u64, after: u64) -> u64 {
        let around = self.around.0.get(slot >> SHARED_BITS).copied().unwrap_or_default();
        u64::from(around.before >> (before & 31) & around.after >> (after & 31) & 1)
    }

    /// Adds the words that have a gram of the text for one of theirs.
    fn compare(&self, search: &mut Search<'_, '_>, near: Near) {
        let first = self.starts.get(near.slot / 64).copied().unwrap_or_default();
        let entries = self.entries.get(first..).unwrap_or_default().iter();
        let is_before = |entry: &&Entry| (entry.slot as usize) < near.slot;
        for entry in entries.skip_while(is_before).take_while(|entry| entry.slot as usize == near.slot) {
            let begin = (near.position + 1).checked_sub(usize::from(entry.back));
            let begin = begin.filter(|begin| *begin >= search.start);
            let index = usize::from(entry.word);
            let (Some(begin), Some(word)) = (begin, self.words.get(index)) else { continue };
            if word.stands(search.bytes, begin) {
                search.add(index, Span::new(begin, begin + word.text.len()));
            }
        }
    }
}

impl Search<'_, '_> {
    /// Adds a word. Places come in their order, so that only words that end as near by as words are long change theirs.
    fn add(&mut self, index: usize, span: Span) {
        let found = self.hits.get(self.first..).unwrap_or_default();
        let last = found.iter().rposition(|(_, other)| (other.end, other.start) <= (span.end, span.start));
        self.hits.insert(last.map_or(self.first, |last| self.first + last + 1), (index, span));
    }
}

impl Around {
    /// Adds what `word` has around the gram that begins at `offset`, from one byte before the word on; anything where
    /// the word ends.
    fn add(&mut self, word: &[u8], offset: usize) {
        let bit = |byte: Option<&u8>| byte.map_or(u32::MAX, |byte| 1 << (byte & 31));
        self.before |= bit(offset.checked_sub(2).and_then(|before| word.get(before)));
        self.after |= bit(word.get(offset + GRAM - 1));
    }
}

impl Word {
    fn new(text: String) -> Self {
        let head = text.bytes().take(8).rev().fold(0, |head, byte| head << 8 | u64::from(byte | 0x20));
        let mask = text.bytes().take(8).fold(0, |mask: u64, _| mask << 8 | 0xff);
        let is_all_in_head = text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        Self { text, head, mask, is_all_in_head }
    }

    fn stands(&self, bytes: &[u8], begin: usize) -> bool {
        // Nearly always the answer, and cheap; of other bytes than letters more than two are folded to one.
        let may_stand = (eight(bytes, begin) | FOLD) & self.mask == self.head;
        may_stand && (self.is_all_in_head || self.is_whole(bytes, begin))
    }

    fn is_whole(&self, bytes: &[u8], begin: usize) -> bool {
        let found = bytes.get(begin..begin + self.text.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(self.text.as_bytes()))
    }
}

/// The entries, each once, in the order of their slots: those of each element of the filter are counted, put in place,
/// and, few as they are, sorted.
fn by_slot(entries: &[Entry]) -> Vec<Entry> {
    let mut ends = vec![0_usize; SLOTS / 64];
    for entry in entries {
        if let Some(count) = ends.get_mut(entry.element()) {
            *count += 1;
        }
    }
    let mut all = 0;
    for end in &mut ends {
        all += std::mem::replace(end, all);
    }
    let mut sorted = vec![Entry::default(); all];
    for entry in entries {
        let Some(end) = ends.get_mut(entry.element()) else { continue };
        if let Some(place) = sorted.get_mut(*end) {
            *place = *entry;
        }
        *end += 1;
    }
    let mut start = 0;
    for end in ends {
        sorted.get_mut(start..end).unwrap_or_default().sort_unstable();
        start = end;
    }
    sorted.dedup();
    sorted
}

/// The eight bytes from `position` on; zeros where there are no more.
fn eight(bytes: &[u8], position: usize) -> u64 {
    let rest = bytes.get(position..).unwrap_or_default();
    match rest.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => rest.iter().rev().fold(0, |eight, byte| eight << 8 | u64::from(*byte)),
    }
}

/// Where the gram of the three lowest bytes, which are folded, stands in the table: the upper part of a product, by
/// Knuth's multiplicative hashing.
fn slot(folded: u64) -> usize {
    let gram = (folded & 0x00ff_ffff) as u32;
    (gram.wrapping_mul(0x9e37_79b1) >> (u32::BITS - SLOT_BITS)) as usize
}

/// The entry of the word at `index` for a gram of it that begins at `offset`, from one byte before the word on.
fn entry(index: u16, gram: [u8; GRAM], offset: usize) -> Option<Entry> {
    let [first, second, third] = gram;
    let slot = slot(u64::from_le_bytes([first, second, third, 0, 0, 0, 0, 0]) | FOLD);
    Some(Entry { slot: u32::try_from(slot).ok()?, word: index, back: u16::try_from(offset).ok()? })
}

/// Adds the entries of a word: of its grams at even places that which texts have least, and of those at odd places.
fn add(entries: &mut Vec<Entry>, index: u16, word: &[u8]) {
    for parity in 0..STRIDE {
        let grams = word.array_windows::<GRAM>().enumerate().skip(parity).step_by(STRIDE);
        let rarest = grams.min_by_key(|(_, gram)| commonness(**gram));
        entries.extend(rarest.and_then(|(offset, gram)| entry(index, *gram, offset + 1)));
    }
    // A word of one gram is also looked for by two of its bytes, with whatever stands before or after them.
    if let &[first, second, third] = word {
        let is_late = pair_commonness(second, third) < pair_commonness(first, second);
        let folded = (0..=u8::MAX).filter(|other| u64::from(*other) & FOLD == FOLD & 0xff);
        entries.extend(folded.filter_map(|other| {
            let gram = if is_late { [second, third, other] } else { [other, first, second] };
            entry(index, gram, if is_late { 2 } else { 0 })
        }));
    }
}

/// How often a gram is met in configuration and code, as far as its two pairs of bytes tell: the higher, the more.
fn commonness(gram: [u8; GRAM]) -> u8 {
    let [first, second, third] = gram;
    pair_commonness(first, second) + pair_commonness(second, third)
}

/// How often two bytes stand side by side: twice the binary logarithm of their share, counted in 600 MB of code and
/// configuration, from `A` on.
fn pair_commonness(first: u8, second: u8) -> u8 {
    const CLASSES: [&[u8; 32]; 32] = [
        b"PQSRLMQFQFMTSTIQHTSVPMNMOIOMJJNP",
        b"PIJIPIGEOMEQGHOIFLLHPDDGMCQJJLNO",
        b"RINLSMFROEQQLHULGQNSOGHILEONJJNP",
        b"QKLOULKHRELLJJRKINOJNHJIKDSOLMNS",
        b"RNSTOQOILFISRUMPPVVTKPNROEUROPNV",
        b"QHIIPOKCSACNINRJCOLLNDEEIAQKGMMP",
        b"MJJGSHKMPBDLJMMJDOOKNEDCGFPMKKIQ",
        b"QHHGTFDDQBHHIFQIDMIOMDFAHCOLIIIP",
        b"PORRQQQDHCHRQVTPHPSTFPCMBOKLIIMO",
        b"HDCCNBBBFACBCCKCCBLBHABABBDCACFH",
        b"KGGIQGHDNBCGGIIGCIMGKIGBDBMMJJJO",
        b"RJJPUOHGSDGRMHRKFHPPQJHENCPOLKLR",
        b"SMJLTFGDPCGMPHRQDFNKOEFEJCOOKJMP",
        b"SHQSSPSGPGMMJMQLDJTUONIHLFTPNMNT",
        b"MORRKPNENINQRWORDUPQROPKHEQMKJHP",
        b"SGKLTHILOBJQIGRODSOQRHGHOAMNJJLP",
        b"JEEEEBCBCBBJCDECDDEDPBHBBBJFCDIL",
        b"SLPOVLPGSBNMOPTKFPRRQNHEPCROLMMT",
        b"OIPJUJLPRBLMLKQQJLRVQIKFOFTQNQKU",
        b"TIOMVKHUUDFMLJSPDTQPQHLKREURNOLU",
        b"MRNMQKNCPBCRPRHPBSRRGGBIBEKGHFPK",
        b"QEHHSGFCPACMJGMJHGHEECBECCKJGHNM",
        b"OFFGNEDMQBDFFLNGCLOFCDHCCBLJHHIN",
        b"LHKIMJCFKBBKKCINEEFODDCHHFLLKIQO",
        b"JIIGJFGDHBFJLLLQBJOMEGHDDDQNLLHR",
        b"JDDDOCCCHABCFDICBFFCGCCBFEEDDCGJ",
        b"TRTSRSOPTKNQRRRSKSTURQQNKI^MTMVY",
        b"ONPOOOLLPHKNOONPHOQPNNLGDFGMFGNK",
        b"LLNNLLJILFHMLKKMFLNMKJJGFFSGQHQO",
        b"NJOLLLMKMIIKLKKNHLMMJJIFIDNKGMSQ",
        b"MNNNMMHGKFIJIHGHHGKILGGOFHUPPSYW",
        b"QOSQQQOOQKMPQQORLRSROPPPLI[LOPT\\",
    ];
    CLASSES.get(class(first)).and_then(|row| row.get(class(second))).map_or(0, |letter| letter - b'A')
}

/// The row and the column of a byte: a letter, a space, `_`, `-`, `.`, a digit, or anything else.
fn class(byte: u8) -> usize {
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => usize::from(letter - b'a'),
        b' ' => 26,
        b'_' => 27,
        b'-' => 28,
        b'.' => 29,
        b'0'..=b'9' => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests;
