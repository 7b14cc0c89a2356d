//! Whether a text reads as words or as a random value.
//!
//! Invariant: a few passes over the text; no dictionary, only which letters follow which.

use crate::scan::span::Span;

/// Least share of characters in words that makes a text one of words, in percent.
const WORDY_PERCENT: usize = 55;
/// The same for a short text, of which fewer characters tell.
const SHORT_WORDY_PERCENT: usize = 40;

/// For each letter, those that follow it in words.
const FOLLOWERS: [&str; 26] = [
    "abcdefghiklmnprstuvwxyz",
    "abcdeilorstuy",
    "abcdefhiklmoprstuvy",
    "abcdefghijlmnorstuvy",
    "abcdefghiklmnopqrstuvwxy",
    "abcdefilorstuy",
    "aeghilmnorsu",
    "aeimnorstuy",
    "abcdefgklmnoprstvxz",
    "aeosu",
    "adeilnstu",
    "abcdefiklnopstuvy",
    "abdeilmopstuy",
    "abcdefghiklmnoprstuvwy",
    "abcdefgiklmnoprstuvwx",
    "acdehiklmoprstuy",
    "lu",
    "abcdefgiklmnoprstuvwy",
    "acdefghiklmnopqrstuwy",
    "abcdefghilmnoprstuwxy",
    "abcdefgilmnoprst",
    "aeio",
    "aehilnors",
    "aceipt",
    "aeilmnopst",
    "aeioz",
];
/// Fewest letters that tell whether they are words.
const LEAST_LETTERS: usize = 7;
/// Least share of neighbours that no word has, in percent, and how many they are at least.
const STRANGE_PERCENT: usize = 22;
const LEAST_STRANGE: usize = 2;

/// Whether `value` is letters of one case that no word is made of, such as `fzqputzfdoje`.
pub fn is_gibberish(value: &str) -> bool {
    let is_single =
        value.bytes().all(|byte| byte.is_ascii_lowercase()) || value.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_single || value.len() < LEAST_LETTERS {
        return false;
    }
    let is_strange = |pair: &&[u8]| {
        let [first, second] = pair else { return false };
        let followers = FOLLOWERS.get(usize::from(first.to_ascii_lowercase() - b'a'));
        followers.is_some_and(|followers| !followers.as_bytes().contains(&second.to_ascii_lowercase()))
    };
    let strange = value.as_bytes().windows(2).filter(is_strange).count();
    strange >= LEAST_STRANGE && strange * 100 >= STRANGE_PERCENT * (value.len() - 1)
}

/// Whether `value` looks as if a machine made it: few of its characters stand in words.
pub fn looks_random(value: &str) -> bool {
    let length = value.chars().count();
    if length < 8 || value.contains(' ') && length < 20 || is_worded(value) {
        return false;
    }
    if is_interspersed(value) {
        return true;
    }
    let classes = classes(value);
    let is_single_case = classes.iter().filter(|has| **has).count() == 1;
    let in_words: usize = segments(value).filter(|segment| is_word(value, *segment)).map(Span::len).sum();
    let wordy = if length < 16 { SHORT_WORDY_PERCENT } else { WORDY_PERCENT };
    in_words * 100 < wordy * length && !(is_single_case && length < 16)
}

/// Whether `value` is words in lower case with joints, each with at most two digits, and numbers of at most four
/// digits, such as `my-workshop-2042`.
fn is_worded(value: &str) -> bool {
    let is_part = |part: &str| {
        let letters = part.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let digits = part.len() - letters.len();
        let is_spoken = letters.len() < 4 || is_word(letters, Span::new(0, letters.len()));
        letters.bytes().all(|byte| byte.is_ascii_lowercase())
            && is_spoken
            && digits <= if letters.is_empty() { 4 } else { 2 }
    };
    let parts = || value.split(['-', '_', '.']);
    let spoken: usize =
        parts().filter(|part| part.len() > 3 && !part.as_bytes().iter().any(u8::is_ascii_digit)).map(str::len).sum();
    parts().count() > 1 && spoken * 2 >= value.len() && parts().all(is_part)
}

/// Whether `value` has letters of both cases and digits, and so few of its letters stand in words that nobody named a
/// thing so, such as `r3eJXCe.7nDB.t4X`.
pub fn is_scrambled(value: &str) -> bool {
    const LEAST: usize = 10;
    const LEAST_WORD: usize = 4;
    let [lower, upper, digit, _] = classes(value);
    if value.len() < LEAST || !(lower && upper && digit) {
        return false;
    }
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let words = segments(value).filter(|segment| segment.len() >= LEAST_WORD && is_word(value, *segment));
    words.map(Span::len).sum::<usize>() * 2 < letters
}

