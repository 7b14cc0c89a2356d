//! Texts: CEL's own functions, cel-go's extension, Kubernetes' regular expressions.
//!
//! Invariant: positions count characters, as in cel-go.

use regex::{Regex, RegexBuilder};

use super::super::operator::bounded;
use super::super::value::Val;
use super::super::{Outcome, error};

const MAX_PATTERN_BYTES: usize = 256 * 1024;

pub(super) fn call(name: &str, values: &[Val]) -> Option<Outcome> {
    Some(match (name, values) {
        ("contains", [Val::String(text), Val::String(part)]) => Ok(Val::Bool(text.contains(&**part))),
        ("startsWith", [Val::String(text), Val::String(part)]) => Ok(Val::Bool(text.starts_with(&**part))),
        ("endsWith", [Val::String(text), Val::String(part)]) => Ok(Val::Bool(text.ends_with(&**part))),
        ("matches", [Val::String(text), Val::String(pattern)]) => {
            compiled(pattern).map(|pattern| Val::Bool(pattern.is_match(text)))
        }
        ("find", [Val::String(text), Val::String(pattern)]) => {
            compiled(pattern).map(|pattern| Val::text(pattern.find(text).map_or("", |found| found.as_str())))
        }
        ("findAll", [Val::String(text), Val::String(pattern)]) => find_all(text, pattern, usize::MAX),
        ("findAll", [Val::String(text), Val::String(pattern), Val::Int(most)]) => {
            find_all(text, pattern, usize::try_from(*most).unwrap_or(usize::MAX))
        }
        ("lowerAscii", [Val::String(text)]) => Ok(Val::text(text.to_ascii_lowercase())),
        ("upperAscii", [Val::String(text)]) => Ok(Val::text(text.to_ascii_uppercase())),
        ("trim", [Val::String(text)]) => Ok(Val::text(text.trim())),
        ("reverse", [Val::String(text)]) => Ok(Val::text(text.chars().rev().collect::<String>())),
        ("strings.quote", [Val::String(text)]) => Ok(Val::text(format!("{text:?}"))),
        ("charAt", [Val::String(text), Val::Int(index)]) => char_at(text, *index),
        ("indexOf", [Val::String(text), Val::String(part)]) => Ok(position(text, part, 0, false)),
        ("indexOf", [Val::String(text), Val::String(part), Val::Int(from)]) => {
            offset(text, *from).map(|from| position(text, part, from, false))
        }
        ("lastIndexOf", [Val::String(text), Val::String(part)]) => Ok(position(text, part, text.len(), true)),
        ("lastIndexOf", [Val::String(text), Val::String(part), Val::Int(until)]) => {
            offset(text, *until).map(|until| position(text, part, until, true))
        }
        ("substring", [Val::String(text), Val::Int(from)]) => {
            offset(text, *from).map(|from| Val::text(text.get(from..).unwrap_or_default()))
        }
        ("substring", [Val::String(text), Val::Int(from), Val::Int(until)]) => {
            match (offset(text, *from), offset(text, *until)) {
                (Ok(from), Ok(until)) if from <= until => Ok(Val::text(text.get(from..until).unwrap_or_default())),
                (Err(stop), _) | (_, Err(stop)) => Err(stop),
                _ => error("substring: the end is before the start"),
            }
        }
        ("replace", [Val::String(text), Val::String(old), Val::String(new)]) => replace(text, old, new, usize::MAX),
        ("replace", [Val::String(text), Val::String(old), Val::String(new), Val::Int(most)]) => {
            replace(text, old, new, usize::try_from(*most).unwrap_or(usize::MAX))
        }
        ("split", [Val::String(text), Val::String(by)]) => Ok(split(text, by, usize::MAX)),
        ("split", [Val::String(text), Val::String(by), Val::Int(most)]) => match usize::try_from(*most) {
            Ok(0) => Ok(Val::list(Vec::new())),
            Ok(most) => Ok(split(text, by, most)),
            Err(_) => Ok(split(text, by, usize::MAX)),
        },
        ("join", [list]) if list.items().is_some() => join(list, ""),
        ("join", [list, Val::String(by)]) if list.items().is_some() => join(list, by),
        ("format", [Val::String(text), list]) if list.items().is_some() => format(text, list),
        _ => return None,
    })
}

/// Compiles `pattern` in the dialect that RE2 and we share.
fn compiled(pattern: &str) -> Result<Regex, super::super::Stop> {
    let built = RegexBuilder::new(pattern).size_limit(MAX_PATTERN_BYTES).build();
    built.or_else(|_| error(format!("{pattern:?} is no pattern that we can read")))
}

fn find_all(text: &str, pattern: &str, most: usize) -> Outcome {
    let found = compiled(pattern)?;
    Ok(Val::list(found.find_iter(text).take(most).map(|found| Val::text(found.as_str())).collect()))
}

/// The byte at which the character `index` begins.
fn offset(text: &str, index: i64) -> Result<usize, super::super::Stop> {
    let index = usize::try_from(index).or_else(|_| error("index out of range"))?;
    let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
    starts.into_iter().nth(index).map_or_else(|| error("index out of range"), Ok)
}

fn char_at(text: &str, index: i64) -> Outcome {
    let from = offset(text, index)?;
    Ok(Val::text(text.get(from..).and_then(|rest| rest.chars().next()).map(String::from).unwrap_or_default()))
}

