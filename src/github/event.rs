//! Webhook deliveries: who really sent them, and what they say.
//!
//! Invariant: nothing is parsed before its signature holds, only our few fields are read, and what we don't know is
//! ignored with a reason, never an error: GitHub adds events and actions without notice.

mod comment;

use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use super::identity::{CommitSha, InstallationId, PullRequestNumber, RepositoryName};
use super::timestamp;
pub use comment::{Actor, Comment, CommentPlace, PressedButton};

/// Why a delivery is not taken.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// There is no `X-Hub-Signature-256`, or it is not `sha256=` and 64 hex digits.
    #[error("the delivery is not signed: expected x-hub-signature-256: sha256=<64 hex digits>")]
    Unsigned,
    /// The signature is not that of the body under our secret.
    #[error("the delivery's signature does not match: is the webhook secret the same on both sides?")]
    Signature,
    /// The body is not what GitHub documents for the event.
    #[error("the {event} delivery has an unexpected shape")]
    Shape {
        /// The event's name.
        event: String,
        /// Where it differs.
        source: super::Misshapen,
    },
}

/// A delivery, as far as we care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A pull request is new, has a new head or a new base, wants attention again, or is over.
    PullRequest {
        /// Where.
        at: Place,
        /// Which.
        number: PullRequestNumber,
        /// Its head.
        head: CommitSha,
    },
    /// Somebody asks for a check to run again.
    Rerequested {
        /// Where.
        at: Place,
        /// The commit.
        head: CommitSha,
        /// The pull requests of that commit that GitHub names: none for forks.
        pull_requests: Vec<PullRequestNumber>,
        /// What we called the check run by; `None` for a whole suite.
        external_id: Option<String>,
        /// The app whose check it is.
        app_id: Option<u64>,
    },
    /// A merge queue wants a group checked.
    MergeGroup {
        /// Where.
        at: Place,
        /// The commit it wants to merge.
        head: CommitSha,
        /// The commit it stands on.
        base: CommitSha,
        /// The branch it is merged into; empty when the delivery does not say.
        branch: String,
        /// The last pull request of the group, when the queue's branch names it.
        pull_request: Option<PullRequestNumber>,
    },
    /// A merge queue's group is over: merged, dissolved or replaced.
    MergeGroupEnded {
        /// Where.
        at: Place,
        /// The commit it wanted to merge.
        head: CommitSha,
    },
    /// Somebody wrote a command on a pull request.
    Command {
        /// Where.
        at: Place,
        /// The comment.
        comment: Comment,
    },
    /// Somebody pressed a button of a check run of ours.
    Button {
        /// Where.
        at: Place,
        /// The button.
        button: PressedButton,
    },
    /// A package was published or a workflow run has ended: an image that is awaited may be there.
    Built {
        /// Where.
        at: Place,
    },
    /// The app was installed, changed or removed.
    Installation {
        /// Which installation.
        installation: InstallationId,
        /// What happened, such as `created`.
        action: String,
        /// The repositories that were added to it; not told where all of them are.
        added: Vec<RepositoryName>,
    },
    /// GitHub says hello.
    Ping,
    /// Nothing for us.
    Ignored {
        /// Why, in a few words.
        why: String,
    },
}

/// The repository a delivery is about, and the installation it came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The installation.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryName,
}

/// Checks that `header` (`X-Hub-Signature-256`) signs `body` under `secret`, in constant time.
///
/// # Errors
/// [`EventError::Unsigned`] and [`EventError::Signature`].
///
/// # Source
/// GitHub: "Validating webhook deliveries".
pub fn verify_signature(secret: &[u8], body: &[u8], header: Option<&str>) -> Result<(), EventError> {
    let hex = header.and_then(|header| header.strip_prefix("sha256=")).ok_or(EventError::Unsigned)?;
    let signature = decode_hex(hex).ok_or(EventError::Unsigned)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| EventError::Signature)?;
    mac.update(body);
    mac.verify_slice(&signature).map_err(|_| EventError::Signature)
}

