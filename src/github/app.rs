//! The app's identity, and the short-lived tokens it trades it for.
//!
//! Invariant: a token is good for one repository and four permissions, is minted once for all tasks that need it at the
//! same time, and appears in no `Debug`, `Display` or log line.
//!
//! # Source
//! GitHub: "Generating a JSON Web Token (JWT) for a GitHub App" (`exp` at most 10 minutes ahead, `iat` 60 s back) and
//! "Create an installation access token for an app" (1 hour; `repositories` and `permissions` narrow it).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::GitHubError;
use super::identity::{InstallationId, RepositoryName};
use super::timestamp;
use super::transport::{Answer, Call};

/// Tells the time; tests pass their own.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The permissions that every installation token is narrowed to.
pub const PERMISSIONS: [(&str, &str); 4] =
    [("checks", "write"), ("contents", "read"), ("metadata", "read"), ("pull_requests", "write")];
/// The permission that resolving review threads and commits need on top; asked for only when the process is told to.
const WRITE_PERMISSION: (&str, &str) = ("contents", "write");

/// A token lives an hour; we take a new one this long before its end.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long after minting a refusal may still mean "not known everywhere yet".
pub const FRESH: Duration = Duration::from_secs(30);

/// What makes us the app: its number and its private key.
#[derive(Clone)]
pub struct AppCredentials {
    app_id: u64,
    key: EncodingKey,
}

impl std::fmt::Debug for AppCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AppCredentials").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Claims {
    iat: u64,
    exp: u64,
    iss: String,
}

impl AppCredentials {
    /// Reads the private key that GitHub hands out: PEM, RSA, PKCS#1 or PKCS#8.
    ///
    /// # Errors
    /// [`GitHubError::Credentials`] when the text is no such key.
    pub fn new(app_id: u64, private_key_pem: &str) -> Result<Self, GitHubError> {
        let key = EncodingKey::from_rsa_pem(private_key_pem.trim().as_bytes())
            .map_err(|source| GitHubError::Credentials { app_id, source })?;
        Ok(Self { app_id, key })
    }

    /// The app's number.
    pub fn app_id(&self) -> u64 {
        self.app_id
    }

    /// A token that speaks for the app itself for nine minutes from `now`, issued 60 s back against clocks that drift.
    ///
    /// # Errors
    /// [`GitHubError::Credentials`] when the key does not sign.
    pub fn jwt(&self, now: SystemTime) -> Result<SecretString, GitHubError> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let claims = Claims { iat: now.saturating_sub(60), exp: now + 8 * 60, iss: self.app_id.to_string() };
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &self.key)
            .map(SecretString::from)
            .map_err(|source| GitHubError::Credentials { app_id: self.app_id, source })
    }
}

/// A token for one repository of one installation.
#[derive(Clone)]
pub struct InstallationToken {
    /// The token.
    pub secret: SecretString,
    /// When it ends.
    pub expires: SystemTime,
    /// When we got it.
    pub minted: SystemTime,
    /// Whether it may write contents.
    pub writes_contents: bool,
}

impl std::fmt::Debug for InstallationToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("InstallationToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl InstallationToken {
    /// Whether the token may still be used for a while.
    fn is_good(&self, now: SystemTime) -> bool {
        now + RENEW_BEFORE < self.expires
    }
}

/// What a token is for.
type Scope = (InstallationId, RepositoryName);
type Slot = Arc<tokio::sync::Mutex<Option<InstallationToken>>>;

/// The tokens of this process, shared by all tasks.
#[derive(Default)]
pub struct TokenCache {
    slots: Mutex<HashMap<Scope, Slot>>,
}

impl TokenCache {
    /// The slot of a scope. Whoever holds its lock may mint; all others wait for that one token.
    pub fn slot(&self, installation: InstallationId, repository: &RepositoryName) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // Bounded: an organisation of many thousand repositories must not grow us for ever.
        if slots.len() >= 10_000 {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry((installation, repository.clone())).or_default().clone()
    }
}

/// The good token of a slot, or the one that `mint` makes.
///
/// # Errors
/// What `mint` fails with.
pub async fn token_of<F>(slot: &Slot, now: SystemTime, mint: F) -> Result<InstallationToken, GitHubError>
where
    F: Future<Output = Result<InstallationToken, GitHubError>>,
{
    let mut held = slot.lock().await;
    if let Some(token) = held.as_ref().filter(|token| token.is_good(now)) {
        return Ok(token.clone());
    }
    let token = mint.await?;
    *held = Some(token.clone());
    Ok(token)
}

/// The request that mints a token narrowed to `repository` and [`PERMISSIONS`]; with `writes_contents` it may also
/// write contents.
pub fn mint_call(installation: InstallationId, repository: &RepositoryName, writes_contents: bool) -> Call {
    let more = writes_contents.then_some(WRITE_PERMISSION);
    let permissions: serde_json::Map<_, _> =
        PERMISSIONS.into_iter().chain(more).map(|(name, level)| (name.to_owned(), json!(level))).collect();
    Call::write(
        Method::POST,
        "create token",
        format!("for {repository}"),
        format!("/app/installations/{}/access_tokens", installation.0),
        json!({ "repositories": [repository.name()], "permissions": permissions }),
    )
}

/// Reads the answer to [`mint_call`].
///
/// # Errors
/// [`GitHubError::Shape`].
pub fn minted(call: &Call, answer: &Answer, now: SystemTime) -> Result<InstallationToken, GitHubError> {
    #[derive(Deserialize)]
    struct Body {
        token: String,
        expires_at: String,
        #[serde(default, deserialize_with = "crate::github::or_default")]
        permissions: std::collections::BTreeMap<String, String>,
    }
    let body: Body = answer.json(call)?;
    let hour = now + Duration::from_hours(1);
    let expires = timestamp::parse(&body.expires_at).map_or(hour, |expires| expires.min(hour));
    let writes_contents = body.permissions.get("contents").is_some_and(|level| level == "write");
    Ok(InstallationToken { secret: SecretString::from(body.token), expires, minted: now, writes_contents })
}
