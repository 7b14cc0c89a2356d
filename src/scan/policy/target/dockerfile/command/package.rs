//! Package managers: what a command does with which packages.
//!
//! Invariant: a fact is `null` where no package manager runs, and what an option or a word that is not known could
//! change is unknown.

use super::super::super::facts::{map, null, text, truth};
use super::super::{list, unknown};
use super::spec;
use crate::scan::document::node::{Node, Value};
use crate::scan::document::shell::{Program, ShellOption, ShellWord};

/// A command of a package manager.
pub(super) struct Packaging<'a> {
    /// `apt-get`, `apk`, `pip`, …, whatever spelling of the program was used.
    pub manager: &'static str,
    /// What it does, in one word for all managers; `None` when it is not known.
    pub action: Option<&'a str>,
    /// The words after the action.
    pub operands: Vec<&'a ShellWord>,
    /// The word that says what it does.
    action_word: Option<&'a ShellWord>,
    options: Vec<ShellOption<'a>>,
}

/// Programs with the manager that they are.
const MANAGERS: [(&str, &str); 21] = [
    ("apt-get", "apt-get"),
    ("apt", "apt"),
    ("aptitude", "aptitude"),
    ("apk", "apk"),
    ("yum", "yum"),
    ("yum-config-manager", "yum"),
    ("dnf", "dnf"),
    ("dnf5", "dnf"),
    ("microdnf", "microdnf"),
    ("tdnf", "tdnf"),
    ("zypper", "zypper"),
    ("rpm", "rpm"),
    ("pip", "pip"),
    ("pip2", "pip"),
    ("pip3", "pip"),
    ("npm", "npm"),
    ("pnpm", "pnpm"),
    ("yarn", "yarn"),
    ("gem", "gem"),
    ("go", "go"),
    ("cargo", "cargo"),
];

/// What managers call an action, with the one word for it.
const ACTIONS: [(&str, &[&str]); 7] = [
    ("install", &["install", "add", "in", "i", "get", "reinstall", "groupinstall", "localinstall", "build-dep", "ci"]),
    ("update", &["update", "refresh", "ref", "makecache", "check-update"]),
    ("upgrade", &["upgrade", "safe-upgrade", "up", "patch", "upgrade-minimal"]),
    ("dist-upgrade", &["dist-upgrade", "full-upgrade", "dup", "distro-sync", "system-upgrade"]),
    ("clean", &["clean", "autoclean", "distclean", "dist-clean", "cc", "cleanup", "purge-cache"]),
    ("remove", &["remove", "purge", "autoremove", "del", "erase", "rm", "uninstall", "un"]),
    ("link", &["link"]),
];

/// What removes the lists or the cache of a manager.
const CLEANERS: [(&str, &str); 9] = [
    ("apt-get", "rm -rf /var/lib/apt/lists/*"),
    ("apt", "rm -rf /var/lib/apt/lists/*"),
    ("aptitude", "rm -rf /var/lib/apt/lists/*"),
    ("yum", "yum clean all"),
    ("dnf", "dnf clean all"),
    ("microdnf", "microdnf clean all"),
    ("tdnf", "tdnf clean all"),
    ("zypper", "zypper clean --all"),
    ("yarn", "yarn cache clean"),
];

/// Options that say yes to every question.
const YES: [&str; 8] = ["-y", "--yes", "--assume-yes", "--assumeyes", "--no-confirm", "--non-interactive", "-n", "-Y"];

/// Options that let unsigned packages in, by manager.
const UNSIGNED: [(&[&str], &[&str]); 5] = [
    (
        &["apt-get", "apt", "aptitude"],
        &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories", "--allow-untrusted"],
    ),
    (&["apk"], &["--allow-untrusted"]),
    (&["yum", "dnf", "microdnf", "tdnf"], &["--nogpgcheck", "--nogpg", "--no-gpgchecks", "--no-gpgcheck"]),
    (&["zypper"], &["--no-gpg-checks", "--allow-unsigned-rpm"]),
    (&["rpm"], &["--nosignature", "--nodigest", "--noverify", "--nofiledigest"]),
];

/// Settings, in lower case, that do the same when given as `key=value`.
const UNSIGNED_SETTINGS: [&str; 4] = [
    "apt::get::allowunauthenticated",
    "acquire::allowinsecurerepositories",
    "acquire::allowdowngradetoinsecurerepositories",
    "acquire::allowweakrepositories",
];

