//! Commands in comments: who may, what is done, how it is answered.
//!
//! Invariant: every step may be repeated. A command is answered by one reaction and at most one reply, which a hidden
//! marker finds again; what it changes is kept and noted before it is answered.

mod parse;
mod waive;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::judge::Judge;
use super::ledger::Ledger;
use super::subject::{Subject, follow_up};
use super::threads::tolerate;
use super::{Done, JobError, JobHandler, Outcome};
use crate::github::client::{Client, PullRequest, Reaction, RepositoryClient};
use crate::github::event::Comment;
use crate::job::{Job, JobSubject};
use crate::pipeline;
use crate::scan::policy::PolicySet;
use crate::settings::role::Role;
use parse::Command;

/// Does what commands ask for.
pub struct Commands {
    client: Client,
    judge: Arc<Judge>,
    ledger: Ledger,
}

/// How a command is answered.
pub(super) struct Response {
    reaction: Reaction,
    /// What is said beside; GitHub Markdown.
    reply: Option<String>,
    /// Jobs that it asks for.
    follow_up: Vec<Job>,
}

/// One command, with what is known about it.
pub(super) struct Asked<'a> {
    client: &'a RepositoryClient,
    job: &'a Job,
    comment: &'a Comment,
    pull: &'a PullRequest,
    role: Role,
}

#[async_trait]
impl JobHandler for Commands {
    async fn run(&self, job: &Job, _: CancellationToken) -> Result<Done, JobError> {
        let nothing = Done::without_scan(Outcome::Nothing);
        let JobSubject::Command(comment) = &job.subject else { return Ok(nothing) };
        let client = self.client.repository(job.installation, job.repository.clone());
        let pull = match client.pull_request(comment.number).await {
            Err(error) if error.is_absent() => return Ok(nothing),
            pull => pull?,
        };
        let role = client.role_of(&comment.author).await?;
        if role < Role::Read {
            return Ok(nothing);
        }
        let asked = Asked { client: &client, job, comment, pull: &pull, role };
        let response = self.respond(&asked).await?;
        self.answer(&asked, &response).await?;
        Ok(Done { follow_up: response.follow_up, ..nothing })
    }

    async fn supersede(&self, _: &Job, _: &Job) -> Result<(), JobError> {
        Ok(())
    }

    async fn abandon(&self, job: &Job, _: &str) -> Result<(), JobError> {
        // No check run stands open for a command; whoever wrote it sees that nothing came of it.
        let JobSubject::Command(comment) = &job.subject else { return Ok(()) };
        let client = self.client.repository(job.installation, job.repository.clone());
        Ok(tolerate(client.react(comment, Reaction::Confused).await, "a reaction was refused")?)
    }
}

impl Commands {
    /// A handler that works as the app of `client`.
    pub fn new(client: Client, judge: Arc<Judge>, ledger: Ledger) -> Self {
        Self { client, judge, ledger }
    }

    async fn respond(&self, asked: &Asked<'_>) -> Result<Response, JobError> {
        let command = match parse::parse(&asked.comment.line) {
            Ok(command) => command,
            Err(mistake) => return Ok(Response::refused(format!("{mistake}\n\n{}", words::help()))),
        };
        Ok(match command {
            Command::Help => Response::said(words::help()),
            Command::Explain { rule } => match self.explain(asked, &rule).await? {
                Ok(page) => Response::said(page),
                Err(mistake) => Response::refused(mistake),
            },
            _ if asked.pull.state != "open" => Response::refused("The pull request is closed."),
            Command::Rescan if asked.role < Role::Write && !asked.is_by_the_author() => {
                let needed = "Judging again takes write access, or being the author of the pull request.";
                Response::refused(needed)
            }
            Command::Rescan => Response { reaction: Reaction::Eyes, reply: None, follow_up: vec![asked.rescan()] },
            Command::Waive { finding, until, reason } => {
                waive::waive(&self.judge, &self.ledger, asked, &finding, until, reason).await?
            }
        })
    }

    /// What a rule is about: a built-in one, or else one of the team's own in the base branch.
    async fn explain(&self, asked: &Asked<'_>, rule: &str) -> Result<Result<String, String>, JobError> {
        let rules_url = self.judge.options.rules_url.as_deref();
        let built_in = words::explain(rule, PolicySet::builtin(), rules_url);
        if built_in.is_ok() {
            return Ok(built_in);
        }
        let subject = Subject::at(asked.client, asked.comment.number, &asked.pull.head.sha).await?;
        let prepared = self.judge.prepare(asked.client, &subject, Vec::new()).await?;
        Ok(words::explain(rule, &pipeline::policies(&prepared.change.team), rules_url))
    }

    async fn answer(&self, asked: &Asked<'_>, response: &Response) -> Result<(), JobError> {
        let (client, comment) = (asked.client, asked.comment);
        if let Some(reply) = &response.reply
            && self.ledger.may_reply(asked.job, comment).await?
        {
            let marker = format!("<!-- dockgate:reply:{} -->", comment.id);
            tolerate(client.reply_once(comment, reply, &marker).await, "a reply was refused")?;
        }
        // The comment may be gone by now.
        Ok(tolerate(client.react(comment, response.reaction).await, "a reaction was refused")?)
    }
}

impl Response {
    fn said(text: impl Into<String>) -> Self {
        Self { reaction: Reaction::Done, reply: Some(text.into()), follow_up: Vec::new() }
    }

    fn refused(text: impl Into<String>) -> Self {
        Self { reaction: Reaction::Confused, reply: Some(text.into()), follow_up: Vec::new() }
    }
}

impl Asked<'_> {
    /// Whether whoever opened the pull request asks.
    fn is_by_the_author(&self) -> bool {
        self.comment.opened_by.as_ref().is_some_and(|opened_by| opened_by.eq_ignore_ascii_case(&self.comment.author))
    }

    /// The job that judges the pull request as it stands.
    fn rescan(&self) -> Job {
        follow_up(self.job, self.comment.number, self.pull.head.sha.clone())
    }
}
