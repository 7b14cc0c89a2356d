//! The part of GitHub's GraphQL that a bot uses, run by a real executor over the fake's state.
//!
//! Invariant: every query is checked against GitHub's schema; a field the fake does not know is a violation, not a
//! null.

use std::cell::RefCell;

use apollo_compiler::resolvers::{Execution, FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::access::{Caller, Token};
use super::answer::{Answer, Call};
use super::diff::follow_line;
use super::git::Edit;
use super::state::{Author, Pull, Repository, ReviewComment, State};
use crate::schema::graphql;

/// Text of a blob is cut after this many bytes.
const MAX_TEXT: usize = 512_000;
const FORBIDDEN: &str = "Resource not accessible by integration";

struct Context<'s> {
    state: RefCell<&'s mut State>,
    token: Token,
}

/// An object of the answer; its fields stand in `fields`, except those that take arguments.
struct Object<'c, 's> {
    context: &'c Context<'s>,
    fields: Map<String, Value>,
}

/// `POST /graphql`.
pub fn post(state: &mut State, call: &Call) -> Answer {
    let Caller::Installation(token) = &call.caller else { return Answer::error(401, "Bad credentials") };
    let query = call.body["query"].as_str().unwrap_or_default();
    let document = match graphql::parse(query) {
        Ok(document) => document,
        Err(errors) => {
            state.violations.push(format!("GraphQL refuses {query:?}: {errors}"));
            return Answer::ok(json!({"errors": [{"message": errors}]}));
        }
    };
    let variables: apollo_compiler::response::JsonMap =
        serde_json::from_value(call.body["variables"].clone()).unwrap_or_default();
    let operation = document.operations.iter().next().unwrap();
    let context = Context { state: RefCell::new(state), token: token.clone() };
    let root = context.object(operation.object_type(), json!({}));
    let response = Execution::new(graphql::schema(), &document).raw_variable_values(&variables).execute_sync(&root);
    let mut body = match response {
        Ok(response) => serde_json::to_value(response).unwrap(),
        Err(error) => json!({"errors": [{"message": error.message().to_string()}]}),
    };
    for error in body.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
        let message = error["message"].as_str().unwrap_or_default().trim_start_matches("resolver error: ").to_owned();
        let kind = match message.as_str() {
            FORBIDDEN => "FORBIDDEN",
            stale if stale.starts_with("Expected branch") => "STALE_DATA",
            _ => "NOT_FOUND",
        };
        if message.starts_with("the fake") {
            context.state.borrow_mut().violations.push(message.clone());
        }
        error["message"] = json!(message);
        error["type"] = json!(kind);
    }
    Answer::ok(body)
}

