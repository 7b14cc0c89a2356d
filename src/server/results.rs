//! `POST /v1/images/results`: what a team's own pipeline found in an image, for the commit that it built it from.
//!
//! The query says `commit` (else the token's), `image` and `digest` (else the document's). The body is Trivy's JSON,
//! `CycloneDX` or SARIF.
//!
//! Invariant: nothing of a body is read before the token of its workflow holds, and 202 means kept.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::{AppState, Shared};
use crate::github::identity::CommitSha;
use crate::github::oidc::Workflow;
use crate::image::awaited;
use crate::image::results::{MAX_BYTES, Results};
use crate::image::uploads::{self, Upload};
use crate::job::{Job, JobSubject};
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;
use crate::store::{Delivery, StoreError};

/// How long an upload may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Why results are not taken, for the answer.
struct Refusal(StatusCode, String);

/// What the query says.
#[derive(Default)]
struct Named {
    commit: Option<CommitSha>,
    image: Option<String>,
    digest: Option<String>,
}

pub(super) async fn receive(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let taking = take(&state.0, &parts, body);
    let late = || Err(Refusal(StatusCode::REQUEST_TIMEOUT, format!("not done within {} s", LIMIT.as_secs())));
    match tokio::time::timeout(LIMIT, taking).await.unwrap_or_else(|_| late()) {
        Ok(answer) => super::json(StatusCode::ACCEPTED, &answer),
        Err(Refusal(status, why)) => super::json(status, &json!({"outcome": "refused", "why": why})),
    }
}

async fn take(state: &Shared, parts: &Parts, body: Body) -> Result<Value, Refusal> {
    let workflow = workflow(state, parts).await?;
    let named = named(parts.uri.query().unwrap_or_default())?;
    // A pull request's workflow runs on a trial merge, one of a branch may run after another: whether it may speak for
    // this commit is decided where that is judged.
    let commit = named.commit.unwrap_or_else(|| workflow.commit.clone());
    let results = read(state, parts, body).await?;
    let image = named.image.unwrap_or_else(|| results.image.clone());
    ImageReference::parse(&image).map_err(|error| bad(format!("the image \"{image:.200}\": {error}")))?;
    let digest = named.digest.or_else(|| results.digests.first().cloned()).unwrap_or_default();
    let repository = workflow.repository.clone();
    let upload = Upload::new(workflow, results.report(&image, "", &digest));
    let now = (state.clock)();
    let store = state.store.as_ref();
    if !uploads::keep(store, &commit, &upload, now).await.map_err(|error| unavailable(&error))? {
        let why = format!("{} images of {commit} have results of this workflow already", uploads::MOST);
        return Err(Refusal(StatusCode::CONFLICT, why));
    }
    let jobs = awaited::of_commit(store, &repository, &commit, now).await.map_err(|error| unavailable(&error))?;
    let (jobs, deaf): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| match &job.subject {
        JobSubject::Images(subject) => upload.is_for(subject),
        _ => false,
    });
    let (count, found) = (jobs.len(), upload.report.vulnerabilities.len());
    info!(repo = %repository, sha = %commit, image, workflow = upload.workflow, found, "results of an image were uploaded");
    if count > 0 {
        let id = format!("upload-{commit}-{}", now.0);
        let delivery = Delivery { id, received_at: now, as_of: None, jobs };
        store.enqueue(delivery).await.map_err(|error| unavailable(&error))?;
        state.wake.ring();
    }
    let mut answer =
        json!({"outcome": "kept", "image": image, "commit": commit, "vulnerabilities": found, "jobs": count});
    if !deaf.is_empty() {
        answer["note"] = json!(format!(
            "for {commit} results of {} do not count: see images.uploads in the settings",
            upload.workflow
        ));
    }
    Ok(answer)
}

/// Who brings them.
async fn workflow(state: &Shared, parts: &Parts) -> Result<Workflow, Refusal> {
    let Some(tokens) = &state.uploads else {
        return Err(Refusal(StatusCode::NOT_FOUND, "uploads are off: DOCKGATE_UPLOAD_AUDIENCE is not set".to_owned()));
    };
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token =
        token.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        let why = "expected Authorization: Bearer and the workflow's token".to_owned();
        return Err(Refusal(StatusCode::UNAUTHORIZED, why));
    };
    tokens.verify(token.trim()).await.map_err(|error| {
        let status = if error.is_retryable() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::UNAUTHORIZED };
        warn!(error = describe(&error), "uploaded results were refused");
        Refusal(status, error.to_string())
    })
}

fn named(query: &str) -> Result<Named, Refusal> {
    let mut named = Named::default();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*key {
            "commit" => {
                let commit = value.parse().map_err(|_| bad("the commit is none: expected 40 hex digits".to_owned()))?;
                named.commit = Some(commit);
            }
            "image" => named.image = Some(value.into_owned()),
            "digest" => named.digest = Some(value.into_owned()).filter(|digest| digest.len() <= 200),
            other => return Err(bad(format!("unknown parameter \"{other:.60}\"; known: commit, image, digest"))),
        }
    }
    Ok(named)
}

async fn read(state: &Shared, parts: &Parts, body: Body) -> Result<Results, Refusal> {
    let too_large = || Refusal(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MAX_BYTES} bytes"));
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|bytes: usize| bytes > MAX_BYTES) {
        return Err(too_large());
    }
    // A document takes about four times its size while it is read.
    let kib = u32::try_from(length.unwrap_or(MAX_BYTES) / 256 + 1).map_err(|_| too_large())?;
    let memory = state.body_budget.acquire_many(kib).await;
    let _memory = memory.map_err(|_| Refusal(StatusCode::SERVICE_UNAVAILABLE, "stopping".to_owned()))?;
    let body = axum::body::to_bytes(body, MAX_BYTES).await.map_err(|_| too_large())?;
    let read = tokio::task::spawn_blocking(move || Results::read(&body)).await;
    read.map_err(|_| bad("the document can't be read".to_owned()))?.map_err(bad)
}

fn bad(why: String) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, why)
}

fn unavailable(error: &StoreError) -> Refusal {
    warn!(error = describe(error), "uploaded results could not be kept");
    Refusal(StatusCode::SERVICE_UNAVAILABLE, "the results could not be kept: send them again".to_owned())
}
