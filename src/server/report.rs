//! `GET /report/OWNER/NAME/COMMIT/CHECK`: the whole report of a check, to whoever has a signed address that still holds
//! and, where sign-in is configured, may read the repository.
//!
//! Invariant: without a signature of ours nothing tells whether there is a report.

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tracing::warn;

use super::AppState;
use super::page::{self, Page};
use super::sign_in::SignInPages;
use crate::github::identity::{CommitSha, RepositoryName};
use crate::report::details::{self, DetailsInput, Filter};
use crate::report::html::{Links, Source};
use crate::report::link::{LinkState, ReportLinks, Subject};
use crate::report::record::Record;
use crate::report::words::describe;
use crate::store::{Report, ReportKey};

/// What the pages of reports need.
pub struct ReportPages {
    /// Makes and checks their addresses.
    pub links: ReportLinks,
    /// What stands before `/report` in the path by which people reach this server; mostly empty.
    pub prefix: String,
    /// Where repositories can be seen, without a `/` at its end, such as `https://github.com`.
    pub github_url: String,
    /// Where the pages of the rules are, without a `/` at its end.
    pub rules_url: String,
    /// Who asks people who they are; whoever has the address may read without it.
    pub sign_in: Option<SignInPages>,
}

impl ReportPages {
    pub(super) fn page(&self, status: StatusCode, title: &str, body: &str) -> Response {
        let style = format!("{}/report/style.css", self.prefix);
        Page { status, title, body, style: &style, forms_to: "" }.into_response()
    }

    /// A page of one paragraph.
    pub(super) fn say(&self, status: StatusCode, title: &str, text: &str) -> Response {
        self.page(status, title, &format!("<h1>{title}</h1>\n<p>{text}</p>\n"))
    }
}

pub(super) async fn show(
    State(state): State<AppState>,
    Path((owner, name, head, check)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(pages) = &state.0.reports else { return page::hidden() };
    let parameters = page::parameters(query.as_deref());
    let repository = format!("{owner}/{name}");
    let subject = Subject { repository: &repository, head: &head, check: &check };
    let (expires, signature) = (page::value(&parameters, "expires"), page::value(&parameters, "signature"));
    match pages.links.check(subject, expires, signature, state.seconds()) {
        LinkState::Forged => return page::hidden(),
        LinkState::Expired => {
            let text = "Use \"Re-run\" on the check, then follow the link in its summary.";
            return pages.say(StatusCode::GONE, "This address has expired", text);
        }
        LinkState::Good => {}
    }
    let (Ok(repository), Ok(head)) = (repository.parse::<RepositoryName>(), head.parse::<CommitSha>()) else {
        return page::hidden();
    };
    if let Some(sign_in) = &pages.sign_in
        && !sign_in.lets_in(&headers, &repository, state.seconds())
    {
        return sign_in.ask(&repository, &uri, state.seconds());
    }
    let key = ReportKey { repository, head, check };
    let report = match state.0.store.report(&key).await {
        Ok(Some(report)) => report,
        Ok(None) => {
            let text = "The check is still running, or was ended before it had a verdict. Look again in a moment.";
            return pages.say(StatusCode::OK, "There is no report yet", text);
        }
        Err(error) => {
            warn!(error = describe(&error), "a report could not be read");
            let text = "The database does not answer. Look again in a moment.";
            return pages.say(StatusCode::SERVICE_UNAVAILABLE, "The report could not be read", text);
        }
    };
    let shown = state.clone();
    let rendering = tokio::task::spawn_blocking(move || render(&shown, &key, &report, &parameters)).await;
    rendering.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn render(state: &AppState, key: &ReportKey, report: &Report, parameters: &[(String, String)]) -> Response {
    let Some(pages) = &state.0.reports else { return page::hidden() };
    let Some(record) = Record::from_json(&report.body) else {
        return pages.say(StatusCode::INTERNAL_SERVER_ERROR, "The report could not be read", "Its record is damaged.");
    };
    let repository_url = format!("{}/{}", pages.github_url, key.repository);
    let root = format!("{repository_url}/blob");
    let filter = Filter::read(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let signed = ["expires", "signature"].map(|name| (name, page::value(parameters, name)));
    let body = details::body(&DetailsInput {
        record: &record,
        revision: (report.revision, report.recorded_at.0),
        filter: &filter,
        signed: &signed,
        links: Links { rules: Some(&pages.rules_url), source: Some(Source { root: &root, head: key.head.as_str() }) },
        repository_url: &repository_url,
    });
    pages.page(StatusCode::OK, &record.title, &body)
}
