//! The reading of one shell word.
//!
//! Invariant: reading a word always moves forward and ends at the first unquoted character that can't be part of it.

use super::parser::{Closer, MAX_DEPTH, Parser};
use super::{Flaw, ShellScript, ShellWord, variables};

/// How far the end of `$((…))` is looked for, in bytes.
const ARITHMETIC_BYTES: usize = 1000;

/// A word while it is read.
#[derive(Default)]
struct Draft {
    value: String,
    is_unknown: bool,
    nested: Vec<ShellScript>,
    /// The words before the one that is read, which the blanks of a variable's value ended.
    fields: Vec<Box<str>>,
    /// Whether the word is there even when it is empty: a part of it is quoted or written out.
    is_solid: bool,
    /// Whether a variable was replaced outside quotes.
    is_split: bool,
}

impl Draft {
    fn push(&mut self, letter: char) {
        self.value.push(letter);
        self.is_solid = true;
    }

    /// Adds the value of a variable; outside quotes its blanks part words.
    fn replace(&mut self, value: &str, quoted: bool) {
        if quoted {
            self.value.push_str(value);
            return;
        }
        self.is_split = true;
        for piece in value.split_inclusive(char::is_whitespace) {
            let part = piece.trim_end_matches(char::is_whitespace);
            self.value.push_str(part);
            if part.len() < piece.len() && (self.is_solid || !self.value.is_empty()) {
                self.fields.push(std::mem::take(&mut self.value).into());
                self.is_solid = false;
            }
        }
    }
}

impl ShellWord {
    /// The words that the shell makes of this one.
    pub(super) fn into_fields(mut self) -> impl Iterator<Item = Self> {
        let fields = self.fields.take().unwrap_or_default();
        let mut nested = std::mem::take(&mut self.nested);
        fields.into_iter().map(move |field| Self {
            value: Some(field),
            nested: std::mem::take(&mut nested),
            ..self.clone()
        })
    }
}

