//! The fake's web pages: making an app from a manifest, and signing in.
//!
//! Invariant: a manifest is taken only with permissions and addresses that GitHub would take, and a code counts once.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use super::access::{APP_ID, app_key};
use super::answer::Answer;
use super::state::State;
use crate::schema::openapi::openapi;

/// Who the app is for sign-in, once it was made from a manifest.
pub const CLIENT_ID: &str = "Iv1.0123456789abcdef";
/// The secret of sign-in.
pub const CLIENT_SECRET: &str = "a client secret of the tests";

/// One request of a browser or of the token endpoint.
pub struct PageRequest<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a [u8],
}

/// Answers a page; `None` when the path is not one of a page.
pub fn answer(state: &mut State, request: &PageRequest<'_>) -> Option<Response<Body>> {
    let segments: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    match (request.method, segments.as_slice()) {
        ("POST", ["settings", "apps", "new"] | ["organizations", _, "settings", "apps", "new"]) => {
            Some(new_app(state, request))
        }
        ("GET", ["login", "oauth", "authorize"]) => Some(authorize(state, request)),
        ("POST", ["login", "oauth", "access_token"]) => Some(access_token(state, request)),
        _ => None,
    }
}

/// The form of a manifest: GitHub shows what is asked for; here the answer is always yes.
fn new_app(state: &mut State, request: &PageRequest<'_>) -> Response<Body> {
    let fields = pairs(request.body);
    let manifest: Value = serde_json::from_str(field(&fields, "manifest")).unwrap_or_default();
    let wrong = manifest_mistakes(&manifest);
    if !wrong.is_empty() {
        state.violations.push(format!("manifest: {wrong:?}: {manifest}"));
        return text(422, "text/plain", format!("{wrong:?}"));
    }
    let code = format!("code{}", state.new_id());
    let back =
        format!("{}?code={code}&state={}", manifest["redirect_url"].as_str().unwrap(), parameter(request, "state"));
    state.manifests.push((code, request.path.to_owned(), manifest));
    redirect(&back)
}

/// What GitHub would not take.
fn manifest_mistakes(manifest: &Value) -> Vec<String> {
    let mut wrong = openapi().check("app-permissions", &manifest["default_permissions"]);
    for place in ["/url", "/hook_attributes/url", "/redirect_url", "/callback_urls/0"] {
        let url = manifest.pointer(place).and_then(Value::as_str).unwrap_or_default();
        if !url.starts_with("http") {
            wrong.push(format!("{place} is no address: {url:?}"));
        }
    }
    if !manifest["name"].as_str().is_some_and(|name| (1..=34).contains(&name.chars().count())) {
        wrong.push("the name has to have 1 to 34 characters".to_owned());
    }
    if !manifest["default_events"].is_array() {
        wrong.push("no events".to_owned());
    }
    wrong
}

/// `POST /app-manifests/{code}/conversions`.
pub fn convert(state: &mut State, code: &str) -> Answer {
    let Some(at) = state.manifests.iter().position(|(known, ..)| known == code) else { return Answer::not_found() };
    let (_, _, manifest) = state.manifests.remove(at);
    let url = manifest["url"].clone();
    let now = super::json::timestamp(std::time::SystemTime::now());
    Answer::json(
        201,
        json!({
            "id": APP_ID, "slug": "dockgate", "node_id": "MDM6QXBw", "name": manifest["name"], "external_url": url,
            "html_url": "https://github.example/apps/dockgate", "description": null, "created_at": now,
            "updated_at": now, "permissions": manifest["default_permissions"], "events": manifest["default_events"],
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "webhook_secret": "a secret that GitHub made",
            "pem": app_key().private_pem,
            "owner": {"login": "acme", "id": 1, "node_id": "x", "type": "Organization"},
        }),
    )
}

/// The page that asks whether to sign in; here a person always does.
fn authorize(state: &mut State, request: &PageRequest<'_>) -> Response<Body> {
    if parameter(request, "client_id") != CLIENT_ID {
        return text(404, "text/plain", "no such app".to_owned());
    }
    let code = format!("person{}", state.new_id());
    state.sign_ins.push(code.clone());
    let (back, given) = (parameter(request, "redirect_uri"), parameter(request, "state"));
    redirect(&format!("{back}?code={code}&state={given}"))
}

fn access_token(state: &mut State, request: &PageRequest<'_>) -> Response<Body> {
    let body: Value = serde_json::from_slice(request.body).unwrap_or_default();
    let known = state.sign_ins.iter().position(|code| body["code"] == **code);
    let answer = match known {
        _ if body["client_id"] != CLIENT_ID || body["client_secret"] != CLIENT_SECRET => {
            json!({"error": "incorrect_client_credentials"})
        }
        None => json!({"error": "bad_verification_code"}),
        Some(at) => {
            state.sign_ins.remove(at);
            let token = format!("ghu_{:036}", state.new_id());
            state.people.insert(token.clone());
            json!({"access_token": token, "token_type": "bearer", "scope": ""})
        }
    };
    text(200, "application/json", answer.to_string())
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn field<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
}

fn parameter(request: &PageRequest<'_>, name: &str) -> String {
    field(&pairs(request.query.as_bytes()), name).to_owned()
}

fn redirect(to: &str) -> Response<Body> {
    Response::builder().status(302).header("location", to).body(Body::empty()).unwrap()
}

fn text(status: u16, kind: &str, body: String) -> Response<Body> {
    Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
}
