//! Rows of SQL: the columns of `INSERT INTO` and the values that stand at their places.
//!
//! Invariant: reads at most [`MAX_BEFORE`] bytes before a column and [`MAX_VALUES`] after the list of columns.

use super::super::call::arguments;
use super::super::passage::Passage;
use super::super::{Extraction, Form};
use super::Named;

/// How far before a column its statement begins, in bytes.
const MAX_BEFORE: usize = 400;
/// How far after the columns values are read, in bytes.
const MAX_VALUES: usize = 4000;
/// Most columns that are counted.
const MAX_COLUMNS: usize = 30;

/// Whether `INTO ` stands anywhere, in one of the cases that people write it in.
pub(super) fn may_have_rows(text: &str) -> bool {
    [&b"into "[..], b"INTO ", b"Into "].iter().any(|word| memchr::memmem::find(text.as_bytes(), word).is_some())
}

/// Judges what the rows of an `INSERT` hold in the column `named`; says whether it is a column of one.
pub(super) fn read(extraction: &mut Extraction, passage: &Passage<'_>, named: &Named<'_>, name: &str) -> bool {
    let text = &*passage.text;
    let after = text.get(named.span.end..).unwrap_or_default();
    if !after.trim_start_matches(['`', '"', ']', ' ', '\n', '\r', '\t']).starts_with([',', ')']) {
        return false;
    }
    let Some(column) = column(text, named.span.start) else { return false };
    let Some(mut position) = rows(text, named.span.end) else { return false };
    let limit = text.floor_char_boundary((position + MAX_VALUES).min(text.len()));
    let text = text.get(..limit).unwrap_or_default();
    while text.as_bytes().get(position) == Some(&b'(') {
        let (values, end) = arguments(text, position + 1, MAX_COLUMNS);
        if let Some(Some(value)) = values.get(column) {
            extraction.pair(passage, name, &value.value, value.span, Form::Setting);
        }
        let rest = text.get(end..).unwrap_or_default();
        let row = rest.strip_prefix(')').map_or("", str::trim_start).strip_prefix(',').map_or("", str::trim_start);
        position = text.len() - row.len();
    }
    true
}

/// How many columns stand before the one at `start`.
fn column(text: &str, start: usize) -> Option<usize> {
    let floor = text.floor_char_boundary(start.saturating_sub(MAX_BEFORE));
    let before = text.get(floor..start)?.to_ascii_lowercase();
    let columns = before.get(before.rfind("into ")?..)?.split_once('(')?.1;
    (!columns.contains(['(', ')', ';', '='])).then(|| columns.matches(',').count())
}

/// Where the first row begins: after what closes the columns and `VALUES`.
fn rows(text: &str, from: usize) -> Option<usize> {
    let ahead = text.get(from..text.floor_char_boundary((from + MAX_BEFORE).min(text.len())))?;
    let (columns, rest) = ahead.split_once(')')?;
    let rest = rest.trim_start();
    let word = rest.get(..6).filter(|word| word.eq_ignore_ascii_case("values"))?;
    let row = rest.get(word.len()..)?.trim_start();
    (!columns.contains('(') && row.starts_with('(')).then(|| from + ahead.len() - row.len())
}
