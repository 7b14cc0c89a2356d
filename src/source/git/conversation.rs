//! One `git cat-file` that answers many questions, so that git starts once and not for each of them.
//!
//! Invariant: every question has its answer before the next one is asked; bounded in time; the process ends with us.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;

use super::command::{Git, Group, last_line};
use crate::source::SourceError;

const COMMAND: &str = "cat-file";
/// The longest first line of an answer: it repeats the question when there is no such object.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// What git says of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The object's id.
    pub oid: String,
    /// `blob`, `tree`, `commit` or `tag`.
    pub kind: String,
    /// Its size.
    pub bytes: u64,
    /// Its bytes, when they were asked for.
    pub content: Vec<u8>,
}

/// A running `git cat-file`.
pub struct Conversation {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    errors: Option<JoinHandle<Vec<u8>>>,
    limit: Duration,
    child: Group,
}

impl Conversation {
    /// Starts git with `mode`, one of the `--batch` options.
    ///
    /// # Errors
    /// [`SourceError::NoGit`].
    pub fn start(git: &Git, mode: &str) -> Result<Self, SourceError> {
        let mut child = git.start(COMMAND, &[mode])?;
        let pipe = || SourceError::Output { command: COMMAND.into() };
        let (input, output) = (child.0.stdin.take().ok_or_else(pipe)?, child.0.stdout.take().ok_or_else(pipe)?);
        let errors = child.0.stderr.take().map(|stderr| tokio::spawn(complaints(stderr)));
        Ok(Self { input, output: BufReader::new(output), errors, limit: git.limit, child })
    }

    /// Asks all `questions`, each a line, and reads as many answers, with the objects' bytes when `has_content`. What
    /// git does not have, or can't tell from another, is `None`.
    ///
    /// # Errors
    /// [`SourceError::Git`] when git ended, with the last line it wrote; `Slow` and `Output`.
    pub async fn ask(&mut self, questions: &[String], has_content: bool) -> Result<Vec<Option<Answer>>, SourceError> {
        let text: Vec<u8> = questions.iter().flat_map(|line| [line.as_bytes(), b"\n"]).flatten().copied().collect();
        let (input, output) = (&mut self.input, &mut self.output);
        let write = async {
            // git may have ended; how it ended tells more than a broken pipe.
            let _ = input.write_all(&text).await;
            let _ = input.flush().await;
        };
        let read = async {
            let mut answers = Vec::with_capacity(questions.len());
            for _ in questions {
                answers.push(answer(output, has_content).await?);
            }
            Ok::<_, Broken>(answers)
        };
        match tokio::time::timeout(self.limit, async { tokio::join!(write, read).1 }).await {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(Broken::Ended)) => Err(self.ended().await),
            Ok(Err(Broken::Misread)) => Err(SourceError::Output { command: COMMAND.into() }),
            Err(_) => Err(SourceError::Slow { command: COMMAND.into(), limit: self.limit }),
        }
    }

    /// Why git is gone.
    async fn ended(&mut self) -> SourceError {
        let told = async {
            let _ = self.child.0.wait().await;
            match self.errors.take() {
                Some(errors) => errors.await.unwrap_or_default(),
                None => Vec::new(),
            }
        };
        let errors = tokio::time::timeout(self.limit, told).await.unwrap_or_default();
        SourceError::Git { command: COMMAND.into(), message: last_line(&errors) }
    }
}

enum Broken {
    Ended,
    Misread,
}

impl From<std::io::Error> for Broken {
    fn from(_: std::io::Error) -> Self {
        Self::Ended
    }
}

/// Reads `OID TYPE SIZE`, line break and, when `has_content`, the bytes and another line break.
async fn answer(output: &mut BufReader<ChildStdout>, has_content: bool) -> Result<Option<Answer>, Broken> {
    let mut line = Vec::new();
    (&mut *output).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Err(Broken::Ended);
    }
    let line = line.strip_suffix(b"\n").ok_or(Broken::Misread)?;
    let Some(mut answer) = std::str::from_utf8(line).ok().and_then(header) else {
        let is_refusal = [&b" missing"[..], b" ambiguous"].iter().any(|ending| line.ends_with(ending));
        return if is_refusal { Ok(None) } else { Err(Broken::Misread) };
    };
    if has_content {
        (&mut *output).take(answer.bytes).read_to_end(&mut answer.content).await?;
        if answer.content.len() as u64 != answer.bytes || output.read_u8().await? != b'\n' {
            return Err(Broken::Misread);
        }
    }
    Ok(Some(answer))
}

fn header(line: &str) -> Option<Answer> {
    let [oid, kind, bytes]: [&str; 3] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let is_id = matches!(oid.len(), 40 | 64) && oid.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = bytes.parse().ok()?;
    is_id.then(|| Answer { oid: oid.to_owned(), kind: kind.to_owned(), bytes, content: Vec::new() })
}

/// What git complains of; all is read, or git would wait for us.
async fn complaints(stderr: ChildStderr) -> Vec<u8> {
    let mut stderr = stderr;
    let mut errors = Vec::new();
    let _ = AsyncReadExt::take(&mut stderr, 64 * 1024).read_to_end(&mut errors).await;
    let _ = drain(&mut stderr).await;
    errors
}

async fn drain(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<u64> {
    tokio::io::copy(from, &mut tokio::io::sink()).await
}
