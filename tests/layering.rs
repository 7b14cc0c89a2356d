//! The house's order, kept by a test: a module imports only from itself and from what stands above it in
//! `src/lib.rs`; files stay small.

#![allow(clippy::expect_used, clippy::panic, reason = "a failing test says what it expected")]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate, in dependency order.
const ORDER: [&str; 15] = [
    "scan",
    "settings",
    "verdict",
    "report",
    "github",
    "job",
    "store",
    "registry",
    "image",
    "source",
    "pipeline",
    "worker",
    "telemetry",
    "server",
    "cli",
];

/// The longest a source file may be, tests included.
const MAX_LINES: usize = 500;

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("source folder") {
        let path = entry.expect("folder entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&path).expect("source file"))
    };
    files.into_iter().map(read).collect()
}

/// The top module that a file belongs to; `None` for `lib.rs`, `main.rs` and `build.rs`.
fn module_of(file: &str) -> Option<usize> {
    let top = file.split('/').next().unwrap_or(file).trim_end_matches(".rs");
    ORDER.iter().position(|module| *module == top)
}

/// The top modules that a text names by `crate::…`; comments do not count.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (index, _) in line.match_indices("crate::") {
            let name = line[index + "crate::".len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next();
            found.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    found
}

#[test]
fn modules_import_only_from_above() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(own) = module_of(&file) else { continue };
        for import in imports(&text) {
            let position = ORDER.iter().position(|module| *module == import);
            if position.is_some_and(|position| position > own) {
                wrong.push(format!("{file} imports {import}, which stands below it"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_is_in_the_order() {
    let unknown: Vec<String> = sources()
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| !matches!(file.as_str(), "lib.rs" | "main.rs" | "build.rs") && module_of(file).is_none())
        .collect();
    assert!(unknown.is_empty(), "not in ORDER: {unknown:?}");
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| format!("{file}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "longer than {MAX_LINES} lines: {long:?}");
}

#[test]
fn only_one_room_names_the_condition_language() {
    let names_cel = |text: &str| text.lines().any(|line| line.starts_with("use cel::") || line.contains(" cel::"));
    let naming: Vec<String> = sources()
        .into_iter()
        .filter(|(file, text)| names_cel(text) && !file.starts_with("scan/policy/condition"))
        .map(|(file, _)| file)
        .collect();
    assert!(naming.is_empty(), "cel is named outside scan/policy/condition: {naming:?}");
}

#[test]
fn an_import_in_the_wrong_direction_is_seen() {
    assert_eq!(imports("use crate::server::router;\n// crate::cli\n"), ["server"]);
    assert!(module_of("scan/span.rs") < module_of("server/mod.rs"));
}
