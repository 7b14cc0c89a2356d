//! Programs that keep credentials, `docker-credential-NAME`.
//!
//! Invariant: the program and the server it is asked for are those of the operator's configuration; it has a deadline,
//! its answer a bound, and what it says beside its answer is not repeated.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{CredentialError, CredentialSource, Issued, Secret};

/// How long a helper may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long its answer is used.
const LIFETIME: Duration = Duration::from_mins(5);
/// Bytes of its answer.
const MAX_BYTES: u64 = 64 * 1024;
/// What a helper prints when it has nothing for a server.
const NOTHING: &str = "credentials not found";
/// The user that marks an identity token.
const TOKEN_USER: &str = "<token>";

/// The last part of a helper's name, such as `ecr-login`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperName(String);

/// A helper that is asked for one server.
#[derive(Clone, Debug)]
pub struct Helper {
    name: HelperName,
    server: String,
    folder: Option<PathBuf>,
}

impl HelperName {
    /// Reads a name of lower-case letters, digits, `-`, `_` and `.`, so that it can't be a path or an option.
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(is_letter) && !text.starts_with(['-', '.']);
        fits.then(|| Self(text.to_owned()))
    }
}

impl Helper {
    /// The helper called `name`, in `folder` or where the system looks for programs.
    pub fn new(name: HelperName, server: String, folder: Option<PathBuf>) -> Self {
        Self { name, server, folder }
    }

    fn wrong(&self, why: &str) -> CredentialError {
        CredentialError(format!("docker-credential-{} {why}", self.name.0))
    }

    async fn run(&self) -> std::io::Result<(bool, Vec<u8>)> {
        let program = format!("docker-credential-{}", self.name.0);
        let program = self.folder.as_ref().map_or_else(|| PathBuf::from(&program), |folder| folder.join(&program));
        let mut child = Command::new(program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A helper that does not read has perhaps answered already.
            let _ = input.write_all(self.server.as_bytes()).await;
        }
        let mut answer = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(MAX_BYTES).read_to_end(&mut answer).await?;
        }
        Ok((child.wait().await?.success(), answer))
    }
}

#[async_trait]
impl CredentialSource for Helper {
    async fn issue(&self) -> Result<Issued, CredentialError> {
        let finished = tokio::time::timeout(DEADLINE, self.run()).await;
        let (succeeded, answer) = finished
            .map_err(|_| self.wrong("did not answer in time"))?
            .map_err(|error| self.wrong(&format!("could not be run: {}", error.kind())))?;
        if !succeeded {
            let knows_nothing = String::from_utf8_lossy(&answer).contains(NOTHING);
            let nothing = Issued { secret: None, lifetime: LIFETIME };
            return if knows_nothing { Ok(nothing) } else { Err(self.wrong("failed")) };
        }
        let answer: Answer = serde_json::from_slice(&answer).map_err(|_| self.wrong("gave no credential"))?;
        let secret = if answer.username == TOKEN_USER {
            Secret::IdentityToken(answer.secret.into())
        } else {
            Secret::Password { user: answer.username, password: answer.secret.into() }
        };
        Ok(Issued { secret: Some(secret), lifetime: LIFETIME })
    }
}

/// Not `Debug`: it holds a secret as plain text, until it is taken out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}
