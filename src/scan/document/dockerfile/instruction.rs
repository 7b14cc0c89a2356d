//! One instruction: its keyword, flags and arguments.
//!
//! Invariant: the form of the arguments (JSON, shell, words, pairs) is the one the builder would choose.

use std::collections::HashMap;
use std::sync::Arc;

use super::heredoc::Heredoc;
use super::keyword::Keyword;
use super::lines::LogicalLine;
use super::problems::Problems;
use super::source::Source;
use super::stage::Origin;
use super::word::{self, RawWord, Word};
use crate::scan::document::shell::ShellScript;
use crate::scan::problem::Cause;
use crate::scan::span::Span;

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// What it does.
    pub keyword: Keyword,
    /// The place of the keyword.
    pub keyword_span: Span,
    /// The whole instruction, here-documents included.
    pub span: Span,
    /// The index of its stage; `None` before the first FROM.
    pub stage: Option<usize>,
    /// Whether it runs only in builds that start from this image (ONBUILD).
    pub on_build: bool,
    /// The flags before the arguments.
    pub flags: Vec<Flag>,
    /// The arguments.
    pub arguments: Arguments,
    /// The here-documents.
    pub heredocs: Vec<Heredoc>,
    /// The images and stages it takes files from.
    pub origins: Vec<Origin>,
    /// The shell texts that RUN, CMD, ENTRYPOINT or HEALTHCHECK executes: its line, and here-documents that a shell
    /// reads.
    pub scripts: Vec<ShellScript>,
    /// What the shell of a RUN finds set, where its value is certain: the variables that its text asks for.
    pub variables: HashMap<Box<str>, Arc<str>>,
}

/// A flag: `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name in lower case, without dashes.
    pub name: Box<str>,
    /// The value.
    pub value: Option<Word>,
    /// The keys of a `--mount`, in order.
    pub parameters: Vec<Pair>,
    /// The whole flag.
    pub span: Span,
}

/// A key with its value: `ENV key=value`, `ARG key`, `type=bind` of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The key.
    pub key: Word,
    /// The value; `None` when only the key is written.
    pub value: Option<Word>,
}

/// The arguments of an instruction.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// A command line for the shell.
    Shell(Source),
    /// A JSON array.
    Json(Vec<Word>),
    /// Words, parted by white space.
    Words(Vec<Word>),
    /// Keys with their values.
    Pairs(Vec<Pair>),
}

impl Instruction {
    /// The flag called `name`; of several the last counts.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| &*flag.name == name)
    }

    /// The words of the JSON or word form; empty for others.
    pub fn words(&self) -> &[Word] {
        match &self.arguments {
            Arguments::Json(words) | Arguments::Words(words) => words,
            Arguments::Shell(_) | Arguments::Pairs(_) => &[],
        }
    }

    /// The pairs; empty for other forms.
    pub fn pairs(&self) -> &[Pair] {
        match &self.arguments {
            Arguments::Pairs(pairs) => pairs,
            Arguments::Shell(_) | Arguments::Json(_) | Arguments::Words(_) => &[],
        }
    }
}

struct Parser<'a> {
    source: &'a Source,
    escape: char,
    position: usize,
}

/// Reads one logical line; `None` when its keyword is unknown, which is a problem.
pub(super) fn parse(line: LogicalLine, escape: char, problems: &mut Problems<'_>) -> Option<Instruction> {
    let mut parser = Parser { source: &line.source, escape, position: 0 };
    let mut on_build = false;
    let (keyword, keyword_span) = loop {
        let Some(word) = parser.plain() else {
            problems.add(Cause::Syntax, line.span.start, "ONBUILD without an instruction; add one");
            return None;
        };
        let name = parser.text(word);
        let span = line.source.span(word.start, word.end);
        if name.eq_ignore_ascii_case("onbuild") && !on_build {
            on_build = true;
            continue;
        }
        let Some(keyword) = Keyword::of(name) else {
            problems.add_with(Cause::Syntax, span.start, || unknown_instruction(name));
            return None;
        };
        break (keyword, span);
    };
    let flags = parser.flags(keyword);
    let arguments = parser.arguments(keyword);
    let instruction = Instruction {
        keyword,
        keyword_span,
        span: line.span,
        stage: None,
        on_build,
        flags,
        arguments,
        heredocs: line.heredocs,
        origins: Vec::new(),
        scripts: Vec::new(),
        variables: HashMap::new(),
    };
    check(&instruction, problems);
    Some(instruction)
}

fn unknown_instruction(name: &str) -> String {
    match Keyword::near(name) {
        Some(near) => format!("unknown instruction; did you mean {near}? It was not judged"),
        None => "unknown instruction; it was not judged".to_owned(),
    }
}

fn check(instruction: &Instruction, problems: &mut Problems<'_>) {
    let is_empty = match &instruction.arguments {
        Arguments::Shell(source) => source.text().trim().is_empty(),
        Arguments::Json(words) => {
            words.is_empty() && !matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint)
        }
        Arguments::Words(words) => words.is_empty(),
        Arguments::Pairs(pairs) => pairs.is_empty(),
    };
    if is_empty && !(instruction.keyword == Keyword::Cmd || instruction.keyword == Keyword::Entrypoint) {
        let message = format!("{} without arguments; add them", instruction.keyword);
        problems.add(Cause::Syntax, instruction.keyword_span.start, message);
    }
}

impl<'a> Parser<'a> {
    fn text(&self, word: RawWord) -> &'a str {
        self.source.text().get(word.start..word.end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.source.text().get(self.position..).unwrap_or_default()
    }

