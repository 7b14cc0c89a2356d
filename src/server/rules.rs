//! `GET /rules/…`: the pages of the built-in rules, which check runs link to.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::report::rule_site;
use crate::scan::policy::PolicySet;

/// How long a page may be kept, in seconds: it changes only with a new release.
const MAX_AGE: &str = "public, max-age=3600";

/// The list, under the address that its links are relative to.
pub(super) async fn index() -> Redirect {
    Redirect::permanent("/rules/index.html")
}

/// One page.
pub(super) async fn page(Path(path): Path<String>) -> Response {
    match rule_site::page(PolicySet::builtin(), &path) {
        Some(page) => ([(header::CACHE_CONTROL, MAX_AGE)], Html(page)).into_response(),
        None => (StatusCode::NOT_FOUND, "no such rule; /rules/ lists all\n").into_response(),
    }
}