impl<'s> Context<'s> {
    fn object<'c>(&'c self, type_name: &str, fields: Value) -> Object<'c, 's> {
        let Value::Object(mut fields) = fields else { panic!("an object has fields") };
        fields.insert("__typename".to_owned(), json!(type_name));
        Object { context: self, fields }
    }

    fn may(&self, permission: &str, write: bool) -> Result<(), FieldError> {
        if self.token.may(permission, write) { Ok(()) } else { Err(FieldError { message: FORBIDDEN.to_owned() }) }
    }

    /// Turns plain data into what the executor takes.
    fn resolved(&self, value: Value) -> ResolvedValue<'_> {
        match value {
            Value::Array(items) => ResolvedValue::list(items.into_iter().map(|item| self.resolved(item))),
            Value::Object(fields) => ResolvedValue::object(Object { context: self, fields }),
            leaf => ResolvedValue::Leaf(serde_json::from_value(leaf).unwrap()),
        }
    }

    fn with_repository<T>(&self, name: &str, act: impl FnOnce(&Repository) -> T) -> Option<T> {
        let state = self.state.borrow();
        let allowed = self.token.repositories.iter().any(|repository| repository == name);
        state.repositories.get(name).filter(|_| allowed).map(act)
    }

    fn query(&self, field: &str, arguments: &Value) -> Result<Value, FieldError> {
        let text = |key: &str| arguments[key].as_str().unwrap_or_default();
        match field {
            "repository" => {
                let name = format!("{}/{}", text("owner"), text("name"));
                let data = |repository: &Repository| {
                    json!({"__typename": "Repository", "nameWithOwner": repository.full_name,
                        "id": format!("R_{}", repository.id), "databaseId": repository.id})
                };
                let found = self.with_repository(&name, data);
                found.ok_or_else(|| missing(&format!("a Repository with the name '{name}'")))
            }
            "rateLimit" => Ok(json!({"__typename": "RateLimit", "cost": 1, "limit": 5000, "remaining": 4999,
                "used": 1, "nodeCount": 1, "resetAt": "2026-01-01T00:00:00Z"})),
            "viewer" => Ok(json!({"__typename": "User", "login": "dockgate[bot]", "id": "BOT_99"})),
            _ => Err(unknown("Query", field)),
        }
    }

    fn repository(&self, name: &str, field: &str, arguments: &Value) -> Result<Value, FieldError> {
        let found = match field {
            "pullRequest" => {
                self.may("pull_requests", false)?;
                let number = arguments["number"].as_u64().unwrap_or_default();
                self.with_repository(name, |repository| {
                    repository.pulls.get(&number).map(|pull| pull_data(repository, pull))
                })
            }
            "object" => {
                self.may("contents", false)?;
                let expression = arguments["expression"].as_str().or(arguments["oid"].as_str()).unwrap_or_default();
                return Ok(self.with_repository(name, |repository| object_data(repository, expression)).unwrap());
            }
            _ => return Err(unknown("Repository", field)),
        };
        found.flatten().ok_or_else(|| missing("a PullRequest"))
    }

    fn mutation(&self, field: &str, input: &Value) -> Result<Value, FieldError> {
        let permission = if field == "createCommitOnBranch" { "contents" } else { "pull_requests" };
        self.may(permission, true)?;
        let id = |key: &str| input[key].as_str().and_then(|text| text.rsplit('_').next()?.parse::<u64>().ok());
        let mut state = self.state.borrow_mut();
        match field {
            "resolveReviewThread" | "unresolveReviewThread" => {
                self.may("contents", true)?;
                let comment = id("threadId").and_then(|id| state.comment_mut(id)).ok_or_else(|| missing("a node"))?;
                comment.resolved = field == "resolveReviewThread";
                comment.resolved_by = comment.resolved.then_some(Author::App);
                let thread = json!({"__typename": "PullRequestReviewThread", "id": input["threadId"],
                    "isResolved": comment.resolved});
                let payload =
                    if comment.resolved { "ResolveReviewThreadPayload" } else { "UnresolveReviewThreadPayload" };
                Ok(json!({"__typename": payload, "thread": thread, "clientMutationId": null}))
            }
            "minimizeComment" => {
                minimize(&mut state, id("subjectId").unwrap_or_default()).ok_or_else(|| missing("a node"))?;
                let reason = input["classifier"].as_str().unwrap_or_default().to_lowercase();
                let review = input["subjectId"].as_str().is_some_and(|id| id.starts_with("PRRC_"));
                let kind = if review { "PullRequestReviewComment" } else { "IssueComment" };
                let comment = json!({"__typename": kind, "id": input["subjectId"],
                    "isMinimized": true, "minimizedReason": reason});
                Ok(json!({"__typename": "MinimizeCommentPayload", "minimizedComment": comment,
                    "clientMutationId": null}))
            }
            "unminimizeComment" => {
                let comment = id("subjectId").and_then(|id| state.comment_mut(id)).ok_or_else(|| missing("a node"))?;
                comment.minimized = false;
                let comment = json!({"__typename": "PullRequestReviewComment", "id": input["subjectId"],
                    "isMinimized": false, "minimizedReason": null});
                Ok(json!({"__typename": "UnminimizeCommentPayload", "unminimizedComment": comment,
                    "clientMutationId": null}))
            }
            "createCommitOnBranch" => commit_on_branch(&mut state, input).map_err(|message| FieldError { message }),
            "addPullRequestReviewThreadReply" => {
                let parent = id("pullRequestReviewThreadId").unwrap_or_default();
                let new_id = state.new_id();
                let original = state.comment_mut(parent).cloned().ok_or_else(|| missing("a node"))?;
                let body = input["body"].as_str().unwrap_or_default().to_owned();
                let reply = ReviewComment { id: new_id, body, reply_to: Some(parent), author: Author::App, ..original };
                let mut pulls = state.repositories.values_mut().flat_map(|repository| repository.pulls.values_mut());
                let pull = pulls.find(|pull| pull.comments.iter().any(|comment| comment.id == parent)).unwrap();
                pull.comments.push(reply);
                let comment = json!({"__typename": "PullRequestReviewComment", "id": format!("PRRC_{new_id}")});
                Ok(json!({"__typename": "AddPullRequestReviewThreadReplyPayload", "comment": comment,
                    "clientMutationId": null}))
            }
            _ => Err(unknown("Mutation", field)),
        }
    }
}

impl ObjectValue for Object<'_, '_> {
    fn type_name(&self) -> &str {
        self.fields["__typename"].as_str().unwrap()
    }

