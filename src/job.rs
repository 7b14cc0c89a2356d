//! Jobs: what a webhook delivery asks to be done.
//!
//! Invariant: two deliveries about the same pull request have the same [`JobKey`], so they collapse in the queue.

use serde::{Deserialize, Serialize};

use crate::github::event::{Actor, Comment, Event, Place, PressedButton};
use crate::github::identity::{CommitSha, InstallationId, PullRequestNumber, RepositoryName};
use crate::scan::finding::Severity;
use crate::scan::glob::PathGlobs;
use crate::settings::repository::images::{BuiltImage, ImageWaiver};
use crate::settings::vex::VexStatement;

/// One check to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The installation whose token is used.
    pub installation: InstallationId,
    /// The repository that gets the check run (the base repository, for a fork too).
    pub repository: RepositoryName,
    /// What is judged.
    pub subject: JobSubject,
}

/// What a job judges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum JobSubject {
    /// A pull request, at the head that the delivery named; the worker judges the head it finds.
    PullRequest {
        /// The pull request.
        number: PullRequestNumber,
        /// The head the delivery named.
        head: CommitSha,
    },
    /// A merge queue's group.
    MergeGroup {
        /// The commit the queue wants to merge.
        head: CommitSha,
        /// The commit it stands on.
        base: CommitSha,
        /// The branch it is merged into; empty when that is not known.
        #[serde(default)]
        branch: String,
        /// The last pull request of the group, when it is known.
        #[serde(default)]
        pull_request: Option<PullRequestNumber>,
    },
    /// A merge queue's group that is over: its check is ended.
    GroupEnded {
        /// The commit it wanted to merge.
        head: CommitSha,
    },
    /// A command in a comment.
    Command(Comment),
    /// "Fix all" of a check run.
    FixAll(FixAllSubject),
    /// The images that a judged change brings in. No delivery asks for it: the job that judged the change does.
    Images(ImagesSubject),
    /// The change is over whose images were scanned or awaited: their check is ended.
    ImagesEnded {
        /// The pull request; `None` for a merge group.
        number: Option<PullRequestNumber>,
        /// The commit that was judged last.
        head: CommitSha,
    },
    /// A commit whose pull requests the delivery does not name, as for forks; the worker looks them up and asks for a
    /// job of each.
    Commit {
        /// The commit.
        head: CommitSha,
    },
}

/// The identifier of the button that asks for all fixes.
pub const FIX_ALL: &str = "fix_all";

/// All verified edits are to be committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixAllSubject {
    /// The pull request.
    pub number: PullRequestNumber,
    /// The commit whose check run has the button.
    pub head: CommitSha,
    /// Who pressed it.
    pub by: Actor,
}

/// The images that a change brings in, and what was decided about them where the change was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImagesSubject {
    /// The pull request; `None` for a merge group.
    pub number: Option<PullRequestNumber>,
    /// The commit that was judged.
    pub head: CommitSha,
    /// Whether the change comes from a fork, so that no credential may be used for it.
    pub is_fork: bool,
    /// The images, each once.
    pub images: Vec<ImageSubject>,
    /// How many more there are, which are not scanned.
    pub left_out: usize,
    /// Introduced, fixable vulnerabilities from this severity on block: `low`, `medium`, `high` or `critical`; `None`
    /// when none does.
    pub fail_on: Option<Severity>,
    /// Whether an image that can't be scanned blocks.
    pub unscanned_blocks: bool,
    /// The vulnerabilities that the team accepted.
    #[serde(default)]
    pub waivers: Vec<ImageWaiver>,
    /// What the team states about vulnerabilities, the newest first.
    #[serde(default)]
    pub vex: Vec<VexStatement>,
    /// The images that the change builds.
    #[serde(default)]
    pub built: Vec<BuiltImage>,
    /// How long they are awaited, in minutes.
    #[serde(default)]
    pub built_minutes: u64,
    /// Workflows whose uploaded results count; when empty, those that stand on [`Self::branches`].
    #[serde(default)]
    pub uploads: PathGlobs,
    /// The branch that the change goes to, and the repository's default branch.
    #[serde(default)]
    pub branches: Vec<String>,
}

impl ImagesSubject {
    /// A commit with no image, of which nothing blocks.
    pub fn new(number: Option<PullRequestNumber>, head: CommitSha) -> Self {
        Self {
            number,
            head,
            is_fork: false,
            images: Vec::new(),
            left_out: 0,
            fail_on: None,
            unscanned_blocks: false,
            waivers: Vec::new(),
            vex: Vec::new(),
            built: Vec::new(),
            built_minutes: 60,
            uploads: PathGlobs::default(),
            branches: Vec::new(),
        }
    }
}