impl Parser<'_> {
    /// Reads the word at the current place; it may be empty.
    pub(super) fn word(&mut self, closer: Closer, depth: usize) -> ShellWord {
        let start = self.position;
        let mut draft = Draft::default();
        let is_process = self.starts_with("<(") || self.starts_with(">(");
        if is_process {
            self.position += 2;
            self.substitution(&mut draft, Closer::Parenthesis, depth);
        }
        while let Some(letter) = self.peek() {
            if ends_word(letter) || (letter == '`' && closer == Closer::Backquote) {
                break;
            }
            self.take();
            match letter {
                '\\' => self.escaped(&mut draft),
                '\'' => self.single_quoted(&mut draft),
                '"' => self.double_quoted(&mut draft, depth),
                '$' => self.dollar(&mut draft, depth, false),
                '`' => self.substitution(&mut draft, Closer::Backquote, depth),
                _ => draft.push(letter),
            }
        }
        self.finish(start, draft, is_process)
    }

    fn finish(&self, start: usize, draft: Draft, is_process: bool) -> ShellWord {
        let Draft { value, is_unknown, nested, mut fields, is_solid, is_split } = draft;
        if is_solid || !value.is_empty() || !is_split {
            fields.push(value.into());
        }
        ShellWord {
            raw: self.text.get(start..self.position).unwrap_or_default().into(),
            value: (!is_unknown).then(|| fields.join(" ").into()),
            span: self.source.span(start, self.position),
            nested,
            is_process,
            offset: start,
            fields: (!is_unknown && fields.len() != 1).then_some(fields),
        }
    }

    fn escaped(&mut self, draft: &mut Draft) {
        if self.starts_with("\r\n") {
            self.position += 2;
            return;
        }
        match self.take() {
            Some('\n') | None => {}
            Some(letter) => draft.push(letter),
        }
    }

    fn single_quoted(&mut self, draft: &mut Draft) {
        draft.is_solid = true;
        let (start, end) = (self.position, self.end);
        let rest = self.text.get(start..end).unwrap_or_default();
        if let Some((quoted, _)) = rest.split_once('\'') {
            draft.value.push_str(quoted);
            self.position += quoted.len() + 1;
        } else {
            self.flaw = Some(Flaw::Unclosed);
            draft.value.push_str(rest);
            self.position = end;
        }
    }

    fn double_quoted(&mut self, draft: &mut Draft, depth: usize) {
        draft.is_solid = true;
        while let Some(letter) = self.take() {
            match letter {
                '"' => return,
                '\\' => match self.peek() {
                    Some('"' | '\\' | '$' | '`' | '\n') => self.escaped(draft),
                    _ => draft.value.push('\\'),
                },
                '$' => self.dollar(draft, depth, true),
                '`' => self.substitution(draft, Closer::Backquote, depth),
                _ => draft.value.push(letter),
            }
        }
        self.flaw = Some(Flaw::Unclosed);
    }

    /// What follows a `$`.
    fn dollar(&mut self, draft: &mut Draft, depth: usize, quoted: bool) {
        match self.peek() {
            Some('(') => {
                draft.is_unknown = true;
                self.position += 1;
                if !self.arithmetic() {
                    self.substitution(draft, Closer::Parenthesis, depth);
                }
            }
            Some('{') => {
                self.position += 1;
                self.in_braces(draft, depth + 1, quoted);
            }
            Some('\'') => {
                self.position += 1;
                self.ansi_quoted(draft);
            }
            Some(letter) if letter.is_ascii_alphanumeric() || letter == '_' => {
                let rest = self.rest();
                let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                let length = if letter.is_ascii_digit() { 1 } else { length };
                match self.variables.get(rest.get(..length).unwrap_or_default()) {
                    Some(value) => draft.replace(value, quoted),
                    None => draft.is_unknown = true,
                }
                self.position += length;
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                draft.is_unknown = true;
                self.position += 1;
            }
            _ => draft.push('$'),
        }
    }

    /// What follows `${`: a name that is known, with a default at most, gives its value.
    fn in_braces(&mut self, draft: &mut Draft, depth: usize, quoted: bool) {
        let name = variables::name_at(self.rest());
        let after = self.rest().get(name.len()..).unwrap_or_default();
        let is_plain = after.starts_with('}') || [":-", "-", ":?", "?"].iter().any(|form| after.starts_with(form));
        let value = self.variables.get(name).filter(|value| is_plain && !value.is_empty()).map(str::to_owned);
        let was_unknown = draft.is_unknown;
        self.braced(draft, depth);
        match value {
            Some(value) => {
                draft.is_unknown = was_unknown;
                draft.replace(&value, quoted);
            }
            None => draft.is_unknown = true,
        }
    }

    /// `(…))` after `$(`, when it is arithmetic: the brackets balance within a short way.
    fn arithmetic(&mut self) -> bool {
        let rest = self.rest();
        if !rest.starts_with('(') {
            return false;
        }
        let mut open = 1_usize;
        for (offset, byte) in rest.bytes().enumerate().take(ARITHMETIC_BYTES) {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\'' | b'"' | b'|' | b';' => return false,
                _ => {}
            }
            if open == 0 {
                let is_arithmetic = rest.get(..offset).is_some_and(|inner| inner.ends_with(')'));
                self.position += if is_arithmetic { offset + 1 } else { 0 };
                return is_arithmetic;
            }
        }
        false
    }

    fn ansi_quoted(&mut self, draft: &mut Draft) {
        while let Some(letter) = self.take() {
            match letter {
                '\'' => return,
                '\\' => {
                    draft.is_unknown = true;
                    self.take();
                }
                _ => draft.value.push(letter),
            }
        }
        self.flaw = Some(Flaw::Unclosed);
    }

    /// The rest of `${…}`.
    fn braced(&mut self, draft: &mut Draft, depth: usize) {
        if depth > MAX_DEPTH {
            self.flaw = Some(Flaw::TooDeep);
            return;
        }
        let mut in_double = false;
        let mut inner = Draft::default();
        while let Some(letter) = self.take() {
            match letter {
                '}' if !in_double => {
                    draft.nested.append(&mut inner.nested);
                    return;
                }
                '"' => in_double = !in_double,
                '\'' if !in_double => self.single_quoted(&mut Draft::default()),
                '\\' => drop(self.take()),
                '$' => self.dollar(&mut inner, depth, true),
                '`' => self.substitution(&mut inner, Closer::Backquote, depth),
                _ => {}
            }
        }
        draft.nested.append(&mut inner.nested);
        self.flaw = Some(Flaw::Unclosed);
    }

    /// The body of a substitution, up to its closing character.
    fn substitution(&mut self, draft: &mut Draft, closer: Closer, depth: usize) {
        draft.is_unknown = true;
        if depth >= MAX_DEPTH {
            self.flaw = Some(Flaw::TooDeep);
            return;
        }
        draft.nested.push(self.script(closer, depth + 1));
    }
}

fn ends_word(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}
