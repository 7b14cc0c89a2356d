//! The reading of one shell word.
//!
//! Invariant: reading a word always moves forward and ends at the first unquoted character that can't be part of it.

use super::parser::{Closer, MAX_DEPTH, Parser};
use super::{Flaw, ShellScript, ShellWord};

/// How far the end of `$((…))` is looked for, in bytes.
const ARITHMETIC_BYTES: usize = 1000;

/// A word while it is read.
#[derive(Default)]
struct Draft {
    value: String,
    is_unknown: bool,
    nested: Vec<ShellScript>,
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
                '$' => self.dollar(&mut draft, depth),
                '`' => self.substitution(&mut draft, Closer::Backquote, depth),
                _ => draft.value.push(letter),
            }
        }
        self.finish(start, draft, is_process)
    }

    fn finish(&self, start: usize, draft: Draft, is_process: bool) -> ShellWord {
        ShellWord {
            raw: self.text.get(start..self.position).unwrap_or_default().into(),
            value: (!draft.is_unknown).then(|| draft.value.into()),
            span: self.source.span(start, self.position),
            nested: draft.nested,
            is_process,
            offset: start,
        }
    }

    fn escaped(&mut self, draft: &mut Draft) {
        if self.starts_with("\r\n") {
            self.position += 2;
            return;
        }
        match self.take() {
            Some('\n') | None => {}
            Some(letter) => draft.value.push(letter),
        }
    }

    fn single_quoted(&mut self, draft: &mut Draft) {
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
        while let Some(letter) = self.take() {
            match letter {
                '"' => return,
                '\\' => match self.peek() {
                    Some('"' | '\\' | '$' | '`' | '\n') => self.escaped(draft),
                    _ => draft.value.push('\\'),
                },
                '$' => self.dollar(draft, depth),
                '`' => self.substitution(draft, Closer::Backquote, depth),
                _ => draft.value.push(letter),
            }
        }
        self.flaw = Some(Flaw::Unclosed);
    }

    /// What follows a `$`.
    fn dollar(&mut self, draft: &mut Draft, depth: usize) {
        match self.peek() {
            Some('(') => {
                draft.is_unknown = true;
                self.position += 1;
                if !self.arithmetic() {
                    self.substitution(draft, Closer::Parenthesis, depth);
                }
            }
            Some('{') => {
                draft.is_unknown = true;
                self.position += 1;
                self.braced(draft, depth + 1);
            }
            Some('\'') => {
                self.position += 1;
                self.ansi_quoted(draft);
            }
            Some(letter) if letter.is_ascii_alphanumeric() || letter == '_' => {
                draft.is_unknown = true;
                let rest = self.rest();
                let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
                self.position += length;
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                draft.is_unknown = true;
                self.position += 1;
            }
            _ => draft.value.push('$'),
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
        while let Some(letter) = self.take() {
            match letter {
                '}' if !in_double => return,
                '"' => in_double = !in_double,
                '\'' if !in_double => self.single_quoted(draft),
                '\\' => drop(self.take()),
                '$' => self.dollar(draft, depth),
                '`' => self.substitution(draft, Closer::Backquote, depth),
                _ => {}
            }
        }
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
