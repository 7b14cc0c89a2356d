//! Credentials that a cloud makes for the operator's own identity.
//!
//! Invariant: which cloud is asked, and for which registry, is the operator's decision; an answer is bounded in bytes
//! and time, and neither it nor what was sent is repeated in an error.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};

use super::aws::{AwsIdentity, AwsKeys, Ecr};
use super::azure::{Acr, AzureIdentity, AzureProof};
use super::google::{Google, GoogleIdentity};
use super::{CredentialError, CredentialKey, CredentialStore};

/// How long one answer may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of one answer.
const MAX_BYTES: usize = 256 * 1024;

/// Reads `ecr:HOST`, `acr:HOST` and `google:HOST[/PROJECT…]`, parted by commas, and who we are from `environment`,
/// under the names that the clouds' own tools use.
///
/// # Errors
/// [`CredentialError`] with the entry that can't be used, or the variable that is missing.
///
/// # Source
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, or `AWS_ROLE_ARN` with
/// `AWS_WEB_IDENTITY_TOKEN_FILE`; `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET` or
/// `AZURE_FEDERATED_TOKEN_FILE`; `GOOGLE_APPLICATION_CREDENTIALS`, or the metadata server.
pub fn read(list: &str, environment: &BTreeMap<String, String>) -> Result<CredentialStore, CredentialError> {
    let mut store = CredentialStore::default();
    let client = client()?;
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let wrong = || CredentialError(format!("\"{entry}\" is not ecr:HOST, acr:HOST or google:HOST[/PROJECT]"));
        let (cloud, place) = entry.split_once(':').ok_or_else(wrong)?;
        let key = CredentialKey::parse(place).ok_or_else(wrong)?;
        let host = key.authority().clone();
        match cloud {
            "ecr" => store.add(key, Ecr::new(&host, aws(environment)?, client.clone()).ok_or_else(wrong)?),
            "acr" => store.add(key, Acr::new(&host, azure(environment)?, client.clone())),
            "google" => store.add(key, Google::new(google(environment), client.clone())),
            _ => return Err(wrong()),
        }
    }
    Ok(store)
}

fn variable(environment: &BTreeMap<String, String>, name: &str) -> Result<String, CredentialError> {
    let value = environment.get(name).filter(|value| !value.is_empty());
    value.cloned().ok_or_else(|| CredentialError(format!("{name} is not set")))
}

fn aws(environment: &BTreeMap<String, String>) -> Result<AwsIdentity, CredentialError> {
    let get = |name| variable(environment, name);
    if let (Ok(role), Ok(file)) = (get("AWS_ROLE_ARN"), get("AWS_WEB_IDENTITY_TOKEN_FILE")) {
        return Ok(AwsIdentity::WebIdentity { role, token_file: PathBuf::from(file) });
    }
    Ok(AwsIdentity::Keys(AwsKeys {
        id: get("AWS_ACCESS_KEY_ID")?,
        secret: get("AWS_SECRET_ACCESS_KEY")?.into(),
        session_token: get("AWS_SESSION_TOKEN").ok().map(Into::into),
    }))
}

fn azure(environment: &BTreeMap<String, String>) -> Result<AzureIdentity, CredentialError> {
    let get = |name| variable(environment, name);
    let proof = match (get("AZURE_FEDERATED_TOKEN_FILE"), get("AZURE_CLIENT_SECRET")) {
        (Ok(file), _) => AzureProof::TokenFile(PathBuf::from(file)),
        (Err(_), secret) => AzureProof::Secret(secret?.into()),
    };
    Ok(AzureIdentity { tenant: get("AZURE_TENANT_ID")?, client: get("AZURE_CLIENT_ID")?, proof })
}

fn google(environment: &BTreeMap<String, String>) -> GoogleIdentity {
    let file = variable(environment, "GOOGLE_APPLICATION_CREDENTIALS").ok();
    file.map_or(GoogleIdentity::Metadata, |file| GoogleIdentity::KeyFile(PathBuf::from(file)))
}

fn client() -> Result<Client, CredentialError> {
    let builder = Client::builder().no_proxy().redirect(Policy::none()).retry(reqwest::retry::never());
    builder.build().map_err(|_| CredentialError("no client for clouds could be made".to_owned()))
}

/// Sends a request to a cloud and reads its answer. `what` names the request in errors.
pub(super) async fn send(request: RequestBuilder, what: &str) -> Result<Bytes, CredentialError> {
    let answer = tokio::time::timeout(DEADLINE, exchange(request)).await;
    let why = match answer {
        Ok(Ok(body)) => return Ok(body),
        Ok(Err(why)) => why,
        Err(_) => "no answer in time".to_owned(),
    };
    Err(CredentialError(format!("{what}: {why}")))
}

async fn exchange(request: RequestBuilder) -> Result<Bytes, String> {
    let unreachable = |_| "not reachable".to_owned();
    let mut response = request.send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status().as_u16()));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err("answer too long".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads a file that the operator named: a token, a key.
pub(super) async fn read_file(path: &PathBuf) -> Result<String, CredentialError> {
    let text = tokio::fs::read_to_string(path).await;
    text.map_err(|error| CredentialError(format!("{} could not be read: {}", path.display(), error.kind())))
}

/// What an answer that has not its form is called.
pub(super) fn no_form(what: &str) -> CredentialError {
    CredentialError(format!("{what}: the answer has not its form"))
}

#[cfg(test)]
mod tests;
