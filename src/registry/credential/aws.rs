//! Amazon ECR: a password for twelve hours, made by the registry's own region.
//!
//! # Source
//! The ECR API, `GetAuthorizationToken`; Signature Version 4; the STS API, `AssumeRoleWithWebIdentity`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use chrono::{DateTime, Datelike as _, Timelike as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded::Serializer;

use super::cloud::{no_form, read_file, send};
use super::docker_config::decode;
use super::{CredentialError, CredentialSource, Issued};
use crate::registry::digest::hex;
use crate::registry::egress::host::Authority;

/// ECR's passwords hold for twelve hours; half of that is enough for us.
const LIFETIME: Duration = Duration::from_hours(6);
const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const PAYLOAD: &str = "{}";

/// Who we are at Amazon.
#[derive(Clone, Debug)]
pub enum AwsIdentity {
    /// By keys.
    Keys(AwsKeys),
    /// By a token of the cluster, which stands for a role.
    WebIdentity {
        /// The role's ARN.
        role: String,
        /// Where the token is; it changes.
        token_file: PathBuf,
    },
}

/// Access keys.
#[derive(Clone, Debug)]
pub struct AwsKeys {
    /// The access key's name.
    pub id: String,
    /// The secret access key.
    pub secret: SecretString,
    /// The token of keys that are for a while only.
    pub session_token: Option<SecretString>,
}

/// The passwords of one ECR registry.
#[derive(Clone, Debug)]
pub struct Ecr {
    region: String,
    identity: AwsIdentity,
    client: Client,
    address: String,
    sts: String,
}

impl Ecr {
    /// For `ACCOUNT.dkr.ecr.REGION.amazonaws.com[.cn]`; `None` for any other host.
    pub fn new(host: &Authority, identity: AwsIdentity, client: Client) -> Option<Self> {
        let (_, rest) = host.host().split_once(".dkr.ecr.")?;
        let (region, domain) = rest.split_once('.')?;
        let fits = matches!(domain, "amazonaws.com" | "amazonaws.com.cn") && host.port().is_none();
        let (address, sts) = (format!("https://api.ecr.{region}.{domain}/"), format!("https://sts.{region}.{domain}/"));
        fits.then(|| Self { region: region.to_owned(), identity, client, address, sts })
    }

    /// With other addresses of ECR and STS, such as endpoints in a private network.
    #[must_use]
    pub fn at(self, address: String, sts: String) -> Self {
        Self { address, sts, ..self }
    }

    async fn keys(&self) -> Result<AwsKeys, CredentialError> {
        let (role, token_file) = match &self.identity {
            AwsIdentity::Keys(keys) => return Ok(keys.clone()),
            AwsIdentity::WebIdentity { role, token_file } => (role, token_file),
        };
        let token = read_file(token_file).await?;
        let form = Serializer::new(String::new())
            .append_pair("Action", "AssumeRoleWithWebIdentity")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", role)
            .append_pair("RoleSessionName", "dockgate")
            .append_pair("WebIdentityToken", token.trim())
            .finish();
        let request = self.client.post(&self.sts).header("accept", "application/json");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let body = send(request, "AssumeRoleWithWebIdentity").await?;
        let answer: Assumed = serde_json::from_slice(&body).map_err(|_| no_form("AssumeRoleWithWebIdentity"))?;
        let keys = answer.response.result.credentials;
        Ok(AwsKeys { id: keys.id, secret: keys.secret.into(), session_token: Some(keys.token.into()) })
    }
}

#[async_trait]
impl CredentialSource for Ecr {
    async fn issue(&self) -> Result<Issued, CredentialError> {
        let keys = self.keys().await?;
        let wrong = || no_form("GetAuthorizationToken");
        let url: url::Url = self.address.parse().map_err(|_| wrong())?;
        let host = Authority::of(&url).ok_or_else(wrong)?.to_string();
        let date = date(SystemTime::now());
        let token = keys.session_token.as_ref().map(|token| token.expose_secret().to_owned());
        let mut headers = vec![("content-type", CONTENT_TYPE), ("host", host.as_str()), ("x-amz-date", date.as_str())];
        headers.extend(token.as_deref().map(|token| ("x-amz-security-token", token)));
        headers.push(("x-amz-target", TARGET));
        let authorization = authorization(&keys, &self.region, "ecr", &date, ("POST", &headers, PAYLOAD));
        let mut request = self.client.post(url).body(PAYLOAD);
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(*name, *value);
        }
        let body = send(request.header("authorization", authorization), "GetAuthorizationToken").await?;
        let answer: Authorization = serde_json::from_slice(&body).map_err(|_| wrong())?;
        let data = answer.authorization_data.into_iter().next().ok_or_else(wrong)?;
        let secret = decode(&data.authorization_token).ok_or_else(wrong)?;
        Ok(Issued { secret: Some(secret), lifetime: LIFETIME })
    }
}

/// `YYYYMMDDThhmmssZ`.
fn date(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let date = DateTime::from_timestamp(i64::try_from(seconds).unwrap_or_default(), 0).unwrap_or_default();
    let (hour, minute, second) = (date.hour(), date.minute(), date.second());
    format!("{:04}{:02}{:02}T{hour:02}{minute:02}{second:02}Z", date.year(), date.month(), date.day())
}

/// The value of `Authorization` for a request of `method`, headers in order, and payload, to the path `/`.
fn authorization(
    keys: &AwsKeys,
    region: &str,
    service: &str,
    date: &str,
    (method, headers, payload): (&str, &[(&str, &str)], &str),
) -> String {
    let canonical: String = headers.iter().flat_map(|(name, value)| [name, ":", value.trim(), "\n"]).collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let request = format!("{method}\n/\n\n{canonical}\n{names}\n{}", hash(payload));
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hash(&request));
    let first = format!("AWS4{}", keys.secret.expose_secret()).into_bytes();
    let key = [day, region, service, "aws4_request"].into_iter().fold(first, |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id)
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

// None of these is `Debug`: they hold secrets as plain text, until they are taken out.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    authorization_data: Vec<AuthorizationData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationData {
    authorization_token: String,
}

#[derive(Deserialize)]
struct Assumed {
    #[serde(rename = "AssumeRoleWithWebIdentityResponse")]
    response: AssumedResponse,
}

#[derive(Deserialize)]
struct AssumedResponse {
    #[serde(rename = "AssumeRoleWithWebIdentityResult")]
    result: AssumedResult,
}

#[derive(Deserialize)]
struct AssumedResult {
    #[serde(rename = "Credentials")]
    credentials: AssumedKeys,
}

#[derive(Deserialize)]
struct AssumedKeys {
    #[serde(rename = "AccessKeyId")]
    id: String,
    #[serde(rename = "SecretAccessKey")]
    secret: String,
    #[serde(rename = "SessionToken")]
    token: String,
}

#[cfg(test)]
mod tests;
