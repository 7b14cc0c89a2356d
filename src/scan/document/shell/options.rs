//! Options and operands of a program, apart as the program itself would take them.
//!
//! Invariant: a word is an option, the value of one, or an operand, never two of them; a word that is not known is an
//! operand unless its text begins like an option.

use super::{Program, ShellWord};

/// One option: `-y`, `--output=file`, `-o file`.
#[derive(Clone, Debug)]
pub struct ShellOption<'a> {
    /// The name with its dashes; joined letters apart where the program reads them so.
    pub name: String,
    /// The value, when it has one that is known.
    pub value: Option<&'a str>,
    /// The word that holds the name.
    pub word: &'a ShellWord,
}

/// How a program takes its options.
struct Style {
    programs: &'static [&'static str],
    /// Letters that take the rest of their word, or the next word, as a value; `None`: one dash begins a long name.
    letters: Option<&'static str>,
    /// Long options, without dashes, that take the next word as a value when none follows a `=`.
    longs: &'static [&'static str],
}

/// Letters of one word that are looked at.
const MAX_LETTERS: usize = 60;

const STYLES: [Style; 16] = [
    Style {
        programs: &["curl", "curl.exe"],
        letters: Some("ABCDEFHKMPQTUXYbcdehmortuwxyz"),
        longs: &[
            "output",
            "output-dir",
            "header",
            "user",
            "data",
            "data-raw",
            "data-binary",
            "request",
            "max-time",
            "retry",
            "retry-delay",
            "retry-max-time",
            "connect-timeout",
            "cacert",
            "capath",
            "cert",
            "key",
            "proxy",
            "user-agent",
            "referer",
            "upload-file",
            "form",
            "config",
            "resolve",
            "write-out",
            "range",
            "cookie",
            "cookie-jar",
            "limit-rate",
            "proto",
            "proto-redir",
            "ciphers",
            "url",
            "noproxy",
            "interface",
            "unix-socket",
            "max-redirs",
        ],
    },
    Style {
        programs: &["wget"],
        letters: Some("ABDGIOPQRTUXaeiltwo"),
        longs: &[
            "output-document",
            "output-file",
            "directory-prefix",
            "header",
            "user",
            "password",
            "tries",
            "timeout",
            "user-agent",
            "input-file",
            "ca-certificate",
            "wait",
            "quota",
            "accept",
            "reject",
            "execute",
            "post-data",
        ],
    },
    Style {
        programs: &["apt-get", "apt", "aptitude"],
        letters: Some("cot"),
        longs: &["option", "target-release", "default-release", "config-file"],
    },
    Style {
        programs: &["apk"],
        letters: Some("tXp"),
        longs: &["virtual", "repository", "root", "repositories-file", "keys-dir", "cache-dir", "arch", "wait"],
    },
    Style {
        programs: &["yum", "dnf", "dnf5", "microdnf", "tdnf"],
        letters: Some("cxdeR"),
        longs: &[
            "config",
            "exclude",
            "enablerepo",
            "disablerepo",
            "setopt",
            "releasever",
            "installroot",
            "repo",
            "repoid",
            "downloaddir",
            "destdir",
            "advisory",
            "security-severity",
        ],
    },
    Style {
        programs: &["zypper"],
        letters: Some("RCcDtrp"),
        longs: &["root", "installroot", "config", "reposd-dir", "cache-dir", "type", "repo", "from", "plus-repo"],
    },
    Style {
        programs: &["pip", "pip2", "pip3", "uv", "pipx"],
        letters: Some("rceiftd"),
        longs: &[
            "requirement",
            "constraint",
            "editable",
            "index-url",
            "extra-index-url",
            "find-links",
            "target",
            "prefix",
            "root",
            "trusted-host",
            "timeout",
            "retries",
            "proxy",
            "cache-dir",
            "src",
            "platform",
            "python-version",
            "implementation",
            "abi",
            "only-binary",
            "no-binary",
            "progress-bar",
            "log",
            "config-settings",
            "global-option",
            "install-option",
            "upgrade-strategy",
            "python",
            "requirements",
            "allow-insecure-host",
            "index",
            "default-index",
            "with",
            "extra",
            "group",
        ],
    },
    Style {
        programs: &["npm", "npx", "pnpm", "yarn", "yarnpkg"],
        letters: Some("CFw"),
        longs: &[
            "prefix",
            "registry",
            "loglevel",
            "omit",
            "include",
            "only",
            "cache",
            "tag",
            "workspace",
            "cwd",
            "modules-folder",
            "cache-folder",
            "network-timeout",
            "network-concurrency",
            "dir",
            "filter",
            "userconfig",
            "mutex",
            "store-dir",
        ],
    },
    Style {
        programs: &["gem"],
        letters: Some("vinsPgbC"),
        longs: &["version", "install-dir", "bindir", "source", "platform", "trust-policy", "file", "build-root"],
    },
    Style {
        programs: &["go"],
        letters: None,
        longs: &["ldflags", "tags", "o", "mod", "modfile", "p", "gcflags", "asmflags", "C", "pkgdir", "toolexec"],
    },
    Style {
        programs: &["cargo"],
        letters: Some("pjFZC"),
        longs: &[
            "version",
            "vers",
            "git",
            "branch",
            "tag",
            "rev",
            "path",
            "root",
            "features",
            "registry",
            "index",
            "jobs",
            "target",
            "target-dir",
            "profile",
            "bin",
            "config",
        ],
    },
    Style {
        programs: &["useradd", "usermod"],
        letters: Some("bcdefgGkKlpRPsuvVwWZ"),
        longs: &[
            "base-dir",
            "comment",
            "home-dir",
            "home",
            "expiredate",
            "inactive",
            "gid",
            "groups",
            "skel",
            "key",
            "password",
            "root",
            "shell",
            "uid",
            "login",
        ],
    },
    Style {
        programs: &["adduser"],
        letters: Some("hgsGuk"),
        longs: &["home", "uid", "gid", "ingroup", "shell", "gecos", "conf", "firstuid", "lastuid", "comment"],
    },
    Style {
        programs: &["addgroup", "groupadd", "groupmod"],
        letters: Some("gKpRPUn"),
        longs: &["gid", "users", "password", "root", "key", "new-name"],
    },
    Style { programs: &["gpasswd"], letters: Some("adMAQ"), longs: &["add", "delete", "members", "administrators"] },
    Style {
        programs: &["install", "mkdir", "mkfifo"],
        letters: Some("mogtS"),
        longs: &["mode", "owner", "group", "target-directory", "suffix"],
    },
];

