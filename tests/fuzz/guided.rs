//! libFuzzer's way in: the target that `DOCKGATE_FUZZ_TARGET` names. `.ci/fuzz` builds and runs it.

#![no_main]

use std::sync::LazyLock;

use dockgate_fuzz::{FuzzTarget, TARGETS};

static TARGET: LazyLock<FuzzTarget> = LazyLock::new(|| {
    let name = std::env::var("DOCKGATE_FUZZ_TARGET").unwrap_or_default();
    let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("DOCKGATE_FUZZ_TARGET is {name:?}, not one of {known:?}")).1
});

libfuzzer_sys::fuzz_target!(|text: &str| TARGET(text));
