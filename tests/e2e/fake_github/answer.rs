//! Calls and answers of the fake's routes.
//!
//! Invariant: an error answer has GitHub's shape: `message`, `documentation_url`, `status`.

use serde_json::{Value, json};

use super::access::Caller;

/// One request, taken apart.
pub struct Call {
    pub method: String,
    /// Path without the base path of the API, percent-decoded.
    pub path: String,
    pub query: Vec<(String, String)>,
    /// `null` when there is none.
    pub body: Value,
    pub accept: String,
    pub caller: Caller,
    /// The API's own address, for links.
    pub api_url: String,
}

/// What is answered.
pub struct Answer {
    pub status: u16,
    pub content: Content,
    pub headers: Vec<(&'static str, String)>,
}

pub enum Content {
    Json(Value),
    Raw(Vec<u8>),
}

impl Answer {
    pub fn json(status: u16, value: Value) -> Self {
        Self { status, content: Content::Json(value), headers: Vec::new() }
    }

    pub fn ok(value: Value) -> Self {
        Self::json(200, value)
    }

    pub fn raw(bytes: Vec<u8>) -> Self {
        Self { status: 200, content: Content::Raw(bytes), headers: Vec::new() }
    }

    pub fn error(status: u16, message: &str) -> Self {
        let url = "https://docs.github.com/rest";
        Self::json(status, json!({"message": message, "documentation_url": url, "status": status.to_string()}))
    }

    pub fn not_found() -> Self {
        Self::error(404, "Not Found")
    }

    pub fn forbidden() -> Self {
        Self::error(403, "Resource not accessible by integration")
    }

    /// A request that is well formed and means nothing.
    pub fn unprocessable(errors: &[String]) -> Self {
        let url = "https://docs.github.com/rest";
        let body =
            json!({"message": "Unprocessable Entity", "errors": errors, "documentation_url": url, "status": "422"});
        Self::json(422, body)
    }
}

impl Call {
    /// The value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// One page of `items`, with the `Link` header; under `key` beside `total_count` where GitHub wraps lists.
    pub fn page(&self, items: Vec<Value>, key: Option<&str>) -> Answer {
        let number =
            |name: &str, default: usize| self.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        let per_page = number("per_page", 30).clamp(1, 100);
        let page = number("page", 1).max(1);
        let total = items.len();
        let last = total.div_ceil(per_page).max(1);
        let slice: Vec<Value> = items.into_iter().skip((page - 1) * per_page).take(per_page).collect();
        let mut answer = match key {
            Some(key) => Answer::ok(json!({"total_count": total, key: slice})),
            None => Answer::ok(Value::Array(slice)),
        };
        let mut links = Vec::new();
        for (rel, target, shown) in [
            ("prev", page.saturating_sub(1), page > 1),
            ("next", page + 1, page < last),
            ("last", last, page < last),
            ("first", 1, page > 1),
        ] {
            if shown {
                links.push(format!("<{}>; rel=\"{rel}\"", self.page_url(target, per_page)));
            }
        }
        if !links.is_empty() {
            answer.headers.push(("link", links.join(", ")));
        }
        answer
    }

    fn page_url(&self, page: usize, per_page: usize) -> String {
        let others = self.query.iter().filter(|(key, _)| key != "page" && key != "per_page");
        let start = format!("{}{}?per_page={per_page}&page={page}", self.api_url, self.path);
        others.fold(start, |url, (key, value)| format!("{url}&{key}={value}"))
    }
}
