//! What a command really runs: the program behind `sudo`, `env` and the like, and what it does with a download.
//!
//! Invariant: a program is named only when its word is literal; what depends on a variable is not known.

use super::{Pipeline, Redirect, ShellCommand, ShellScript, ShellWord};

/// A command's program and its arguments.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// The name without its directory.
    pub name: &'a str,
    /// The programs that stand before it and run it, such as `sudo`, outermost first.
    pub wrappers: Vec<&'a str>,
    /// The words after the name.
    pub arguments: &'a [ShellWord],
}

/// Programs that run another one, with their options that take a value.
const WRAPPERS: [(&str, &[&str]); 14] = [
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "-D", "-T", "--user", "--group"]),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "-C", "--unset", "--chdir"]),
    ("exec", &["-a"]),
    ("command", &[]),
    ("builtin", &[]),
    ("nohup", &[]),
    ("nice", &["-n"]),
    ("time", &["-f", "-o"]),
    ("timeout", &["-k", "-s", "--signal", "--kill-after"]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("setarch", &[]),
    ("gosu", &[]),
    ("su-exec", &[]),
];

const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "busybox"];
const INTERPRETERS: [&str; 8] = ["python", "python2", "python3", "perl", "ruby", "node", "php", "pwsh"];
/// Programs that take a download and print nothing of it.
const KEEPERS: [&str; 8] = ["tar", "bsdtar", "unzip", "gpg", "apt-key", "cpio", "sha256sum", "patch"];
const MAX_WRAPPERS: usize = 5;

impl ShellCommand {
    /// The program that runs; `None` for a group, and when its name is not literal.
    pub fn program(&self) -> Option<Program<'_>> {
        let mut wrappers = Vec::new();
        let mut words = self.words.as_slice();
        loop {
            let (first, rest) = words.split_first()?;
            let name = base_name(first.value.as_deref()?);
            let wrapper = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name);
            let Some((_, with_value)) = wrapper.filter(|_| wrappers.len() < MAX_WRAPPERS) else {
                return Some(Program { name, wrappers, arguments: rest });
            };
            let inner = skip_options(name, rest, with_value);
            if inner.is_empty() {
                return Some(Program { name, wrappers, arguments: rest });
            }
            wrappers.push(name);
            words = inner;
        }
    }

    /// The bytes of the text that `sh -c` runs, inside its quotes, when it is one quoted word.
    pub(super) fn quoted_code(&self) -> Option<(usize, usize)> {
        let program = self.program()?;
        let word = program.shell_code()?;
        let quote = word.raw.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let inner = word.raw.strip_prefix(quote)?.strip_suffix(quote)?;
        Some((word.offset + 1, word.offset + 1 + inner.len()))
    }
}

impl<'a> Program<'a> {
    /// Whether the program is a shell.
    pub fn is_shell(&self) -> bool {
        SHELLS.contains(&self.name)
    }

    /// The word after `-c` of a shell.
    pub(super) fn shell_code(&self) -> Option<&'a ShellWord> {
        let at = self.is_shell().then(|| {
            self.arguments
                .iter()
                .position(|word| word.value.as_deref().is_some_and(|value| is_cluster(value) && value.ends_with('c')))
        })??;
        self.arguments.get(at + 1)
    }

    /// Whether the program executes what it reads from its standard input.
    pub fn runs_input(&self) -> bool {
        let mut arguments = self.arguments.iter().map(|word| word.value.as_deref());
        if INTERPRETERS.contains(&self.name) {
            return arguments.next().is_none_or(|first| matches!(first, Some("-" | "--")));
        }
        if !self.is_shell() {
            return false;
        }
        if self.name == "busybox" && !arguments.next().flatten().is_some_and(|applet| SHELLS.contains(&applet)) {
            return false;
        }
        while let Some(argument) = arguments.next() {
            match argument {
                Some("-" | "--" | "/dev/stdin") => return true,
                Some("-o" | "+o" | "-O" | "--rcfile" | "--init-file") => drop(arguments.next()),
                Some(option) if is_cluster(option) && option.contains('s') => return true,
                Some(option) if is_cluster(option) && option.ends_with('c') => return false,
                Some(option) if option.starts_with(['-', '+']) => {}
                _ => return false,
            }
        }
        true
    }

    /// Whether the program writes something from the network to its standard output.
    pub fn downloads_to_output(&self) -> bool {
        match self.name {
            "curl" | "curl.exe" => !self.curl_writes_file(),
            "wget" => self.wget_writes_output(),
            _ => false,
        }
    }

    fn curl_writes_file(&self) -> bool {
        let options = self.options();
        options.iter().any(|option| match option.name.as_str() {
            "-O" | "--remote-name" | "--remote-name-all" => true,
            "-o" | "--output" => !matches!(option.value, Some("-" | "/dev/stdout")),
            _ => false,
        })
    }

    /// Whether the program fetches something over the network by itself.
    pub fn downloads(&self) -> bool {
        matches!(self.name, "curl" | "curl.exe" | "wget" | "aria2c" | "axel")
    }

    fn wget_writes_output(&self) -> bool {
        let mut previous_ends_with_o = false;
        self.arguments.iter().any(|word| {
            let value = word.value.as_deref().unwrap_or_default();
            let is_output = (previous_ends_with_o && matches!(value, "-" | "/dev/stdout"))
                || value.strip_prefix("--output-document=").is_some_and(|name| matches!(name, "-" | "/dev/stdout"))
                || (is_cluster(value.trim_end_matches("O-")) && value.ends_with("O-"))
                || value == "-O-"
                || value == "-O/dev/stdout";
            previous_ends_with_o = value == "--output-document" || (is_cluster(value) && value.ends_with('O'));
            is_output
        })
    }
}