    fn resolve_field<'b>(&'b self, info: &'b ResolveInfo<'b>) -> Result<ResolvedValue<'b>, FieldError> {
        let field = info.field_name();
        let arguments = serde_json::to_value(info.arguments()).unwrap();
        if let Some(value) = self.fields.get(field) {
            let connection = info.field_definition().ty.inner_named_type();
            let value = match value {
                Value::Array(items) if connection.ends_with("Connection") => page(connection, items, &arguments),
                other => other.clone(),
            };
            return Ok(self.context.resolved(value));
        }
        let value = match self.type_name() {
            "Query" => self.context.query(field, &arguments)?,
            "Mutation" => self.context.mutation(field, &arguments["input"])?,
            "Repository" => {
                self.context.repository(self.fields["nameWithOwner"].as_str().unwrap(), field, &arguments)?
            }
            "Commit" if field == "file" => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let (name, oid) = (text(&self.fields["inRepository"]), text(&self.fields["oid"]));
                let path = text(&arguments["path"]);
                let entry = |repository: &Repository| entries(repository, &[&oid, "--", &path], 0).pop();
                self.context.with_repository(&name, entry).flatten().unwrap_or(Value::Null)
            }
            other => return Err(unknown(other, field)),
        };
        Ok(self.context.resolved(value))
    }
}

/// One commit of new texts on a branch that still has the expected head; pull requests of the branch follow.
fn commit_on_branch(state: &mut State, input: &Value) -> Result<Value, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (name, branch) = (text(&input["branch"]["repositoryNameWithOwner"]), text(&input["branch"]["branchName"]));
    let repository = state.repositories.get_mut(&name).ok_or("Could not resolve to a Repository.")?;
    let reference = format!("refs/heads/{branch}");
    let head = repository.git.commit_of(&reference).ok_or("Could not resolve to a Ref.")?;
    let expected = text(&input["expectedHeadOid"]);
    if head != expected {
        return Err(format!("Expected branch to point to \"{expected}\" but it did not. Pull and try again."));
    }
    let message = format!("{}\n\n{}", text(&input["message"]["headline"]), text(&input["message"]["body"]));
    let additions = input["fileChanges"]["additions"].as_array().cloned().unwrap_or_default();
    let edits: Vec<Edit> = additions
        .iter()
        .map(|file| Edit::Write(text(&file["path"]), STANDARD.decode(text(&file["contents"])).unwrap()))
        .collect();
    let commit = repository.git.commit_saying(&message, &reference, &[&head], &edits);
    for pull in repository.pulls.values_mut() {
        if pull.open && pull.head_repository == name && pull.head_ref == branch {
            commit.clone_into(&mut pull.head_sha);
            pull.updated = std::time::SystemTime::now();
            repository.git.text(&["update-ref", &format!("refs/pull/{}/head", pull.number), &commit]);
        }
    }
    Ok(json!({"__typename": "CreateCommitOnBranchPayload", "clientMutationId": null,
        "commit": {"__typename": "Commit", "oid": commit, "id": format!("C_{commit}"), "inRepository": name}}))
}

fn missing(what: &str) -> FieldError {
    FieldError { message: format!("Could not resolve to {what}.") }
}

fn unknown(type_name: &str, field: &str) -> FieldError {
    FieldError { message: format!("the fake does not know {type_name}.{field}") }
}

fn minimize(state: &mut State, id: u64) -> Option<()> {
    if let Some(comment) = state.comment_mut(id) {
        comment.minimized = true;
        return Some(());
    }
    let pulls = state.repositories.values_mut().flat_map(|repository| repository.pulls.values_mut());
    pulls.flat_map(|pull| pull.issue_comments.iter_mut()).find(|comment| comment.id == id)?.minimized = true;
    Some(())
}

/// One page of a connection; cursors are positions.
fn page(type_name: &str, items: &[Value], arguments: &Value) -> Value {
    let start: usize = arguments["after"].as_str().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let count = arguments["first"].as_u64().unwrap_or(100);
    let end = items.len().min(start + usize::try_from(count).unwrap());
    let info = json!({"__typename": "PageInfo", "hasNextPage": end < items.len(), "hasPreviousPage": start > 0,
        "startCursor": start.to_string(), "endCursor": end.to_string()});
    json!({"__typename": type_name, "nodes": &items[start.min(end)..end], "totalCount": items.len(), "pageInfo": info})
}

fn pull_data(repository: &Repository, pull: &Pull) -> Value {
    let roots = pull.comments.iter().filter(|comment| comment.reply_to.is_none() && !repository.hides_threads);
    let threads: Vec<Value> = roots.map(|root| thread_data(repository, pull, root)).collect();
    json!({"__typename": "PullRequest", "id": format!("PR_{}", pull.id), "number": pull.number, "title": pull.title,
        "isDraft": pull.draft, "headRefOid": pull.head_sha, "baseRefOid": pull.base_sha, "baseRefName": pull.base_ref,
        "state": if pull.open { "OPEN" } else { "CLOSED" }, "reviewThreads": threads})
}