impl<'a> Packaging<'a> {
    /// The packaging that `program` does; `None` when it is no package manager.
    pub(super) fn of(program: &Program<'a>) -> Option<Self> {
        let is_python = program.name.starts_with("python");
        let mut arguments = program.arguments;
        let manager = if is_python || program.name == "uv" {
            let module = if is_python { &["-m", "pip"][..] } else { &["pip"][..] };
            let is_module = module.iter().zip(arguments).all(|(wanted, word)| word.value.as_deref() == Some(wanted));
            arguments = arguments.get(module.len()..).filter(|_| is_module)?;
            "pip"
        } else {
            manager_of(program.name)?
        };
        if manager == "gem" {
            // What follows is for the compiler.
            let end = arguments.iter().position(|word| word.value.as_deref() == Some("--"));
            arguments = end.and_then(|end| arguments.get(..end)).unwrap_or(arguments);
        }
        let (options, operands) = Program { name: manager, wrappers: Vec::new(), arguments }.split();
        let mut rest = operands.as_slice();
        let action = match (manager, rest.split_first()) {
            ("rpm", _) => Some("other"),
            ("yarn", None) => Some("install"),
            (_, None) => None,
            (_, Some((word, after))) => {
                rest = after;
                let action = word.value.as_deref().map(|name| action_of(manager, name));
                let sub = after.first().and_then(|word| word.value.as_deref());
                match (action, sub) {
                    (Some("group" | "module" | "global"), Some(sub)) => {
                        rest = after.get(1..).unwrap_or_default();
                        Some(action_of(manager, sub))
                    }
                    (Some("cache"), Some("clean" | "purge")) => Some("clean"),
                    (action, _) => action,
                }
            }
        };
        let action_word = operands.first().copied();
        Some(Self { manager, action, operands: rest.to_vec(), action_word, options })
    }

    /// Whether a word says what it does, known or not.
    pub(super) fn has_action(&self) -> bool {
        self.action_word.is_some()
    }

    /// Where the word ends that says what it does, and further options may follow.
    pub(super) fn action_end(&self) -> Option<usize> {
        self.action_word.map(|word| word.span.end)
    }

    /// Whether it installs packages.
    pub(super) fn installs(&self) -> bool {
        self.action == Some("install")
    }

    fn option(&self, names: &[&str]) -> bool {
        self.options.iter().any(|option| names.contains(&option.name.as_str()))
    }

