//! What commands do that others of the same build hang on: what is cleaned, verified or installed later.
//!
//! Invariant: one pass over the commands from the last to the first; a command knows of those after it, never of those
//! before it.

use super::package::Packaging;
use crate::scan::document::dockerfile::Instruction;
use crate::scan::document::shell::{Program, ShellWord};

/// A set of effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects(u32);

impl Effects {
    pub(super) const VERIFIES: Self = Self(1);
    pub(super) const CLEANS_APT: Self = Self(1 << 1);
    pub(super) const CLEANS_YUM: Self = Self(1 << 2);
    pub(super) const CLEANS_ZYPPER: Self = Self(1 << 3);
    pub(super) const CLEANS_APK: Self = Self(1 << 4);
    pub(super) const CLEANS_PIP: Self = Self(1 << 5);
    pub(super) const CLEANS_YARN: Self = Self(1 << 6);
    pub(super) const CLEANS_NPM: Self = Self(1 << 7);
    pub(super) const INSTALLS_SYSTEM: Self = Self(1 << 8);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What cleans up after an install of that manager.
    pub(super) fn cleaning(manager: &str) -> Option<Self> {
        Some(match manager {
            "apt-get" | "apt" | "aptitude" => Self::CLEANS_APT,
            "yum" | "dnf" | "microdnf" | "tdnf" => Self::CLEANS_YUM,
            "zypper" => Self::CLEANS_ZYPPER,
            "apk" => Self::CLEANS_APK,
            "pip" => Self::CLEANS_PIP,
            "yarn" => Self::CLEANS_YARN,
            "npm" | "pnpm" => Self::CLEANS_NPM,
            _ => return None,
        })
    }

    /// The effects of one command.
    pub(super) fn of(program: &Program<'_>, packaging: Option<&Packaging<'_>>) -> Self {
        let mut effects = if verifies(program) { Self::VERIFIES } else { Self::default() };
        if let Some(packaging) = packaging {
            let is_system = Self::cleaning(packaging.manager).is_some_and(|kind| kind.0 <= Self::CLEANS_APK.0);
            let brings = packaging.installs() || matches!(packaging.action, Some("upgrade" | "dist-upgrade"));
            if brings && is_system {
                effects = effects.and(Self::INSTALLS_SYSTEM);
            }
            // `apt-get clean` leaves the lists.
            let kind = Self::cleaning(packaging.manager);
            let named = |name: &ShellWord| matches!(&*name.raw, "all" | "packages");
            let leaves = kind == Some(Self::CLEANS_APT)
                || (kind == Some(Self::CLEANS_YUM) && !packaging.operands.iter().any(|word| named(word)));
            let cleans = packaging.action == Some("clean") && !leaves;
            let is_dist_clean =
                program.arguments.iter().any(|word| matches!(word.value.as_deref(), Some("dist-clean" | "distclean")));
            if cleans || (is_dist_clean && Self::cleaning(packaging.manager) == Some(Self::CLEANS_APT)) {
                effects = effects.and(Self::cleaning(packaging.manager).unwrap_or_default());
            }
        }
        if matches!(program.name, "rm" | "find") {
            effects = program.arguments.iter().map(removed).fold(effects, Self::and);
        }
        effects
    }

    /// What mounts of the instruction keep out of the layer.
    pub(super) fn of_mounts(instruction: &Instruction) -> Self {
        let mounts = instruction.flags.iter().filter(|flag| &*flag.name == "mount");
        let target = |names: &[&str], flag: &crate::scan::document::dockerfile::Flag| {
            let found = flag.parameters.iter().find(|pair| names.contains(&&*pair.key.raw));
            found.and_then(|pair| pair.value.as_ref()).map(|value| value.shown().to_owned())
        };
        let kept = mounts.filter(|flag| matches!(target(&["type"], flag).as_deref(), Some("cache" | "tmpfs")));
        let paths = kept.filter_map(|flag| target(&["target", "dst", "destination"], flag));
        paths.fold(Self::default(), |effects, path| effects.and(of_path(&path)))
    }
}

fn removed(word: &ShellWord) -> Effects {
    of_path(word.value.as_deref().unwrap_or(&word.raw))
}

/// What removing, or mounting over, a path cleans.
fn of_path(path: &str) -> Effects {
    const PATHS: [(&str, Effects); 13] = [
        ("/var/lib/apt", Effects::CLEANS_APT),
        ("/var/cache/yum", Effects::CLEANS_YUM),
        ("/var/cache/dnf", Effects::CLEANS_YUM),
        ("/var/cache/libdnf5", Effects::CLEANS_YUM),
        ("/var/cache/tdnf", Effects::CLEANS_YUM),
        ("/var/cache/zypp", Effects::CLEANS_ZYPPER),
        ("/var/cache/apk", Effects::CLEANS_APK),
        ("/etc/apk/cache", Effects::CLEANS_APK),
        (".cache/pip", Effects::CLEANS_PIP),
        (".cache/uv", Effects::CLEANS_PIP),
        (".cache/yarn", Effects::CLEANS_YARN),
        ("yarn/v", Effects::CLEANS_YARN),
        (".npm", Effects::CLEANS_NPM),
    ];
    let path = path.trim_matches(['"', '\'']);
    let all = [Effects::CLEANS_APT, Effects::CLEANS_YUM, Effects::CLEANS_ZYPPER, Effects::CLEANS_APK];
    if matches!(path.trim_end_matches(['/', '*']), "/var/cache" | "/var") {
        return all.into_iter().skip(1).fold(Effects::default(), Effects::and);
    }
    if path.trim_end_matches(['/', '*']).ends_with("/.cache") {
        return Effects::CLEANS_PIP.and(Effects::CLEANS_YARN);
    }
    let found = PATHS.iter().filter(|(known, _)| path.contains(known));
    found.fold(Effects::default(), |effects, (_, effect)| effects.and(*effect))
}

/// Whether the program compares a checksum or a signature.
fn verifies(program: &Program<'_>) -> bool {
    let has = |wanted: &[&str]| {
        program.arguments.iter().any(|word| word.value.as_deref().is_some_and(|value| wanted.contains(&value)))
    };
    match program.name {
        "sha1sum" | "sha224sum" | "sha256sum" | "sha384sum" | "sha512sum" | "shasum" | "b2sum" | "b3sum" | "md5sum"
        | "sha256" | "sha512" | "gpgv" | "gpgv2" | "minisign" | "signify" | "slsa-verifier" | "rhash" => true,
        "gpg" | "gpg2" | "sq" => has(&["--verify", "verify", "--verify-files"]),
        "cosign" | "gh" | "notation" => has(&["verify", "verify-blob", "verify-attestation", "attestation"]),
        "openssl" => has(&["dgst", "sha256", "sha512", "-verify", "cms", "smime"]),
        "rpm" | "rpmkeys" => has(&["-K", "--checksig"]),
        "jarsigner" => has(&["-verify"]),
        "aria2c" => program.options().iter().any(|option| option.name == "--checksum"),
        _ => false,
    }
}
