//! Requests to the API: bounded answers, a few attempts, no redirects.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The largest answer; the API's own limit over HTTP/1.1.
const MAX_ANSWER_BYTES: usize = 32 << 20;

const ATTEMPTS: u32 = 4;
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The question itself was refused.
    #[error("OSV refused the question")]
    Refused,
    /// An answer with this status.
    #[error("OSV answered with status {0}")]
    Status(u16),
    /// No answer.
    #[error("OSV could not be reached")]
    Unreachable,
    /// An answer that is larger than the bound.
    #[error("OSV's answer is larger than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
    /// An answer that isn't as documented.
    #[error("OSV's answer is not as documented")]
    Shape,
    /// An answer that doesn't end.
    #[error("OSV's answer has too many pages")]
    Pages,
}

/// A client of the API.
pub struct Transport {
    client: Client,
    base_url: String,
}

impl Transport {
    /// A client for `base_url`.
    pub fn new(base_url: &str) -> Result<Self, String> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .user_agent(concat!("dockgate/", env!("CARGO_PKG_VERSION")))
            .build();
        let client = client.map_err(|error| format!("set up the client for OSV: {error}"))?;
        Ok(Self { client, base_url: base_url.trim_end_matches('/').to_owned() })
    }

    /// The bytes at `path`.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, AskError> {
        self.send(|| self.client.get(format!("{}{path}", self.base_url))).await
    }

    /// The answer to `body` at `path`.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, AskError> {
        let text = body.to_string();
        let request = || {
            let request = self.client.post(format!("{}{path}", self.base_url));
            request.header("content-type", "application/json").body(text.clone())
        };
        serde_json::from_slice(&self.send(request).await?).map_err(|_| AskError::Shape)
    }

    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Vec<u8>, AskError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match attempt_once(request()).await {
                Err(Attempt { error, retry_after: Some(after) }) if attempt < ATTEMPTS => {
                    pause = pause.max(after);
                    error
                }
                done => return done.map_err(|attempt| attempt.error),
            };
            tracing::debug!(%error, attempt, "asking OSV again");
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
            pause *= 4;
            attempt += 1;
        }
    }
}

/// A failed attempt; without `retry_after` there is no use in another.
struct Attempt {
    error: AskError,
    retry_after: Option<Duration>,
}

impl From<reqwest::Error> for Attempt {
    fn from(_: reqwest::Error) -> Self {
        Self { error: AskError::Unreachable, retry_after: Some(Duration::ZERO) }
    }
}

async fn attempt_once(request: RequestBuilder) -> Result<Vec<u8>, Attempt> {
    let mut response = request.send().await?;
    let status = response.status();
    if status == StatusCode::BAD_REQUEST {
        return Err(Attempt { error: AskError::Refused, retry_after: None });
    }
    if !status.is_success() {
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let again = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let retry_after = again.then(|| Duration::from_secs(header.unwrap_or(0)));
        return Err(Attempt { error: AskError::Status(status.as_u16()), retry_after });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Attempt { error: AskError::TooLarge, retry_after: None });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
