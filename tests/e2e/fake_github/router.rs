//! From a REST request to its route.
//!
//! Invariant: a route answers only what the caller's token allows: 404 for a repository out of its reach, 403 for a
//! permission it lacks.

use serde_json::{Value, json};

use super::access::{Caller, create_token, needed};
use super::answer::{Answer, Call, Content};
use super::state::State;
use super::{checks, contents, graphql, hook, issues, json, pages, people, pulls, reviews};
use crate::schema::openapi::{Operation, openapi};

/// Ids that one request may use up.
const IDS_PER_REQUEST: u64 = 1000;

/// Answers a REST request, and notes what a real client may not do.
pub fn answer(state: &mut State, call: &Call) -> Answer {
    let Some(operation) = openapi().operation(&call.method, &call.path) else {
        return violation(state, call, 404, "no such route at GitHub");
    };
    let wrong = openapi().check_request(&operation, &call.query, &call.body);
    if !wrong.is_empty() {
        return violation(state, call, 422, &wrong.join("; "));
    }
    let segments: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    let mut answer = match authorize(state, call, &segments) {
        Ok(()) => dispatch(state, call, &segments),
        Err(answer) => answer,
    };
    check_answer(state, &operation, &mut answer);
    answer
}

fn violation(state: &mut State, call: &Call, status: u16, what: &str) -> Answer {
    let body: String = call.body.to_string().chars().take(2000).collect();
    state.violations.push(format!("{} {}: {what}: {body}", call.method, call.path));
    Answer::error(status, what)
}

/// The fake must not flatter: its answers have to be ones that GitHub could give.
fn check_answer(state: &mut State, operation: &Operation, answer: &mut Answer) {
    let Content::Json(value) = &mut answer.content else { return };
    if answer.status < 300
        && let Err(wrong) = openapi().complete(operation, answer.status, value)
    {
        state.violations.push(format!("the fake's own answer to {operation:?} is wrong: {wrong:?}"));
    }
}

fn authorize(state: &mut State, call: &Call, segments: &[&str]) -> Result<(), Answer> {
    let token = match (&call.caller, segments) {
        (Caller::Person, ["repos", owner, name]) if call.method == "GET" => {
            let may = state.readable.contains(&format!("{owner}/{name}"));
            return if may { Ok(()) } else { Err(Answer::not_found()) };
        }
        (Caller::App, ["app", ..]) | (Caller::Nobody, ["app-manifests", ..]) => return Ok(()),
        (Caller::Nobody, _) => {
            return Err(violation(state, call, 401, "no Authorization header"));
        }
        (Caller::App | Caller::Person, _) | (Caller::Installation(_), ["app", ..]) => {
            return Err(violation(state, call, 401, "the wrong kind of credentials for the route"));
        }
        (Caller::Installation(token), _) => token,
    };
    if let ["repos", owner, name, ..] = segments {
        let full = format!("{owner}/{name}");
        if !token.repositories.contains(&full) || !state.repositories.contains_key(&full) {
            return Err(Answer::not_found());
        }
    }
    match needed(&call.method, segments) {
        Some((permission, write)) if !token.may(permission, write) => Err(Answer::forbidden()),
        _ => Ok(()),
    }
}

fn dispatch(state: &mut State, call: &Call, segments: &[&str]) -> Answer {
    match (call.method.as_str(), segments) {
        ("GET", ["app"]) => Answer::ok(json::app()),
        ("POST", ["app", "installations", id, "access_tokens"]) => create_token(state, call, id),
        ("GET", ["app", "installations"]) => hook::installations(state, call),
        ("GET", ["app", "installations", id]) => hook::installation_of(state, id),
        ("GET", ["app", "hook", "deliveries"]) => hook::list(state, call),
        ("POST", ["app", "hook", "deliveries", id, "attempts"]) => hook::ask(state, id),
        ("POST", ["app-manifests", code, "conversions"]) => pages::convert(state, code),
        ("GET", ["installation", "repositories"]) => installation_repositories(state, call),
        ("GET", ["rate_limit"]) => {
            let limit = json!({"limit": 5000, "remaining": 4999, "reset": 2_000_000_000, "used": 1});
            Answer::ok(json!({"resources": {"core": limit, "search": limit}, "rate": limit}))
        }
        ("GET", ["repos", owner, name, rest @ ..]) => read(state, call, &format!("{owner}/{name}"), rest),
        (_, ["repos", owner, name, rest @ ..]) => write(state, call, &format!("{owner}/{name}"), rest),
        _ => unknown(state, call),
    }
}

fn unknown(state: &mut State, call: &Call) -> Answer {
    violation(state, call, 404, "the fake does not have this route yet")
}

fn installation_repositories(state: &State, call: &Call) -> Answer {
    let Caller::Installation(token) = &call.caller else { return Answer::forbidden() };
    let items = token.repositories.iter().filter_map(|name| state.repositories.get(name)).map(json::repository);
    call.page(items.collect(), Some("repositories"))
}

