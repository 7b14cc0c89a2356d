//! The tags of a repository.
//!
//! Invariant: a list is asked for page by page at the repository itself, whatever its answers say where it goes on, and
//! ends within a bound.
//!
//! # Source
//! OCI distribution specification, listing tags: `GET /v2/NAME/tags/list?n=…&last=…`, `Link: <…>; rel="next"`.

use std::sync::Arc;

use http::{HeaderMap, Method, header};
use serde::Deserialize;

use super::endpoint::{Endpoint, Request};
use super::{RegistryClient, RegistryError, denied, manifest_key, may_ask_next};
use crate::scan::image_reference::ImageReference;

/// Tags of one page that are asked for, pages, and bytes of a page.
const PAGE: usize = 1000;
const MAX_PAGES: usize = 20;
const MAX_PAGE_BYTES: u64 = 1024 * 1024;
/// The longest question that an answer may give for the next page.
const MAX_QUERY_BYTES: usize = 1024;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl RegistryClient {
    /// The tags of the repository of `reference`, at most 20,000, known for ten minutes.
    ///
    /// # Errors
    /// Those of the connection, and [`RegistryError::Malformed`].
    pub async fn tags(&self, reference: &ImageReference) -> Result<Arc<Vec<String>>, RegistryError> {
        let operation = "list tags";
        let endpoints = self.endpoints(operation, reference)?;
        let key = manifest_key(reference, &endpoints);
        let _turn = self.shared.turns.wait(&format!("{key} tags")).await;
        if let Some(tags) = self.shared.lists.get(&key) {
            return Ok(tags);
        }
        let subject = reference.repository();
        let mut places = endpoints.iter().peekable();
        while let Some(endpoint) = places.next() {
            let answer = self.pages(operation, &subject, endpoint).await;
            if may_ask_next(&answer) && places.peek().is_some() {
                continue;
            }
            let tags = Arc::new(answer?);
            self.shared.lists.put(key, Arc::clone(&tags), self.limits().tag);
            return Ok(tags);
        }
        Err(denied(operation, subject))
    }

    async fn pages(
        &self,
        operation: &'static str,
        subject: &str,
        endpoint: &Endpoint,
    ) -> Result<Vec<String>, RegistryError> {
        let mut tags = Vec::new();
        let mut query = format!("n={PAGE}");
        for _ in 0..MAX_PAGES {
            let resource = format!("tags/list?{query}");
            let request = Request { operation, subject, endpoint, method: Method::GET, resource };
            let (headers, body) = self.shared.exchange.fetch_page(&request, MAX_PAGE_BYTES).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|_| request.malformed("it is no list of tags"))?;
            let page = page.tags.unwrap_or_default();
            let is_empty = page.is_empty();
            tags.extend(page.into_iter().take(PAGE).filter(|tag| tag.len() <= 128));
            match next_query(&headers).filter(|next| *next != query && !is_empty) {
                Some(next) => query = next,
                None => break,
            }
        }
        Ok(tags)
    }
}

/// The question of the next page; nothing else of the address counts.
fn next_query(headers: &HeaderMap) -> Option<String> {
    let link = headers.get(header::LINK)?.to_str().ok()?;
    let next = link.split(',').find(|entry| entry.contains("rel=\"next\"") || entry.contains("rel=next"))?;
    let address = next.trim().strip_prefix('<')?.split('>').next()?;
    let (_, query) = address.split_once('?')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~=&%+:,/".contains(&byte);
    (query.len() <= MAX_QUERY_BYTES && query.bytes().all(is_plain)).then(|| query.to_owned())
}