impl Pipeline {
    /// For each command, whether it executes what a download gives it: through the pipe, or as `sh -c "$(…)"`,
    /// `bash <(…)`, `eval "$(…)"`, `source <(…)`.
    pub fn runs_download(&self) -> Vec<bool> {
        let mut is_fed = false;
        let runs = |command: &ShellCommand| {
            let runs = command.runs_download(is_fed);
            is_fed |= gives_download(command);
            runs
        };
        self.commands.iter().map(runs).collect()
    }
}

impl ShellCommand {
    fn runs_download(&self, is_fed: bool) -> bool {
        let Some(program) = self.program() else {
            // A command whose name is itself a substitution runs what is printed.
            return self.words.first().is_some_and(has_download);
        };
        let is_redirected = self.redirects.iter().any(|redirect| has_download(&redirect.target));
        if (is_fed || is_redirected) && program.runs_input() {
            return true;
        }
        match program.name {
            "eval" => program.arguments.iter().any(has_download),
            "source" | "." => program.arguments.first().is_some_and(has_download),
            _ => program.runs_argument_with_download(),
        }
    }
}

impl Program<'_> {
    fn runs_argument_with_download(&self) -> bool {
        if !self.is_shell() && !INTERPRETERS.contains(&self.name) {
            return false;
        }
        let code = self.shell_code().or_else(|| {
            let at = self.arguments.iter().position(|word| matches!(word.value.as_deref(), Some("-c" | "-e")))?;
            self.arguments.get(at + 1)
        });
        let file = self.arguments.iter().find(|word| word.is_process);
        code.is_some_and(starts_with_download) || file.is_some_and(has_download)
    }
}

/// Whether the command prints a download: by itself, or as a group that does.
fn gives_download(command: &ShellCommand) -> bool {
    if command.redirects.iter().any(ends_output) {
        return false;
    }
    let by_itself = command.program().is_some_and(|program| program.downloads_to_output());
    let arguments = command.program().filter(|program| matches!(program.name, "echo" | "printf" | "cat"));
    by_itself
        || command.inner.as_deref().is_some_and(prints_download)
        || arguments.is_some_and(|program| program.arguments.iter().any(has_download))
}

/// Whether the standard output goes to a file.
fn ends_output(redirect: &Redirect) -> bool {
    matches!(redirect.operator, ">" | ">>" | "&>" | "&>>" | ">|")
        && !redirect.is_other_output
        && !matches!(redirect.target.value.as_deref(), Some("/dev/stdout" | "/dev/fd/1"))
}

/// Whether a download reaches the output of the script: no program of its pipeline keeps it to itself.
fn prints_download(script: &ShellScript) -> bool {
    let keeps = |command: &ShellCommand| {
        command.redirects.iter().any(ends_output)
            || command.program().is_some_and(|program| KEEPERS.contains(&program.name))
    };
    script.pipelines.iter().any(|pipeline| {
        let first = pipeline.commands.iter().position(gives_download);
        first.is_some_and(|first| !pipeline.commands.iter().skip(first + 1).any(keeps))
    })
}

fn has_download(word: &ShellWord) -> bool {
    word.nested.iter().any(prints_download)
}

/// Whether the code of `sh -c` is what a download prints, as opposed to code that uses a download in passing.
fn starts_with_download(word: &ShellWord) -> bool {
    let code = word.raw.trim_start_matches(['"', ' ']);
    (code.starts_with("$(") || code.starts_with('`')) && word.nested.first().is_some_and(prints_download)
}

/// `-abc`: one dash and letters.
fn is_cluster(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The words after a wrapper's own options, assignments and operands.
fn skip_options<'a>(wrapper: &str, words: &'a [ShellWord], with_value: &[&str]) -> &'a [ShellWord] {
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        let Some(value) = first.value.as_deref() else {
            // An assignment keeps its name even when its value is not known.
            if first.raw.split_once('=').is_some_and(|(name, _)| is_name(name)) {
                rest = after;
                continue;
            }
            break;
        };
        if value == "--" {
            rest = after;
            break;
        }
        if with_value.contains(&value) {
            rest = after.get(1..).unwrap_or_default();
        } else if value.starts_with('-') || value.split_once('=').is_some_and(|(name, _)| is_name(name)) {
            rest = after;
        } else {
            break;
        }
    }
    let operands = usize::from(matches!(wrapper, "timeout" | "gosu" | "su-exec" | "setarch"));
    rest.get(operands..).unwrap_or_default()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
