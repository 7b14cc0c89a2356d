//! .NET: the libraries that a build writes beside a program, and beside the runtime itself.
//!
//! # Source
//! The runtime's description of `*.deps.json` ("Runtime Configuration Files" of the .NET SDK).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Candidate, Reader};
use crate::image::layer::FileFacts;
use crate::image::package::{Package, PackageKind};

/// The largest list that is read: as values it takes many times as much memory.
const MAX_BYTES: usize = 2 << 20;

/// What the name of a runtime begins with that lies inside of a program.
const RUNTIME: &str = "runtimepack.";

/// The reader of `*.deps.json`.
pub const READER: Reader = Reader {
    name: ".NET list of libraries",
    is_database: false,
    magic: b"",
    wants: |candidate: &Candidate<'_>| candidate.path.ends_with(".deps.json"),
    read: |_, content| dependencies(content),
};

#[derive(Deserialize)]
struct Dependencies {
    #[serde(default, rename = "runtimeTarget")]
    target: Option<Target>,
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Assets>>,
    #[serde(default)]
    libraries: BTreeMap<String, Library>,
}

/// An object with a name, or the name alone, as old ones have it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    Object { name: String },
    Name(String),
}

#[derive(Deserialize)]
struct Library {
    #[serde(rename = "type")]
    kind: String,
}

/// What a library brings along for a program that runs.
#[derive(Default, Deserialize)]
struct Assets {
    #[serde(default)]
    runtime: IsFilled,
    #[serde(default, rename = "runtimeTargets")]
    of_targets: IsFilled,
    #[serde(default)]
    native: IsFilled,
}

/// Whether an object has anything in it.
#[derive(Clone, Copy, Default)]
struct IsFilled(bool);

impl<'de> Deserialize<'de> for IsFilled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = IsFilled;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<IsFilled, A::Error> {
                let mut is_filled = false;
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    is_filled = true;
                }
                Ok(IsFilled(is_filled))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

impl Assets {
    fn is_empty(&self) -> bool {
        ![self.runtime, self.of_targets, self.native].iter().any(|assets| assets.0)
    }
}

fn dependencies(content: &[u8]) -> Result<FileFacts, String> {
    if content.len() > MAX_BYTES {
        return Err("it is too large".to_owned());
    }
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let all: Dependencies = serde_json::from_slice(content).map_err(|_| "it is no JSON of that shape".to_owned())?;
    let target = all.target.as_ref().map(|(Target::Object { name } | Target::Name(name))| name.as_str());
    let assets = target.and_then(|name| all.targets.get(name));
    // What only the compiler needed is not there.
    let is_there = |name: &str| assets.and_then(|assets| assets.get(name)).is_none_or(|assets| !assets.is_empty());
    let packages = all.libraries.iter().filter(|(name, library)| {
        let kind = library.kind.as_str();
        kind == "runtimepack" || (kind == "package" && is_there(name))
    });
    FileFacts::of(packages.map(|(name, _)| {
        let (name, version) = name.split_once('/')?;
        Package::new(PackageKind::Nuget, name.strip_prefix(RUNTIME).unwrap_or(name), version)
    }))
}
