//! Turns the built-in policies into JSON, one line each, so that a run does not begin with reading hundreds of YAML
//! files. A line is the path, the target and the policy up to its examples, separated by tabs. That the JSON says what
//! the YAML does is a test of `scan::policy::set`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=policies");
    let mut files = Vec::new();
    collect(Path::new("policies"), &mut files)?;
    files.sort();
    let mut lines = String::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let path = file.to_str().ok_or("a path that is not UTF-8")?.replace('\\', "/");
        let policy: serde_json::Value = read(&text).map_err(|error| format!("{path}: {error}"))?;
        let target = policy.get("target").and_then(serde_json::Value::as_str).unwrap_or_default();
        writeln!(lines, "{path}\t{target}\t{policy}")?;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("policies.jsonl"), lines)?;
    Ok(())
}

/// Reads a policy up to its examples, which stand last.
fn read(text: &str) -> Result<serde_json::Value, serde_yaml::Error> {
    serde_yaml::from_str(text.split("\nexamples:").next().unwrap_or_default())
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
