//! A scanner behind Harbor's pluggable scanner API: one contract for many of them.
//!
//! The adapter pulls the image itself. It is told the digest that we resolved, and the credential that is bound to that
//! image's registry and path, if there is one.
//!
//! Invariant: a credential of a registry goes to the adapter only where nobody can read it on its way, and only with
//! the address of that very registry; the adapter's own goes to the adapter alone. A report that is not there yet is
//! asked for again until the scan's deadline; any other answer is an error.
//!
//! # Source
//! Harbor pluggable scanner API 1.1: `POST /api/v1/scan` (`registry.authorization` is the header with which the adapter
//! asks the registry or its token server) gives an id, `GET /api/v1/scan/{id}/report` gives 302 with `Refresh-After`,
//! or the report. Harbor itself sends an adapter `Authorization`, or `X-ScannerAdapter-API-Key`.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use url::{Host, Url};

use super::{Documents, failed};
use crate::image::ImageError;
use crate::image::contents::ImageProblem;
use crate::image::report::ImageReport;
use crate::image::results::harbor;
use crate::image::scanner::{ImageScanner, ScanRequest};
use crate::scan::image_reference::{DEFAULT_REGISTRY, ImageReference};

const SCAN_TYPE: &str = "application/vnd.scanner.adapter.scan.request+json; version=1.0";
const REPORT_TYPE: &str = "application/vnd.security.vulnerability.report; version=1.1";
const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// The largest report, in bytes.
const MAX_REPORT: usize = 32 << 20;
/// How long one answer may take, and how long is waited before the next question when the adapter does not say.
const TIMEOUT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The header of an adapter's own key.
const API_KEY: &str = "x-scanneradapter-api-key";

/// Asks an adapter.
pub struct HarborScanner {
    client: Client,
    base_url: String,
    /// The header that the adapter wants of us.
    own: Option<(&'static str, SecretString)>,
    /// Whether nobody can read what is sent there.
    is_private: bool,
}

impl HarborScanner {
    /// The adapter at `base_url`, without a slash at its end. `token` is what it wants of us: `basic:USER:PASSWORD`,
    /// `key:KEY` for its API key, or else a bearer token.
    ///
    /// # Errors
    /// The client can't be set up, in words.
    pub fn new(base_url: &str, token: Option<SecretString>) -> Result<Self, String> {
        let client = Client::builder().redirect(Policy::none()).timeout(TIMEOUT).build();
        let client = client.map_err(|error| error.to_string())?;
        let address = Url::parse(base_url).map_err(|error| error.to_string())?;
        let is_here = match address.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let is_private = is_here || address.scheme() == "https";
        Ok(Self { client, base_url: base_url.to_owned(), own: token.map(|token| own(&token)), is_private })
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ImageError> {
        let request = match &self.own {
            Some((name, value)) => request.header(*name, hidden(value)?),
            None => request,
        };
        request.send().await.map_err(|error| failed("harbor", error.without_url().to_string()))
    }

    /// Asks for a scan and gives its id.
    async fn begin(&self, body: &Value) -> Result<String, ImageError> {
        loop {
            let request = self.client.post(format!("{}/api/v1/scan", self.base_url));
            let request = request.header(CONTENT_TYPE, SCAN_TYPE).body(body.to_string());
            let response = self.send(request).await?;
            match response.status() {
                StatusCode::ACCEPTED => {
                    let answer: Value = serde_json::from_slice(&read(response).await?).unwrap_or_default();
                    let id = answer["id"].as_str().unwrap_or_default();
                    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~=".contains(&byte);
                    let fits = !id.is_empty() && id.len() <= 200 && !id.starts_with('.') && id.bytes().all(is_id);
                    return if fits { Ok(id.to_owned()) } else { Err(failed("harbor", "the id of the scan is none")) };
                }
                StatusCode::TOO_MANY_REQUESTS => tokio::time::sleep(pause(&response, "retry-after")).await,
                status => return Err(refused(status, response).await),
            }
        }
    }

    /// The report of a scan, as soon as there is one.
    async fn report(&self, id: &str) -> Result<Vec<u8>, ImageError> {
        loop {
            let request = self.client.get(format!("{}/api/v1/scan/{id}/report", self.base_url));
            let response = self.send(request.header(ACCEPT, REPORT_TYPE)).await?;
            match response.status() {
                StatusCode::OK => return read(response).await,
                StatusCode::FOUND => tokio::time::sleep(pause(&response, "refresh-after")).await,
                StatusCode::TOO_MANY_REQUESTS => tokio::time::sleep(pause(&response, "retry-after")).await,
                status => return Err(refused(status, response).await),
            }
        }
    }
}

#[async_trait]
impl ImageScanner for HarborScanner {
    fn name(&self) -> &'static str {
        "harbor"
    }

    async fn scan(&self, request: ScanRequest<'_>) -> Result<ImageReport, ImageError> {
        let documents = Documents::read(&request).await?;
        let reference = ImageReference::parse(request.image).map_err(|error| failed("harbor", error.to_string()))?;
        let host = match reference.registry() {
            DEFAULT_REGISTRY => "registry-1.docker.io",
            host => host,
        };
        let bound = request.source.authorization().await?;
        let is_withheld = bound.is_some() && !self.is_private;
        let bound = bound.filter(|_| self.is_private);
        let authorization = bound.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        let body = json!({
            "registry": {"url": format!("https://{host}"), "authorization": authorization},
            "artifact": {
                "repository": reference.path(),
                "digest": documents.found.digest.to_string(),
                "tag": reference.tag().unwrap_or_default(),
                "mime_type": MANIFEST_TYPE,
            },
        });
        let id = self.begin(&body).await?;
        let results = harbor::read(&self.report(&id).await?).map_err(|why| failed("harbor", why))?;
        let mut report = documents.report(request.image, "harbor", results, false);
        if is_withheld {
            let why = "the adapter got no credential of the registry, as its address is not https";
            report.problems.push(ImageProblem::note(why));
        }
        Ok(report)
    }
}

/// The header that an adapter wants.
fn own(token: &SecretString) -> (&'static str, SecretString) {
    let text = token.expose_secret();
    if let Some(key) = text.strip_prefix("key:") {
        return (API_KEY, key.to_owned().into());
    }
    let value = match text.strip_prefix("basic:") {
        Some(pair) => format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)),
        None => format!("Bearer {text}"),
    };
    ("authorization", value.into())
}

/// A header's value that is not shown.
fn hidden(value: &SecretString) -> Result<HeaderValue, ImageError> {
    let mut value = HeaderValue::from_str(value.expose_secret())
        .map_err(|_| failed("harbor", "its token has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// How long the adapter asks us to wait, within bounds.
fn pause(response: &Response, header: &str) -> Duration {
    let said = response.headers().get(header).and_then(|value| value.to_str().ok()?.parse().ok());
    said.map_or(PAUSE, Duration::from_secs).clamp(Duration::from_millis(50), LONGEST_PAUSE)
}

async fn refused(status: StatusCode, response: Response) -> ImageError {
    let body: Value = match read(response).await {
        Ok(body) => serde_json::from_slice(&body).unwrap_or_default(),
        Err(error) => return error,
    };
    let said = body["error"]["message"].as_str().unwrap_or("no reason given");
    failed("harbor", format!("the adapter answered {}: {said}", status.as_u16()))
}

async fn read(mut response: Response) -> Result<Vec<u8>, ImageError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_REPORT => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(failed("harbor", format!("the answer has more than {MAX_REPORT} bytes"))),
            Ok(None) => return Ok(body),
            Err(error) => return Err(failed("harbor", error.without_url().to_string())),
        }
    }
}
