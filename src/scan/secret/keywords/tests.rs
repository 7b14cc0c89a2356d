use proptest::collection::vec;
use proptest::prelude::*;

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
    check(&["eyj"], "eyJeyJ eyj", &[(0, 0), (0, 3), (0, 7)]);
}

#[test]
fn what_only_folds_alike_is_no_hit() {
    check(&["a-@"], "A\r`", &[]);
    check(&["sl."], "sl\u{e} SL.", &[(0, 4)]);
}

#[test]
fn the_place_of_a_word_does_not_matter() {
    for length in 0..20 {
        let text = format!("{}{}", " ".repeat(length), "Token".to_owned() + &".".repeat(length % 7));
        check(&["tok", "token", "oken", "no"], &text, &[(0, length), (1, length), (2, length + 1)]);
        check(
            &["eyj", "sl.", "r8_"],
            &format!("{}eyJSl.r8_", "y".repeat(length)),
            &[(0, length), (1, length + 3), (2, length + 6)],
        );
    }
}

fn word() -> impl Strategy<Value = String> {
    "[a-c_.0@:-]{3,9}"
}

proptest! {
    #[test]
    fn what_is_found_is_what_stands_there(
        words in vec(word(), 1..20),
        text in "[a-cA-C_.0@:`é -]{0,120}",
        repeats in 1_usize..40,
    ) {
        let text = text.repeat(repeats);
        let keywords = Keywords::new(words.clone());
        let mut hits = Vec::new();
        keywords.find(&text, Span::new(0, text.len()), &mut hits);
        hits.sort_unstable();
        let low = text.to_ascii_lowercase();
        let places = |word: &String| (0..low.len()).filter(|at| low.as_bytes()[*at..].starts_with(word.as_bytes())).collect::<Vec<_>>();
        let stand = |(index, word): (usize, &String)| {
            places(word).into_iter().map(move |at| (index, Span::new(at, at + word.len()))).collect::<Vec<_>>()
        };
        let expected: Vec<_> = words.iter().enumerate().flat_map(stand).collect();
        prop_assert_eq!(hits, expected);
    }
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
