//! What the app is registered with at GitHub, and how it is registered from a manifest.
//!
//! Invariant: the only list of permissions and events; `doctor` compares with it, the manifest asks for it, tokens are
//! narrowed to what of it they use.
//!
//! # Source
//! GitHub: "Registering a GitHub App from a manifest".

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::GitHubError;
use super::client::NoObserver;
use super::transport::{Call, Transport};

/// A permission, the level and the reason.
pub type Permission = (&'static str, &'static str, &'static str);

/// The permissions that the app needs; `watches` when the images of default branches are watched.
pub fn permissions(watches: bool) -> [Permission; 5] {
    let issues = if watches {
        ("issues", "write", "to hear of commands in comments, and to tell what is found in images that were merged")
    } else {
        ("issues", "read", "to hear of commands in comments")
    };
    [
        ("checks", "write", "to post the check run"),
        ("contents", "read", "to read the changed files and the settings"),
        ("pull_requests", "write", "to post review comments"),
        issues,
        ("metadata", "read", "GitHub asks for it with every other permission"),
    ]
}

/// The events that the app needs, with the reason.
pub const EVENTS: [(&str, &str); 6] = [
    ("pull_request", "to judge each push to a pull request"),
    ("check_run", "for the Re-run and Fix all buttons of the check"),
    ("check_suite", "for the Re-run button of all checks"),
    ("merge_group", "to judge what a merge queue is about to merge"),
    ("issue_comment", "for commands in comments"),
    ("pull_request_review_comment", "for commands in the threads of a review"),
];

/// The longest name of an app, in characters.
pub const MAX_NAME: usize = 34;

/// How long GitHub may take to hand out the new app's credentials.
const CONVERSION_LIMIT: Duration = Duration::from_secs(6);

/// An app that GitHub just made.
#[derive(Clone, Deserialize)]
pub struct NewApp {
    /// The app's number.
    pub id: u64,
    /// Its name in URLs.
    pub slug: String,
    /// Its page.
    pub html_url: String,
    /// Who it is for sign-in.
    pub client_id: String,
    /// The secret of sign-in.
    pub client_secret: String,
    /// What deliveries are signed with; GitHub makes none for an app without a webhook.
    pub webhook_secret: Option<String>,
    /// The private key.
    pub pem: String,
}

impl std::fmt::Debug for NewApp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NewApp").field("id", &self.id).field("slug", &self.slug).finish_non_exhaustive()
    }
}

/// The manifest of an app called `name` whose server people and GitHub reach at `public_url`, without a `/` at its end;
/// `watches` as for [`permissions`].
pub fn manifest(name: &str, public_url: &str, watches: bool) -> Value {
    let permissions: serde_json::Map<String, Value> =
        permissions(watches).iter().map(|(name, level, _)| ((*name).to_owned(), json!(level))).collect();
    json!({
        "name": name,
        "url": public_url,
        "description": "Judges what pull requests change in Dockerfiles, manifests and configuration.",
        "hook_attributes": {"url": format!("{public_url}/webhook"), "active": true},
        "redirect_url": format!("{public_url}/setup/callback"),
        "callback_urls": [format!("{public_url}/signin/callback")],
        "public": false,
        "default_permissions": permissions,
        "default_events": EVENTS.map(|(event, _)| event),
    })
}

/// Trades the code that GitHub came back with for the credentials of the new app.
///
/// # Errors
/// Any [`GitHubError`].
pub async fn convert(api_url: &str, code: &str) -> Result<NewApp, GitHubError> {
    let transport = Transport::new(api_url, CONVERSION_LIMIT, Arc::new(NoObserver))?;
    let path = format!("/app-manifests/{}/conversions", super::client::segment(code));
    let call = Call::post("convert the manifest", "of the new app", path);
    let answer = transport.send(&call, None).await?.successful(&call)?;
    answer.json(&call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_narrowed_to_what_the_app_is_registered_with() {
        // What only lets events come in needs no token, and watching has one of its own.
        let is_used = |name: &str| name != "issues";
        let registered = permissions(false);
        let registered = registered.iter().map(|(name, level, _)| (*name, *level));
        let mut registered: Vec<(&str, &str)> = registered.filter(|(name, _)| is_used(name)).collect();
        let mut narrowed = crate::github::app::PERMISSIONS.to_vec();
        registered.sort_unstable();
        narrowed.sort_unstable();
        assert_eq!(registered, narrowed);
    }

    #[test]
    fn the_manifest_asks_for_what_is_needed() {
        let watching = manifest("gate", "https://gate.example", true);
        let manifest = manifest("gate", "https://gate.example", false);
        let issues = |manifest: &Value| manifest["default_permissions"]["issues"].clone();
        assert_eq!((issues(&manifest), issues(&watching)), (json!("read"), json!("write")));
        assert_eq!(manifest["hook_attributes"]["url"], "https://gate.example/webhook");
        assert_eq!(manifest["default_permissions"]["checks"], "write");
        assert_eq!(
            manifest["default_permissions"].as_object().map(serde_json::Map::len),
            Some(permissions(false).len())
        );
        assert_eq!(manifest["default_events"].as_array().map(Vec::len), Some(EVENTS.len()));
        assert_eq!(manifest["public"], false);
    }
}
