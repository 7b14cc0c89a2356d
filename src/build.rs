//! Turns the built-in policies into an index and a text, so that a run does not begin with reading hundreds of YAML
//! files. A line of the index is what is known of a policy before it is read, separated by tabs: its id, target,
//! category and severity, `+` or `-` for whether it is on, asks for digests, reports only what is loosened and has
//! parameters, its clauses of standards, and how long its three parts of the text are. Those are what decides whether
//! it is silent (the condition, or the keywords of a secret policy: a line for each form, what has to stand after them
//! first), what a secret policy looks for as JSON, and the policy up to its examples as JSON. That all this says what the YAML does
//! is a test of `scan::policy::set`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=policies");
    // The migrations are read by a macro, which is not told of new files.
    println!("cargo:rerun-if-changed=src/store/migrations");
    let mut files = Vec::new();
    collect(Path::new("policies"), &mut files)?;
    // By id, which the ending is no part of.
    files.sort_by_key(|file| file.with_extension(""));
    let (mut index, mut text) = (String::new(), String::new());
    for file in files {
        let path = file.to_str().ok_or("a path that is not UTF-8")?.replace('\\', "/");
        let policy: Value = read(&fs::read_to_string(&file)?).map_err(|error| format!("{path}: {error}"))?;
        add(&path, &policy, &mut index, &mut text)?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("policies.index"), index)?;
    fs::write(out.join("policies.text"), text)?;
    Ok(())
}

/// Adds a line to the index and its parts to the text.
fn add(path: &str, policy: &Value, index: &mut String, text: &mut String) -> Result<(), std::fmt::Error> {
    let word = |field: &str| policy.get(field).and_then(Value::as_str).unwrap_or_default();
    let id = path.trim_start_matches("policies/").trim_end_matches(".yaml");
    let (target, severity) = (word("target"), word("severity"));
    let is_secret = target == "secret";
    let category = match word("category") {
        "" if is_secret => "secret",
        "" => "security",
        written => written,
    };
    let flags: String = [
        policy.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        policy.get("raise").is_some_and(|raise| raise.to_string().contains("settings.images.pin")),
        policy.get("only").is_some(),
        policy.get("parameters").is_some(),
    ]
    .map(|is_so| if is_so { '+' } else { '-' })
    .iter()
    .collect();
    let standards = clauses(policy.get("standards"));
    let deny = || match policy.get("deny") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let decides = if is_secret { keywords(policy) } else { deny() };
    let secret = if is_secret { secret_rule(policy).to_string() } else { String::new() };
    let policy = policy.to_string();
    let lengths = format!("{}\t{}\t{}", decides.len(), secret.len(), policy.len());
    writeln!(index, "{id}\t{target}\t{category}\t{severity}\t{flags}\t{standards}\t{lengths}")?;
    write!(text, "{decides}{secret}{policy}")
}

/// What has to stand after the keywords of a secret policy, and they, a line for each form, tabs between them; nothing for one with pairs, which is read at once.
fn keywords(policy: &Value) -> String {
    if policy.get("pairs").is_some() {
        return String::new();
    }
    let forms = policy.get("detect").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let line = |form: &Value| {
        let words = form.get("keywords").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let words = words.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase);
        let after = match form.get("after").and_then(Value::as_object).and_then(|after| after.values().next()) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        std::iter::once(after).chain(words).collect::<Vec<_>>().join("\t")
    };
    forms.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Reads a policy up to its examples, which stand last.
fn read(text: &str) -> Result<Value, serde_yaml::Error> {
    serde_yaml::from_str(text.split("\nexamples:").next().unwrap_or_default())
}

/// The clauses, with commas between them.
fn clauses(written: Option<&Value>) -> String {
    let list = match written {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

/// The part of a secret policy that says what to look for.
fn secret_rule(policy: &Value) -> Value {
    let fields = ["detect", "pairs", "yields"].into_iter().filter_map(|name| Some((name, policy.get(name)?)));
    fields.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            files.push(path);
        }
    }
    Ok(())
}
