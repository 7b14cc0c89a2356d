//! What a scalar means: the reading of YAML 1.1 that Kubernetes gives it, through JSON.
//!
//! **Invariant**: only plain scalars and tagged ones are ever anything but text.
//!
//! # Source
//! The resolution rules of the YAML 1.1 reader behind `sigs.k8s.io/yaml`, measured with `kubectl annotate --local`.

use super::super::node::Value;

/// How a scalar stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// After `|` or `>`.
    Block,
}

/// Reads a scalar. `tag` is the name of a core tag, such as `str`; `Some("")` stands for any other tag.
pub(super) fn resolve(text: &str, style: Style, tag: Option<&str>) -> Value {
    if style != Style::Block && is_templated(text) {
        return Value::Unknown(text.into());
    }
    match tag {
        None if style == Style::Plain => plain(text),
        Some("int" | "float" | "bool" | "null") => plain(text),
        _ => Value::String(text.into()),
    }
}

/// Whether a text holds `{{ … }}`, `${…}` or the `<< inputs… >>` of Flux Operator, or is `$NAME` as a whole. `$$` is an
/// escaped dollar sign.
pub(super) fn is_templated(text: &str) -> bool {
    text.contains("{{") || holds_expansion(text) || is_variable(text) || holds_input(text)
}

fn holds_input(text: &str) -> bool {
    let is_input = |(at, mark): (usize, &str)| {
        text.get(at + mark.len()..).is_some_and(|rest| rest.trim_start().starts_with("inputs") && rest.contains(">>"))
    };
    text.match_indices("<<").any(is_input)
}

fn holds_expansion(text: &str) -> bool {
    let mut dollars = 0;
    text.bytes().any(|byte| {
        let opens = byte == b'{' && dollars % 2 == 1;
        dollars = if byte == b'$' { dollars + 1 } else { 0 };
        opens
    })
}

fn is_variable(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.chars().all(|next| next.is_ascii_alphanumeric() || next == '_')
    })
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => number(text).unwrap_or_else(|| Value::String(text.into())),
    }
}

fn number(text: &str) -> Option<Value> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) || text.len() > 400 {
        return None;
    }
    let digits = text.replace('_', "");
    integer(&digits).or_else(|| float(&digits))
}

/// `[+-](0x|0b|0o|0)?digits`; what exceeds 64 bits is a float, as in JSON.
fn integer(digits: &str) -> Option<Value> {
    let (negative, unsigned) = match digits.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, digits.strip_prefix('+').unwrap_or(digits)),
    };
    let (radix, body) = radix_of(unsigned);
    if body.is_empty() || !body.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let magnitude = i128::from_str_radix(body, radix).ok()?;
    let value = if negative { -magnitude } else { magnitude };
    if let Ok(fits) = i64::try_from(value) {
        return Some(Value::Int(fits));
    }
    // A decimal that is too long falls through to the float reader; other bases are text there.
    u64::try_from(value).ok().and_then(|wide| wide.to_string().parse().ok()).map(Value::Float)
}

fn radix_of(unsigned: &str) -> (u32, &str) {
    let bytes = unsigned.as_bytes();
    match (bytes.first(), bytes.get(1)) {
        (Some(b'0'), Some(b'x' | b'X')) => (16, unsigned.get(2..).unwrap_or_default()),
        (Some(b'0'), Some(b'b' | b'B')) => (2, unsigned.get(2..).unwrap_or_default()),
        (Some(b'0'), Some(b'o' | b'O')) => (8, unsigned.get(2..).unwrap_or_default()),
        (Some(b'0'), Some(_)) => (8, unsigned.get(1..).unwrap_or_default()),
        _ => (10, unsigned),
    }
}

/// `[+-](.digits|digits[.digits])[e[+-]digits]`.
fn float(digits: &str) -> Option<Value> {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let exponent_is_number = exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits));
    if !has_digits || !all_digits(whole) || !all_digits(fraction) || !exponent_is_number {
        return None;
    }
    digits.parse().ok().map(Value::Float)
}

/// The text of a scalar when it is a key, as JSON writes it.
pub(super) fn key_text(value: &Value, raw: &str) -> Box<str> {
    match value {
        Value::Bool(value) => value.to_string().into(),
        Value::Int(value) => value.to_string().into(),
        Value::Float(value) => value.to_string().into(),
        _ => raw.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(format!("{:?}", resolve(text, Style::Plain, None)), expected, "{text}");
    }

    #[test]
    fn plain_scalars_read_as_kubernetes_reads_them() {
        for text in ["on", "yes", "y", "TRUE"] {
            check(text, "Bool(true)");
        }
        for text in ["off", "n", "No", "false"] {
            check(text, "Bool(false)");
        }
        check("017", "Int(15)");
        check("0o17", "Int(15)");
        check("0b11", "Int(3)");
        check("0x1F", "Int(31)");
        check("1_000", "Int(1000)");
        check("-12", "Int(-12)");
        check("+12", "Int(12)");
        check("08", "Float(8.0)");
        check("1e3", "Float(1000.0)");
        check(".5", "Float(0.5)");
        check("1.", "Float(1.0)");
        check("18446744073709551615", "Float(1.8446744073709552e19)");
        check("99999999999999999999999999", "Float(1e26)");
        check("~", "Null");
        check("", "Null");
    }

    #[test]
    fn what_only_looks_like_a_number_is_text() {
        for text in
            ["2024-01-02", "12:30:45", "1.2.3", "-", "+", ".", "e3", "0x", "0xZZ", "1e", "Infinity", "nan", "+nan"]
        {
            check(text, &format!("String({text:?})"));
        }
    }

    #[test]
    fn quotes_and_tags_decide() {
        let read = |text, style, tag| format!("{:?}", resolve(text, style, tag));
        assert_eq!(read("yes", Style::Quoted, None), "String(\"yes\")");
        assert_eq!(read("12", Style::Plain, Some("str")), "String(\"12\")");
        assert_eq!(read("12", Style::Quoted, Some("int")), "Int(12)");
        assert_eq!(read("12", Style::Plain, Some("")), "String(\"12\")");
    }

    #[test]
    fn templates_are_unknown_unless_in_a_block() {
        for (text, expected) in [
            ("${TAG}", true),
            ("a:${TAG:-latest}", true),
            ("{{ .Values.x }}", true),
            ("app-<< inputs.id >>", true),
            ("<<inputs.tag>>", true),
            ("cat << EOF >> x", false),
            ("cat << inputs", false),
            ("$TAG", true),
            ("$(TAG)", false),
            ("$${TAG}", false),
            ("$$${TAG}", true),
            ("costs $5", false),
            ("$", false),
        ] {
            assert_eq!(is_templated(text), expected, "{text}");
        }
        assert_eq!(format!("{:?}", resolve("${X}", Style::Block, None)), "String(\"${X}\")");
    }
}
