//! Passwords that say what they are, and those that another spelling makes a word of.
//!
//! Invariant: only letters in words, joints and a short number are judged here; a password with more in it is not.

/// Words for a password that another word may stand before or after.
const KINDS: [&str; 4] = ["password", "passwd", "passwort", "secret"];
/// Shorter ones, which only end a value, since other words begin with them.
const ENDS: [&str; 2] = ["pass", "pwd"];
/// Most letters beside the word.
const MOST_BESIDE: usize = 8;
/// Most digits at the end.
const MOST_DIGITS: usize = 4;

/// Whether `value` is a word for a password with at most one short word beside it, such as `radiuspass`,
/// `some-password1` and `Plain-Password`.
pub(super) fn says_password(value: &str) -> bool {
    const MOST_PARTS: usize = 3;
    let value = value.trim_end_matches('!');
    let letters = value.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let is_part = |part: &str| {
        let tail = part.get(1..).unwrap_or_default();
        part.bytes().all(|byte| byte.is_ascii_uppercase()) || tail.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let humps = humps(letters);
    let parts = || humps.iter().map(String::as_str);
    let is_plain = letters.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    if !is_plain || value.len() - letters.len() > MOST_DIGITS || parts().count() > MOST_PARTS || !parts().all(is_part) {
        return false;
    }
    // `local_storage_password`, `MasterUserPassword`: named as a setting is.
    let is_named = parts().count() > 2 && letters.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if is_named && parts().next_back().is_some_and(|last| KINDS.iter().any(|kind| last.eq_ignore_ascii_case(kind))) {
        return true;
    }
    let lower = parts().collect::<String>().to_ascii_lowercase();
    let is_short = |rest: Option<&str>| rest.is_some_and(|rest| rest.len() <= MOST_BESIDE);
    KINDS.iter().any(|kind| is_short(lower.strip_suffix(kind)) || is_short(lower.strip_prefix(kind)))
        || ENDS.iter().any(|kind| is_short(lower.strip_suffix(kind)))
}

/// Whether `value` tells where the password comes from, in words with joints: `managed-by-external-secrets`,
/// `set-via-sops`, `not-a-real-password`.
pub(super) fn tells_its_source(value: &str) -> bool {
    const SOURCES: [&str; 14] = [
        "managed",
        "provided",
        "replaced",
        "injected",
        "supplied",
        "overridden",
        "via",
        "externally",
        "unused",
        "ignored",
        "generated",
        "placeholder",
        "real",
        "see",
    ];
    let parts = || value.split(['-', '_', ' ']);
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_telling = |part: &str| SOURCES.contains(&part) && (part != "real" || value.contains("not"));
    parts().count() > 1 && parts().all(is_word) && parts().any(is_telling)
}

/// Whether `value` is three words or more, each with a capital, none of which says what a thing is:
/// `CopperRiverLantern`.
pub(super) fn is_camel_phrase(value: &str) -> bool {
    const LEAST: usize = 16;
    const THINGS: [&str; 16] = [
        "secret",
        "token",
        "key",
        "password",
        "client",
        "credential",
        "auth",
        "config",
        "service",
        "app",
        "user",
        "name",
        "value",
        "provider",
        "manager",
        "store",
    ];
    let humps = humps(value);
    let is_word = |hump: &String| {
        let lower = hump.to_ascii_lowercase();
        hump.len() > 2
            && hump.starts_with(|first: char| first.is_ascii_uppercase())
            && hump.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
            && !THINGS.iter().any(|thing| lower.starts_with(thing))
    };
    value.len() >= LEAST && humps.len() > 2 && humps.iter().all(is_word)
}

/// Whether `value` is a name such as `dbPassword2`, whose last word says what it is of.
pub(super) fn names_kind(value: &str) -> bool {
    const LAST: [&str; 8] = ["password", "passwd", "token", "secret", "key", "credentials", "username", "user"];
    const MOST: usize = 2;
    let letters = value.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let humps = humps(letters);
    let is_plain = letters.starts_with(|first: char| first.is_ascii_lowercase())
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        && value.len() - letters.len() <= MOST;
    let is_word = |hump: &String| hump.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    let last = humps.last().map(|last| last.to_ascii_lowercase());
    is_plain && humps.len() > 1 && humps.iter().all(is_word) && last.is_some_and(|last| LAST.contains(&&*last))
}

/// Whether `value` is the name of a type, `V1SecretVolumeSource`, one of whose words says what it is of.
pub(super) fn names_type(value: &str) -> bool {
    const KINDS: [&str; 5] = ["Password", "Token", "Secret", "Key", "Credentials"];
    const MOST_DIGITS: usize = 2;
    let humps = humps(value);
    let is_word = |hump: &String| {
        let tail = hump.get(1..).unwrap_or_default();
        let is_version = hump.starts_with('V') && tail.bytes().next().is_some_and(|first| first.is_ascii_digit());
        hump.starts_with(|first: char| first.is_ascii_uppercase())
            && (is_version || tail.len() > 1 && tail.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    // `V1Secret` has no small letter between its words.
    let parts: Vec<String> = humps.iter().flat_map(|hump| versioned(hump)).collect();
    value.bytes().filter(u8::is_ascii_digit).count() <= MOST_DIGITS
        && parts.len() > 2
        && parts.iter().all(is_word)
        && parts.iter().any(|part| KINDS.contains(&part.as_str()))
}

/// `V1Secret` as `V1` and `Secret`.
fn versioned(hump: &str) -> Vec<String> {
    let after = hump.strip_prefix('V').map(|rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    match after.filter(|after| !after.is_empty() && after.len() + 1 < hump.len()) {
        Some(after) => {
            vec![hump.get(..hump.len() - after.len()).unwrap_or_default().to_owned(), after.to_owned()]
        }
        None => vec![hump.to_owned()],
    }
}

/// The parts of `value` between joints, and where a capital follows a small letter: `systemPassword`.
fn humps(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for letter in value.chars() {
        let begins = letter.is_ascii_uppercase() && before.is_ascii_lowercase();
        if begins || matches!(letter, '-' | '_') {
            parts.push(String::new());
        }
        if !matches!(letter, '-' | '_')
            && let Some(last) = parts.last_mut()
        {
            last.push(letter);
        }
        before = letter;
    }
    parts
}

/// `value` with the digits and signs that people write for letters turned back: `p4ssw0rd` becomes `password`.
pub(super) fn respelled(value: &str) -> String {
    let letter = |character: char| match character {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    value.chars().map(letter).collect()
}

/// Whether the letters of `value` are the alphabet in order, whatever stands between them: `a1b2c3d4e5f6`.
pub(super) fn is_alphabet(value: &str) -> bool {
    const LEAST: usize = 8;
    let letters: Vec<u8> =
        value.bytes().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect();
    let follows = |pair: &&[u8]| matches!(pair, [first, second] if second.wrapping_sub(*first) == 1);
    let ordered = letters.windows(2).filter(follows).count();
    letters.len() >= LEAST && ordered * 5 >= (letters.len() - 1) * 4
}

/// Whether `value` is nothing but words that hexadecimal digits can spell: `cafebabedeadbeef`.
pub(super) fn is_hexspeak(value: &str) -> bool {
    const WORDS: [&str; 8] = ["deadbeef", "cafebabe", "feedface", "dead", "beef", "cafe", "babe", "face"];
    let mut rest = value;
    while let Some(after) = WORDS.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after.trim_start_matches(['-', ':']);
    }
    rest.is_empty() && value.len() >= 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_for_a_password_is_one_with_little_beside_it() {
        for value in [
            "radiuspass",
            "some-password1",
            "Plain-Password",
            "secretadmin",
            "rep-pass",
            "foopwd!",
            "systemPassword",
            "local_storage_password",
        ] {
            assert!(says_password(value), "{value}");
        }
        for value in [
            "passenger42",
            "copperlanternpassword",
            "Pass#word1",
            "xPaSsWoRd",
            "river-lantern",
            "pass12345",
            "secret.txt",
        ] {
            assert!(!says_password(value), "{value}");
        }
    }

    #[test]
    fn phrases_that_name_a_source_are_told_from_those_that_people_chose() {
        for value in
            ["managed-by-external-secrets", "set-via-sops", "not-a-real-password", "to_be_replaced", "see-vault"]
        {
            assert!(tells_its_source(value), "{value}");
        }
        for value in ["managed", "copper-real-lantern", "Managed-river42", "river-lantern"] {
            assert!(!tells_its_source(value), "{value}");
        }
    }

    #[test]
    fn a_name_whose_last_word_is_a_kind_names_one() {
        assert!(names_kind("dbPassword2") && names_kind("githubToken"));
        assert!(!names_kind("password2") && !names_kind("copperRiver42") && !names_kind("x9KqToken123"));
    }

    #[test]
    fn types_are_told_from_phrases() {
        assert!(names_type("V1SecretVolumeSource") && names_type("AgentTokenAuth"));
        assert!(!names_type("CopperRiverLantern") && !names_type("V1SecretX9q") && !names_type("SecretKey1042"));
    }

    #[test]
    fn a_phrase_in_capitals_says_nothing_of_a_thing() {
        assert!(is_camel_phrase("CopperRiverLantern") && is_camel_phrase("TigerFalconDragonflyCobalt"));
        for value in
            ["CopperRiver", "MyAppSecretValue", "GithubOauthCredentials", "copperRiverLantern", "CopperRIVERLantern"]
        {
            assert!(!is_camel_phrase(value), "{value}");
        }
    }

    #[test]
    fn spellings_and_alphabets_are_seen_through() {
        assert_eq!(respelled("p4$$w0rd"), "password");
        assert!(is_alphabet("a1b2c3d4-e5f6-7890-abcd-ef1234567890") && is_alphabet("Aa1Bb2") == is_alphabet("short"));
        assert!(!is_alphabet("q8Zt3LkW0vBnR5x") && !is_alphabet("abc"));
        assert!(is_hexspeak("cafebabe:deadbeef") && !is_hexspeak("cafe") && !is_hexspeak("deadbee0cafe"));
    }
}
