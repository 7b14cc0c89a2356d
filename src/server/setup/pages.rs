//! The pages of the set-up.
//!
//! Invariant: the only way off them is to the GitHub that the settings name.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::SetupConfig;
use crate::github::registration::{self, EVENTS, MAX_NAME, NewApp};
use crate::report::html::escape;
use crate::server::page::{self, Page};
use crate::settings::process::base_url;
use crate::settings::process::web::keeps_cookies;

/// Longest address and owner that are taken, in bytes.
const MAX_BYTES: usize = 300;

/// What the operator says.
pub(super) struct Answers {
    /// What the app is called at GitHub.
    pub name: String,
    /// The organisation; empty for the operator's own account.
    pub owner: String,
    /// Where people and GitHub reach this server, without a `/` at its end.
    pub public_url: String,
}

impl Answers {
    /// What the form says at first.
    pub(super) fn first(config: &SetupConfig) -> Self {
        let public_url = config.public_url.clone().unwrap_or_default();
        Self { name: "dockgate".to_owned(), owner: String::new(), public_url }
    }

    pub(super) fn read(parameters: &[(String, String)]) -> Self {
        let text = |name: &str| page::value(parameters, name).trim().to_owned();
        Self { name: text("name"), owner: text("owner"), public_url: text("url").trim_end_matches('/').to_owned() }
    }

    /// What is wrong with them.
    pub(super) fn wrong(&self) -> Option<String> {
        let is_owner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let url = Some(&self.public_url).filter(|url| url.len() <= MAX_BYTES && !url.contains(char::is_whitespace));
        if self.name.is_empty() || self.name.chars().count() > MAX_NAME || self.name.contains(char::is_control) {
            return Some(format!("the name has to have 1 to {MAX_NAME} characters"));
        }
        if self.owner.len() > MAX_BYTES || !self.owner.bytes().all(is_owner) {
            return Some("an organisation's name has letters, digits and hyphens only".to_owned());
        }
        if url.and_then(|url| base_url(url)).is_none_or(|url| !keeps_cookies(&url)) {
            return Some("the address has to be one such as https://dockgate.example.com".to_owned());
        }
        None
    }
}

/// The questions; `wrong` says what was wrong with the last answers.
pub(super) fn questions(config: &SetupConfig, token: &str, answers: &Answers, wrong: &str) -> Response {
    let problem = match wrong {
        "" => String::new(),
        wrong => format!("<p role=\"alert\"><strong>Not yet:</strong> {}.</p>\n", escape(wrong)),
    };
    let body = format!(
        "<h1>Set up dockgate</h1>\n<p>This makes a GitHub App at <code>{}</code> with just the permissions that are \
         needed, and keeps its credentials in <code>{}</code>, for nobody else to read.</p>\n{problem}\
         <form class=\"box\" method=\"get\" action=\"/setup\">\n<input type=\"hidden\" name=\"token\" value=\"{}\">\n\
         <p><label for=\"url\">Address by which GitHub and people reach this server</label>\n\
         <input id=\"url\" name=\"url\" type=\"url\" size=\"45\" required placeholder=\"https://dockgate.example.com\" \
         value=\"{}\"></p>\n\
         <p><label for=\"owner\">Organisation that owns the app; empty for your own account</label>\n\
         <input id=\"owner\" name=\"owner\" size=\"45\" value=\"{}\"></p>\n\
         <p><label for=\"name\">Name of the app; GitHub wants one that nobody has</label>\n\
         <input id=\"name\" name=\"name\" size=\"45\" maxlength=\"{MAX_NAME}\" required value=\"{}\"></p>\n\
         <p><button>Go on</button></p>\n</form>\n",
        escape(&config.github_url),
        escape(&config.credentials_file.display().to_string()),
        escape(token),
        escape(&answers.public_url),
        escape(&answers.owner),
        escape(&answers.name),
    );
    respond(StatusCode::OK, "Set up", &body, "")
}

/// What GitHub will be asked for, and the form that goes there.
pub(super) fn manifest_form(config: &SetupConfig, answers: &Answers, state: &str) -> Response {
    let path = match answers.owner.as_str() {
        "" => "/settings/apps/new".to_owned(),
        owner => format!("/organizations/{owner}/settings/apps/new"),
    };
    let manifest = registration::manifest(&answers.name, &answers.public_url, config.watches).to_string();
    let mut body = format!(
        "<h1>Set up dockgate</h1>\n<p>GitHub is asked for an app called <strong>{}</strong> of {}, with these \
         permissions and events. GitHub shows them again before anything is made.</p>\n",
        escape(&answers.name),
        if answers.owner.is_empty() {
            "your own account".to_owned()
        } else {
            format!("<strong>{}</strong>", answers.owner)
        }
    );
    let permissions = registration::permissions(config.watches);
    let permissions = permissions.iter().map(|(name, level, why)| (format!("{name}: {level}"), *why));
    let events = EVENTS.iter().map(|(name, why)| (format!("event {name}"), *why));
    body.push_str("<table>\n<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n");
    for (what, why) in permissions.chain(events) {
        let _ = writeln!(body, "<tr><td><code>{what}</code></td><td>{why}</td></tr>");
    }
    let _ = writeln!(
        body,
        "</tbody>\n</table>\n<form method=\"post\" action=\"{}{path}?state={state}\">\n\
         <input type=\"hidden\" name=\"manifest\" value=\"{}\">\n<p><button>Make the app at GitHub</button></p>\n</form>",
        escape(&config.github_url),
        escape(&manifest)
    );
    respond(StatusCode::OK, "Set up", &body, origin(&config.github_url))
}

/// What to do next.
pub(super) fn done(config: &SetupConfig, app: &NewApp) -> Response {
    let page = escape(&app.html_url);
    let body = format!(
        "<h1>dockgate is set up</h1>\n<p>It goes on as the app <strong>{}</strong> (number {}), without a restart. This \
         page is closed for ever.</p>\n<ol>\n\
         <li><a href=\"{page}/installations/new\">Install the app</a> on the repositories that it shall judge, and on \
         the organisation's <code>.github</code> if defaults are kept there.</li>\n\
         <li>Open a pull request: a check called <code>dockgate</code> appears.</li>\n\
         <li>Make the check required and pin it to the app: Settings, Rules, Rulesets, Require status checks, add \
         <code>dockgate</code> with this app as its source.</li>\n\
         <li>Keep <code>{}</code> safe: it holds the app's key, and the next start reads it. \
         <code>dockgate doctor</code> shows what is in force.</li>\n</ol>\n",
        escape(&app.slug),
        app.id,
        escape(&config.credentials_file.display().to_string()),
    );
    respond(StatusCode::OK, "Set up", &body, "")
}

/// Something went wrong; it can be tried again.
pub(super) fn failed(why: &str) -> Response {
    let text = format!("{} Then open the address that the terminal shows once more.", escape(why));
    say(StatusCode::BAD_GATEWAY, "The set-up failed", &text)
}

/// A page of one paragraph.
pub(super) fn say(status: StatusCode, title: &str, text: &str) -> Response {
    respond(status, title, &format!("<h1>{title}</h1>\n<p>{text}</p>\n"), "")
}

fn respond(status: StatusCode, title: &str, body: &str, forms_to: &str) -> Response {
    Page { status, title, body, style: "/setup/style.css", forms_to }.into_response()
}

/// `scheme://host[:port]` of an address.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}
