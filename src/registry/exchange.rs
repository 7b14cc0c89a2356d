//! One question to a registry and its answer: limits, authentication, redirects, status.
//!
//! Invariant: a request is sent again only once, with the authorization that the answer itself asked for; an
//! authorization never leaves the host that it was made for.

use std::error::Error as _;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use reqwest::Response;
use url::Url;

use super::RegistryError;
use super::authorization::Authorizer;
use super::connection::Connections;
use super::egress::host::Authority;
use super::egress::resolver::ForbiddenAddress;
use super::egress::{EgressError, EgressPolicy, Purpose, Route};
use super::endpoint::Request;
use super::limits::MAX_REDIRECTS;
use super::manifest::ACCEPT;
use super::options::RegistryOptions;
use super::rate_limit::RateLimits;

/// Everything that a question needs.
pub struct Exchange {
    /// What may be reached.
    pub policy: EgressPolicy,
    /// What the operator decides.
    pub options: RegistryOptions,
    connections: Connections,
    rate_limits: RateLimits,
    authorizer: Authorizer,
}

/// The answer of the last host.
struct Answer {
    response: Response,
    is_redirected: bool,
}

impl Exchange {
    /// Clients and memory for `options`.
    ///
    /// # Errors
    /// [`RegistryError::Options`].
    pub fn new(options: RegistryOptions) -> Result<Self, RegistryError> {
        let policy = EgressPolicy::new(options.allowed.clone(), options.private.clone());
        for mirror in &options.mirrors {
            let refused = |error| RegistryError::Options(format!("mirror of {}: {error}", mirror.registry));
            policy.registry(&mirror.mirror).map_err(refused)?;
        }
        let connections = Connections::new(&policy, &options)?;
        Ok(Self { policy, options, connections, rate_limits: RateLimits::default(), authorizer: Authorizer::default() })
    }

    /// Sends `request`, authenticated as its answer asks, and gives back the answer when it is a success.
    ///
    /// # Errors
    /// Every variant that names an operation.
    pub async fn send(&self, request: &Request<'_>) -> Result<Response, RegistryError> {
        let deadline = self.options.limits.request;
        let answer = tokio::time::timeout(deadline, self.authenticated(request)).await;
        answer.unwrap_or_else(|_| Err(request.timeout(deadline)))
    }

    /// Sends `request` and reads the whole body, at most `max_bytes`, within the same deadline.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`RegistryError::TooLarge`].
    pub async fn fetch(&self, request: &Request<'_>, max_bytes: u64) -> Result<Bytes, RegistryError> {
        self.fetch_page(request, max_bytes).await.map(|(_, body)| body)
    }

