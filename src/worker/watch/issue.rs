//! The one issue of a repository.
//!
//! Invariant: before an issue may be opened it is noted that there may be one, and it is found by its marker, so that
//! whoever goes on after a crash opens no second one; what is new is told in a comment, once, before the text says it;
//! what could not be judged never closes it.

use std::time::Duration;

use tracing::{info, warn};

use super::{Memory, Watch};
use crate::github::GitHubError;
use crate::github::client::{Issue, Issues, RepositoryClient};
use crate::image::check::Standing;
use crate::registry::Digest;
use crate::store::Shelf;
use crate::worker::JobError;

/// Ends the text of the issue.
const MARKER: &str = "<!-- dockgate:watch -->";
/// Ids that one comment names.
const MOST_TOLD: usize = 20;
/// How long nobody else opens one.
const CLAIM: Duration = Duration::from_mins(1);

impl Watch {
    /// Says in the issue what is known now, where there is something to say.
    pub(super) async fn tell(
        &self,
        client: &RepositoryClient,
        standing: &Standing,
        memory: &mut Memory,
    ) -> Result<(), JobError> {
        let is_clean = standing.blocking == 0 && standing.unjudged == 0;
        if standing.blocking == 0 && !(is_clean && memory.may_be_open) {
            return Ok(());
        }
        memory.may_be_open = true;
        self.remember(client.name(), memory).await?;
        match self.write(client, standing, memory).await {
            Err(error) if is_refused(&error) => {
                warn!(
                    repo = %client.name(),
                    blocking = standing.blocking,
                    error = error.to_string(),
                    "what was found in merged images can't be told: give the app the permission issues: write and \
                     accept it for this installation (`dockgate doctor`), and switch issues on in the repository"
                );
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    async fn write(
        &self,
        client: &RepositoryClient,
        standing: &Standing,
        memory: &mut Memory,
    ) -> Result<(), GitHubError> {
        let issues = client.issues(MARKER).await?;
        let known = issues.own(memory.issue).await?;
        memory.issue = known.as_ref().map(|issue| issue.number);
        let Standing { title, body, blocking, .. } = standing;
        match known {
            None if *blocking == 0 => memory.may_be_open = false,
            None => memory.issue = self.open(client, &issues, standing).await?,
            Some(issue) if *blocking == 0 => {
                if issue.is_open() {
                    issues.update(&issue, title, body, false).await?;
                    info!(repo = %client.name(), issue = issue.number, "no merged image has anything any more that would block");
                }
                memory.may_be_open = false;
            }
            Some(issue) => {
                let news = news(&issue, standing);
                // GitHub tells nobody of a text that changes.
                if !news.is_empty() {
                    issues.say_once(&issue, &told(&news), &marker_of(&news)).await?;
                }
                // Whoever closed it knew what it said.
                if issue.is_open() || !news.is_empty() {
                    issues.update(&issue, title, body, true).await?;
                }
            }
        }
        Ok(())
    }

    async fn open(
        &self,
        client: &RepositoryClient,
        issues: &Issues,
        standing: &Standing,
    ) -> Result<Option<u64>, GitHubError> {
        let (now, name) = ((self.clock)(), format!("issue/{}", client.name()));
        let is_ours = self.store.claim(Shelf::Claim, &name, "", now, Some(now.plus(CLAIM))).await;
        if !is_ours.unwrap_or(false) {
            // Somebody else opens it, or nobody can know; the next round finds it.
            return Ok(None);
        }
        let opened = issues.open(&standing.title, &standing.body).await;
        if let Ok(number) = &opened {
            info!(repo = %client.name(), issue = number, blocking = standing.blocking, "merged images have what would block");
        }
        opened.map(Some)
    }
}

/// Whether GitHub lets us write no issues there: neither the permission nor the repository allows it.
fn is_refused(error: &GitHubError) -> bool {
    matches!(error.status(), Some(403 | 404 | 410 | 422))
}

/// The ids of what blocks that the issue did not say.
fn news<'s>(issue: &Issue, standing: &'s Standing) -> Vec<&'s str> {
    let is_new = |id: &&String| {
        let row = format!("| {id} ");
        standing.body.contains(&row) && !issue.text().contains(&row)
    };
    standing.ids.iter().filter(is_new).map(String::as_str).collect()
}

fn told(news: &[&str]) -> String {
    let (listed, rest) = news.split_at(news.len().min(MOST_TOLD));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    format!("New in the list above: {}{more}.", listed.join(", "))
}

/// Tells one comment from another: it is found again by what it says.
fn marker_of(news: &[&str]) -> String {
    let digest = Digest::of(news.join(" ").as_bytes()).to_string();
    format!("<!-- dockgate:watch:{} -->", digest.get(7..19).unwrap_or_default())
}