fn decode_hex(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Whether a lost delivery is worth another attempt, as far as its event and action tell: what GitHub tells of our own
/// checks' progress asks for nothing.
pub fn may_matter(event: &str, action: Option<&str>) -> bool {
    match event {
        "ping" => false,
        "check_run" | "check_suite" => !matches!(action, Some("created" | "completed" | "requested")),
        _ => true,
    }
}

impl Event {
    /// Reads a delivery: `name` is the header `X-GitHub-Event`, `body` is JSON.
    ///
    /// # Errors
    /// [`EventError::Shape`] when one of our own events lacks a field that we need.
    pub fn parse(name: &str, body: &[u8]) -> Result<Self, EventError> {
        match name {
            "ping" => Ok(Self::Ping),
            "pull_request" => pull_request(body),
            "check_run" | "check_suite" => check(name, body),
            "merge_group" => merge_group(body),
            "registry_package" | "package" | "workflow_run" => built(name, body),
            "issue_comment" | "pull_request_review_comment" => comment::comment(name, body),
            "installation" | "installation_repositories" => installation(name, body),
            _ => Ok(Self::ignored(format!("event {name:.60}"))),
        }
    }

    /// The moment whose state a delivery describes, where it says so: a pull request's `updated_at`.
    pub fn as_of(name: &str, body: &[u8]) -> Option<SystemTime> {
        #[derive(Deserialize)]
        struct Body {
            pull_request: Pull,
        }
        #[derive(Deserialize)]
        struct Pull {
            updated_at: String,
        }
        if name != "pull_request" {
            return None;
        }
        let body: Body = serde_json::from_slice(body).ok()?;
        timestamp::parse(&body.pull_request.updated_at)
    }

    fn ignored(why: impl Into<String>) -> Self {
        Self::Ignored { why: why.into() }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "crate::github::or_default")]
    action: String,
    installation: Option<Numbered>,
    repository: Option<Named>,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

#[derive(Deserialize)]
struct Named {
    full_name: RepositoryName,
    #[serde(default)]
    id: Option<u64>,
}

/// A pull request of a check's commit, which may be one of another repository.
#[derive(Deserialize)]
struct Listed {
    number: PullRequestNumber,
    base: Option<ListedBase>,
}

#[derive(Deserialize)]
struct ListedBase {
    repo: Option<Numbered>,
}

impl Listed {
    /// Those of `listed` that are pull requests of `repository`, or do not say whose they are.
    fn of(listed: &[Self], repository: Option<&Named>) -> Vec<PullRequestNumber> {
        let own = repository.and_then(|repository| repository.id);
        let is_own = |pull: &&Self| {
            let base = pull.base.as_ref().and_then(|base| base.repo.as_ref()).map(|repo| repo.id);
            base.zip(own).is_none_or(|(base, own)| base == own)
        };
        listed.iter().filter(is_own).map(|pull| pull.number).collect()
    }
}

impl Head {
    /// The place, or why there is none.
    fn place(self, event: &str) -> Result<Place, Box<Event>> {
        match (self.installation, self.repository) {
            (Some(installation), Some(repository)) => {
                Ok(Place { installation: InstallationId(installation.id), repository: repository.full_name })
            }
            // A webhook of a repository, not of the app: we have no token to act with.
            (None, _) => Err(Box::new(Event::ignored(format!("{event} without an installation")))),
            (_, None) => Err(Box::new(Event::ignored(format!("{event} without a repository")))),
        }
    }
}

fn read<T: DeserializeOwned>(event: &str, body: &[u8]) -> Result<T, EventError> {
    serde_json::from_slice(body).map_err(|error| EventError::Shape { event: event.to_owned(), source: error.into() })
}

#[derive(Deserialize)]
struct Commit {
    sha: CommitSha,
}

fn pull_request(body: &[u8]) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Body {
        number: PullRequestNumber,
        pull_request: Pull,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        changes: Changes,
    }
    #[derive(Deserialize)]
    struct Pull {
        head: Commit,
    }
    #[derive(Default, Deserialize)]
    struct Changes {
        base: Option<serde::de::IgnoredAny>,
    }
    let head: Head = read("pull_request", body)?;
    let action = head.action.clone();
    if !matches!(action.as_str(), "opened" | "synchronize" | "reopened" | "ready_for_review" | "edited" | "closed") {
        return Ok(Event::ignored(format!("pull_request {action:.60}")));
    }
    let payload: Body = read("pull_request", body)?;
    if action == "edited" && payload.changes.base.is_none() {
        return Ok(Event::ignored("pull_request edited, but not its base"));
    }
    Ok(match head.place("pull_request") {
        Ok(at) => Event::PullRequest { at, number: payload.number, head: payload.pull_request.head.sha },
        Err(ignored) => *ignored,
    })
}