impl<'a> Program<'a> {
    /// The options as a person would list them: `-fsSLo x` of curl as `-f`, `-s`, `-S`, `-L` and `-o` with `x`.
    pub fn options(&self) -> Vec<ShellOption<'a>> {
        self.split().0
    }

    /// The words that are neither options nor their values.
    pub fn operands(&self) -> Vec<&'a ShellWord> {
        self.split().1
    }

    /// Options and operands.
    pub fn split(&self) -> (Vec<ShellOption<'a>>, Vec<&'a ShellWord>) {
        let mut reader = Reader { style: style_of(self.name), options: Vec::new(), operands: Vec::new(), waits: false };
        let mut arguments = self.arguments.iter();
        for word in arguments.by_ref() {
            if word.value.as_deref() == Some("--") && !reader.waits {
                break;
            }
            reader.word(word);
        }
        reader.operands.extend(arguments);
        (reader.options, reader.operands)
    }
}

/// A useradd and a usermod differ in one letter: `-l` of the latter takes a name.
fn style_of(program: &str) -> Option<(&'static Style, bool)> {
    let style = STYLES.iter().find(|style| style.programs.contains(&program));
    let style = style.or_else(|| {
        let is_versioned = program.strip_prefix("pip").is_some_and(|rest| rest.starts_with(['2', '3']));
        STYLES.iter().find(|style| is_versioned && style.programs.contains(&"pip"))
    });
    style.map(|style| (style, program == "useradd"))
}

struct Reader<'a> {
    style: Option<(&'static Style, bool)>,
    options: Vec<ShellOption<'a>>,
    operands: Vec<&'a ShellWord>,
    /// Whether the last option takes the word that comes as its value.
    waits: bool,
}

impl<'a> Reader<'a> {
    fn word(&mut self, word: &'a ShellWord) {
        if std::mem::take(&mut self.waits) {
            if let Some(option) = self.options.last_mut() {
                option.value = word.value.as_deref();
            }
            return;
        }
        let known = word.value.as_deref();
        let text = known.unwrap_or(&word.raw);
        if !text.starts_with('-') || text == "-" {
            self.operands.push(word);
            return;
        }
        match (text.strip_prefix("--"), self.style) {
            (None, Some((Style { letters: Some(letters), .. }, is_useradd))) => {
                self.letters(text.get(1..).unwrap_or_default(), letters, is_useradd, word);
            }
            (long, style) => {
                let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
                let bare = long.unwrap_or(text).trim_start_matches('-');
                self.waits = value.is_none() && style.is_some_and(|(style, _)| style.longs.contains(&bare));
                let name = if known.is_some() || value.is_some() { name } else { "-" };
                self.options.push(ShellOption {
                    name: name.to_owned(),
                    value: value.filter(|_| known.is_some()),
                    word,
                });
            }
        }
    }

    fn letters(&mut self, cluster: &'a str, with_value: &str, is_useradd: bool, word: &'a ShellWord) {
        for (index, letter) in cluster.char_indices().take(MAX_LETTERS) {
            if !letter.is_ascii_alphanumeric() && letter != '#' {
                break;
            }
            let takes_value = with_value.contains(letter) && !(is_useradd && letter == 'l');
            let rest = cluster.get(index + letter.len_utf8()..).unwrap_or_default();
            let joined = if takes_value { Some(rest).filter(|rest| !rest.is_empty()) } else { rest.strip_prefix('=') };
            let value = joined.filter(|_| word.value.is_some());
            self.options.push(ShellOption { name: format!("-{letter}"), value, word });
            if takes_value {
                self.waits = rest.is_empty();
                break;
            }
        }
    }
}
