//! The Trivy command line, alone or as the client of a Trivy server.
//!
//! As a client it reads the packages out of the layers itself and sends them to the server before it asks: a bare
//! question to a server is answered with an empty list.
//!
//! Invariant: it reads a folder that we wrote, has no credential and no variable of ours, and ends with the scan.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::{Documents, failed, layout_copy};
use crate::image::ImageError;
use crate::image::report::ImageReport;
use crate::image::results::trivy;
use crate::image::scanner::{ImageScanner, ScanRequest};

/// The largest answer, and the most of its messages, in bytes.
const MAX_ANSWER: u64 = 64 << 20;
const MAX_MESSAGES: u64 = 64 << 10;

/// Runs Trivy.
pub struct TrivyScanner {
    /// The program.
    pub program: PathBuf,
    /// The server, when it is only a client.
    pub server: Option<String>,
    /// What the server asks for.
    pub token: Option<SecretString>,
    /// More arguments.
    pub arguments: Vec<String>,
    /// Its variables: where its databases are and come from.
    pub environment: BTreeMap<String, String>,
    /// Where images are written while they are scanned.
    pub folder: PathBuf,
}

#[async_trait]
impl ImageScanner for TrivyScanner {
    fn name(&self) -> &'static str {
        if self.server.is_some() { "trivy-server" } else { "trivy" }
    }

    async fn scan(&self, request: ScanRequest<'_>) -> Result<ImageReport, ImageError> {
        let name = self.name();
        let documents = Documents::read(&request).await?;
        let folder = tempfile::Builder::new().prefix("dockgate-image-").tempdir_in(&self.folder);
        let folder = folder.map_err(|error| failed(name, format!("there is no room for its copy: {error}")))?;
        layout_copy::write(name, &documents, request.source, folder.path()).await?;
        let mut command = self.command();
        command.arg("--input").arg(folder.path());
        let answer = self.run(command).await?;
        let document = serde_json::from_slice(&answer).map_err(|_| failed(name, "its answer is no JSON"))?;
        Ok(documents.report(request.image, name, trivy::read(&document), true))
    }
}

impl TrivyScanner {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["image", "--quiet", "--format", "json", "--list-all-pkgs"]);
        if !self.arguments.iter().any(|argument| argument.starts_with("--scanners")) {
            command.args(["--scanners", "vuln"]);
        }
        if let Some(server) = &self.server {
            command.args(["--server", server]);
        }
        command.args(&self.arguments).env_clear().envs(&self.environment);
        if let Some(token) = &self.token {
            command.env("TRIVY_TOKEN", token.expose_secret());
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Its answer, when it ends well.
    async fn run(&self, mut command: Command) -> Result<Vec<u8>, ImageError> {
        let name = self.name();
        let started = command.spawn();
        let mut process = started.map_err(|error| failed(name, format!("it can't be started: {error}")))?;
        let (answer, messages) = (process.stdout.take(), process.stderr.take());
        let (answer, messages) = tokio::join!(read(answer, MAX_ANSWER), read(messages, MAX_MESSAGES));
        if answer.len() as u64 > MAX_ANSWER {
            return Err(failed(name, format!("its answer has more than {MAX_ANSWER} bytes")));
        }
        let status = process.wait().await.map_err(|error| failed(name, error.to_string()))?;
        if status.success() {
            return Ok(answer);
        }
        let messages = String::from_utf8_lossy(&messages);
        let last = messages.lines().rev().map(str::trim).find(|line| !line.is_empty());
        let last = last.map(|line| line.rsplit_once('\t').map_or(line, |(_, message)| message));
        Err(failed(name, last.unwrap_or("it ended without a word")))
    }
}

/// What comes, up to one byte more than `max`; the rest is read and dropped, so that the program ends.
async fn read(stream: Option<impl AsyncRead + Unpin>, max: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(stream) = stream else { return kept };
    let mut first = stream.take(max + 1);
    if first.read_to_end(&mut kept).await.is_ok() && kept.len() as u64 <= max {
        return kept;
    }
    let mut rest = first.into_inner();
    let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
    kept
}
