//! Pages for people: one shell, one stylesheet, one set of headers.
//!
//! Invariant: a page runs no script, loads nothing but its stylesheet, is kept by no cache and shown in no frame, and
//! tells other sites at most where the server is.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::report::details::STYLE;
use crate::report::html::escape;

/// A page, without its shell.
pub(super) struct Page<'a> {
    pub status: StatusCode,
    pub title: &'a str,
    /// HTML.
    pub body: &'a str,
    /// Where its stylesheet is.
    pub style: &'a str,
    /// Where its forms may go beside this server, an origin such as `https://github.com`.
    pub forms_to: &'a str,
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let (title, style) = (escape(self.title), escape(self.style));
        let html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · dockgate</title>\n\
             <link rel=\"stylesheet\" href=\"{style}\">\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
            self.body
        );
        let policy = format!(
            "default-src 'none'; style-src 'self'; form-action 'self' {}; base-uri 'none'; frame-ancestors 'none'",
            self.forms_to
        );
        let mut response = (self.status, html).into_response();
        let headers = response.headers_mut();
        // Without a policy the page is not shown at all.
        let Ok(policy) = HeaderValue::from_str(&policy) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        for (name, value) in [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "strict-origin"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
        response
    }
}

/// The stylesheet.
pub(super) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, STYLE).into_response()
}

/// What is not there, or not for whoever asks: the two look the same.
pub(super) fn hidden() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// The parameters of an address, at most 20.
pub(super) fn parameters(query: Option<&str>) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().take(20).collect()
}

/// The value of a parameter; empty when it is not there.
pub(super) fn value<'a>(parameters: &'a [(String, String)], name: &str) -> &'a str {
    parameters.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
}

/// So many random bytes.
///
/// # Errors
/// The system gives none.
pub(super) fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map(|()| bytes)
}
