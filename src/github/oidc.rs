//! Who a workflow of GitHub Actions is, by the token that GitHub signs for it.
//!
//! Invariant: only keys of the issuer that the operator set are used, only RS256 counts, and a token is checked for its
//! signature, issuer, audience and time before anything that it says is read. A token is never logged.
//!
//! # Source
//! GitHub: "`OpenID` Connect reference" (claims `repository`, `sha`, `ref`, `workflow_ref`, `job_workflow_ref`); RFC
//! 7517 and RFC 7519.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::identity::{CommitSha, PullRequestNumber, RepositoryName};

/// The longest token, and the most of the issuer's keys, in bytes and numbers.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
const MAX_KEYS_BYTES: usize = 256 * 1024;
const MAX_KEYS: usize = 50;
/// How long keys are used without asking again, and how often they are asked for at most.
const KEYS_LIFETIME: Duration = Duration::from_hours(1);
const KEYS_PAUSE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(5);
/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u64 = 60;

/// A workflow run that a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// The repository that it runs in.
    pub repository: RepositoryName,
    /// The commit that it runs on; for a pull request that of the trial merge.
    pub commit: CommitSha,
    /// The pull request that it runs for.
    pub pull_request: Option<PullRequestNumber>,
    /// The branch, tag or trial merge that it runs for, such as `refs/heads/main`.
    pub reference: String,
    /// The file that says what is run, `owner/repo/path@ref`: of a job that calls a reusable workflow, the called one.
    pub file: String,
}

/// Why a token is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is no token, or not one that is signed with RS256 and names its key.
    #[error("the token is none of GitHub Actions: expected a JSON Web Token signed with RS256")]
    Form,
    /// The issuer has no such key.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// Signature, issuer, audience or time are wrong.
    #[error("the token is not accepted: {why}")]
    Refused {
        /// Which of them, in words.
        why: String,
    },
    /// The issuer's keys can't be had.
    #[error("the keys of the issuer could not be had")]
    Keys(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl TokenError {
    /// Whether the same token may be taken later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Keys(_))
    }
}

/// Checks tokens of one issuer for one audience.
pub struct WorkflowTokens {
    issuer: String,
    audience: String,
    client: reqwest::Client,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    by_id: HashMap<String, DecodingKey>,
    fetched: Option<Instant>,
}

#[derive(Deserialize)]
struct Claims {
    repository: RepositoryName,
    sha: CommitSha,
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    workflow_ref: String,
    #[serde(default)]
    job_workflow_ref: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    #[serde(default)]
    kid: String,
    #[serde(default)]
    kty: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

impl WorkflowTokens {
    /// Takes tokens that `issuer` (`https://token.actions.githubusercontent.com`, or `https://HOST/_services/token`)
    /// made out for `audience`.
    ///
    /// # Errors
    /// The client can't be set up, in words.
    pub fn new(issuer: &str, audience: &str) -> Result<Self, String> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build();
        let client = client.map_err(|error| error.to_string())?;
        let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
        Ok(Self { issuer, audience, client, keys: Mutex::default() })
    }

    /// The workflow that `token` speaks for.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn verify(&self, token: &str) -> Result<Workflow, TokenError> {
        let header = jsonwebtoken::decode_header(token.get(..MAX_TOKEN_BYTES).map_or(token, |_| ""));
        let header = header.map_err(|_| TokenError::Form)?;
        let id = header.kid.filter(|_| header.alg == Algorithm::RS256).ok_or(TokenError::Form)?;
        let key = self.key(&id).await?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation);
        let claims = claims.map_err(|error| TokenError::Refused { why: reason(&error) })?.claims;
        let number = claims.reference.strip_prefix("refs/pull/").and_then(|rest| rest.strip_suffix("/merge"));
        let file = if claims.job_workflow_ref.is_empty() { claims.workflow_ref } else { claims.job_workflow_ref };
        let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).take(500).collect::<String>();
        Ok(Workflow {
            repository: claims.repository,
            commit: claims.sha,
            pull_request: number.and_then(|number| number.parse().ok()).map(PullRequestNumber),
            reference: plain(&claims.reference),
            file: plain(&file),
        })
    }

    /// A key of the issuer; an unknown one is asked for, but not at every token.
    async fn key(&self, id: &str) -> Result<DecodingKey, TokenError> {
        let mut keys = self.keys.lock().await;
        let age = keys.fetched.map(|fetched| fetched.elapsed());
        if let Some(key) = keys.by_id.get(id).filter(|_| age.is_some_and(|age| age < KEYS_LIFETIME)) {
            return Ok(key.clone());
        }
        if age.is_none_or(|age| age >= KEYS_PAUSE) {
            keys.fetched = Some(Instant::now());
            keys.by_id = self.fetch().await?;
        }
        keys.by_id.get(id).cloned().ok_or(TokenError::UnknownKey)
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, TokenError> {
        let url = format!("{}/.well-known/jwks", self.issuer);
        let failed = |error: reqwest::Error| TokenError::Keys(Box::new(error.without_url()));
        let mut response = self.client.get(url).send().await.map_err(failed)?.error_for_status().map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_KEYS_BYTES {
                return Err(TokenError::Keys(format!("more than {MAX_KEYS_BYTES} bytes").into()));
            }
            body.extend_from_slice(&chunk);
        }
        let set: KeySet = serde_json::from_slice(&body).map_err(|error| TokenError::Keys(Box::new(error)))?;
        let rsa = set.keys.into_iter().filter(|key| key.kty == "RSA" && !key.kid.is_empty()).take(MAX_KEYS);
        Ok(rsa.filter_map(|key| Some((key.kid, DecodingKey::from_rsa_components(&key.n, &key.e).ok()?))).collect())
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> String {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong".to_owned(),
        ErrorKind::ExpiredSignature => "it has expired".to_owned(),
        ErrorKind::ImmatureSignature => "it is not valid yet".to_owned(),
        ErrorKind::InvalidIssuer => "it is from another issuer".to_owned(),
        ErrorKind::InvalidAudience => "it is made out for another audience".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("it has no `{claim}`"),
        _ => "its claims are not those of GitHub Actions".to_owned(),
    }
}

#[cfg(test)]
mod tests;
