//! The reading of commands and pipelines.
//!
//! Invariant: one pass over the text; the only text that is read twice is that of `sh -c`, within a budget.

use super::draft::{self, Draft};
use super::variables::Variables;
use super::{Assignment, Flaw, Pipeline, Redirect, ShellScript, ShellWord};
use crate::scan::document::dockerfile::source::Source;
use crate::scan::span::Span;

/// The deepest nesting of substitutions and groups.
pub(super) const MAX_DEPTH: usize = 24;

/// What ends a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closer {
    End,
    Parenthesis,
    Backquote,
}

pub(super) struct Parser<'a> {
    pub(super) source: &'a Source,
    pub(super) variables: &'a Variables,
    pub(super) text: &'a str,
    pub(super) position: usize,
    pub(super) end: usize,
    pub(super) flaw: Option<Flaw>,
    comments: Vec<Span>,
    /// How many bytes may still be read a second time.
    budget: usize,
    /// The closing words of here-documents whose bodies begin at the next line.
    heredocs: Vec<(Box<str>, bool)>,
    /// Whether a here-document had no end, so that no further end is looked for.
    is_endless: bool,
}

/// Operators of redirections, longest first.
const REDIRECTS: [&str; 11] = ["&>>", "<<<", "<<-", "&>", "<<", ">>", "<&", ">&", "<>", ">|", "<"];

/// Words that join the parts of compound commands; what follows is a command of its own.
const JOINTS: [&str; 6] = ["then", "else", "elif", "do", "!", "time"];

pub(super) fn parse(source: &Source, variables: &Variables) -> ShellScript {
    let text = source.text();
    let mut parser = Parser {
        source,
        variables,
        text,
        position: 0,
        end: text.len(),
        flaw: None,
        comments: Vec::new(),
        budget: text.len().saturating_mul(2),
        heredocs: Vec::new(),
        is_endless: false,
    };
    let mut script = parser.script(Closer::End, 0);
    script.comments = parser.comments;
    script.flaw = parser.flaw;
    script
}

