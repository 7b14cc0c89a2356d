//! Names in other languages: letters with marks as the plain ones, words of other scripts as the English one.
//!
//! Invariant: what has no letters but those of ASCII is given back as it is.

use std::borrow::Cow;

/// What a password is called in scripts whose words are not written apart; such a name ends with it.
const UNSPACED: [&str; 6] = ["密码", "密碼", "口令", "パスワード", "비밀번호", "암호"];

/// The same in scripts that part their words.
const SPACED: [&str; 3] = ["пароль", "Пароль", "ПАРОЛЬ"];

/// `name` in letters of ASCII, as far as it says what its value is.
pub(super) fn in_ascii(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        return Cow::Borrowed(name);
    }
    let is_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '_' | '-');
    let base = name.trim_end_matches(is_number);
    let head = UNSPACED.iter().find_map(|word| base.strip_suffix(word));
    let mut plain = String::with_capacity(name.len());
    let text = SPACED.iter().fold(head.unwrap_or(base).to_owned(), |text, word| text.replace(word, "_password_"));
    text.chars().for_each(|letter| plain.push_str(plain_letters(letter)));
    if head.is_some() {
        plain.push_str("_password");
    }
    Cow::Owned(plain)
}

/// The letters of ASCII that stand for `letter`; a joint for one of another script.
fn plain_letters(letter: char) -> &'static str {
    const ASCII: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.";
    if let Some(at) = ASCII.find(letter).filter(|_| letter.is_ascii()) {
        return ASCII.get(at..=at).unwrap_or("_");
    }
    match letter.to_lowercase().next().unwrap_or(letter) {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' | 'ą' => "a",
        'ç' | 'ć' | 'č' => "c",
        'é' | 'è' | 'ê' | 'ë' | 'ę' | 'ě' => "e",
        'í' | 'ì' | 'î' | 'ï' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' => "n",
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' | 'ø' => "o",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ú' | 'ù' | 'û' | 'ü' => "u",
        _ => "_",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_ascii() {
        for (name, expected) in [
            ("db_password", "db_password"),
            ("contraseña", "contrasena"),
            ("lösenord", "losenord"),
            ("数据库密码", "____password"),
            ("密码2", "_password"),
            ("пароль", "_password_"),
        ] {
            assert_eq!(in_ascii(name), expected, "{name}");
        }
        assert!(!in_ascii("密码长度").contains("password"));
    }
}