/// Whether `value` is small letters and digits, which change places more often than in a name: `4dvheax9wci1`.
fn is_interspersed(value: &str) -> bool {
    const LEAST: usize = 10;
    let is_plain = value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_change =
        |pair: &&[u8]| matches!(pair, [first, second] if first.is_ascii_digit() && second.is_ascii_alphabetic());
    value.len() >= LEAST && is_plain && value.as_bytes().windows(2).filter(is_change).count() > 1
}

/// Whether `value` has characters of two classes or more, so that it is more than a word or a name.
pub fn is_mixed(value: &str) -> bool {
    let [lower, upper, digit, symbol] = classes(value);
    (digit && (lower || upper) && !is_name(value)) || (symbol && (lower || upper)) || (lower && upper && digit)
}

/// Whether `value` is a name such as `grafana-admin` or `my_app.token-v2`: words in lower case with joints, and at most
/// a short number.
pub fn is_name(value: &str) -> bool {
    value.split(['-', '_', '.', '/', ':']).all(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let is_year = part.len() == 4 && digits == 4 && (part.starts_with("19") || part.starts_with("20"));
        let is_numbered = digits <= 3 && digits < part.len().max(4);
        part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) && (is_numbered || is_year)
    }) || value.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a part of a path or a dotted name reads as words.
pub fn is_wordy_segment(segment: &str) -> bool {
    if segment.is_empty() {
        return true;
    }
    let is_plain = segment.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*' | b'@' | b',' | b';' | b'\'')
    });
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let in_words: usize =
        segments(segment).filter(|part| is_word(segment, *part) || part.len() < 4).map(Span::len).sum();
    let letters = segment.bytes().filter(u8::is_ascii_alphabetic).count();
    is_plain && digits <= 4 && in_words * 10 >= letters * 8
}

/// Lower case, upper case, digit, symbol.
fn classes(value: &str) -> [bool; 4] {
    let has = |class: fn(char) -> bool| value.chars().any(class);
    [
        has(char::is_lowercase),
        has(char::is_uppercase),
        has(|character| character.is_ascii_digit()),
        has(|character| !character.is_alphanumeric()),
    ]
}

/// The runs of letters, parted where a capital follows a small letter.
fn segments(value: &str) -> impl Iterator<Item = Span> {
    let bytes = value.as_bytes();
    let mut start = 0;
    std::iter::from_fn(move || {
        while bytes.get(start).is_some_and(|byte| !byte.is_ascii_alphabetic()) {
            start += 1;
        }
        let first = *bytes.get(start)?;
        let mut end = start + 1;
        let mut is_upper = first.is_ascii_uppercase();
        while let Some(byte) = bytes.get(end).filter(|byte| byte.is_ascii_alphabetic()) {
            if byte.is_ascii_uppercase() && !is_upper {
                break;
            }
            if byte.is_ascii_lowercase() && is_upper && end - start > 1 {
                break;
            }
            is_upper = byte.is_ascii_uppercase();
            end += 1;
        }
        let segment = Span::new(start, end);
        start = end;
        Some(segment)
    })
}

/// Whether a run of letters can be spoken: vowels among them, no long run of consonants. Three letters, and capitals,
/// are a word only when they stand alone, since random text has such runs.
fn is_word(value: &str, segment: Span) -> bool {
    let letters = segment.of(value);
    let length = letters.len();
    let is_capital = length > 1 && letters.bytes().all(|byte| byte.is_ascii_uppercase());
    if !(3..=40).contains(&length) || ((length == 3 || is_capital) && !stands_alone(value, segment)) {
        return false;
    }
    if ["passwd", "passphrase"].iter().any(|word| letters.eq_ignore_ascii_case(word)) {
        return true;
    }
    let (mut vowels, mut run, mut longest) = (0, 0, 0);
    for byte in letters.bytes() {
        if matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y') {
            vowels += 1;
            run = 0;
        } else {
            run += 1;
            longest = longest.max(run);
        }
    }
    vowels * 5 >= length && vowels * 10 <= length * 8 && longest <= 4 && !is_gibberish(letters)
}

fn stands_alone(value: &str, segment: Span) -> bool {
    let bytes = value.as_bytes();
    let is_other = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
    is_other(segment.start.checked_sub(1).and_then(|before| bytes.get(before))) && is_other(bytes.get(segment.end))
}
