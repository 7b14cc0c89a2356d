//! Check runs and suites.
//!
//! Invariant: annotations only ever grow, as at GitHub, and a run is completed when and only when it has a conclusion.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::json;
use super::state::{CheckRun, Repository};

/// Longest message and raw details of an annotation, in bytes.
const MAX_MESSAGE: usize = 64 * 1024;
/// Longest title of an annotation, in characters.
const MAX_TITLE: usize = 255;

/// `POST /repos/{o}/{r}/check-runs`.
pub fn create(repository: &mut Repository, call: &Call, mut new_id: impl FnMut() -> u64) -> Answer {
    let head = call.body["head_sha"].as_str().unwrap_or_default().to_owned();
    if repository.git.commit_of(&head).as_deref() != Some(head.as_str()) {
        return Answer::error(422, &format!("No commit found for SHA: {head}"));
    }
    let suite = repository.suite_of(&head, new_id());
    let mut run = CheckRun {
        id: new_id(),
        suite,
        name: call.body["name"].as_str().unwrap_or_default().to_owned(),
        head_sha: head,
        status: "queued".to_owned(),
        conclusion: None,
        external_id: String::new(),
        // The app's own page, unless another is given.
        details_url: Some("https://dockgate.example/".to_owned()),
        title: None,
        summary: None,
        text: None,
        annotations: Vec::new(),
        actions: Vec::new(),
        created: SystemTime::now(),
        completions: 0,
    };
    if let Err(answer) = apply(&mut run, &call.body) {
        return answer;
    }
    repository.runs.push(run);
    Answer::json(201, json::check_run(repository, repository.runs.last().unwrap()))
}

/// `PATCH /repos/{o}/{r}/check-runs/{id}`.
pub fn update(repository: &mut Repository, id: &str, call: &Call) -> Answer {
    let Some(index) = repository.runs.iter().position(|run| run.id.to_string() == id) else {
        return Answer::not_found();
    };
    if let Err(answer) = apply(&mut repository.runs[index], &call.body) {
        return answer;
    }
    Answer::ok(json::check_run(repository, &repository.runs[index]))
}

/// `GET /repos/{o}/{r}/check-runs/{id}`.
pub fn get(repository: &Repository, id: &str) -> Answer {
    match repository.runs.iter().find(|run| run.id.to_string() == id) {
        Some(run) => Answer::ok(json::check_run(repository, run)),
        None => Answer::not_found(),
    }
}

/// `GET /repos/{o}/{r}/commits/{ref}/check-runs`, newest first.
pub fn list(repository: &Repository, reference: &str, call: &Call) -> Answer {
    let Some(sha) = repository.git.commit_of(reference) else {
        return Answer::error(422, &format!("No commit found for SHA: {reference}"));
    };
    list_where(repository, call, |run| run.head_sha == sha)
}

/// `GET /repos/{o}/{r}/check-suites/{id}/check-runs`.
pub fn list_of_suite(repository: &Repository, suite: &str, call: &Call) -> Answer {
    list_where(repository, call, |run| run.suite.to_string() == suite)
}

fn list_where(repository: &Repository, call: &Call, wanted: impl Fn(&CheckRun) -> bool) -> Answer {
    let latest = call.parameter("filter") != Some("all");
    let mut shown: Vec<&CheckRun> = Vec::new();
    let runs = repository.listed_runs.as_ref().unwrap_or(&repository.runs);
    for run in runs.iter().rev().filter(|run| wanted(run)) {
        let named = call.parameter("check_name").is_none_or(|name| name == run.name);
        let status = call.parameter("status").is_none_or(|status| status == run.status);
        let ours = call.parameter("app_id").is_none_or(|id| id == super::access::APP_ID.to_string());
        let newest = !latest || !shown.iter().any(|other| other.name == run.name && other.suite == run.suite);
        if named && status && ours && newest {
            shown.push(run);
        }
    }
    call.page(shown.into_iter().map(|run| json::check_run(repository, run)).collect(), Some("check_runs"))
}

/// Writes what a request says into a run.
fn apply(run: &mut CheckRun, body: &Value) -> Result<(), Answer> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let conclusion = text(&body["conclusion"]);
    if body["status"] == "completed" && conclusion.is_none() {
        return Err(Answer::unprocessable(&["conclusion is missing for a completed run".to_owned()]));
    }
    let output = &body["output"];
    let annotations = output["annotations"].as_array().cloned().unwrap_or_default();
    let wrong: Vec<String> = annotations.iter().filter_map(check_annotation).collect();
    if !wrong.is_empty() {
        return Err(Answer::unprocessable(&wrong));
    }
    for (place, value) in [
        (&mut run.details_url, &body["details_url"]),
        (&mut run.title, &output["title"]),
        (&mut run.summary, &output["summary"]),
        (&mut run.text, &output["text"]),
    ] {
        if let Some(value) = text(value) {
            *place = Some(value);
        }
    }
    if let Some(id) = text(&body["external_id"]) {
        run.external_id = id;
    }
    if let Some(actions) = body["actions"].as_array() {
        run.actions.clone_from(actions);
    }
    run.annotations.extend(annotations);
    if conclusion.is_some() {
        "completed".clone_into(&mut run.status);
        run.conclusion = conclusion;
        run.completions += 1;
    } else if let Some(status) = text(&body["status"]) {
        run.status = status;
        run.conclusion = None;
    }
    Ok(())
}

/// What GitHub would refuse in an annotation.
fn check_annotation(annotation: &Value) -> Option<String> {
    let length = |key: &str| annotation[key].as_str().map_or(0, str::len);
    let number = |key: &str| annotation[key].as_u64();
    let columns = number("start_column").is_some() || number("end_column").is_some();
    let wrong = if length("message") > MAX_MESSAGE || length("raw_details") > MAX_MESSAGE {
        "message or raw_details exceed 64 KB"
    } else if length("message") == 0 {
        "message is blank"
    } else if annotation["title"].as_str().is_some_and(|title| title.chars().count() > MAX_TITLE) {
        "title exceeds 255 characters"
    } else if number("start_line") == Some(0) || number("start_line") > number("end_line") {
        "lines are not in order"
    } else if columns && number("start_line") != number("end_line") {
        "columns are allowed on one line only"
    } else if columns && number("start_column") > number("end_column") {
        "columns are not in order"
    } else {
        return None;
    };
    Some(format!("{wrong}: {annotation}"))
}

/// `GET /repos/{o}/{r}/commits/{ref}/check-suites`.
pub fn list_suites(repository: &Repository, reference: &str, call: &Call) -> Answer {
    let Some(sha) = repository.git.commit_of(reference) else { return Answer::not_found() };
    let ours = repository.suites.iter().filter(|suite| suite.head_sha == sha);
    let items = ours.map(|suite| json!({"id": suite.id, "head_sha": suite.head_sha}));
    call.page(items.collect(), Some("check_suites"))
}
