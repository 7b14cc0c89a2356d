//! The one issue that a repository has of us.
//!
//! Invariant: these calls use a token of their own that may write issues and nothing else, made only for them, so that
//! an installation that does not grant it loses nothing else.
//!
//! # Source
//! GitHub REST: "List repository issues", "Get an issue", "Create an issue", "Update an issue", "Create an installation
//! access token for an app", "List issue comments", "Create an issue comment".

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::lists::has_next;
use super::{GitHubError, RepositoryClient, segment};
use crate::github::app;
use crate::github::timestamp;
use crate::github::transport::{Answer, Call};

/// Most pages of our issues that are searched: there is one.
const MOST_PAGES: usize = 3;
/// How old a comment may be that is not said again.
const LOOK_BACK: Duration = Duration::from_hours(7 * 24);

/// An issue.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its text; GitHub has none for an empty one.
    #[serde(default)]
    pub body: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    user: Option<User>,
}

/// A comment on an issue.
#[derive(Deserialize)]
struct Said {
    #[serde(default, deserialize_with = "crate::github::or_default")]
    body: String,
    user: Option<User>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct User {
    login: String,
}

impl Issue {
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// Its text.
    pub fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
}

/// A repository's issues, as the app may write them.
pub struct Issues {
    client: RepositoryClient,
    token: SecretString,
    /// Ends the text of our issue.
    marker: &'static str,
}

impl RepositoryClient {
    /// The issues of ours that end with `marker`.
    ///
    /// # Errors
    /// Any [`GitHubError`]; its status is 422 when the installation does not let us write issues.
    pub async fn issues(&self, marker: &'static str) -> Result<Issues, GitHubError> {
        let call = Call::write(
            Method::POST,
            "create token",
            format!("to write issues of {}", self.name()),
            format!("/app/installations/{}/access_tokens", self.installation.0),
            json!({ "repositories": [self.name().name()], "permissions": { "issues": "write" } }),
        );
        let answer = self.client.as_app(&call).await?;
        let token = app::minted(&call, &answer, (self.client.0.config.clock)())?.secret;
        Ok(Issues { client: self.clone(), token, marker })
    }
}

impl Issues {
    async fn send(&self, call: &Call) -> Result<Answer, GitHubError> {
        self.client.client.checked(call, Some(self.client.installation), &self.token).await
    }

    /// Our issue: the one of this number when it is, else the oldest that bears the marker.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn own(&self, number: Option<u64>) -> Result<Option<Issue>, GitHubError> {
        let us = self.client.client.own_login().await?;
        let is_ours = |issue: &Issue| {
            // Anybody can write our marker.
            issue.text().trim_end().ends_with(self.marker) && issue.user.as_ref().is_some_and(|user| user.login == us)
        };
        let subject = || format!("of {}", self.client.name());
        if let Some(number) = number {
            let call = Call::get("read issue", subject(), self.client.path(&format!("/issues/{number}")));
            match self.send(&call).await {
                Ok(answer) => {
                    let issue = answer.json::<Issue>(&call).ok().filter(is_ours);
                    if issue.is_some() {
                        return Ok(issue);
                    }
                }
                // Deleted, or moved to another repository.
                Err(error) if error.is_absent() || error.status() == Some(301) => {}
                Err(error) => return Err(error),
            }
        }
        let path = self.client.path(&format!("/issues?creator={}&state=all&direction=asc&per_page=100", segment(&us)));
        for page in 1..=MOST_PAGES {
            let call = Call::get("list issues", subject(), format!("{path}&page={page}"));
            let answer = self.send(&call).await?;
            let found = answer.json::<Vec<Issue>>(&call)?.into_iter().find(is_ours);
            if found.is_some() || !has_next(&answer) {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Opens an issue; gives its number.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn open(&self, title: &str, body: &str) -> Result<u64, GitHubError> {
        let body = json!({ "title": title, "body": self.marked(body) });
        let path = self.client.path("/issues");
        let call = Call::write(Method::POST, "open issue", format!("of {}", self.client.name()), path, body);
        Ok(self.send(&call).await?.json::<Issue>(&call)?.number)
    }

    /// Replaces title and text of an issue, and opens or closes it; nothing is sent when it says so already.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn update(&self, issue: &Issue, title: &str, body: &str, is_open: bool) -> Result<(), GitHubError> {
        let body = self.marked(body);
        let said = issue.text().replace("\r\n", "\n");
        if issue.title == title && said.trim_end() == body && issue.is_open() == is_open {
            return Ok(());
        }
        let mut fields = json!({ "title": title, "body": body });
        if issue.is_open() != is_open {
            fields["state"] = json!(if is_open { "open" } else { "closed" });
            fields["state_reason"] = json!(if is_open { "reopened" } else { "completed" });
        }
        let path = self.client.path(&format!("/issues/{}", issue.number));
        let subject = format!("{} of {}", issue.number, self.client.name());
        self.send(&Call::write(Method::PATCH, "update issue", subject, path, fields)).await.map(|_| ())
    }

    /// Comments on an issue, unless a comment of ours of these days ends with the same `marker` already.
    ///
    /// # Errors
    /// Any [`GitHubError`].
    pub async fn say_once(&self, issue: &Issue, text: &str, marker: &str) -> Result<(), GitHubError> {
        let us = self.client.client.own_login().await?;
        let path = self.client.path(&format!("/issues/{}/comments", issue.number));
        let since = timestamp::format((self.client.client.0.config.clock)() - LOOK_BACK);
        let subject = format!("{} of {}", issue.number, self.client.name());
        for page in 1..=MOST_PAGES {
            let path = format!("{path}?since={}&per_page=100&page={page}", segment(&since));
            let call = Call::get("list comments", subject.clone(), path);
            let answer = self.send(&call).await?;
            let comments = answer.json::<Vec<Said>>(&call)?;
            let is_own = |said: &Said| said.user.as_ref().is_some_and(|user| user.login == us);
            if comments.iter().any(|said| is_own(said) && said.body.trim_end().ends_with(marker)) {
                return Ok(());
            }
            if !has_next(&answer) {
                break;
            }
        }
        let body = json!({ "body": format!("{text}\n\n{marker}") });
        self.send(&Call::write(Method::POST, "comment", subject, path, body)).await.map(|_| ())
    }

    fn marked(&self, body: &str) -> String {
        format!("{}\n\n{}", body.trim_end(), self.marker)
    }
}
