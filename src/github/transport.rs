//! One request and its answer, through octocrab's HTTP stack and nothing else of it.
//!
//! Invariant: a request is sent at most once, its answer is bounded in time and bytes, and its bearer token goes to the
//! configured address only. octocrab is compiled without its retry feature, which would repeat a POST.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use super::GitHubError;
use super::rate_limit::Kind;

/// The media type of ordinary answers.
const JSON: &str = "application/vnd.github+json";
/// The media type of a file's bytes.
pub const RAW: &str = "application/vnd.github.raw+json";

/// Sees every request, for metrics.
pub trait Observer: Send + Sync {
    /// A request of kind `operation` (a fixed set of short names) was answered with `status`, or not at all.
    fn request(&self, operation: &'static str, status: Option<u16>, duration: Duration);
    /// GitHub said how many requests are left for `resource` (`core`, `graphql`, …) of the installation.
    fn remaining(&self, installation: Option<u64>, resource: &str, remaining: u64);
}

/// An [`Observer`] that looks away.
#[derive(Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn request(&self, _: &'static str, _: Option<u16>, _: Duration) {}
    fn remaining(&self, _: Option<u64>, _: &str, _: u64) {}
}

/// A request, before it has a token.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is attempted, one of a fixed set of short names.
    pub operation: &'static str,
    /// On what.
    pub subject: String,
    /// The HTTP method.
    pub method: Method,
    /// Path and query below the API's root, with a leading `/`, percent-encoded.
    pub path: String,
    /// What it carries.
    pub body: Option<serde_json::Value>,
    /// The media type it asks for.
    pub accept: &'static str,
    /// The most bytes of an answer.
    pub max_bytes: usize,
}

impl Call {
    /// A GET of `path`.
    pub fn get(operation: &'static str, subject: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(Method::GET, operation, subject.into(), path.into(), None)
    }

    /// A POST of nothing to `path`.
    pub fn post(operation: &'static str, subject: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(Method::POST, operation, subject.into(), path.into(), None)
    }

    /// A DELETE of `path`.
    pub fn delete(operation: &'static str, subject: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, operation, subject.into(), path.into(), None)
    }

    /// A request of `method` that carries `body`.
    pub fn write(
        method: Method,
        operation: &'static str,
        subject: impl Into<String>,
        path: impl Into<String>,
        body: serde_json::Value,
    ) -> Self {
        Self::new(method, operation, subject.into(), path.into(), Some(body))
    }

    fn new(
        method: Method,
        operation: &'static str,
        subject: String,
        path: String,
        body: Option<serde_json::Value>,
    ) -> Self {
        Self { operation, subject, method, path, body, accept: JSON, max_bytes: 32 * 1024 * 1024 }
    }

    /// Asks for the bytes of a file.
    #[must_use]
    pub fn raw(mut self, max_bytes: usize) -> Self {
        self.accept = RAW;
        self.max_bytes = max_bytes;
        self
    }

    /// What the request does, as far as limits tell.
    pub fn kind(&self) -> Kind {
        let makes_content = ["/reviews", "/comments", "/replies", "/issues"].iter().any(|end| self.path.ends_with(end));
        match self.method {
            Method::GET => Kind::Read,
            _ if self.path == GRAPHQL_READ => Kind::Read,
            Method::POST if makes_content => Kind::Comment,
            _ => Kind::Write,
        }
    }

    /// The call did not get through.
    pub(super) fn unreachable(&self, source: Box<dyn std::error::Error + Send + Sync>) -> GitHubError {
        GitHubError::Unreachable { operation: self.operation, subject: self.subject.clone(), source }
    }
}

/// Path of a GraphQL request that only reads; [`Transport`] turns both into the real one.
pub const GRAPHQL_READ: &str = "graphql:read";
/// Path of a GraphQL request that changes something.
pub const GRAPHQL_WRITE: &str = "graphql:write";

/// What GitHub answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`GitHubError::Shape`].
    pub fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, GitHubError> {
        serde_json::from_slice(&self.body).map_err(|source| GitHubError::Shape {
            operation: call.operation,
            subject: call.subject.clone(),
            source: source.into(),
        })
    }

    /// The answer itself, unless it is a refusal.
    ///
    /// # Errors
    /// [`GitHubError::Refused`].
    pub fn successful(self, call: &Call) -> Result<Self, GitHubError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let (subject, status) = (call.subject.clone(), self.status.as_u16());
        Err(GitHubError::Refused { operation: call.operation, subject, status, message: self.message() })
    }

    /// GitHub's own message, when the body has one; at most 300 characters.
    pub fn message(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Body {
            message: String,
            #[serde(default, deserialize_with = "crate::github::or_default")]
            errors: Vec<serde_json::Value>,
        }
        let Ok(body) = serde_json::from_slice::<Body>(&self.body) else { return String::new() };
        let details: Vec<String> = body.errors.iter().take(5).map(detail).collect();
        let text = if details.is_empty() { body.message } else { format!("{} ({})", body.message, details.join("; ")) };
        shorten(&text)
    }
}

