//! Values that stand for one that is elsewhere or is filled in later.
//!
//! Invariant: a mark decides only where what it opens is closed as it was opened, or not at all: a random value has marks by
//! chance.

/// Marks of a template or a variable, anywhere in a value.
const MARKS: &[&str] = &[
    "${",
    "$__",
    "{{",
    "$(",
    "process.env",
    "os.environ",
    "os.getenv",
    "getenv(",
    "System.getenv",
    "secrets.",
    "lookup(",
    "%s",
    "{}",
];
/// Marks of which a random value may have one by chance, each with what closes it.
const PAIRED: &[(&str, &str)] = &[
    ("#{", "}"),
    ("{$", "}"),
    ("%{", "}"),
    ("<%", "%>"),
    ("[[", "]]"),
    ("[%", "%]"),
    ("$[", "]"),
    ("[$", "]"),
    ("{%", "%}"),
    ("((", "))"),
    ("@@", "@@"),
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
    let is_paired = |(open, close): &(&str, &str)| value.split_once(open).is_some_and(|(_, rest)| rest.contains(close));
    MARKS.iter().any(|mark| value.contains(mark) && !is_by_chance(value, mark))
        || PAIRED.iter().any(is_paired)
        || has_field(value)
        || is_path_of_variable(value)
        || begins_with_variable(value)
        || is_filled_in(value)
        || has_capital_name(value)
        || opens_variable(value)
        || begins_with_call(value)
        || PREFIXES.iter().any(|prefix| lower_head.starts_with(prefix))
        || is_wrapped(value)
        || value.trim_matches(['\'', '"']).split_whitespace().all(is_variable)
        || value.strip_prefix('`').is_some_and(|command| command.is_empty() || command.contains('`'))
        || is_format(value)
        || is_call(value)
        || is_attribute(value)
        || is_macro(value)
}

/// Whether the brackets that `mark` opens are closed by others: `m{{h}o)p}}`.
fn is_by_chance(value: &str, mark: &str) -> bool {
    let Some((_, rest)) = value.split_once(mark).filter(|_| mark.ends_with('{')) else { return false };
    let mut open: Vec<char> = mark.chars().filter(|letter| *letter == '{').map(|_| '}').collect();
    let mut quote = None;
    for letter in rest.chars() {
        match letter {
            _ if quote == Some(letter) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' => quote = Some(letter),
            '{' => open.push('}'),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '}' | ')' | ']' if open.pop() != Some(letter) => return true,
            _ => {}
        }
        if open.is_empty() {
            return false;
        }
    }
    false
}

/// `<password>`, `[secret]`, `%NAME%` and the like, with nothing that only a password holds in between.
fn is_wrapped(value: &str) -> bool {
    WRAPPED.iter().any(|(open, close)| {
        // `<password>"`: a quote of what stands around it.
        let value = if *open == '<' { value.trim_end_matches(['"', '\'']) } else { value };
        let inner = value.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
        inner.is_some_and(|inner| !inner.is_empty() && (*open == '<' || inner.chars().all(is_wording)))
    }) || is_wrapped_word(value)
        || value.strip_prefix('[').is_some_and(|word| word.len() > 2 && word.bytes().all(is_capital))
}

/// A letter of `[PASSWORD`, a word to fill in that is cut at its end.
fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-')
}

/// `<token> ./run`: a word to fill in, with more after it.
fn is_wrapped_word(value: &str) -> bool {
    let word = value.strip_prefix('<').and_then(|rest| rest.split_once("> ")).map(|(word, _)| word);
    word.is_some_and(|word| !word.is_empty() && word.chars().all(is_wording))
}

fn is_wording(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | ' ' | ':' | '/' | '{' | '}' | '\'' | ',')
}

/// `jwt={token}`, `{module.params['x']}`, `{0}`: a field of a text that is filled in.
fn has_field(value: &str) -> bool {
    const LEAST: usize = 3;
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_.[]()'\"!:".contains(letter);
    let Some((_, rest)) = value.split_once('{') else { return false };
    let name = rest.split_once('}').map_or("", |(name, _)| name);
    // `{CAMERA_PASSWORD}`, which Frigate fills in.
    let is_constant = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let begins = is_constant && name.contains('_')
        || name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
    let is_number = (1..LEAST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit());
    is_number || (name.len() >= LEAST && begins && name.chars().all(is_part))
}

/// `KEYS/$name`: a path that ends with a variable.
fn is_path_of_variable(value: &str) -> bool {
    const LEAST: usize = 3;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let name = value.split_once("/$").map_or("", |(_, name)| name);
    name.len() >= LEAST && name.bytes().all(|byte| is_part(byte) || matches!(byte, b'/' | b'.' | b'-'))
}

/// `$SECRET_KEY' > file`: a variable, then what closes a text around it.
fn begins_with_variable(value: &str) -> bool {
    const LEAST: usize = 3;
    let Some(rest) = value.strip_prefix('$') else { return false };
    let name = rest.trim_start_matches(|letter: char| letter.is_ascii_uppercase() || letter == '_');
    // `$token&project=x`: the next field of a query.
    let field = rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
    let is_field = rest.len() - field.len() >= LEAST && field.starts_with('&') && field.contains('=');
    is_field || rest.len() - name.len() >= LEAST && name.starts_with(['\'', '"', '\\'])
}

