//! JSON with comments, as editors write it.
//!
//! Invariant: what is left is as long as the text, byte for byte, so that every place stays where it is.

use super::Comment;
use crate::scan::span::Span;

/// The text with its comments as white space, and the comments.
pub(super) fn without_comments(text: &str) -> (String, Vec<Comment>) {
    let bytes = text.as_bytes();
    let (mut comments, mut position) = (Vec::new(), 0);
    while let Some(byte) = bytes.get(position) {
        position = match byte {
            b'"' => string_end(bytes, position),
            b'/' => match comment_end(text, position) {
                Some(end) => {
                    comments.push(comment(text, Span::new(position, end)));
                    end
                }
                None => position + 1,
            },
            _ => position + 1,
        };
    }
    let mut plain = String::with_capacity(text.len());
    let mut copied = 0;
    for Comment { span, .. } in &comments {
        plain.push_str(text.get(copied..span.start).unwrap_or_default());
        let blank =
            span.of(text).bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' });
        plain.extend(blank);
        copied = span.end;
    }
    plain.push_str(text.get(copied..).unwrap_or_default());
    (plain, comments)
}

/// Where the string that begins at `start` ends; a line break ends one that is not closed.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut position = start + 1;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'\\' => position += 2,
            b'"' => return position + 1,
            b'\n' => return position,
            _ => position += 1,
        }
    }
    bytes.len()
}

/// Where the comment that begins at `start` ends, if one does.
fn comment_end(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    if rest.starts_with("//") {
        return Some(start + rest.find(['\n', '\r']).unwrap_or(rest.len()));
    }
    let inside = rest.strip_prefix("/*")?;
    Some(start + inside.find("*/").map_or(rest.len(), |end| end + 4))
}

fn comment(text: &str, span: Span) -> Comment {
    let line = text.get(..span.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    Comment { span, own_line: line.trim().is_empty() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str, comments: &[&str]) {
        let (plain, found) = without_comments(text);
        assert_eq!(plain, expected);
        assert_eq!(found.iter().map(|comment| comment.span.of(text)).collect::<Vec<_>>(), comments);
    }

    #[test]
    fn comments_become_white_space_of_their_length() {
        check("{\"a\": 1} // é", "{\"a\": 1}      ", &["// é"]);
        check("/* a\n b */ {}", "    \n      {}", &["/* a\n b */"]);
        check("{\"u\": \"http://x\"}", "{\"u\": \"http://x\"}", &[]);
        check(r#"{"q": "\"//"} //"#, r#"{"q": "\"//"}   "#, &["//"]);
        check("{ /* open", "{        ", &["/* open"]);
        check("a / b", "a / b", &[]);
        check("", "", &[]);
    }
}
