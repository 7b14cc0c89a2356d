//! Answers that are more than one document: lists by pages, and GraphQL with its errors inside.
//!
//! Invariant: a list is followed to its end or its end is an error; an error in a GraphQL answer is an error.

use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{GitHubError, RepositoryClient};
use crate::github::transport::{Answer, Call, GRAPHQL_READ, GRAPHQL_WRITE, shorten};

impl RepositoryClient {
    /// Follows `rel="next"` by page number until a page is not full; `max_pages` bounds it, one more is an error.
    pub(super) async fn pages<T, P>(
        &self,
        call: Call,
        max_pages: usize,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, GitHubError>
    where
        P: DeserializeOwned,
    {
        let mut all = Vec::new();
        let joint = if call.path.contains('?') { '&' } else { '?' };
        for page in 1..=max_pages {
            let mut call = call.clone();
            call.path = format!("{}{joint}per_page=100&page={page}", call.path);
            let answer = self.send(&call).await?;
            all.extend(items(answer.json(&call)?));
            if !has_next(&answer) {
                return Ok(all);
            }
        }
        Err(GitHubError::TooLarge { operation: call.operation, subject: call.subject, max_bytes: max_pages * 100 })
    }

    /// Runs a GraphQL query and reads its `data`.
    pub(super) async fn query<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        subject: String,
        is_write: bool,
        query: &str,
        variables: serde_json::Value,
    ) -> Result<T, GitHubError> {
        let path = if is_write { GRAPHQL_WRITE } else { GRAPHQL_READ };
        let body = json!({ "query": query, "variables": variables });
        let call = Call::write(Method::POST, operation, subject, path, body);
        let answer = self.send(&call).await?;
        let body: GraphQlAnswer = answer.json(&call)?;
        if let Some(error) = body.errors.first() {
            let kind = if error.kind.is_empty() { "ERROR".into() } else { error.kind.clone() };
            return Err(GitHubError::Query {
                operation,
                subject: call.subject,
                kind,
                message: shorten(&error.message),
            });
        }
        serde_json::from_value(body.data).map_err(|source| GitHubError::Shape {
            operation,
            subject: call.subject,
            source: source.into(),
        })
    }
}

#[derive(Deserialize)]
struct GraphQlAnswer {
    #[serde(default)]
    data: serde_json::Value,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    errors: Vec<GraphQlError>,
}

#[derive(Deserialize)]
struct GraphQlError {
    #[serde(default, rename = "type", deserialize_with = "crate::github::or_default")]
    kind: String,
    #[serde(default, deserialize_with = "crate::github::or_default")]
    message: String,
}

/// Whether the `link` header names a next page. The address itself is not followed: it is the server's to choose.
pub(super) fn has_next(answer: &Answer) -> bool {
    let links = answer.headers.get(http::header::LINK).and_then(|value| value.to_str().ok()).unwrap_or_default();
    links.split(',').any(|link| link.contains("rel=\"next\""))
}
