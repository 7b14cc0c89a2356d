//! OSV's HTTP API: which advisories affect a version, then each advisory once.
//!
//! Names and versions of packages leave the house on this way; a folder of exports keeps them in.
//!
//! Invariant: an answer is read up to a bound, and what fails after a few attempts is a problem, not an empty answer.
//!
//! # Source
//! OSV API 1: `POST /v1/querybatch`, `GET /v1/vulns/{id}`; at most 1,000 queries a batch, pages by token.

mod cache;
mod transport;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::advisory::Advisory;
use super::ecosystem::Query;
use super::{AdvisorySource, Answers};
use crate::image::contents::ImageProblem;

pub use cache::{AdvisoryCache, MemoryCache};
use transport::{AskError, Transport};

/// Queries in one request.
const BATCH: usize = 1000;

/// Requests for advisories at a time.
const CONCURRENT: usize = 16;

/// Pages of one batch.
const MAX_PAGES: usize = 50;

/// Advisories for one image.
const MAX_ADVISORIES: usize = 20_000;

/// The public API.
pub const PUBLIC_URL: &str = "https://api.osv.dev";

/// The API.
#[derive(Clone)]
pub struct OsvApi {
    transport: Arc<Transport>,
    cache: Arc<dyn AdvisoryCache>,
}

impl OsvApi {
    /// The API at `base_url`, without a slash at its end.
    ///
    /// # Errors
    /// The client can't be set up, in words.
    pub fn new(base_url: &str, cache: Arc<dyn AdvisoryCache>) -> Result<Self, String> {
        Ok(Self { transport: Arc::new(Transport::new(base_url)?), cache })
    }

    /// Asks for one batch, page after page; a batch that is refused is halved until the query at fault stands alone.
    async fn ask_batch(&self, queries: &[Query], numbers: Vec<usize>, found: &mut Found) {
        let mut waiting = vec![numbers];
        while let Some(numbers) = waiting.pop() {
            match self.ask_pages(queries, &numbers, found).await {
                Ok(()) => {}
                Err(AskError::Refused) if numbers.len() > 1 => {
                    let (left, right) = numbers.split_at(numbers.len() / 2);
                    waiting.extend([left.to_vec(), right.to_vec()]);
                }
                Err(error) => found.failed(queries, &numbers, &error),
            }
        }
    }

    async fn ask_pages(&self, queries: &[Query], numbers: &[usize], found: &mut Found) -> Result<(), AskError> {
        let mut pages: Vec<(usize, Option<String>)> = numbers.iter().map(|number| (*number, None)).collect();
        for _ in 0..MAX_PAGES {
            let asked: Vec<Value> =
                pages.iter().map(|(number, token)| question(queries.get(*number), token.as_ref())).collect();
            let answer: BatchAnswer = self.transport.post("/v1/querybatch", &json!({"queries": asked})).await?;
            if answer.results.len() != pages.len() {
                return Err(AskError::Shape);
            }
            let mut next = Vec::new();
            for ((number, _), result) in pages.into_iter().zip(answer.results) {
                for vulnerability in result.vulns {
                    found.add(number, vulnerability);
                }
                // A page may hold nothing but the token of the next one.
                next.extend(
                    result.next_page_token.filter(|token| !token.is_empty()).map(|token| (number, Some(token))),
                );
            }
            if next.is_empty() {
                return Ok(());
            }
            pages = next;
        }
        Err(AskError::Pages)
    }

    /// Fetches what `wanted` names, id and the moment that it must not be older than.
    async fn fetch(&self, wanted: BTreeMap<String, String>) -> (BTreeMap<String, Arc<Advisory>>, Vec<String>) {
        let permits = Arc::new(Semaphore::new(CONCURRENT));
        let mut tasks = JoinSet::new();
        for (id, modified) in wanted {
            let (api, permits) = (self.clone(), Arc::clone(&permits));
            tasks.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let advisory = api.advisory(&id, &modified).await;
                (id, advisory)
            });
        }
        let (mut advisories, mut missing) = (BTreeMap::new(), Vec::new());
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((id, Ok(advisory))) => drop(advisories.insert(id, Arc::new(advisory))),
                Ok((id, Err(_))) => missing.push(id),
                Err(_) => {}
            }
        }
        missing.sort_unstable();
        (advisories, missing)
    }

    async fn advisory(&self, id: &str, modified: &str) -> Result<Advisory, AskError> {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if id.len() > 128 || !id.bytes().all(is_known) || id.starts_with('.') {
            return Err(AskError::Shape);
        }
        if let Some(text) = self.cache.get(id, modified).await {
            return Advisory::parse(text.as_bytes()).map_err(|_| AskError::Shape);
        }
        let bytes = self.transport.get(&format!("/v1/vulns/{id}")).await?;
        let advisory = Advisory::parse(&bytes).map_err(|_| AskError::Shape)?;
        if let Ok(text) = String::from_utf8(bytes) {
            self.cache.put(id, modified, &text).await;
        }
        Ok(advisory)
    }
}