/// Where `part` stands: the first from byte `at` on, or the last that begins at or before it.
fn position(text: &str, part: &str, at: usize, is_last: bool) -> Val {
    let found = if is_last {
        text.rmatch_indices(part).map(|(start, _)| start).find(|start| *start <= at)
    } else {
        text.get(at..).and_then(|rest| rest.find(part)).map(|start| start + at)
    };
    let characters = |start: usize| text.get(..start).map_or(0, |before| before.chars().count());
    found.map_or(Val::Int(-1), |start| Val::from(characters(start)))
}

fn replace(text: &str, old: &str, new: &str, most: usize) -> Outcome {
    if new.len().saturating_mul(text.matches(old).count().min(most)) > 4 << 20 {
        return Err(super::super::Stop::Budget);
    }
    bounded(text.replacen(old, new, most))
}

fn split(text: &str, by: &str, most: usize) -> Val {
    let parts: Vec<Val> = match by {
        "" => text.chars().map(|letter| Val::text(letter.to_string())).collect(),
        by => text.splitn(most, by).map(Val::text).collect(),
    };
    Val::list(parts)
}

fn join(list: &Val, by: &str) -> Outcome {
    let mut texts = Vec::new();
    for item in list.items().unwrap_or_default() {
        match item? {
            Val::String(text) => texts.push(text),
            other => return error(format!("no such overload: join of {}", other.type_name())),
        }
    }
    bounded(texts.join(by))
}

/// What `bool('…')` takes for true or false.
pub(in super::super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "t" | "1" => Some(true),
        "false" | "False" | "FALSE" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// A value as `string(…)` and `%s` write it; `None` when it has no such form.
pub(in super::super) fn shown(value: &Val) -> Option<String> {
    Some(match value {
        Val::Null => "null".to_owned(),
        Val::Bool(value) => value.to_string(),
        Val::Int(value) => value.to_string(),
        Val::Uint(value) => value.to_string(),
        Val::Double(value) => value.to_string(),
        Val::String(text) => text.to_string(),
        Val::Type(name) => name.to_string(),
        Val::Ip(address) => address.to_string(),
        Val::Cidr(address, length) => format!("{address}/{length}"),
        Val::Url(url) => url.text.clone(),
        Val::Semver(version) => version.to_string(),
        Val::Duration(nanos) => format!("{}s", nanos / 1_000_000_000),
        Val::Timestamp(nanos) => super::time::shown(*nanos),
        _ => return None,
    })
}

/// `'%s of %d'.format([…])`.
fn format(text: &str, list: &Val) -> Outcome {
    let mut items = list.items().unwrap_or_default().into_iter();
    let (mut out, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let (mut digits, mut verb) = (String::new(), letters.next());
        while let Some(part @ ('.' | '0'..='9')) = verb {
            digits.push(part);
            verb = letters.next();
        }
        if verb == Some('%') {
            out.push('%');
            continue;
        }
        let Some(item) = items.next() else { return error("format: too few values") };
        let precision =
            digits.strip_prefix('.').and_then(|digits| digits.parse::<usize>().ok()).map(|digits| digits.min(60));
        match verb.and_then(|verb| written(verb, precision, &item)) {
            Some(part) => out.push_str(&part?),
            None => return error("format: a value does not fit its place"),
        }
    }
    bounded(out)
}

type Written = Result<String, super::super::Stop>;

fn written(verb: char, precision: Option<usize>, item: &Outcome) -> Option<Written> {
    let value = match item {
        Ok(value) => value,
        Err(stop) => return Some(Err(stop.clone())),
    };
    Some(Ok(match (verb, value) {
        ('s', value) => return Some(spelled(value)),
        ('d', Val::Int(number)) => number.to_string(),
        ('d', Val::Uint(number)) => number.to_string(),
        ('d', Val::Double(number)) => number.to_string(),
        ('f', value) => format!("{:.*}", precision.unwrap_or(6), value.number()?),
        ('e', value) => format!("{:.*e}", precision.unwrap_or(6), value.number()?),
        ('b', Val::Bool(value)) => u8::from(*value).to_string(),
        ('b', Val::Int(number)) => format!("{number:b}"),
        ('x', Val::Int(number)) => format!("{number:x}"),
        ('X', Val::Int(number)) => format!("{number:X}"),
        ('o', Val::Int(number)) => format!("{number:o}"),
        ('x', Val::String(text)) => text.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
        _ => return None,
    }))
}

/// A value as `%s` writes it, lists and maps included.
fn spelled(value: &Val) -> Written {
    if let Some(text) = shown(value) {
        return Ok(text);
    }
    if let Some(items) = value.items() {
        let parts: Result<Vec<_>, _> = items.into_iter().map(|item| spelled(&item?)).collect();
        return Ok(format!("[{}]", parts?.join(", ")));
    }
    let Some(keys) = value.keys() else { return error("format: a value that has no text") };
    let mut parts = Vec::new();
    for key in keys {
        let value = value.get(&key).unwrap_or(Ok(Val::Null))?;
        parts.push(format!("{}: {}", spelled(&key)?, spelled(&value)?));
    }
    parts.sort();
    Ok(format!("{{{}}}", parts.join(", ")))
}