    /// Whether `-o key=value` gives `key` one of `values`, in lower case.
    fn sets(&self, key: &str, values: &[&str]) -> bool {
        let is_set = |option: &ShellOption<'_>| {
            let setting = option.value.unwrap_or_default().to_ascii_lowercase();
            setting
                .split_once('=')
                .is_some_and(|(name, value)| name == key && values.contains(&value.trim_matches('"')))
        };
        self.options.iter().filter(|option| matches!(option.name.as_str(), "-o" | "--option")).any(is_set)
    }

    fn assumes_yes(&self) -> bool {
        let is_apt = matches!(self.manager, "apt-get" | "apt" | "aptitude");
        let quiet = || self.options.iter().filter(|option| matches!(option.name.as_str(), "-q" | "--quiet"));
        let is_quiet = quiet().count() > 1 || quiet().any(|option| option.value == Some("2"));
        self.options.iter().any(|option| YES.contains(&option.name.as_str()) && !(is_apt && option.name == "-n"))
            || (is_apt && is_quiet)
            || self.sets("apt::get::assume-yes", &["true", "1", "yes"])
    }

    fn skips_recommended(&self) -> bool {
        self.option(&["--no-install-recommends", "--without-recommends", "--no-recommends"])
            || self.sets("apt::install-recommends", &["0", "false", "no"])
            || (self.manager == "aptitude" && self.option(&["-R"]))
    }

    /// Whether the command itself is told to keep no cache.
    pub(super) fn skips_cache(&self) -> bool {
        self.option(&["--no-cache", "--no-cache-dir"])
    }

    /// The command that removes what the manager keeps for later.
    pub(super) fn cleaner(&self) -> Option<&'static str> {
        let (_, cleaner) = CLEANERS.iter().find(|(manager, _)| *manager == self.manager)?;
        Some(cleaner)
    }

    /// Words that let unsigned packages in.
    fn unsigned(&self) -> Vec<Node> {
        let names = UNSIGNED.iter().find(|(managers, _)| managers.contains(&self.manager)).map(|(_, names)| *names);
        let is_off = |option: &&ShellOption<'_>| {
            let setting = option.value.unwrap_or_default().to_ascii_lowercase();
            let (key, value) = setting.split_once('=').unwrap_or((&setting, ""));
            let by_setting = match option.name.as_str() {
                "-o" | "--option" => {
                    UNSIGNED_SETTINGS.contains(&key) && matches!(value.trim_matches('"'), "1" | "true" | "yes")
                }
                "--setopt" => {
                    matches!(key.rsplit('.').next(), Some("gpgcheck" | "localpkg_gpgcheck"))
                        && matches!(value, "0" | "false" | "no")
                }
                _ => false,
            };
            by_setting || names.is_some_and(|names| names.contains(&option.name.as_str()))
        };
        self.options
            .iter()
            .filter(is_off)
            .map(|option| Node::new(option.word.span, Value::String(option.name.as_str().into())))
            .collect()
    }

    /// The packages, files and addresses that are installed.
    fn packages(&self) -> Vec<Node> {
        if !self.installs() {
            return Vec::new();
        }
        let names = ["-v", "--version", "--vers"];
        let version = self
            .options
            .iter()
            .find(|option| matches!(self.manager, "gem" | "cargo") && names.contains(&option.name.as_str()));
        let version = version.map(|option| option.value.map_or_else(|| unknown(&option.word.raw), text));
        // A file of constraints may hold the versions.
        let constraints =
            (self.manager == "pip" && self.option(&["-c", "--constraint", "--constraints"])).then(|| unknown(""));
        let version = version.or(constraints);
        let packages = self.operands.iter().take(self.most_packages()).filter(|word| !self.is_group(word));
        packages.map(|word| spec::package(self.manager, word, version.as_ref())).collect()
    }

    /// How many operands name packages: of `go run` the first, and only with a version, as `go.mod` has it otherwise.
    fn most_packages(&self) -> usize {
        let is_run = self.manager == "go" && self.action_word.is_some_and(|word| &*word.raw == "run");
        let has_version = self.operands.first().is_some_and(|word| word.raw.contains('@'));
        if is_run { usize::from(has_version) } else { usize::MAX }
    }

    /// Whether a word of an RPM manager names a group of packages, which has no version.
    fn is_group(&self, word: &ShellWord) -> bool {
        let is_rpm = matches!(self.manager, "yum" | "dnf" | "microdnf" | "tdnf");
        let of_action = self.action_word.is_some_and(|word| matches!(&*word.raw, "group" | "groups" | "groupinstall"));
        is_rpm && (of_action || word.raw.trim_start_matches(['"', '\'']).starts_with('@'))
    }

    /// Whether a file names what is installed: a list of requirements, or the lock file that `npm ci` follows.
    fn follows_file(&self) -> bool {
        let by_option = self.manager == "pip" && self.option(&["-r", "--requirement", "-e", "--editable"]);
        by_option
            || (self.installs() && self.operands.is_empty() && matches!(self.manager, "npm" | "yarn" | "pnpm" | "pip"))
    }
}

/// The one word for what `manager` calls `name`.
fn action_of<'a>(manager: &str, name: &'a str) -> &'a str {
    // These update packages, not lists of them.
    if name == "update" && !matches!(manager, "apt-get" | "apt" | "aptitude" | "apk") {
        return "upgrade";
    }
    if manager == "go" && name == "run" {
        return "install";
    }
    if manager == "go" && !matches!(name, "install" | "get") {
        return "other";
    }
    ACTIONS.iter().find(|(_, names)| names.contains(&name)).map_or(name, |(action, _)| action)
}

fn manager_of(program: &str) -> Option<&'static str> {
    let is_versioned = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if program.strip_prefix("pip").is_some_and(is_versioned) {
        return Some("pip");
    }
    MANAGERS.iter().find(|(name, _)| *name == program).map(|(_, manager)| *manager)
}

/// The facts of a command that is, or is not, one of a package manager.
pub(super) fn facts(packaging: Option<&Packaging<'_>>, answers_yes: bool) -> Vec<(&'static str, Node)> {
    let Some(packaging) = packaging else {
        let lists = ["packages", "unsigned"].map(|name| (name, list([])));
        let absent = ["manager", "action", "assume_yes", "no_recommends", "from_file"].map(|name| (name, null()));
        return absent.into_iter().chain(lists).collect();
    };
    vec![
        ("manager", text(packaging.manager)),
        (
            "action",
            packaging.action.map_or_else(|| if packaging.action_word.is_none() { null() } else { unknown("") }, text),
        ),
        ("packages", list(packaging.packages())),
        ("assume_yes", truth(answers_yes || packaging.assumes_yes())),
        ("no_recommends", truth(packaging.skips_recommended())),
        ("from_file", truth(packaging.follows_file())),
        ("unsigned", list(packaging.unsigned())),
    ]
}

/// The members of an item of `packages`.
pub(super) fn item(parts: [(&'static str, Node); 4]) -> Node {
    map(Vec::from(parts))
}