/// `@DB_PASSWORD`, and `@VERSION@` anywhere: names in capitals that are filled in.
fn has_capital_name(value: &str) -> bool {
    const LEAST: usize = 4;
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = |name: &str| name.len() >= LEAST && name.bytes().all(is_part) && !name.starts_with('_');
    let rest = value.split_once('@').map_or("", |(_, rest)| rest);
    value.strip_prefix('@').is_some_and(is_name) || rest.split_once('@').is_some_and(|(name, _)| is_name(name))
}

/// `((db-token`, a variable of Concourse that is cut where its brackets close.
fn opens_variable(value: &str) -> bool {
    const LEAST: usize = 3;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    value.strip_prefix("((").is_some_and(|name| name.len() >= LEAST && name.bytes().all(is_part))
}

/// `{hash(key.encode())}` cut at a space: a field of a text of Python that holds a call.
fn begins_with_call(value: &str) -> bool {
    const LEAST: usize = 3;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let name = value.strip_prefix('{').and_then(|rest| rest.split_once('(')).map_or("", |(name, _)| name);
    name.len() >= LEAST && name.bytes().all(is_name) && name.contains('.')
}

/// `@client_password@2`, which `configure` fills in, and `[parameters('key')]`, which Azure's templates do.
fn is_filled_in(value: &str) -> bool {
    const LEAST: usize = 3;
    let is_part = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let name = value.strip_prefix('@').and_then(|rest| rest.split_once('@')).map_or("", |(name, _)| name);
    let call = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|rest| rest.split_once('('));
    let is_call = call.is_some_and(|(name, rest)| {
        name.len() >= LEAST && name.bytes().all(|byte| byte.is_ascii_alphabetic()) && rest.contains(')')
    });
    is_call || name.len() >= LEAST && name.bytes().all(is_part)
}

/// `$NAME`, `$name.field`, `\$NAME`, `$env:NAME`, `%NAME`, `$1`, `&name`.
fn is_variable(value: &str) -> bool {
    let Some(name) = value
        .strip_prefix("\\$$")
        .or_else(|| value.strip_prefix("\\$"))
        .or_else(|| value.strip_prefix("$$"))
        .or_else(|| value.strip_prefix('$'))
    else {
        return false;
    };
    let is_part = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'.' | b':' | b'>' | b'-' | b'[' | b']' | b'\'' | b'"' | b'/')
    };
    let name = name.strip_suffix('$').unwrap_or(name);
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    let number = !name.is_empty() && name.len() < 3 && name.bytes().all(|byte| byte.is_ascii_digit());
    number || (begins && name.bytes().all(is_part))
}

/// `&User-Password`: an attribute of the request, as RADIUS servers write it, and `&password`, which `SQL*Plus` asks for.
fn is_attribute(value: &str) -> bool {
    let is_part = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic()) || part.len() < 3;
    let is_word = |name: &str| name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    value.strip_prefix('&').is_some_and(|name| {
        name.contains('-') && name.split(['-', ':', '.']).all(is_part) || is_word(name.trim_start_matches('&'))
    })
}

/// `%global`: a macro of a package's description.
fn is_macro(value: &str) -> bool {
    const LEAST: usize = 4;
    let name = value.strip_prefix('%').unwrap_or_default();
    name.len() >= LEAST && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// `%s`, `%d`, `%(name)s`, `:name`, `?`.
fn is_format(value: &str) -> bool {
    let flags = ['-', '+', '.', '*', '#', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];
    let value = value.trim_end_matches("\\n");
    let kind = value.strip_prefix('%').map_or("", |rest| rest.trim_start_matches(flags));
    (kind.len() == 1 && value.len() < 8)
        || (value.starts_with("%(") && value.contains(')'))
        || value == "?"
        || (value.starts_with('*')
            && value.len() > 1
            && value.bytes().skip(1).all(|byte| byte.is_ascii_alphabetic() || byte == b'_'))
}

/// `read_secret("x")`, `get(…)`.
fn is_call(value: &str) -> bool {
    let Some((name, rest)) = value.split_once('(') else { return false };
    let inner = rest.trim_start_matches(['\\', '"', '\'', '$']);
    let is_plain = inner.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let is_word = name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_function = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_cut = is_plain && (name.contains('.') || is_function || is_word && inner == inner.to_ascii_lowercase());
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'$' | b'!');
    // `SHA2(CONCAT((SELECT`, cut at a space.
    let inner_name = inner.split('(').next().unwrap_or_default();
    let is_nested = is_function
        && name.len() > 2
        && inner_name.len() < inner.len()
        && inner_name.len() > 2
        && inner_name.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_cut = is_cut || is_nested;
    (is_cut || rest.trim_end_matches(';').ends_with(')')) && name.len() > 1 && name.bytes().all(is_name)
}
