//! Values that stand for one that is elsewhere or is filled in later.
//!
//! Invariant: a reference with a literal default is told apart, since the default is a value.

/// Marks of a template or a variable, anywhere in a value.
const MARKS: &[&str] = &[
    "${",
    "$__",
    "{{",
    "$(",
    "#{",
    "%{",
    "<%",
    "[[",
    "$[",
    "{%",
    "@@",
    "((",
    "process.env",
    "os.environ",
    "os.getenv",
    "getenv(",
    "System.getenv",
    "secrets.",
    "lookup(",
];

/// What references to a store, a file or the environment begin with, in lower case.
const PREFIXES: &[&str] = &[
    "op://",
    "vault:",
    "vault://",
    "!vault",
    "ref+",
    "secretref",
    "secretsmanager:",
    "ssm:",
    "ssm://",
    "aws-ssm",
    "awsssm",
    "aws:secretsmanager",
    "aws_secret",
    "arn:",
    "gcpsm:",
    "gcp-secret",
    "gsm:",
    "sm://",
    "akv:",
    "akvs",
    "azurekeyvault",
    "keyvault:",
    "@microsoft.keyvault(",
    "file:",
    "file://",
    "env:",
    "env.",
    "envvar:",
    "bao:",
    "openbao:",
    "awssm:",
    "doppler:",
    "infisical:",
    "bws:",
    "bitwarden:",
    "conjur:",
    "keyring:",
    "keychain:",
    "secret://",
    "secret:",
    "secrets:",
    "k8s:",
    "k8s://",
    "kubernetes://",
    "var.",
    "local.",
    "data.",
    "module.",
    "each.",
    "self.",
    "vars.",
    "inputs.",
    "params.",
    "context.",
    "values.",
    ".values.",
    "this.",
    "config.",
    "settings.",
    "!ref",
    "!sub",
    "!getatt",
    "!secret",
    "!var",
    "!env",
    "!include",
    "fn::",
    "resolve:",
    "projects/",
    "/run/secrets",
    "/var/run/secrets",
    "/vault/secrets",
    "/etc/secrets",
    "/mnt/secrets",
    "credential_placeholder",
    "passbolt:",
    "lastpass:",
    "1password:",
    "onepassword:",
    "sops:",
    "keepass:",
    "pass://",
    "kms:",
    "cmd:",
    "exec:",
    "sys_",
    "@env",
    "$env:",
    "from_env",
    "fromenv",
];

const WRAPPED: &[(char, char)] = &[('<', '>'), ('[', ']'), ('{', '}'), ('%', '%'), ('(', ')'), ('#', '#'), ('@', '@')];

/// Whether `value` stands for another value.
pub fn is_reference(value: &str) -> bool {
    let lower_head: String = value.chars().take(24).collect::<String>().to_ascii_lowercase();
    MARKS.iter().any(|mark| value.contains(mark))
        || PREFIXES.iter().any(|prefix| lower_head.starts_with(prefix))
        || is_wrapped(value)
        || is_variable(value)
        || is_format(value)
        || is_call(value)
}

/// `<password>`, `[secret]`, `%NAME%` and the like, with nothing that only a password holds in between.
fn is_wrapped(value: &str) -> bool {
    WRAPPED.iter().any(|(open, close)| {
        let inner = value.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
        inner.is_some_and(|inner| !inner.is_empty() && (*open == '<' || inner.chars().all(is_wording)))
    })
}

fn is_wording(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ' ' | ':' | '/' | '{' | '}' | '\'' | ',')
}

/// `$NAME`, `$name.field`, `\$NAME`, `$env:NAME`, `%NAME`, `$1`, `&name`.
fn is_variable(value: &str) -> bool {
    let Some(name) = value.strip_prefix("\\$").or_else(|| value.strip_prefix("$$")).or_else(|| value.strip_prefix('$'))
    else {
        return false;
    };
    let is_part = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'>' | b'-' | b'[' | b']' | b'\'' | b'"')
    };
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    let number = !name.is_empty() && name.len() < 3 && name.bytes().all(|byte| byte.is_ascii_digit());
    number || (begins && name.bytes().all(is_part))
}

/// `%s`, `%d`, `%(name)s`, `:name`, `?`.
fn is_format(value: &str) -> bool {
    (value.len() == 2 && value.starts_with('%'))
        || (value.starts_with("%(") && value.contains(')'))
        || value == "?"
        || (value.starts_with('*')
            && value.len() > 1
            && value.bytes().skip(1).all(|byte| byte.is_ascii_alphabetic() || byte == b'_'))
}

/// `read_secret("x")`, `get(…)`.
fn is_call(value: &str) -> bool {
    let Some((name, rest)) = value.split_once('(') else { return false };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'$' | b'!');
    rest.trim_end_matches(';').ends_with(')') && name.len() > 1 && name.bytes().all(is_name)
}

/// The place in `value` of a literal that a reference falls back to: `${X:-literal}`, `${X:literal}`,
/// `{{ .Values.x | default "literal" }}`.
pub fn literal_default(value: &str) -> Option<(usize, usize)> {
    shell_default(value).or_else(|| template_default(value))
}

fn shell_default(value: &str) -> Option<(usize, usize)> {
    let inner = value.strip_prefix("${")?.strip_suffix('}')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let name_length = inner.bytes().take_while(|byte| is_name(*byte) && *byte != b'-').count();
    let rest = inner.get(name_length..)?;
    let skip = [":-", ":=", "-", "=", ":"].iter().find(|mark| rest.starts_with(**mark)).map(|mark| mark.len())?;
    let literal = rest.get(skip..)?;
    let is_plain = !literal.is_empty() && !literal.contains(['{', '}', '$']) && !literal.starts_with(['?', '+']);
    let start = 2 + name_length + skip;
    (is_plain && name_length > 0).then_some((start, start + literal.len()))
}

fn template_default(value: &str) -> Option<(usize, usize)> {
    let begin = value.strip_prefix("{{").map(|_| 2)?;
    value.strip_suffix("}}")?;
    let mark = value.get(begin..)?.find("default").map(|found| begin + found + "default".len())?;
    let rest = value.get(mark..)?;
    let quote = rest
        .find(['"', '\''])
        .filter(|offset| rest.get(..*offset).is_some_and(|gap| gap.trim_matches(['(', ' ', '\\']).is_empty()))?;
    let kind = rest.as_bytes().get(quote).copied().map(char::from)?;
    let literal = rest.get(quote + 1..)?.split(kind).next()?.trim_end_matches('\\');
    (!literal.is_empty()).then_some((mark + quote + 1, mark + quote + 1 + literal.len()))
}
