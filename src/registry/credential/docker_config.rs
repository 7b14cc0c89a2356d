//! Docker's `config.json`, as the docker command line writes it.
//!
//! Invariant: helper programs are those that the file names, and they are asked only for servers that it names.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use serde::Deserialize;

use super::helper::{Helper, HelperName};
use super::{CredentialError, CredentialKey, CredentialStore, Secret};

/// Reads the text of a `config.json`: `auths`, `credsStore` and `credHelpers`. Helpers are looked for in `folder`, or
/// where the system looks for programs.
///
/// # Errors
/// [`CredentialError`] with the entry that is wrong, never with its content.
///
/// # Source
/// The documentation of `docker login`: credential stores and credential helpers.
pub fn read(text: &str, folder: Option<&Path>) -> Result<CredentialStore, CredentialError> {
    let config: Config = serde_json::from_str(text)
        .map_err(|error| CredentialError(format!("not a docker configuration (line {})", error.line())))?;
    let mut store = CredentialStore::default();
    for (server, name) in &config.cred_helpers {
        store.add(key(server)?, helper(name, server, folder)?);
    }
    for (server, entry) in config.auths {
        let key = key(&server)?;
        match (entry.secret(&server)?, &config.creds_store) {
            (Some(secret), _) => store.add(key, secret),
            (None, Some(name)) if !name.is_empty() => store.add(key, helper(name, &server, folder)?),
            (None, _) => {}
        }
    }
    Ok(store)
}

fn key(server: &str) -> Result<CredentialKey, CredentialError> {
    CredentialKey::parse(server).ok_or_else(|| CredentialError(format!("not a registry: \"{server}\"")))
}

fn helper(name: &str, server: &str, folder: Option<&Path>) -> Result<Helper, CredentialError> {
    let name = HelperName::parse(name)
        .ok_or_else(|| CredentialError(format!("credential helper of \"{server}\" has no proper name")))?;
    Ok(Helper::new(name, server.to_owned(), folder.map(Path::to_path_buf)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

/// Not `Debug`: it holds secrets as plain text, until they are taken out.
#[derive(Deserialize)]
struct Auth {
    #[serde(default, rename = "auth")]
    basic: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

impl Auth {
    fn secret(self, server: &str) -> Result<Option<Secret>, CredentialError> {
        if !self.registrytoken.is_empty() {
            return Ok(Some(Secret::RegistryToken(self.registrytoken.into())));
        }
        if !self.identitytoken.is_empty() {
            return Ok(Some(Secret::IdentityToken(self.identitytoken.into())));
        }
        if !self.basic.is_empty() {
            let wrong = || CredentialError(format!("`auth` of \"{server}\" is not base64 of user:password"));
            return decode(&self.basic).map(Some).ok_or_else(wrong);
        }
        let has_user = !self.username.is_empty();
        Ok(has_user.then(|| Secret::Password { user: self.username, password: self.password.into() }))
    }
}

/// A secret from base64 of `user:password`.
pub fn decode(auth: &str) -> Option<Secret> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(auth.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    // Docker pads short passwords with NUL.
    let password = password.trim_end_matches('\0');
    Some(Secret::Password { user: user.to_owned(), password: password.to_owned().into() })
}
