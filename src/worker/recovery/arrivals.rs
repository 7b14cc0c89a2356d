//! Installations and repositories that are new to us: what is open there is judged without comments, so that a check
//! that is required from now on strands nobody.
//!
//! Invariant: a note is durable before its delivery is answered, and is forgotten only once its pull requests have
//! jobs.

use tracing::info;

use super::sweep::Look;
use super::{Memory, Recovery, RecoveryError};
use crate::github::event::{Event, Place};
use crate::github::identity::InstallationId;
use crate::store::{Shelf, Store, StoreError, UnixMillis};

/// Most notes that are read at once.
const MOST_NOTES: u32 = 1_000;

const PREFIX: &str = "arrived/";

/// Notes what an event brings us; `false` when it brings nothing.
///
/// # Errors
/// [`StoreError`] when nothing is certain to be noted.
pub async fn note(store: &dyn Store, event: &Event, now: UnixMillis) -> Result<bool, StoreError> {
    let Event::Installation { installation, action, added } = event else { return Ok(false) };
    if !matches!(action.as_str(), "created" | "unsuspend" | "new_permissions_accepted" | "added") {
        return Ok(false);
    }
    let body = now.0.to_string();
    if action != "added" {
        store.keep(Shelf::Cursor, &format!("{PREFIX}{}", installation.0), &body, None).await?;
        return Ok(true);
    }
    for repository in added {
        store.keep(Shelf::Cursor, &format!("{PREFIX}{}/{repository}", installation.0), &body, None).await?;
    }
    Ok(!added.is_empty())
}

/// What a note is about.
enum Arrival {
    Installation(InstallationId),
    Repository(Place),
}

fn read(name: &str) -> Option<Arrival> {
    let rest = name.strip_prefix(PREFIX)?;
    let Some((installation, repository)) = rest.split_once('/') else {
        return Some(Arrival::Installation(InstallationId(rest.parse().ok()?)));
    };
    let installation = InstallationId(installation.parse().ok()?);
    Some(Arrival::Repository(Place { installation, repository: repository.parse().ok()? }))
}

impl Recovery {
    /// Looks through what is new.
    pub(super) async fn greet(&self, memory: &mut Memory) -> Result<(), RecoveryError> {
        let notes = self.store.kept_below(Shelf::Cursor, PREFIX, (self.clock)(), MOST_NOTES).await?;
        for (name, body) in notes {
            let arrived = UnixMillis(body.parse().unwrap_or_default());
            let is_done = match read(&name) {
                None => true,
                Some(Arrival::Installation(installation)) => self.unfold(installation, &body).await?,
                Some(Arrival::Repository(at)) if memory.round.is_paused(at.installation, (self.clock)()) => false,
                Some(Arrival::Repository(at)) => {
                    let look = Look { at, quiet_before: Some(arrived), everything: true };
                    memory.round.sweep(self, &look).await?
                }
            };
            if is_done {
                self.store.forget(Shelf::Cursor, &name).await?;
            }
        }
        Ok(())
    }

    /// Notes each repository of an installation; `false` when GitHub could not be asked.
    async fn unfold(&self, installation: InstallationId, body: &str) -> Result<bool, RecoveryError> {
        let repositories = match self.client.repositories(installation).await {
            Ok(repositories) => repositories,
            Err(error) if error.is_retryable() => return Err(error.into()),
            // Gone or suspended again.
            Err(_) => return Ok(true),
        };
        info!(installation = installation.0, repositories = repositories.len(), "an installation is new");
        for repository in repositories {
            let name = format!("{PREFIX}{}/{}", installation.0, repository.name);
            self.store.keep(Shelf::Cursor, &name, body, None).await?;
        }
        Ok(true)
    }
}
