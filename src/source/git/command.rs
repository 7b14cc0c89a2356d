//! One run of git, with everything switched off that could run code, ask, or wait.
//!
//! Invariant: bounded in time and output; when it ends early its whole process group is gone; a credential is in its
//! environment only, never in an argument or a message.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::super::SourceError;

/// The variables of our own environment that git may see.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
];

/// Settings that win over every configuration file.
const SETTINGS: [(&str, &str); 14] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.quotePath", "false"),
    ("core.pager", "cat"),
    ("diff.external", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("protocol.ext.allow", "never"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.fsckObjects", "false"),
    ("diff.renameLimit", "2000"),
    ("diff.relative", "false"),
];

/// The largest file that git may write.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// git, in one directory, under our rules.
#[derive(Clone, Debug)]
pub struct Git {
    program: PathBuf,
    directory: PathBuf,
    variables: Vec<(String, String)>,
    settings: Vec<(String, SecretString)>,
    /// The longest that one command may take.
    pub limit: Duration,
    /// The most bytes that one command may write.
    pub max_bytes: usize,
}

impl Git {
    /// git in a repository of the user's own, with their global configuration (`safe.directory` is there).
    pub fn here(directory: &Path) -> Self {
        Self {
            program: program(),
            directory: directory.to_owned(),
            variables: Vec::new(),
            settings: Vec::new(),
            limit: Duration::from_mins(1),
            max_bytes: 1 << 30,
        }
    }

    /// git in a bare repository of ours, blind to any configuration file.
    pub fn bare(directory: &Path) -> Self {
        let text = directory.to_string_lossy().into_owned();
        let variables = [("GIT_DIR", text.as_str()), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("HOME", text.as_str())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { variables, ..Self::here(directory) }
    }

    /// Adds a setting whose value stays out of arguments and messages.
    #[must_use]
    pub fn with_setting(mut self, name: impl Into<String>, value: SecretString) -> Self {
        self.settings.push((name.into(), value));
        self
    }

    /// The same with another program in git's place.
    #[cfg(test)]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// The commit from which both went on.
    ///
    /// # Errors
    /// [`SourceError::Unrelated`] when there is none.
    pub async fn merge_base(&self, base: &str, head: &str) -> Result<String, SourceError> {
        let unrelated = || SourceError::Unrelated { base: base.to_owned(), head: head.to_owned() };
        match self.run("merge-base", &["--", base, head]).await {
            Ok(output) => object_id(&output).ok_or_else(unrelated),
            Err(SourceError::Git { message, .. }) if message.is_empty() => Err(unrelated()),
            Err(error) => Err(error),
        }
    }

    /// The tree that holds nothing, in this repository's kind of object id.
    pub async fn empty_tree(&self) -> Result<String, SourceError> {
        let output = self.run_with_input("hash-object", &["-t", "tree", "--stdin"], Vec::new()).await?;
        object_id(&output).ok_or_else(|| SourceError::Output { command: "hash-object".into() })
    }

    /// Runs a command without input.
    ///
    /// # Errors
    /// [`SourceError::Git`] when it fails, with the last line it wrote; `Slow`, `Long` and `NoGit`.
    pub async fn run<S: AsRef<OsStr>>(&self, command: &str, arguments: &[S]) -> Result<Vec<u8>, SourceError> {
        self.run_with_input(command, arguments, Vec::new()).await
    }

    /// Runs a command that reads `input`.
    ///
    /// # Errors
    /// As [`Git::run`].
    pub async fn run_with_input<S: AsRef<OsStr>>(
        &self,
        command: &str,
        arguments: &[S],
        input: Vec<u8>,
    ) -> Result<Vec<u8>, SourceError> {
        let mut child = self.start(command, arguments)?;
        let outcome = tokio::time::timeout(self.limit, self.converse(&mut child.0, command, input)).await;
        outcome.unwrap_or_else(|_| Err(SourceError::Slow { command: command.to_owned(), limit: self.limit }))
    }

    /// Starts a command, with pipes to all three of its ends.
    ///
    /// # Errors
    /// [`SourceError::NoGit`].
    pub(super) fn start<S: AsRef<OsStr>>(&self, command: &str, arguments: &[S]) -> Result<Group, SourceError> {
        let child = Group(self.command(command, arguments).spawn().map_err(SourceError::NoGit)?);
        child.limit_files();
        Ok(child)
    }

    fn command<S: AsRef<OsStr>>(&self, command: &str, arguments: &[S]) -> Command {
        let mut run = Command::new(&self.program);
        run.env_clear();
        run.envs(std::env::vars_os().filter(|(name, _)| PASSED_ON.iter().any(|passed| name == passed)));
        run.envs([
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", "true"),
            ("SSH_ASKPASS", "true"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_LITERAL_PATHSPECS", "1"),
            ("GIT_ALLOW_PROTOCOL", "http:https:file"),
        ]);
        run.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let fixed = SETTINGS.iter().map(|(name, value)| (*name, *value));
        let secret = self.settings.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
        let mut count = 0;
        for (name, value) in fixed.chain(secret) {
            run.env(format!("GIT_CONFIG_KEY_{count}"), name).env(format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        run.env("GIT_CONFIG_COUNT", count.to_string());
        run.arg(command).args(arguments).current_dir(&self.directory);
        run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own, so that what git starts can be ended with it.
        run.process_group(0).kill_on_drop(true);
        run
    }

    async fn converse(&self, child: &mut Child, command: &str, input: Vec<u8>) -> Result<Vec<u8>, SourceError> {
        let broken = |error: std::io::Error| SourceError::Git { command: command.into(), message: error.to_string() };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async move {
            if let Some(mut stdin) = stdin {
                // git may stop reading early; how it ends tells more than a broken pipe.
                let _ = stdin.write_all(&input).await;
                let _ = stdin.shutdown().await;
            }
        };
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let read = async {
            if let Some(stdout) = stdout {
                stdout.take(self.max_bytes as u64 + 1).read_to_end(&mut output).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        let complain = async {
            if let Some(stderr) = stderr {
                // The rest is read too, or git would wait for us.
                let mut stderr = stderr;
                (&mut stderr).take(64 * 1024).read_to_end(&mut errors).await?;
                tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        let ((), read, complained) = tokio::join!(write, read, complain);
        read.and(complained).map_err(broken)?;
        if output.len() > self.max_bytes {
            return Err(SourceError::Long { command: command.into(), max_bytes: self.max_bytes });
        }
        let status = child.wait().await.map_err(broken)?;
        if status.success() {
            return Ok(output);
        }
        Err(SourceError::Git { command: command.into(), message: last_line(&errors) })
    }
}

/// Where git is. A program with its whole path is started without copying our own process first, which takes several
/// times as long.
fn program() -> PathBuf {
    let found = std::env::var_os("PATH").and_then(|path| {
        let mut places = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
        places.find_map(|folder| {
            let program = folder.join("git");
            let is_program =
                program.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
            is_program.then_some(program)
        })
    });
    found.unwrap_or_else(|| PathBuf::from("git"))
}

/// A child that takes its process group with it.
pub(super) struct Group(pub(super) Child);

impl Group {
    fn id(&self) -> Option<Pid> {
        self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }

    /// Bounds each file that git writes: a fetch of more than that fails instead of filling the disk.
    fn limit_files(&self) {
        let limit = Rlimit { current: Some(MAX_FILE_BYTES), maximum: Some(MAX_FILE_BYTES) };
        if self.id().is_some() {
            let _ = rustix::process::prlimit(self.id(), Resource::Fsize, limit);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The id is there only while the child has not been waited for, so it is still its own.
        if let Some(group) = self.id() {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

/// The last line that says something, without what could be a credential in an address.
pub(super) fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let words = line.split(' ').map(|word| match (word.find("://"), word.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{}", &word[..scheme + 3], &word[at + 1..]),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ").chars().filter(|letter| !letter.is_control()).take(300).collect()
}

/// Whether `revision` is none that we hand to git.
pub(super) fn refuses_revision(revision: &str) -> bool {
    revision.is_empty() || revision.starts_with('-') || revision.contains(['\0', '\n'])
}

/// An object id alone on its line.
fn object_id(output: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(output).ok()?.lines().next()?;
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_owned())
}
