//! Turns the built-in policies into JSON, one line each, so that a run does not begin with reading hundreds of YAML
//! files. A line is the path, what decides whether the policy runs (target, category, whether it is on, severity,
//! whether it asks for digests, clauses of standards), what a secret policy looks for, and the policy up to its
//! examples, separated by tabs. That the line says what the YAML does is a test of `scan::policy::set`.

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
    files.sort();
    let mut lines = String::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let path = file.to_str().ok_or("a path that is not UTF-8")?.replace('\\', "/");
        let policy: Value = read(&text).map_err(|error| format!("{path}: {error}"))?;
        let text = |field: &str| policy.get(field).and_then(Value::as_str).unwrap_or_default();
        let target = text("target");
        let is_secret = target == "secret";
        let category = match text("category") {
            "" if is_secret => "secret",
            "" => "security",
            written => written,
        };
        let enabled = policy.get("enabled").and_then(Value::as_bool).unwrap_or(true);
        let severity = text("severity");
        let digests = policy.get("raise").is_some_and(|raise| raise.to_string().contains("settings.images.pin"));
        let standards = clauses(policy.get("standards"));
        let secret = if is_secret { secret_rule(&policy).to_string() } else { String::new() };
        writeln!(
            lines,
            "{path}\t{target}\t{category}\t{enabled}\t{severity}\t{digests}\t{standards}\t{secret}\t{policy}"
        )?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("policies.jsonl"), lines)?;
    Ok(())
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