/// One image that a change brings in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSubject {
    /// The file that names it.
    pub path: String,
    /// The line there, from 1.
    pub line: usize,
    /// The platform that the file asks for.
    pub platform: Option<String>,
    /// The image whose place it takes.
    pub before: Option<String>,
    /// The image.
    pub after: String,
}

/// What collapses in the queue: `owner/name#12` for a pull request, `owner/name@sha` for a merge group, either with
/// `/images` for the images, `owner/name?sha` for a commit, `owner/name#12/command/7` for the command in comment 7,
/// `owner/name#12/fix` for all fixes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobKey(String);

impl JobKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Job {
    /// What an event asks to be done; nothing for most events.
    ///
    /// When a re-run names no pull request, as for forks, the check run's own name (the [`JobKey`] it was made under)
    /// says which one it was; without one, the worker looks the commit's pull requests up.
    pub fn from_event(event: &Event) -> Vec<Self> {
        match event {
            Event::PullRequest { at, number, head } => {
                vec![Self::of(at, JobSubject::PullRequest { number: *number, head: head.clone() })]
            }
            Event::Rerequested { at, head, pull_requests, external_id, .. } => {
                let named = external_id.as_deref().and_then(|id| pull_request_of(id, at));
                let numbers = if pull_requests.is_empty() { named.as_slice() } else { pull_requests };
                if numbers.is_empty() {
                    return vec![Self::of(at, JobSubject::Commit { head: head.clone() })];
                }
                let subject =
                    |number: &PullRequestNumber| JobSubject::PullRequest { number: *number, head: head.clone() };
                numbers.iter().map(|number| Self::of(at, subject(number))).collect()
            }
            Event::MergeGroup { at, head, base, branch, pull_request } => {
                let (head, base, branch, pull_request) = (head.clone(), base.clone(), branch.clone(), *pull_request);
                vec![Self::of(at, JobSubject::MergeGroup { head, base, branch, pull_request })]
            }
            Event::MergeGroupEnded { at, head } => vec![Self::of(at, JobSubject::GroupEnded { head: head.clone() })],
            Event::Command { at, comment } => vec![Self::of(at, JobSubject::Command(comment.clone()))],
            Event::Button { at, button } => Self::of_button(at, button).into_iter().collect(),
            // Who waits for images is not known here.
            Event::Built { .. } | Event::Installation { .. } | Event::Ping | Event::Ignored { .. } => Vec::new(),
        }
    }

    fn of_button(at: &Place, button: &PressedButton) -> Option<Self> {
        let named = button.external_id.as_deref().and_then(|id| pull_request_of(id, at));
        let number = named.or_else(|| button.pull_requests.first().copied())?;
        let subject = FixAllSubject { number, head: button.head.clone(), by: button.by.clone() };
        (button.identifier == FIX_ALL).then(|| Self::of(at, JobSubject::FixAll(subject)))
    }

    fn of(at: &Place, subject: JobSubject) -> Self {
        Self { installation: at.installation, repository: at.repository.clone(), subject }
    }

    /// The key under which the job waits.
    pub fn key(&self) -> JobKey {
        JobKey(match &self.subject {
            JobSubject::PullRequest { number, .. } => format!("{}#{number}", self.repository),
            JobSubject::MergeGroup { head, .. } | JobSubject::GroupEnded { head } => {
                format!("{}@{head}", self.repository)
            }
            JobSubject::Command(comment) => {
                format!("{}#{}/command/{}", self.repository, comment.number, comment.id)
            }
            JobSubject::FixAll(subject) => format!("{}#{}/fix", self.repository, subject.number),
            JobSubject::Images(ImagesSubject { number, head, .. }) | JobSubject::ImagesEnded { number, head } => {
                match number {
                    Some(number) => format!("{}#{number}/images", self.repository),
                    None => format!("{}@{head}/images", self.repository),
                }
            }
            JobSubject::Commit { head } => format!("{}?{head}", self.repository),
        })
    }

    /// The commit that the delivery named; a command names none.
    pub fn head(&self) -> Option<&CommitSha> {
        match &self.subject {
            JobSubject::PullRequest { head, .. }
            | JobSubject::MergeGroup { head, .. }
            | JobSubject::GroupEnded { head }
            | JobSubject::FixAll(FixAllSubject { head, .. })
            | JobSubject::Images(ImagesSubject { head, .. })
            | JobSubject::ImagesEnded { head, .. }
            | JobSubject::Commit { head } => Some(head),
            JobSubject::Command(_) => None,
        }
    }

