//! What the app asks as itself: where it is installed, and which deliveries it was sent.
//!
//! # Source
//! GitHub REST: "List installations for the authenticated app", "Get an installation for the authenticated app", "List
//! deliveries for an app webhook", "Redeliver a delivery for an app webhook", "List repositories accessible to the app
//! installation".

use std::time::SystemTime;

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::lists::has_next;
use super::{Client, GitHubError, RepositoryClient, segment};
use crate::github::app;
use crate::github::identity::{CommitSha, InstallationId, RepositoryName};
use crate::github::timestamp;
use crate::github::transport::{Answer, Call};

/// Most pages of installations, and of repositories of one.
const MOST_PAGES: usize = 200;

/// An installation of the app.
#[derive(Clone, Debug, Deserialize)]
pub struct Installation {
    /// Its number.
    pub id: InstallationId,
    /// Since when it is suspended, as GitHub writes times.
    #[serde(default)]
    suspended_at: Option<String>,
}

impl Installation {
    /// Whether the app may do nothing there for now.
    pub fn is_suspended(&self) -> bool {
        self.suspended_at.is_some()
    }
}

/// A repository that an installation reaches.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reached {
    /// Its name.
    #[serde(rename = "full_name")]
    pub name: RepositoryName,
    /// Its default branch; empty when GitHub leaves it out.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub default_branch: String,
    /// Whether it can only be read.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    pub archived: bool,
}

/// One attempt of GitHub at delivering an event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HookDelivery {
    /// The attempt's number.
    pub id: u64,
    /// The delivery's id, the same for all attempts.
    pub guid: String,
    delivered_at: String,
    /// What we answered; no HTTP status where there was no answer in time.
    #[serde(default, deserialize_with = "crate::github::or_default")]
    status_code: i64,
    /// The event.
    pub event: String,
    /// Its action.
    #[serde(default)]
    pub action: Option<String>,
}

impl HookDelivery {
    /// When the attempt was made, by GitHub's clock.
    pub fn delivered_at(&self) -> Option<SystemTime> {
        timestamp::parse(&self.delivered_at)
    }

    /// Whether it was answered with success.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

impl Client {
    /// All installations of the app.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn installations(&self) -> Result<Vec<Installation>, GitHubError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/app/installations?per_page=100&page={page}");
            let call = Call::get("list installations", self.app_id().to_string(), path);
            let answer = self.as_app(&call).await?;
            all.extend(answer.json::<Vec<Installation>>(&call)?);
            if !has_next(&answer) {
                return Ok(all);
            }
        }
        Err(too_many("list installations", self.app_id().to_string()))
    }

    /// One installation; `None` when there is none (any more).
    ///
    /// # Errors
    /// Any other [`GitHubError`].
    pub async fn installation(&self, id: InstallationId) -> Result<Option<Installation>, GitHubError> {
        let call = Call::get("read installation", id.0.to_string(), format!("/app/installations/{}", id.0));
        match self.as_app(&call).await {
            Ok(answer) => answer.json(&call).map(Some),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The repositories that an installation reaches.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn repositories(&self, id: InstallationId) -> Result<Vec<Reached>, GitHubError> {
        #[derive(Deserialize)]
        struct Page {
            repositories: Vec<Reached>,
        }
        let call = Call::write(
            Method::POST,
            "create token",
            format!("for installation {}", id.0),
            format!("/app/installations/{}/access_tokens", id.0),
            json!({ "permissions": { "metadata": "read" } }),
        );
        let answer = self.as_app(&call).await?;
        let token = app::minted(&call, &answer, (self.0.config.clock)())?;
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let path = format!("/installation/repositories?per_page=100&page={page}");
            let call = Call::get("list repositories", format!("of installation {}", id.0), path);
            let answer = self.checked(&call, Some(id), &token.secret).await?;
            all.extend(answer.json::<Page>(&call)?.repositories);
            if !has_next(&answer) {
                return Ok(all);
            }
        }
        Err(too_many("list repositories", format!("of installation {}", id.0)))
    }

    /// A page of delivery attempts, newest first, and the cursor of the next page.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn deliveries(&self, cursor: Option<&str>) -> Result<(Vec<HookDelivery>, Option<String>), GitHubError> {
        let cursor = cursor.map(|cursor| format!("&cursor={}", segment(cursor))).unwrap_or_default();
        let path = format!("/app/hook/deliveries?per_page=100{cursor}");
        let call = Call::get("list deliveries", self.app_id().to_string(), path);
        let answer = self.as_app(&call).await?;
        Ok((answer.json(&call)?, next_cursor(&answer)))
    }

    /// Asks for another attempt at a delivery.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn redeliver(&self, id: u64) -> Result<(), GitHubError> {
        let path = format!("/app/hook/deliveries/{id}/attempts");
        self.as_app(&Call::post("redeliver", id.to_string(), path)).await.map(|_| ())
    }
}

impl RepositoryClient {
    /// The commit at which a branch stands; `None` when there is no such branch.
    ///
    /// # Errors
    /// Any other [`GitHubError`].
    pub async fn branch(&self, name: &str) -> Result<Option<CommitSha>, GitHubError> {
        #[derive(Deserialize)]
        struct Body {
            object: Object,
        }
        #[derive(Deserialize)]
        struct Object {
            sha: CommitSha,
        }
        let branch: Vec<String> = name.split('/').map(segment).collect();
        let path = self.path(&format!("/git/ref/heads/{}", branch.join("/")));
        let call = Call::get("read branch", format!("{name} of {}", self.name()), path);
        match self.send(&call).await {
            Ok(answer) => Ok(Some(answer.json::<Body>(&call)?.object.sha)),
            // GitHub calls it a conflict that a repository is empty.
            Err(error) if error.is_absent() || error.status() == Some(409) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the installation reaches the repository.
    ///
    /// # Errors
    /// A [`GitHubError`] that does not tell.
    pub async fn is_reachable(&self) -> Result<bool, GitHubError> {
        let call = Call::get("read repository", self.name().to_string(), self.path(""));
        match self.send(&call).await {
            Ok(_) => Ok(true),
            // A token for a repository out of reach is refused as unprocessable; one with a new name or owner is led on
            // to that, under which it is found by looking through.
            Err(error) if error.is_absent() || matches!(error.status(), Some(301 | 403 | 422 | 451)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn too_many(operation: &'static str, subject: String) -> GitHubError {
    GitHubError::TooLarge { operation, subject, max_bytes: MOST_PAGES * 100 }
}

/// The `cursor` of the next page in the `link` header. The address itself is not followed: it is the server's to
/// choose.
fn next_cursor(answer: &Answer) -> Option<String> {
    let links = answer.headers.get(http::header::LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let query = address.split_once('?')?.1;
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="))?;
    (!cursor.is_empty() && cursor.len() <= 200).then(|| cursor.to_owned())
}