fn read(state: &mut State, call: &Call, name: &str, rest: &[&str]) -> Answer {
    let repository = &state.repositories[name];
    let pull = |number: &str| number.parse().ok().and_then(|number: u64| repository.pulls.get(&number));
    match rest {
        [] => Answer::ok(json::repository(repository)),
        ["pulls"] => pulls::list(state, repository, call),
        ["issues"] => issues::list(repository, call),
        ["issues", number] => issues::get(repository, number),
        ["git", "ref", "heads", branch @ ..] => {
            let name = branch.join("/");
            match repository.git.commit_of(&format!("refs/heads/{name}")) {
                Some(sha) => Answer::ok(json!({"ref": format!("refs/heads/{name}"), "node_id": "REF_1",
                    "url": "https://github.example/",
                    "object": {"type": "commit", "sha": sha, "url": "https://github.example/"}})),
                None => Answer::not_found(),
            }
        }
        ["issues", number, "comments"] => {
            let of_issue = || repository.issues.iter().find(|issue| issue.number.to_string() == *number);
            let comments = pull(number).map(|pull| &pull.issue_comments);
            match comments.or_else(|| of_issue().map(|issue| &issue.comments)) {
                Some(comments) => issues::list_comments(comments, call),
                None => Answer::not_found(),
            }
        }
        ["pulls", number, part @ ..] => {
            let Some(pull) = pull(number) else { return Answer::not_found() };
            match part {
                [] => pulls::get(state, repository, pull),
                ["files"] => pulls::files(repository, pull, state.most_files.unwrap_or(pulls::MAX_FILES), call),
                ["reviews"] => reviews::list(pull, call),
                ["comments"] => reviews::list_comments(repository, pull, call),
                _ => unknown(state, call),
            }
        }
        ["collaborators", login, "permission"] => people::permission(state, login),
        ["git", "commits", sha] => match repository.git.commit_of(sha) {
            Some(sha) => Answer::ok(json::git_commit(repository, &sha)),
            None => Answer::not_found(),
        },
        ["compare", basehead] => pulls::compare(repository, basehead, call),
        ["contents", path @ ..] => contents::get(repository, &path.join("/"), call),
        ["git", "blobs", sha] => contents::get_blob(repository, sha, call),
        ["git", "trees", sha] => contents::get_tree(repository, sha, call),
        ["commits", sha, "pulls"] => pulls::of_commit(state, repository, sha, call),
        ["commits", reference, "check-runs"] => checks::list(repository, reference, call),
        ["commits", reference, "check-suites"] => checks::list_suites(repository, reference, call),
        ["commits", reference] => match repository.git.commit_of(reference) {
            Some(sha) => Answer::ok(json::commit(repository, &sha)),
            None => Answer::error(422, &format!("No commit found for SHA: {reference}")),
        },
        ["check-runs", id] => checks::get(repository, id),
        ["check-suites", id, "check-runs"] => checks::list_of_suite(repository, id, call),
        _ => unknown(state, call),
    }
}

fn write(state: &mut State, call: &Call, name: &str, rest: &[&str]) -> Answer {
    if let ("POST", [_, "comments", id, "reactions"]) = (call.method.as_str(), rest) {
        return people::react(state, id, call);
    }
    let mut last = state.reserve_ids(IDS_PER_REQUEST);
    let mut new_id = || {
        last += 1;
        last
    };
    let repository = state.repositories.get_mut(name).unwrap();
    let number = rest.get(1).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let known = repository.pulls.contains_key(&number);
    match (call.method.as_str(), rest) {
        ("POST", ["check-runs"]) => checks::create(repository, call, new_id),
        ("PATCH", ["check-runs", id]) => checks::update(repository, id, call),
        ("PATCH", ["pulls", "comments", id]) => reviews::edit_comment(repository, id, call),
        ("DELETE", ["pulls", "comments", id]) => people::delete_comment(repository, id),
        ("PATCH", ["issues", "comments", id]) => people::edit_comment(repository, id, call),
        ("POST", ["issues"]) => issues::create(repository, call, new_id()),
        ("PATCH", ["issues", number]) => issues::update(repository, number, call),
        ("POST", ["issues", _, "comments"]) => match issues::comments_mut(repository, number) {
            Some(comments) => issues::create_comment(comments, call, new_id()),
            None => Answer::not_found(),
        },
        (_, ["pulls" | "issues", ..]) if !known && rest.get(1) != Some(&"comments") => Answer::not_found(),
        ("POST", ["pulls", _, "reviews"]) => reviews::create(repository, number, call, new_id),
        ("POST", ["pulls", _, "comments"]) => reviews::create_comment(repository, number, call, new_id),
        ("PUT", ["pulls", _, "reviews", id]) => reviews::edit(repository.pulls.get_mut(&number).unwrap(), id, call),
        ("POST", ["pulls", _, "comments", parent, "replies"]) => {
            reviews::reply(repository, number, parent, call, new_id())
        }
        _ => unknown(state, call),
    }
}

/// `POST /graphql`, which is not in the REST description.
pub fn answer_graphql(state: &mut State, call: &Call) -> Answer {
    if call.method != "POST" || call.body["query"].as_str().is_none() {
        return violation(state, call, 400, "GraphQL takes a POST with a query");
    }
    graphql::post(state, call)
}

/// The body of a request as JSON; a violation when it is something else.
pub fn parse_body(state: &mut State, method: &str, path: &str, bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|error| {
        state.violations.push(format!("{method} {path}: the body is no JSON: {error}"));
        Value::Null
    })
}