    /// Whether the job leaves a check run on its head.
    pub fn has_check_run(&self) -> bool {
        match self.subject {
            JobSubject::PullRequest { .. }
            | JobSubject::MergeGroup { .. }
            | JobSubject::GroupEnded { .. }
            | JobSubject::Images(_)
            | JobSubject::ImagesEnded { .. } => true,
            JobSubject::Command(_) | JobSubject::FixAll(_) | JobSubject::Commit { .. } => false,
        }
    }

    /// The pull request that the job is about.
    pub fn pull_request(&self) -> Option<PullRequestNumber> {
        match &self.subject {
            JobSubject::PullRequest { number, .. } | JobSubject::FixAll(FixAllSubject { number, .. }) => Some(*number),
            JobSubject::Command(comment) => Some(comment.number),
            JobSubject::Images(ImagesSubject { number, .. }) | JobSubject::ImagesEnded { number, .. } => *number,
            JobSubject::MergeGroup { pull_request, .. } => *pull_request,
            JobSubject::GroupEnded { .. } | JobSubject::Commit { .. } => None,
        }
    }
}

/// The pull request of a key such as `acme/shop#12`, when it is one of the same repository.
fn pull_request_of(key: &str, at: &Place) -> Option<PullRequestNumber> {
    let (repository, number) = key.rsplit_once('#')?;
    let number = number.strip_suffix("/images").unwrap_or(number);
    let number = number.parse().ok()?;
    (repository == at.repository.to_string()).then_some(PullRequestNumber(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha(digit: char) -> CommitSha {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn place() -> Place {
        Place { installation: InstallationId(7), repository: "acme/shop".parse().unwrap() }
    }

    fn rerequested(pull_requests: &[u64], external_id: Option<&str>) -> Event {
        Event::Rerequested {
            at: place(),
            head: sha('a'),
            pull_requests: pull_requests.iter().copied().map(PullRequestNumber).collect(),
            external_id: external_id.map(str::to_owned),
            app_id: None,
        }
    }

    fn check(event: &Event, expected: &[&str]) {
        let jobs = Job::from_event(event);
        let keys: Vec<_> = jobs.iter().map(Job::key).collect();
        assert_eq!(keys.iter().map(JobKey::as_str).collect::<Vec<_>>(), expected, "{event:?}");
        assert!(jobs.iter().all(|job| job.head() == Some(&sha('a')) && job.installation == InstallationId(7)));
        let json = serde_json::to_string(&jobs).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Job>>(&json).unwrap(), jobs);
    }

    #[test]
    fn events_become_jobs() {
        let number = PullRequestNumber(12);
        check(&Event::PullRequest { at: place(), number, head: sha('a') }, &["acme/shop#12"]);
        let group = format!("acme/shop@{}", sha('a'));
        let (head, base, branch) = (sha('a'), sha('b'), "main".to_owned());
        check(&Event::MergeGroup { at: place(), head, base, branch, pull_request: None }, &[&group]);
        check(&Event::Ping, &[]);
        check(&Event::Ignored { why: "x".into() }, &[]);
        check(
            &Event::Installation { installation: InstallationId(7), action: "created".into(), added: Vec::new() },
            &[],
        );
    }

    #[test]
    fn the_end_of_a_change_takes_the_place_of_its_images() {
        for number in [Some(PullRequestNumber(12)), None] {
            let job = |subject| Job { installation: InstallationId(7), repository: place().repository, subject };
            let images = job(JobSubject::Images(ImagesSubject::new(number, sha('a'))));
            let ended = job(JobSubject::ImagesEnded { number, head: sha('a') });
            assert_eq!((images.key(), images.pull_request()), (ended.key(), ended.pull_request()));
            let json = serde_json::to_string(&ended).unwrap();
            assert_eq!(serde_json::from_str::<Job>(&json).unwrap(), ended);
        }
    }

    #[test]
    fn a_re_run_finds_its_pull_request_by_list_by_name_or_by_commit() {
        let commit = format!("acme/shop?{}", sha('a'));
        check(&rerequested(&[1, 2], Some("acme/shop#12")), &["acme/shop#1", "acme/shop#2"]);
        check(&rerequested(&[], Some("acme/shop#12")), &["acme/shop#12"]);
        check(&rerequested(&[], Some("acme/shop#12/images")), &["acme/shop#12"]);
        check(&rerequested(&[], Some("acme/other#12")), &[&commit]);
        check(&rerequested(&[], Some("#12")), &[&commit]);
        check(&rerequested(&[], None), &[&commit]);
    }
}