/// A check run and a check suite say the same under different names.
fn check(name: &str, body: &[u8]) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "check_suite")]
        check_run: Check,
    }
    #[derive(Deserialize)]
    struct Check {
        head_sha: CommitSha,
        #[serde(default)]
        external_id: Option<String>,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        pull_requests: Vec<Listed>,
        app: Option<Numbered>,
    }
    let head: Head = read(name, body)?;
    if name == "check_run" && head.action == "requested_action" {
        return comment::button(head, body);
    }
    if head.action != "rerequested" {
        return Ok(Event::ignored(format!("{name} {:.60}", head.action)));
    }
    let check = read::<Body>(name, body)?.check_run;
    let pull_requests = Listed::of(&check.pull_requests, head.repository.as_ref());
    Ok(match head.place(name) {
        Ok(at) => Event::Rerequested {
            at,
            head: check.head_sha,
            pull_requests,
            external_id: check.external_id.filter(|id| !id.is_empty()),
            app_id: check.app.map(|app| app.id),
        },
        Err(ignored) => *ignored,
    })
}

fn merge_group(body: &[u8]) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Body {
        merge_group: Group,
    }
    #[derive(Deserialize)]
    struct Group {
        head_sha: CommitSha,
        base_sha: CommitSha,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        head_ref: String,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        base_ref: String,
    }
    let head: Head = read("merge_group", body)?;
    if !matches!(head.action.as_str(), "checks_requested" | "destroyed") {
        return Ok(Event::ignored(format!("merge_group {:.60}", head.action)));
    }
    let is_over = head.action == "destroyed";
    let group = read::<Body>("merge_group", body)?.merge_group;
    Ok(match head.place("merge_group") {
        Ok(at) if is_over => Event::MergeGroupEnded { at, head: group.head_sha },
        Ok(at) => {
            let pull_request = queued_pull(&group.head_ref);
            let branch = group.base_ref.strip_prefix("refs/heads/").unwrap_or_default().to_owned();
            Event::MergeGroup { at, head: group.head_sha, base: group.base_sha, branch, pull_request }
        }
        Err(ignored) => *ignored,
    })
}

fn built(name: &str, body: &[u8]) -> Result<Event, EventError> {
    let head: Head = read(name, body)?;
    if !matches!(head.action.as_str(), "published" | "updated" | "completed") {
        return Ok(Event::ignored(format!("{name} {:.60}", head.action)));
    }
    Ok(match head.place(name) {
        Ok(at) => Event::Built { at },
        Err(ignored) => *ignored,
    })
}

/// The pull request that a queue's branch names: `gh-readonly-queue/BASE/pr-NUMBER-SHA`.
fn queued_pull(head_ref: &str) -> Option<PullRequestNumber> {
    let (_, last) = head_ref.rsplit_once('/').filter(|(before, _)| before.contains("gh-readonly-queue/"))?;
    let number = last.strip_prefix("pr-")?.split('-').next()?;
    number.parse().ok().map(PullRequestNumber)
}

fn installation(name: &str, body: &[u8]) -> Result<Event, EventError> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "crate::github::or_default")]
        repositories_added: Vec<Named>,
    }
    let head: Head = read(name, body)?;
    Ok(match head.installation {
        Some(installation) => {
            let added = read::<Body>(name, body)?.repositories_added.into_iter();
            let added = added.map(|repository| repository.full_name).collect();
            Event::Installation { installation: InstallationId(installation.id), action: head.action, added }
        }
        None => Event::ignored(format!("{name} without an installation")),
    })
}

#[cfg(test)]
mod tests;