fn thread_data(repository: &Repository, pull: &Pull, root: &ReviewComment) -> Value {
    let line = root.line.and_then(|line| follow_line(&repository.git, &root.commit, &pull.head_sha, &root.path, line));
    let members = pull.comments.iter().filter(|comment| comment.id == root.id || comment.reply_to == Some(root.id));
    let comments: Vec<Value> = members.map(|comment| comment_data(comment, line)).collect();
    json!({"__typename": "PullRequestReviewThread", "id": format!("PRRT_{}", root.id), "isResolved": root.resolved,
        "isOutdated": line.is_none(), "path": root.path, "line": line, "originalLine": root.line,
        "resolvedBy": root.resolved_by.map(actor), "startLine": root.start_line, "diffSide": root.side, "viewerCanResolve": true, "viewerCanReply": true,
        "subjectType": "LINE", "comments": comments})
}

fn comment_data(comment: &ReviewComment, line: Option<u64>) -> Value {
    let author = match comment.author {
        // GraphQL names bots without the suffix.
        Author::App => json!({"__typename": "Bot", "login": "dockgate", "databaseId": 99, "id": "BOT_99"}),
        person => actor(person),
    };
    json!({"__typename": "PullRequestReviewComment", "id": format!("PRRC_{}", comment.id), "databaseId": comment.id,
        "fullDatabaseId": comment.id.to_string(), "body": comment.body, "path": comment.path, "line": line,
        "originalLine": comment.line, "author": author, "isMinimized": comment.minimized,
        "viewerDidAuthor": comment.author == Author::App, "outdated": line.is_none(),
        "originalCommit": {"__typename": "Commit", "oid": comment.commit}})
}

/// Who resolved a thread: a `User`, and a bot is shown as one with its suffix.
fn actor(author: Author) -> Value {
    match author {
        Author::App => json!({"__typename": "User", "login": "dockgate[bot]", "databaseId": 99, "id": "U_99"}),
        Author::Person => json!({"__typename": "User", "login": "ada", "databaseId": 7, "id": "U_7"}),
        Author::Other(login) => json!({"__typename": "User", "login": login, "databaseId": 8, "id": "U_8"}),
    }
}

/// A blob, tree or commit by an expression such as `main:path` or by its id; null when there is none.
fn object_data(repository: &Repository, expression: &str) -> Value {
    let git = &repository.git;
    let Ok(oid) = git.bytes(&["rev-parse", "--verify", "--quiet", "--end-of-options", expression]) else {
        return Value::Null;
    };
    let oid = String::from_utf8_lossy(&oid).trim().to_owned();
    match git.text(&["cat-file", "-t", &oid]).as_str() {
        "blob" => {
            let bytes = git.bytes(&["cat-file", "blob", &oid]).unwrap();
            let binary = bytes.contains(&0) || std::str::from_utf8(&bytes).is_err();
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_TEXT)]).into_owned();
            json!({"__typename": "Blob", "oid": oid, "id": format!("B_{oid}"), "byteSize": bytes.len(),
                "isBinary": binary, "isTruncated": bytes.len() > MAX_TEXT,
                "text": if binary { Value::Null } else { json!(text) }})
        }
        "commit" => json!({"__typename": "Commit", "oid": oid, "id": format!("C_{oid}"),
            "inRepository": repository.full_name}),
        _ => json!({"__typename": "Tree", "oid": oid, "id": format!("T_{oid}")}),
    }
}

/// The tree entries that `git ls-tree` lists; those of directories hold their own, four levels deep.
fn entries(repository: &Repository, arguments: &[&str], depth: usize) -> Vec<Value> {
    let listed = repository.git.bytes(&[&["ls-tree", "-z"], arguments].concat()).unwrap_or_default();
    let records = listed.split(|byte| *byte == 0).filter(|record| !record.is_empty());
    records.map(|record| entry(repository, &String::from_utf8_lossy(record), depth)).collect()
}

fn entry(repository: &Repository, record: &str, depth: usize) -> Value {
    let (head, path) = record.split_once('\t').unwrap();
    let [mode, kind, oid]: [&str; 3] = head.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let mut object = if kind == "commit" { Value::Null } else { object_data(repository, oid) };
    if kind == "tree" && depth < 4 {
        object["entries"] = Value::Array(entries(repository, &[oid], depth + 1));
    }
    let name = path.rsplit('/').next().unwrap();
    json!({"__typename": "TreeEntry", "name": name, "path": path, "type": kind, "oid": oid,
        "mode": u32::from_str_radix(mode, 8).unwrap(), "object": object})
}
