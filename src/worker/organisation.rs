//! The defaults of organisations.
//!
//! Invariant: defaults that could not be read are an error or say so; they never count as absent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::github::GitHubError;
use crate::github::client::RepositoryClient;
use crate::github::identity::InstallationId;
use crate::settings::repository::{ORGANISATION_PATH, SettingsFile};

/// How long defaults are remembered.
const MEMORY: Duration = Duration::from_mins(3);
/// The most organisations that are remembered.
const MOST_ORGANISATIONS: usize = 10_000;
/// The largest file of defaults.
const MAX_SETTINGS_BYTES: usize = 1 << 20;

/// The defaults that were read last.
#[derive(Default)]
pub struct Organisations(Mutex<HashMap<(InstallationId, String), (Instant, SettingsFile)>>);

impl Organisations {
    /// The defaults of the organisation of `client`'s repository, from its `.github` repository.
    ///
    /// # Errors
    /// Any [`GitHubError`] that trying again may mend.
    pub async fn of(&self, client: &RepositoryClient) -> Result<SettingsFile, GitHubError> {
        let key = (client.installation(), client.name().owner().to_owned());
        if let Some((read, file)) = self.0.lock().await.get(&key)
            && read.elapsed() < MEMORY
        {
            return Ok(file.clone());
        }
        let file = read(client).await?;
        let mut known = self.0.lock().await;
        if known.len() >= MOST_ORGANISATIONS {
            known.clear();
        }
        known.insert(key, (Instant::now(), file.clone()));
        Ok(file)
    }
}

async fn read(client: &RepositoryClient) -> Result<SettingsFile, GitHubError> {
    let Ok(repository) = client.name().sibling(".github") else { return Ok(SettingsFile::Absent) };
    match client.sibling(repository).file(ORGANISATION_PATH, None, MAX_SETTINGS_BYTES).await {
        Ok(None) => Ok(SettingsFile::Absent),
        Ok(Some(bytes)) => Ok(match String::from_utf8(bytes) {
            Ok(text) => SettingsFile::Text(text),
            Err(_) => SettingsFile::Unreadable { why: "not UTF-8".into() },
        }),
        // The app is not installed on that repository, or there is none: no defaults.
        Err(error) if matches!(error.status(), Some(403 | 404 | 422)) => Ok(SettingsFile::Absent),
        Err(error) if error.is_retryable() => Err(error),
        Err(error) => Ok(SettingsFile::Unreadable { why: error.to_string() }),
    }
}
