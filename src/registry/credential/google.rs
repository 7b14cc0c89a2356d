//! Google's registries: a key file as it is, or an access token of the machine.
//!
//! # Source
//! Artifact Registry's documentation of authentication, and Compute Engine's of its metadata server.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use serde::Deserialize;

use super::cloud::{no_form, read_file, send};
use super::{CredentialError, CredentialSource, Issued, Secret};

const METADATA: &str = "http://metadata.google.internal";
const TOKEN_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";
/// How long a key file is used before it is read again.
const KEY_LIFETIME: Duration = Duration::from_hours(1);
/// A token is not used in its last minute.
const LEEWAY: Duration = Duration::from_mins(1);

/// Who we are at Google.
#[derive(Clone, Debug)]
pub enum GoogleIdentity {
    /// By the key of a service account, a JSON file.
    KeyFile(PathBuf),
    /// By the machine that we run on.
    Metadata,
}

/// The passwords of Google's registries.
#[derive(Clone, Debug)]
pub struct Google {
    identity: GoogleIdentity,
    client: Client,
    metadata: String,
}

impl Google {
    /// For `identity`.
    pub fn new(identity: GoogleIdentity, client: Client) -> Self {
        Self { identity, client, metadata: METADATA.to_owned() }
    }

    /// With another address of the metadata server.
    #[must_use]
    pub fn at(self, metadata: String) -> Self {
        Self { metadata, ..self }
    }
}

#[async_trait]
impl CredentialSource for Google {
    async fn issue(&self) -> Result<Issued, CredentialError> {
        if let GoogleIdentity::KeyFile(file) = &self.identity {
            let password = read_file(file).await?.into();
            let secret = Secret::Password { user: "_json_key".to_owned(), password };
            return Ok(Issued { secret: Some(secret), lifetime: KEY_LIFETIME });
        }
        let request = self.client.get(format!("{}{TOKEN_PATH}", self.metadata)).header("metadata-flavor", "Google");
        let body = send(request, "metadata server").await?;
        let token: Token = serde_json::from_slice(&body).map_err(|_| no_form("metadata server"))?;
        let secret = Secret::Password { user: "oauth2accesstoken".to_owned(), password: token.access_token.into() };
        let lifetime = Duration::from_secs(token.expires_in).saturating_sub(LEEWAY);
        Ok(Issued { secret: Some(secret), lifetime })
    }
}

/// Not `Debug`: it holds a secret as plain text, until it is taken out.
#[derive(Deserialize)]
struct Token {
    access_token: String,
    expires_in: u64,
}
