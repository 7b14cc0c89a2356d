//! Replacement of variables in words, as the builder does it.
//!
//! Invariant: a variable whose value is not certain before the build makes the whole word unknown; the work and the
//! result of one file are bounded.
//!
//! # Source
//! The Dockerfile reference of Docker, "Environment replacement".

use std::sync::Arc;

/// The longest value, in bytes; a longer one is unknown.
pub(super) const MAX_VALUE_BYTES: usize = 16 * 1024;
/// The most bytes that all expansions of one file may produce.
const MAX_TOTAL_BYTES: usize = 64 * 1024 * 1024;
const MAX_DEPTH: usize = 16;

/// What a variable is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Known(Arc<str>),
    /// Set, to something that only the build knows.
    Unknown,
    /// Nothing in the file sets it; the builder or the base image may.
    Unset,
}

/// The expansion of words with one escape character.
#[derive(Debug)]
pub(super) struct Expander {
    escape: char,
    left: usize,
}

impl Expander {
    pub(super) fn new(escape: char) -> Self {
        Self { escape, left: MAX_TOTAL_BYTES }
    }

    /// Whether the bound on the work of one file is used up.
    pub(super) fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// `raw` without its quotes and with its variables replaced.
    pub(super) fn expand(&mut self, raw: &str, variable: &dyn Fn(&str) -> Variable) -> Option<Box<str>> {
        if !raw.contains(['$', '"', '\'', self.escape]) {
            return Some(raw.into());
        }
        let mut reader = Reader { text: raw, position: 0, escape: self.escape, variable };
        let value = reader.word(None, 0)?;
        if value.len() > self.left {
            self.left = 0;
            return None;
        }
        self.left -= value.len();
        Some(value.into())
    }
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
    escape: char,
    variable: &'a dyn Fn(&str) -> Variable,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.position..)?.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.position += letter.len_utf8();
        Some(letter)
    }

    /// Reads up to `end`, which is taken too; without it, to the end of the text. `None`: not known.
    fn word(&mut self, end: Option<char>, depth: usize) -> Option<String> {
        let mut value = Some(String::new());
        let mut in_double = false;
        while let Some(letter) = self.take() {
            if !in_double && Some(letter) == end {
                return value;
            }
            let Some(known) = value.as_mut() else {
                self.skip(letter, &mut in_double, depth);
                continue;
            };
            match letter {
                '\'' if !in_double => self.single_quoted(known),
                '"' => in_double = !in_double,
                '$' => match self.dollar(depth) {
                    Some(part) => known.push_str(&part),
                    None => value = None,
                },
                _ if letter == self.escape => self.escaped(in_double, known),
                _ => known.push(letter),
            }
            value = value.filter(|known| known.len() <= MAX_VALUE_BYTES);
        }
        value.filter(|_| end.is_none())
    }

    /// Reads on after `letter` when the result is not known any more, to find the end of the word.
    fn skip(&mut self, letter: char, in_double: &mut bool, depth: usize) {
        match letter {
            '\'' if !*in_double => self.single_quoted(&mut String::new()),
            '"' => *in_double = !*in_double,
            '$' => drop(self.dollar(depth)),
            _ if letter == self.escape => drop(self.take()),
            _ => {}
        }
    }

    fn single_quoted(&mut self, value: &mut String) {
        while let Some(letter) = self.take() {
            if letter == '\'' {
                return;
            }
            value.push(letter);
        }
    }

    fn escaped(&mut self, in_double: bool, value: &mut String) {
        match self.take() {
            Some(letter) if in_double && !matches!(letter, '"' | '$') && letter != self.escape => {
                value.push(self.escape);
                value.push(letter);
            }
            Some(letter) => value.push(letter),
            None => value.push(self.escape),
        }
    }

    fn dollar(&mut self, depth: usize) -> Option<String> {
        if self.peek() != Some('{') {
            let name = self.name();
            return if name.is_empty() { Some("$".to_owned()) } else { self.plain(name) };
        }
        self.take();
        let name = self.name();
        if name.is_empty() || depth == MAX_DEPTH {
            return None;
        }
        let colon = self.peek() == Some(':');
        if colon {
            self.take();
        }
        match self.take()? {
            '}' if !colon => self.plain(name),
            '-' => self.with_default(name, colon, depth),
            '+' => self.with_alternative(name, colon, depth),
            '?' => {
                self.word(Some('}'), depth + 1);
                self.plain(name)
            }
            _ => {
                self.word(Some('}'), depth + 1);
                None
            }
        }
    }

    fn name(&mut self) -> &'a str {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let starts_with_digit = rest.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        let length = if starts_with_digit {
            1
        } else {
            rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
        };
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    fn plain(&self, name: &str) -> Option<String> {
        match (self.variable)(name) {
            Variable::Known(value) => Some(value.as_ref().to_owned()),
            Variable::Unknown | Variable::Unset => None,
        }
    }

    fn with_default(&mut self, name: &str, colon: bool, depth: usize) -> Option<String> {
        let default = self.word(Some('}'), depth + 1);
        match (self.variable)(name) {
            Variable::Known(value) if !(colon && value.is_empty()) => Some(value.as_ref().to_owned()),
            Variable::Known(_) | Variable::Unset => default,
            Variable::Unknown => None,
        }
    }

    fn with_alternative(&mut self, name: &str, colon: bool, depth: usize) -> Option<String> {
        let alternative = self.word(Some('}'), depth + 1);
        match (self.variable)(name) {
            Variable::Known(value) if colon && value.is_empty() => Some(String::new()),
            Variable::Known(_) => alternative,
            Variable::Unset => Some(String::new()),
            Variable::Unknown => None,
        }
    }
}