    /// As [`fetch`](Self::fetch), with the headers, which say where a list goes on.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub async fn fetch_page(&self, request: &Request<'_>, max_bytes: u64) -> Result<(HeaderMap, Bytes), RegistryError> {
        let deadline = self.options.limits.request;
        let all = async {
            let response = self.authenticated(request).await?;
            let headers = response.headers().clone();
            read(response, request, max_bytes).await.map(|body| (headers, body))
        };
        tokio::time::timeout(deadline, all).await.unwrap_or_else(|_| Err(request.timeout(deadline)))
    }

    async fn authenticated(&self, request: &Request<'_>) -> Result<Response, RegistryError> {
        self.check_limits(request)?;
        let known = self.authorizer.known(request);
        let was_anonymous = known.is_none();
        let answer = self.follow(request, known).await?;
        let status = answer.response.status();
        if answer.is_redirected || !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return request.judge(answer.response);
        }
        self.authorizer.forget(request);
        let mut headers = answer.response.headers().clone();
        if !headers.contains_key(header::WWW_AUTHENTICATE) && was_anonymous {
            // Some registries deny without a challenge, and have one at the root.
            headers = self.root_headers(request).await?;
        }
        if let Some(fresh) = self.authorizer.answer(self, request, &headers).await? {
            return request.judge(self.follow(request, Some(fresh)).await?.response);
        }
        request.judge(answer.response)
    }

    async fn root_headers(&self, request: &Request<'_>) -> Result<HeaderMap, RegistryError> {
        let url = request.endpoint.url(None).ok_or_else(|| request.refused(EgressError::Form))?;
        let root = self.connections.client(request.endpoint.route).get(url.clone());
        Ok(root.send().await.map_err(|error| request.failed(error, &url))?.headers().clone())
    }

    fn check_limits(&self, request: &Request<'_>) -> Result<(), RegistryError> {
        let floor = self.options.limits.pulls_left;
        let wait = self.rate_limits.wait(&request.limit_key(), request.is_pull(), floor, Instant::now());
        wait.map_or(Ok(()), |wait| Err(request.limited(wait)))
    }

    /// Sends `request`, and follows where content is redirected to.
    async fn follow(
        &self,
        request: &Request<'_>,
        mut authorization: Option<HeaderValue>,
    ) -> Result<Answer, RegistryError> {
        let resource = Some(request.resource.as_str());
        let mut url = request.endpoint.url(resource).ok_or_else(|| request.refused(EgressError::Form))?;
        let mut route = request.endpoint.route;
        self.policy.check(&url, Purpose::Registry, route).map_err(|error| request.refused(error))?;
        for hop in 0..=MAX_REDIRECTS {
            let response = self.send_once(request, &url, route, authorization.clone()).await?;
            let (status, headers) = (response.status(), response.headers());
            let is_first = hop == 0;
            if is_first
                && let Some(wait) = self.rate_limits.learn(&request.limit_key(), status, headers, Instant::now())
            {
                return Err(request.limited(wait));
            }
            if !is_redirect(status) {
                return Ok(Answer { response, is_redirected: !is_first });
            }
            let (next, next_route) = self.redirect(request, &response, &url, route)?;
            if Authority::of(&next) != Authority::of(&url) || next.scheme() != url.scheme() {
                authorization = None;
            }
            (url, route) = (next, next_route);
        }
        Err(request.redirect("more than 5 of them"))
    }

    async fn send_once(
        &self,
        request: &Request<'_>,
        url: &Url,
        route: Route,
        authorization: Option<HeaderValue>,
    ) -> Result<Response, RegistryError> {
        let mut builder = self.connections.client(route).request(request.method.clone(), url.clone());
        builder = builder.header(header::ACCEPT_ENCODING, "identity");
        builder = builder.header(header::ACCEPT, if request.is_manifest() { ACCEPT } else { "*/*" });
        if let Some(value) = authorization {
            builder = builder.header(header::AUTHORIZATION, value);
        }
        builder.send().await.map_err(|error| request.failed(error, url))
    }

    /// Where a redirect leads: for content to any public host, for a manifest to a registry of the list, as
    /// `registry.k8s.io` does.
    fn redirect(
        &self,
        request: &Request<'_>,
        response: &Response,
        url: &Url,
        route: Route,
    ) -> Result<(Url, Route), RegistryError> {
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        let next = location.and_then(|text| url.join(text).ok()).ok_or_else(|| request.redirect("without address"))?;
        if url.scheme() == "https" && next.scheme() != "https" {
            return Err(request.redirect("from https to another scheme"));
        }
        let purpose = if request.is_manifest() { Purpose::Registry } else { Purpose::Named };
        let route = self.policy.check(&next, purpose, route).map_err(|error| request.refused(error))?;
        Ok((next, route))
    }

    /// Sends a question to a token server and reads its answer. It is never redirected.
    pub(super) async fn ask_token_server(
        &self,
        request: &Request<'_>,
        url: Url,
        make: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
        form: Option<String>,
    ) -> Result<Bytes, RegistryError> {
        let from = request.endpoint.route;
        if request.endpoint.url(None).is_some_and(|own| own.scheme() == "https") && url.scheme() != "https" {
            return Err(request.refused(EgressError::Scheme));
        }
        let route = self.policy.check(&url, Purpose::Named, from).map_err(|error| request.refused(error))?;
        let client = self.connections.client(route);
        let builder = match form {
            None => client.get(url.clone()),
            Some(form) => {
                client.post(url.clone()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
        };
        let response = make(builder).send().await.map_err(|error| request.failed(error, &url))?;
        let (status, headers) = (response.status(), response.headers());
        if let Some(wait) = self.rate_limits.learn(&request.limit_key(), status, headers, Instant::now()) {
            return Err(request.limited(wait));
        }
        if is_redirect(status) {
            return Err(request.redirect("none is followed for tokens"));
        }
        if status == StatusCode::BAD_REQUEST {
            return Err(request.denied());
        }
        read(request.judge(response)?, request, super::limits::MAX_TOKEN_BYTES).await
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The whole body, which is never kept beyond `max_bytes`.
async fn read(mut response: Response, request: &Request<'_>, max_bytes: u64) -> Result<Bytes, RegistryError> {
    let too_large =
        || RegistryError::TooLarge { operation: request.operation, subject: request.subject.to_owned(), max_bytes };
    if response.content_length().is_some_and(|length| length > max_bytes) {
        return Err(too_large());
    }
    let url = response.url().clone();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| request.failed(error, &url))? {
        if (body.len() + chunk.len()) as u64 > max_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

impl Request<'_> {
    fn limit_key(&self) -> String {
        format!("{} as {}", self.endpoint.authority, self.endpoint.reader())
    }

    fn judge(&self, response: Response) -> Result<Response, RegistryError> {
        match response.status() {
            StatusCode::OK => Ok(response),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Err(self.denied()),
            status => Err(RegistryError::Status {
                operation: self.operation,
                subject: self.subject.to_owned(),
                status: status.as_u16(),
            }),
        }
    }

    pub(super) fn denied(&self) -> RegistryError {
        RegistryError::NotFoundOrNotAllowed { operation: self.operation, subject: self.subject.to_owned() }
    }

    pub(super) fn malformed(&self, why: &str) -> RegistryError {
        let subject = self.subject.to_owned();
        RegistryError::Malformed { operation: self.operation, subject, why: why.to_owned() }
    }

    pub(super) fn refused(&self, source: EgressError) -> RegistryError {
        RegistryError::Egress { operation: self.operation, subject: self.subject.to_owned(), source }
    }

    pub(super) fn redirect(&self, why: &'static str) -> RegistryError {
        RegistryError::Redirect { operation: self.operation, subject: self.subject.to_owned(), why }
    }

    fn limited(&self, retry_after: std::time::Duration) -> RegistryError {
        RegistryError::RateLimited { operation: self.operation, subject: self.subject.to_owned(), retry_after }
    }

    pub(super) fn timeout(&self, deadline: std::time::Duration) -> RegistryError {
        let subject = self.subject.to_owned();
        RegistryError::Timeout { operation: self.operation, subject, seconds: deadline.as_secs() }
    }

    /// An error of the network; its address is left out, for it may be signed.
    pub(super) fn failed(&self, error: reqwest::Error, url: &Url) -> RegistryError {
        let mut cause = error.source();
        while let Some(source) = cause {
            if source.is::<ForbiddenAddress>() {
                return self.refused(EgressError::Address(url.host_str().unwrap_or_default().to_owned()));
            }
            cause = source.source();
        }
        let source = Box::new(error.without_url());
        RegistryError::Unreachable { operation: self.operation, subject: self.subject.to_owned(), source }
    }
}