impl Parser<'_> {
    pub(super) fn rest(&self) -> &str {
        self.text.get(self.position..self.end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.position += letter.len_utf8();
        Some(letter)
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn script(&mut self, closer: Closer, depth: usize) -> ShellScript {
        let mut draft = Draft::default();
        loop {
            self.blank();
            let Some(letter) = self.peek() else {
                if closer != Closer::End {
                    self.flaw = self.flaw.or(Some(Flaw::Unclosed));
                }
                break;
            };
            let closes =
                (letter == ')' && closer == Closer::Parenthesis) || (letter == '`' && closer == Closer::Backquote);
            if closes && !Self::ends_pattern(letter, &draft) {
                self.position += 1;
                break;
            }
            self.step(letter, closer, depth, &mut draft);
        }
        self.end_pipeline(depth, &mut draft);
        ShellScript { pipelines: draft.finish(), comments: Vec::new(), flaw: None }
    }

    /// Whether a closing bracket ends the pattern of a `case` and not the script.
    fn ends_pattern(letter: char, draft: &Draft) -> bool {
        letter == ')' && draft.cases > 0 && draft.command.words.len() == 1
    }

    fn step(&mut self, letter: char, closer: Closer, depth: usize, draft: &mut Draft) {
        match letter {
            '\n' => {
                self.position += 1;
                self.end_pipeline(depth, draft);
                self.heredoc_bodies();
            }
            '#' => self.comment(),
            '&' if self.starts_with("&>") => self.redirect(closer, depth, draft),
            ';' | '&' => {
                self.position += 1;
                self.end_pipeline(depth, draft);
            }
            '|' if self.starts_with("||") => {
                self.position += 2;
                self.end_pipeline(depth, draft);
            }
            '|' => {
                self.position += if self.starts_with("|&") { 2 } else { 1 };
                self.end_command(depth, draft);
            }
            '<' | '>' if !self.starts_with("<(") && !self.starts_with(">(") => self.redirect(closer, depth, draft),
            '(' => self.group(depth, draft),
            ')' => {
                self.position += 1;
                draft.forget_command();
            }
            _ => self.next_word(closer, depth, draft),
        }
    }

    /// White space and continued lines.
    fn blank(&mut self) {
        loop {
            let rest = self.rest();
            let length = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
            let after = rest.get(length..).unwrap_or_default();
            let joined = ["\\\n", "\\\r\n"].into_iter().find(|joined| after.starts_with(joined)).map_or(0, str::len);
            self.position += length + joined;
            if joined == 0 {
                return;
            }
        }
    }

    fn comment(&mut self) {
        let rest = self.rest();
        let length = rest.find('\n').unwrap_or(rest.len());
        self.comments.push(self.source.span(self.position, self.position + length));
        self.position += length;
    }

    fn group(&mut self, depth: usize, draft: &mut Draft) {
        self.position += 1;
        if !draft.command.words.is_empty() {
            draft.forget_command();
            return;
        }
        if depth >= MAX_DEPTH {
            self.flaw = Some(Flaw::TooDeep);
            return;
        }
        let start = self.position - 1;
        let script = self.script(Closer::Parenthesis, depth + 1);
        draft.command.inner = Some(Box::new(script));
        draft.touch(start, self.position);
    }

    fn redirect(&mut self, closer: Closer, depth: usize, draft: &mut Draft) {
        let start = self.position;
        let operator = REDIRECTS.into_iter().find(|operator| self.starts_with(operator)).unwrap_or(">");
        self.position += operator.len();
        self.blank();
        let target = self.word(closer, depth);
        if matches!(operator, "<<" | "<<-") && !target.raw.is_empty() {
            let name: String = target.raw.chars().filter(|letter| !matches!(letter, '"' | '\'' | '\\')).collect();
            self.heredocs.push((name.into(), operator == "<<-"));
        }
        draft.touch(start, self.position);
        let is_other_output = std::mem::take(&mut draft.is_other_output);
        draft.command.redirects.push(Redirect { operator, target, is_other_output });
    }

    /// Skips the bodies of here-documents inside the text; one that never ends is read as commands.
    fn heredoc_bodies(&mut self) {
        for (name, strips_tabs) in std::mem::take(&mut self.heredocs) {
            if self.is_endless {
                return;
            }
            let rest = self.rest();
            let mut offset = 0;
            let end = rest.split_inclusive('\n').find_map(|line| {
                offset += line.len();
                let body = line.trim_end_matches(['\n', '\r']);
                let body = if strips_tabs { body.trim_start_matches('\t') } else { body };
                (*body == *name).then_some(offset)
            });
            self.position += end.unwrap_or_default();
            if end.is_none() {
                self.flaw = Some(Flaw::Unclosed);
                self.is_endless = true;
            }
        }
    }

    fn next_word(&mut self, closer: Closer, depth: usize, draft: &mut Draft) {
        let start = self.position;
        let word = self.word(closer, depth);
        if self.position == start {
            self.take();
            return;
        }
        let is_descriptor = word.raw.bytes().all(|byte| byte.is_ascii_digit());
        if is_descriptor && matches!(self.peek(), Some('<' | '>')) {
            draft.is_other_output = &*word.raw != "1" && self.peek() == Some('>');
            return;
        }
        if draft.command.words.is_empty() {
            if JOINTS.contains(&&*word.raw) {
                return;
            }
            if let Some(closer) = draft::closer_of(&word.raw) {
                draft.open(closer, start, depth);
                if !draft::has_header(&word.raw) {
                    return;
                }
            } else if draft::is_closer(&word.raw) {
                draft.cases = draft.cases.saturating_sub(usize::from(&*word.raw == "esac"));
                self.end_pipeline(depth, draft);
                draft.close(&word.raw, self.position);
                return;
            }
            if let Some(assignment) = self.assignment(&word, start) {
                draft.touch(start, self.position);
                draft.command.assignments.push(assignment);
                return;
            }
        }
        draft.touch(start, self.position);
        if word.fields.is_some() {
            draft.command.words.extend(word.into_fields());
            return;
        }
        let ends_case = &*word.raw == "in" && draft.command.words.first().is_some_and(|first| &*first.raw == "case");
        draft.command.words.push(word);
        if ends_case {
            draft.cases += 1;
            self.end_pipeline(depth, draft);
        }
    }

    fn assignment(&self, word: &ShellWord, start: usize) -> Option<Assignment> {
        let (name, raw) = word.raw.split_once('=')?;
        let name = name.strip_suffix('+').unwrap_or(name);
        let mut letters = name.bytes();
        let fits = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = ShellWord {
            raw: raw.into(),
            value: word.value.as_ref().and_then(|value| Some(value.split_once('=')?.1.into())),
            span: self.source.span(start + word.raw.len() - raw.len(), start + word.raw.len()),
            nested: word.nested.clone(),
            ..ShellWord::default()
        };
        fits.then(|| Assignment { name: name.into(), value })
    }

    fn end_command(&mut self, depth: usize, draft: &mut Draft) {
        let mut command = std::mem::take(&mut draft.command);
        let Some(start) = draft.start.take() else { return };
        command.span = self.source.span(start, draft.end);
        if let Some((from, to)) = command.quoted_code() {
            command.inner = self.again(from, to, depth);
        }
        draft.pipeline.push(command);
    }

    fn end_pipeline(&mut self, depth: usize, draft: &mut Draft) {
        self.end_command(depth, draft);
        draft.pipelines.extend(Pipeline::of(std::mem::take(&mut draft.pipeline)));
    }

    /// Reads the bytes from `from` to `to`, the text of a `sh -c`, as a script.
    fn again(&mut self, from: usize, to: usize, depth: usize) -> Option<Box<ShellScript>> {
        let length = to.saturating_sub(from);
        if depth >= MAX_DEPTH || length > self.budget {
            self.flaw = Some(Flaw::TooDeep);
            return None;
        }
        self.budget -= length;
        let mut parser = Parser {
            source: self.source,
            variables: self.variables,
            text: self.text,
            position: from,
            end: to,
            flaw: None,
            comments: Vec::new(),
            budget: self.budget,
            heredocs: Vec::new(),
            is_endless: self.is_endless,
        };
        let script = parser.script(Closer::End, depth + 1);
        self.budget = parser.budget;
        self.flaw = self.flaw.or(parser.flaw.filter(|flaw| *flaw == Flaw::TooDeep));
        Some(Box::new(script))
    }
}
