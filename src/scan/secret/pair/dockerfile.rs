//! Pairs in Dockerfiles: ENV, ARG and LABEL, and the command lines of the others.
//!
//! Invariant: values are those that the builder would see, at their places.

use super::dialect::Dialect;
use super::passage::Passage;
use super::{Extraction, Form, command, text};
use crate::scan::document::dockerfile::{Arguments, Dockerfile, Instruction, Keyword, Word};
use crate::scan::span::Span;

/// Reads all instructions.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, dockerfile: &Dockerfile) {
    for instruction in &dockerfile.instructions {
        match &instruction.arguments {
            Arguments::Pairs(pairs) => {
                for pair in pairs {
                    if let Some(value) = &pair.value {
                        variable(extraction, passage, pair.key.shown(), value);
                    }
                }
            }
            Arguments::Json(words) => {
                let words: Vec<(&str, Span)> =
                    words.iter().map(|word| (&*word.raw, unquoted(passage, word.span))).collect();
                command::list(extraction, passage, &words);
                for (_, span) in words {
                    extraction.deeper(|extraction| text::read(extraction, &passage.part(span), Dialect::Inline));
                }
            }
            Arguments::Shell(_) => shell(extraction, passage, instruction),
            Arguments::Words(_) => {
                let is_script = matches!(
                    instruction.keyword,
                    Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck
                );
                if is_script {
                    shell(extraction, passage, instruction);
                } else {
                    inline(extraction, passage, instruction);
                }
            }
        }
    }
}

fn variable(extraction: &mut Extraction, passage: &Passage<'_>, name: &str, value: &Word) {
    let span = unquoted(passage, value.span);
    let text = match &value.value {
        Some(known) if !value.raw.contains('$') => &**known,
        _ => span.of(&passage.text),
    };
    if !extraction.pair(passage, name, text, span, Form::Setting) {
        extraction.deeper(|extraction| text::read(extraction, &passage.part(span), Dialect::Inline));
    }
}

fn shell(extraction: &mut Extraction, passage: &Passage<'_>, instruction: &Instruction) {
    extraction.deeper(|extraction| text::read(extraction, &passage.part(instruction.span), Dialect::Shell));
}

fn inline(extraction: &mut Extraction, passage: &Passage<'_>, instruction: &Instruction) {
    extraction.deeper(|extraction| text::read(extraction, &passage.part(instruction.span), Dialect::Inline));
}

/// The place of a word without its quotes.
fn unquoted(passage: &Passage<'_>, span: Span) -> Span {
    let raw = span.of(&passage.text);
    let is_quoted = ["\"", "'"].iter().any(|quote| raw.len() > 1 && raw.starts_with(quote) && raw.ends_with(quote));
    if is_quoted { Span::new(span.start + 1, span.end - 1) } else { span }
}
