//! Who a person is at GitHub, as far as it decides whether they may read a repository.
//!
//! Invariant: a person's token lives as long as one question, and is never kept or logged.
//!
//! # Source
//! GitHub: "Generating a user access token for a GitHub App", the web application flow.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::GitHubError;
use super::identity::RepositoryName;
use super::transport::{Call, Observer, Transport};

/// How long each of the two questions may take: both fit into one request of a browser.
const LIMIT: Duration = Duration::from_secs(3);

/// The media type of the token endpoint, which is not part of the API.
const JSON: &str = "application/json";

/// Sign-in with the app.
pub struct SignIn {
    client_id: String,
    client_secret: SecretString,
    web_url: String,
    web: Transport,
    api: Transport,
}

impl SignIn {
    /// Sign-in at the GitHub whose pages are at `web_url` and whose API is at `api_url`. Needs a running tokio runtime.
    ///
    /// # Errors
    /// [`GitHubError::Address`].
    pub fn new(
        client_id: &str,
        client_secret: SecretString,
        web_url: &str,
        api_url: &str,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, GitHubError> {
        let web = Transport::new(web_url, LIMIT, Arc::clone(&observer))?;
        let api = Transport::new(api_url, LIMIT, observer)?;
        Ok(Self { client_id: client_id.to_owned(), client_secret, web_url: web_url.to_owned(), web, api })
    }

    /// Where a browser goes to sign in; it comes back to `redirect_url` with `state` and a code.
    pub fn authorize_url(&self, redirect_url: &str, state: &str) -> String {
        let parameters = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", redirect_url)
            .append_pair("state", state)
            .append_pair("allow_signup", "false")
            .finish();
        format!("{}/login/oauth/authorize?{parameters}", self.web_url)
    }

    /// Whether the person behind `code` may read `repository`.
    ///
    /// # Errors
    /// Any [`GitHubError`]; [`GitHubError::Refused`] when the code is not good.
    pub async fn may_read(
        &self,
        code: &str,
        redirect_url: &str,
        repository: &RepositoryName,
    ) -> Result<bool, GitHubError> {
        let token = self.token(code, redirect_url).await?;
        let call = Call::get("read repository as a person", repository.to_string(), format!("/repos/{repository}"));
        let answer = self.api.send(&call, &token).await?;
        match answer.successful(&call) {
            Ok(_) => Ok(true),
            Err(GitHubError::Refused { status: 301 | 403 | 404 | 451, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn token(&self, code: &str, redirect_url: &str) -> Result<SecretString, GitHubError> {
        /// GitHub answers 200 to a bad code too.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Body {
            Token { access_token: String },
            Error { error: String },
        }
        let body = json!({
            "client_id": self.client_id, "client_secret": self.client_secret.expose_secret(),
            "code": code, "redirect_uri": redirect_url,
        });
        let mut call = Call::write(Method::POST, "sign in", "a person", "/login/oauth/access_token", body);
        call.accept = JSON;
        match self.web.send(&call, None).await?.successful(&call)?.json(&call)? {
            Body::Token { access_token } => Ok(access_token.into()),
            Body::Error { error } => Err(GitHubError::Refused {
                operation: call.operation,
                subject: call.subject,
                status: 401,
                message: super::transport::shorten(&error),
            }),
        }
    }
}