#[async_trait]
impl AdvisorySource for OsvApi {
    async fn ask(&self, queries: &[Query]) -> Answers {
        let mut found = Found::new(queries.len());
        let numbers: Vec<usize> = (0..queries.len()).collect();
        for batch in numbers.chunks(BATCH) {
            self.ask_batch(queries, batch.to_vec(), &mut found).await;
        }
        let Found { matches, modified, mut problems } = found;
        let (mut advisories, missing) = self.fetch(modified.clone()).await;
        if !missing.is_empty() {
            let message =
                format!("{} advisories could not be had from OSV, among them {}", missing.len(), some(&missing));
            problems.push(ImageProblem::unjudged(message));
        }
        let aliases = unrated_aliases(&advisories, queries, &modified);
        // An alias that OSV doesn't have leaves the severity unknown, which is said.
        advisories.extend(self.fetch(aliases).await.0);
        Answers { matches, advisories, problems }
    }
}

/// What the batches brought so far.
struct Found {
    matches: Vec<Vec<String>>,
    modified: BTreeMap<String, String>,
    problems: Vec<ImageProblem>,
}

impl Found {
    fn new(queries: usize) -> Self {
        Self { matches: vec![Vec::new(); queries], modified: BTreeMap::new(), problems: Vec::new() }
    }

    fn add(&mut self, number: usize, vulnerability: BatchVulnerability) {
        if self.modified.len() >= MAX_ADVISORIES && !self.modified.contains_key(&vulnerability.id) {
            let message = format!("OSV knows more than {MAX_ADVISORIES} advisories for this image");
            if !self.problems.iter().any(|problem| problem.message == message) {
                self.problems.push(ImageProblem::unjudged(message));
            }
            return;
        }
        if let Some(ids) = self.matches.get_mut(number).filter(|ids| !ids.contains(&vulnerability.id)) {
            ids.push(vulnerability.id.clone());
        }
        self.modified.insert(vulnerability.id, vulnerability.modified);
    }

    fn failed(&mut self, queries: &[Query], numbers: &[usize], error: &AskError) {
        let names: Vec<String> =
            numbers.iter().filter_map(|number| queries.get(*number)).map(|query| query.name.clone()).collect();
        let message = format!("{} packages could not be looked up, among them {}: {error}", names.len(), some(&names));
        self.problems.push(ImageProblem::unjudged(message));
    }
}

fn some(names: &[String]) -> String {
    names.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
}

fn question(query: Option<&Query>, token: Option<&String>) -> Value {
    let Some(query) = query else { return json!({}) };
    let mut question = json!({"package": {"ecosystem": query.ecosystem, "name": query.name}, "version": query.version});
    if let (Some(token), Some(question)) = (token, question.as_object_mut()) {
        question.insert("page_token".to_owned(), json!(token));
    }
    question
}

/// What to ask for when an advisory has no severity of its own: what it is an alias of, or a collection of.
fn unrated_aliases(
    advisories: &BTreeMap<String, Arc<Advisory>>,
    queries: &[Query],
    modified: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let is_rated = |advisory: &Advisory| {
        let query = queries.iter().find(|query| advisory.names(query));
        // The word for a distribution's notice as a whole will do for each of its flaws.
        let by_vendor = || query.filter(|_| advisory.is_collection()).and_then(|query| advisory.vendor_rating(query));
        advisory.github_rating().is_some() || advisory.vector_rating(query).is_some() || by_vendor().is_some()
    };
    let mut wanted = BTreeMap::new();
    for (id, advisory) in advisories.iter().filter(|(_, advisory)| !is_rated(advisory)) {
        let flaws = advisory.flaws().into_iter().map(ToOwned::to_owned);
        let aliases: BTreeSet<String> =
            advisory.ids().into_iter().chain(flaws).filter(|alias| !advisories.contains_key(alias)).collect();
        let since = modified.get(id).cloned().unwrap_or_default();
        wanted.extend(aliases.into_iter().map(|alias| (alias, since.clone())));
    }
    wanted.into_iter().take(MAX_ADVISORIES).collect()
}

#[derive(Deserialize)]
struct BatchAnswer {
    #[serde(default)]
    results: Vec<BatchResult>,
}

#[derive(Deserialize)]
struct BatchResult {
    #[serde(default)]
    vulns: Vec<BatchVulnerability>,
    #[serde(default)]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct BatchVulnerability {
    id: String,
    #[serde(default)]
    modified: String,
}
