//! Git over smart HTTP, by git's own server program.
//!
//! Invariant: a fetch needs a token with `contents: read` for that repository.

use std::process::Stdio;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::access::{Caller, caller};
use super::state::State;

/// `owner/name` and the rest of the path, when a path is one of git's.
pub fn repository_of(path: &str) -> Option<(String, String)> {
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    let (owner, name, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let git = rest == "info/refs" || rest == "git-upload-pack" || rest == "git-receive-pack";
    git.then(|| (format!("{owner}/{}", name.trim_end_matches(".git")), rest.to_owned()))
}

/// Whether the caller may fetch; else the status to answer.
///
/// # Errors
/// 401, 403 or 404, as GitHub answers.
pub fn may_fetch(state: &State, headers: &HeaderMap, repository: &str) -> Result<std::path::PathBuf, u16> {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    match caller(state, authorization).map_err(|_| 401_u16)? {
        Caller::Installation(token) if !token.repositories.iter().any(|name| name == repository) => Err(404),
        Caller::Installation(token) if !token.may("contents", false) => Err(403),
        Caller::Installation(_) => {
            state.repositories.get(repository).map(|found| found.git.path().to_owned()).ok_or(404)
        }
        Caller::Nobody | Caller::App | Caller::Person => Err(401),
    }
}

/// A refusal, with the challenge that makes git ask its helper.
pub fn refuse(status: u16) -> Response<Body> {
    let mut builder = Response::builder().status(status);
    if status == 401 {
        builder = builder.header("www-authenticate", "Basic realm=\"GitHub\"");
    }
    builder.body(Body::from("refused")).unwrap()
}

/// Runs `git http-backend` on a request.
pub async fn serve(
    repository: &std::path::Path,
    method: &str,
    rest: &str,
    query: &str,
    headers: &HeaderMap,
    body: Vec<u8>,
) -> Response<Body> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_PROJECT_ROOT", repository)
        .env("PATH_INFO", format!("/{rest}"))
        .env("REQUEST_METHOD", method)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("REMOTE_USER", "x-access-token")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let feed = async move {
        let _ = input.write_all(&body).await;
        drop(input);
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    answer(&output.unwrap().stdout)
}

/// From the output of a CGI program to a response.
fn answer(output: &[u8]) -> Response<Body> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(end) = end else { return refuse(500) };
    let mut builder = Response::builder().status(StatusCode::OK);
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => {
                let code: u16 = status.split(' ').next().and_then(|code| code.parse().ok()).unwrap_or(500);
                builder = builder.status(code);
            }
            Some((name, value)) => builder = builder.header(name, value),
            None => {}
        }
    }
    builder.body(Body::from(output[end + 4..].to_vec())).unwrap()
}