    /// The next run of characters that are no white space.
    fn plain(&mut self) -> Option<RawWord> {
        let rest = self.rest();
        let start = self.position + (rest.len() - rest.trim_start().len());
        let body = self.source.text().get(start..)?;
        let length = body.find(char::is_whitespace).unwrap_or(body.len());
        self.position = start + length;
        (length > 0).then_some(RawWord { start, end: start + length, closed: true })
    }

    fn flags(&mut self, keyword: Keyword) -> Vec<Flag> {
        let mut flags = Vec::new();
        if !takes_flags(keyword) {
            return flags;
        }
        while self.rest().trim_start().starts_with("--") {
            let Some(raw) = word::next_quoted(self.source.text(), self.position, self.escape) else { break };
            self.position = raw.end;
            if self.text(raw) == "--" {
                break;
            }
            flags.push(self.flag(raw));
        }
        flags
    }

    fn flag(&self, raw: RawWord) -> Flag {
        let text = self.text(raw);
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(Word::unexpanded(self.source, raw.end - value.len(), raw.end))),
            None => (text, None),
        };
        let name: Box<str> = name.trim_start_matches('-').to_ascii_lowercase().into();
        let parameters = match &value {
            Some(value) if &*name == "mount" => self.parameters(raw.end - value.raw.len(), raw.end),
            _ => Vec::new(),
        };
        Flag { name, value, parameters, span: self.source.span(raw.start, raw.end) }
    }

    /// The fields of a comma-separated `key=value` list; commas inside double quotes part nothing.
    fn parameters(&self, start: usize, end: usize) -> Vec<Pair> {
        let text = self.source.text().get(start..end).unwrap_or_default();
        let mut quoted = false;
        let mut position = start;
        let mut pairs = Vec::new();
        for field in text.split(|letter| {
            quoted ^= letter == '"';
            letter == ',' && !quoted
        }) {
            let field_end = position + field.len();
            let trimmed = field.trim_matches('"');
            let field_start = position + (field.len() - field.trim_start_matches('"').len());
            if !trimmed.is_empty() {
                pairs.push(self.pair(field_start, field_start + trimmed.len()));
            }
            position = field_end + 1;
        }
        pairs
    }

    fn pair(&self, start: usize, end: usize) -> Pair {
        let text = self.source.text().get(start..end).unwrap_or_default();
        match text.find('=') {
            Some(at) => Pair {
                key: Word::unexpanded(self.source, start, start + at),
                value: Some(Word::unexpanded(self.source, start + at + 1, end)),
            },
            None => Pair { key: Word::unexpanded(self.source, start, end), value: None },
        }
    }

    fn arguments(&mut self, keyword: Keyword) -> Arguments {
        if keyword == Keyword::Healthcheck {
            self.healthcheck();
        }
        if takes_json(keyword)
            && let Some(strings) = word::json_strings(self.source.text(), self.position)
        {
            return Arguments::Json(strings.into_iter().map(|string| self.json_word(string)).collect());
        }
        match keyword {
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Shell => {
                Arguments::Shell(self.source.slice(self.trimmed_start(), self.source.text().trim_end().len()))
            }
            Keyword::Env | Keyword::Label | Keyword::Arg => Arguments::Pairs(self.pairs(keyword)),
            Keyword::User | Keyword::Workdir | Keyword::Maintainer | Keyword::Stopsignal => {
                let (start, end) = (self.trimmed_start(), self.source.text().trim_end().len());
                let words = (start < end).then(|| Word::unexpanded(self.source, start, end));
                Arguments::Words(words.into_iter().collect())
            }
            _ => Arguments::Words(self.words(&word::plain_words(self.source.text(), self.position))),
        }
    }

    /// Leaves only the command of `HEALTHCHECK CMD …`; of `NONE`, the word itself.
    fn healthcheck(&mut self) {
        let start = self.position;
        let is_command = self.plain().is_some_and(|word| self.text(word).eq_ignore_ascii_case("cmd"));
        if !is_command {
            self.position = start;
        }
    }

    fn trimmed_start(&self) -> usize {
        let rest = self.rest();
        self.position + (rest.len() - rest.trim_start().len())
    }

    fn json_word(&self, (start, end, decoded): (usize, usize, String)) -> Word {
        Word { raw: decoded.into(), value: None, span: self.source.span(start, end) }
    }

    fn words(&self, raw: &[RawWord]) -> Vec<Word> {
        raw.iter().map(|raw| Word::unexpanded(self.source, raw.start, raw.end)).collect()
    }

    fn pairs(&self, keyword: Keyword) -> Vec<Pair> {
        let words = word::quoted_words(self.source.text(), self.position, self.escape);
        let is_old_form = words.first().is_some_and(|first| !self.text(*first).contains('='));
        match words.first() {
            Some(first) if is_old_form && keyword != Keyword::Arg => {
                let end = self.source.text().trim_end().len();
                let rest = self.source.text().get(first.end..end).unwrap_or_default();
                let start = end - rest.trim_start().len();
                let value = (start < end).then(|| Word::unexpanded(self.source, start, end));
                vec![Pair { key: Word::unexpanded(self.source, first.start, first.end), value }]
            }
            _ => words.iter().map(|word| self.pair(word.start, word.end)).collect(),
        }
    }
}

pub(super) fn takes_flags(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::From | Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Healthcheck)
}

pub(super) fn takes_json(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::Run
            | Keyword::Cmd
            | Keyword::Entrypoint
            | Keyword::Shell
            | Keyword::Volume
            | Keyword::Copy
            | Keyword::Add
            | Keyword::Healthcheck
    )
}
