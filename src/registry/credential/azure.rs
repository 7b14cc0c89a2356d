//! Azure's registries: an Entra token is exchanged at the registry for a refresh token.
//!
//! # Source
//! Azure Container Registry's documentation of authentication with its `OAuth2` endpoints.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::cloud::{no_form, read_file, send};
use super::{CredentialError, CredentialSource, Issued, Secret};
use crate::registry::egress::host::Authority;

/// A refresh token holds for three hours; a third of that is enough for us.
const LIFETIME: Duration = Duration::from_hours(1);
const SCOPE: &str = "https://containerregistry.azure.net/.default";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who we are at Azure.
#[derive(Clone, Debug)]
pub struct AzureIdentity {
    /// The tenant's id.
    pub tenant: String,
    /// The client's (application's) id.
    pub client: String,
    /// What proves it.
    pub proof: AzureProof,
}

/// What proves an identity.
#[derive(Clone, Debug)]
pub enum AzureProof {
    /// A secret of the client.
    Secret(SecretString),
    /// A token of the cluster; it changes.
    TokenFile(PathBuf),
}

/// The refresh tokens of one registry.
#[derive(Clone, Debug)]
pub struct Acr {
    service: String,
    identity: AzureIdentity,
    client: Client,
    login: String,
    exchange: String,
}

impl Acr {
    /// For the registry at `host`.
    pub fn new(host: &Authority, identity: AzureIdentity, client: Client) -> Self {
        let (service, exchange) = (host.to_string(), format!("https://{host}/oauth2/exchange"));
        Self { service, identity, client, login: "https://login.microsoftonline.com".to_owned(), exchange }
    }

    /// With other addresses of the login and of the exchange, such as those of a national cloud.
    #[must_use]
    pub fn at(self, login: String, exchange: String) -> Self {
        Self { login, exchange, ..self }
    }

    async fn entra_token(&self) -> Result<String, CredentialError> {
        let mut form = vec![("client_id", self.identity.client.clone()), ("scope", SCOPE.to_owned())];
        form.push(("grant_type", "client_credentials".to_owned()));
        match &self.identity.proof {
            AzureProof::Secret(secret) => form.push(("client_secret", secret.expose_secret().to_owned())),
            AzureProof::TokenFile(file) => {
                form.push(("client_assertion_type", ASSERTION.to_owned()));
                form.push(("client_assertion", read_file(file).await?.trim().to_owned()));
            }
        }
        let url = format!("{}/{}/oauth2/v2.0/token", self.login, self.identity.tenant);
        Ok(self.post(&url, &form, "Entra token").await?.access_token.unwrap_or_default())
    }

    async fn post(&self, url: &str, form: &[(&str, String)], what: &str) -> Result<Answer, CredentialError> {
        let form = Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
        serde_json::from_slice(&send(request, what).await?).map_err(|_| no_form(what))
    }
}

#[async_trait]
impl CredentialSource for Acr {
    async fn issue(&self) -> Result<Issued, CredentialError> {
        let form = [
            ("grant_type", "access_token".to_owned()),
            ("service", self.service.clone()),
            ("tenant", self.identity.tenant.clone()),
            ("access_token", self.entra_token().await?),
        ];
        let answer = self.post(&self.exchange, &form, "token exchange").await?;
        let token = answer.refresh_token.ok_or_else(|| no_form("token exchange"))?;
        Ok(Issued { secret: Some(Secret::IdentityToken(token.into())), lifetime: LIFETIME })
    }
}

/// Not `Debug`: it holds secrets as plain text, until they are taken out.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    refresh_token: Option<String>,
}
