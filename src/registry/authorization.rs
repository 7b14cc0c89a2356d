//! Authorizations, made as each answer asks and remembered for as long as they hold.
//!
//! Invariant: a credential goes to its registry, or to a token server of the same domain or of a configured pair; any
//! other token server is asked as anybody. A token is asked for one repository, to pull, whatever a challenge says.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

use super::RegistryError;
use super::cache::Timed;
use super::challenge::Challenge;
use super::credential::Secret;
use super::egress::host::Authority;
use super::endpoint::Request;
use super::exchange::Exchange;

/// How long a token holds when its server does not say.
const LEAST_LIFETIME: Duration = Duration::from_mins(1);
/// How long a token is used at most, and a password without asking whether it is still wanted.
const MOST_LIFETIME: Duration = Duration::from_hours(1);
/// A token is not used in its last seconds, in which it might expire on its way.
const LEEWAY: Duration = Duration::from_secs(10);

/// The authorizations that hold, by host, repository and credential.
#[derive(Debug, Default)]
pub struct Authorizer {
    known: Timed<String, HeaderValue>,
}

impl Authorizer {
    /// What is known to be wanted for `request`.
    pub fn known(&self, request: &Request<'_>) -> Option<HeaderValue> {
        self.known.get(&key(request))
    }

    /// Forgets what was not accepted.
    pub fn forget(&self, request: &Request<'_>) {
        self.known.forget(&key(request));
    }

    /// What the challenges of `headers` ask for; `None` when we have nothing that they want.
    ///
    /// # Errors
    /// Those of the token server and of the keeper of the credential.
    pub async fn answer(
        &self,
        exchange: &Exchange,
        request: &Request<'_>,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, RegistryError> {
        let values = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<Challenge> = values.take(8).flat_map(Challenge::parse_all).collect();
        let offered = |scheme: &str| challenges.iter().find(|challenge| challenge.scheme == scheme);
        let made = if let Some(challenge) = offered("bearer") {
            bearer(exchange, request, challenge).await?
        } else if offered("basic").is_some() {
            basic(request).await?
        } else {
            None
        };
        let Some((value, lifetime)) = made else { return Ok(None) };
        self.known.put(key(request), value.clone(), lifetime);
        Ok(Some(value))
    }
}

fn key(request: &Request<'_>) -> String {
    let endpoint = request.endpoint;
    format!("{} {} as {}", endpoint.authority, endpoint.path, endpoint.reader())
}

/// The secret for the registry of `request`, asked of its keeper only now that it is wanted.
async fn secret(request: &Request<'_>) -> Result<Option<Secret>, RegistryError> {
    match &request.endpoint.credential {
        Some(entry) => entry.secret().await,
        None => Ok(None),
    }
}

async fn basic(request: &Request<'_>) -> Result<Option<(HeaderValue, Duration)>, RegistryError> {
    let Some(text) = secret(request).await?.as_ref().and_then(Secret::basic) else { return Ok(None) };
    Ok(Some((authorization(request, "Basic", &text)?, MOST_LIFETIME)))
}

async fn bearer(
    exchange: &Exchange,
    request: &Request<'_>,
    challenge: &Challenge,
) -> Result<Option<(HeaderValue, Duration)>, RegistryError> {
    let realm = challenge.parameter("realm").and_then(|text| Url::parse(text).ok());
    let mut realm = realm.ok_or_else(|| request.malformed("expected a challenge with the address of a realm"))?;
    // Its own query could widen what the token is for.
    realm.set_query(None);
    realm.set_fragment(None);
    let registry = &request.endpoint.authority;
    let host = Authority::of(&realm).ok_or_else(|| request.malformed("expected a realm with a host"))?;
    let secret = if exchange.options.may_get_credentials(registry, &host) {
        secret(request).await?
    } else {
        if request.endpoint.credential.is_some() {
            tracing::warn!(%registry, realm = %host, "token server is not of the registry's domain: asked without credentials");
        }
        None
    };
    if let Some(Secret::RegistryToken(token)) = &secret {
        return Ok(Some((authorization(request, "Bearer", token)?, MOST_LIFETIME)));
    }
    let service = challenge.parameter("service").filter(|service| service.len() <= 256);
    let body = ask(exchange, request, realm, service, secret).await?;
    let wrong = || request.malformed("expected a token");
    let token: Token = serde_json::from_slice(&body).map_err(|_| wrong())?;
    let lifetime = Duration::from_secs(token.expires_in).clamp(LEAST_LIFETIME, MOST_LIFETIME);
    let lifetime = lifetime.saturating_sub(LEEWAY);
    let text = [token.plain, token.oauth].into_iter().find(|text| !text.is_empty()).ok_or_else(wrong)?;
    Ok(Some((authorization(request, "Bearer", &text.into())?, lifetime)))
}

/// Asks the token server at `realm`.
///
/// # Source
/// The distribution project's token authentication, and its `OAuth2` form for identity tokens.
async fn ask(
    exchange: &Exchange,
    request: &Request<'_>,
    mut realm: Url,
    service: Option<&str>,
    secret: Option<Secret>,
) -> Result<Bytes, RegistryError> {
    let scope = format!("repository:{}:pull", request.endpoint.path);
    if let Some(Secret::IdentityToken(token)) = &secret {
        let form = refresh_form(service, &scope, token);
        return exchange.ask_token_server(request, realm, |builder| builder, Some(form)).await;
    }
    let service = service.map(|service| ("service", service));
    realm.query_pairs_mut().extend_pairs(service).append_pair("scope", &scope);
    let basic = secret.as_ref().and_then(Secret::basic);
    let basic = basic.map(|text| authorization(request, "Basic", &text)).transpose()?;
    let with_basic = |builder: reqwest::RequestBuilder| match basic {
        Some(value) => builder.header(header::AUTHORIZATION, value),
        None => builder,
    };
    exchange.ask_token_server(request, realm, with_basic, None).await
}

/// The form that turns an identity token into a token for `scope`.
fn refresh_form(service: Option<&str>, scope: &str, token: &SecretString) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token").append_pair("client_id", "dockgate");
    form.extend_pairs(service.map(|service| ("service", service)));
    form.append_pair("scope", scope).append_pair("refresh_token", token.expose_secret());
    form.finish()
}

/// A header that is marked as secret.
fn authorization(request: &Request<'_>, scheme: &str, text: &SecretString) -> Result<HeaderValue, RegistryError> {
    let value = HeaderValue::from_str(&format!("{scheme} {}", text.expose_secret()));
    let mut value = value.map_err(|_| request.malformed("expected a token of letters"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Not `Debug`: it holds a secret as plain text, until it is taken out.
#[derive(Deserialize)]
struct Token {
    #[serde(default, rename = "token")]
    plain: String,
    #[serde(default, rename = "access_token")]
    oauth: String,
    #[serde(default)]
    expires_in: u64,
}