fn detail(error: &serde_json::Value) -> String {
    let field = |name: &str| error.get(name).and_then(serde_json::Value::as_str).map(ToOwned::to_owned);
    error.as_str().map(ToOwned::to_owned).or_else(|| field("message")).or_else(|| field("code")).unwrap_or_default()
}

/// The first 300 characters of `text`, on one line.
pub fn shorten(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}

/// Where the API is, and how to reach it.
pub struct Transport {
    crab: Octocrab,
    prefix: String,
    graphql: String,
    timeout: Duration,
    /// Who hears of each request.
    pub observer: Arc<dyn Observer>,
}

impl Transport {
    /// A transport to the API at `address`, such as `https://api.github.com` or `https://ghes.example/api/v3`.
    ///
    /// # Errors
    /// [`GitHubError::Address`].
    pub fn new(address: &str, timeout: Duration, observer: Arc<dyn Observer>) -> Result<Self, GitHubError> {
        let refused = || GitHubError::Address { address: shorten(address) };
        let uri: Uri = address.parse().map_err(|_| refused())?;
        let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(refused)?;
        if !matches!(scheme, "http" | "https") || authority.as_str().contains('@') || uri.query().is_some() {
            return Err(refused());
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        // On GitHub Enterprise Server, GraphQL is not below `/api/v3` but beside it.
        let graphql = format!("{}/graphql", prefix.strip_suffix("/v3").unwrap_or(&prefix));
        let crab = Octocrab::builder()
            .base_uri(format!("{scheme}://{authority}"))
            .map_err(|_| refused())?
            .add_header(header::USER_AGENT, concat!("dockgate/", env!("CARGO_PKG_VERSION")).to_owned())
            .set_connect_timeout(Some(Duration::from_secs(10)))
            .set_read_timeout(Some(timeout))
            .set_write_timeout(Some(timeout))
            .build()
            .map_err(|_| refused())?;
        Ok(Self { crab, prefix, graphql, timeout, observer })
    }

    /// Sends `call` once with `bearer` as its token, or none, and reads the whole answer.
    ///
    /// # Errors
    /// [`GitHubError::Unreachable`], [`GitHubError::Timeout`] and [`GitHubError::TooLarge`].
    pub async fn send<'b>(
        &self,
        call: &Call,
        bearer: impl Into<Option<&'b SecretString>>,
    ) -> Result<Answer, GitHubError> {
        let start = Instant::now();
        let answer = tokio::time::timeout(self.timeout, self.exchange(call, bearer.into())).await;
        let answer = answer.unwrap_or_else(|_| {
            let subject = call.subject.clone();
            Err(GitHubError::Timeout { operation: call.operation, subject, seconds: self.timeout.as_secs() })
        });
        let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        self.observer.request(call.operation, status, start.elapsed());
        answer
    }

    async fn exchange(&self, call: &Call, bearer: Option<&SecretString>) -> Result<Answer, GitHubError> {
        let response =
            self.crab.send(self.request(call, bearer)?).await.map_err(|error| call.unreachable(error.into()))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, call.max_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let subject = call.subject.clone();
                return GitHubError::TooLarge { operation: call.operation, subject, max_bytes: call.max_bytes };
            }
            call.unreachable(error)
        })?;
        Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    }

    fn request(
        &self,
        call: &Call,
        bearer: Option<&SecretString>,
    ) -> Result<http::Request<octocrab::OctoBody>, GitHubError> {
        let refused = |error: http::Error| call.unreachable(error.into());
        let path = match call.path.as_str() {
            GRAPHQL_READ | GRAPHQL_WRITE => self.graphql.clone(),
            path => format!("{}{path}", self.prefix),
        };
        let mut builder = http::Request::builder()
            .method(call.method.clone())
            .uri(path)
            .header(header::ACCEPT, call.accept)
            .header("x-github-api-version", "2022-11-28");
        if let Some(bearer) = bearer {
            let mut authorization = HeaderValue::from_str(&format!("Bearer {}", bearer.expose_secret()))
                .map_err(|error| refused(error.into()))?;
            authorization.set_sensitive(true);
            builder = builder.header(header::AUTHORIZATION, authorization);
        }
        match &call.body {
            None => builder.body(octocrab::OctoBody::empty()).map_err(refused),
            Some(body) => builder
                .header(header::CONTENT_TYPE, "application/json")
                .body(octocrab::OctoBody::from(body.to_string()))
                .map_err(refused),
        }
    }
}
