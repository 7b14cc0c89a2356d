//! What an operator sets about the pages of the server: where people reach it, who may read, and where credentials are
//! that the set-up made.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ProcessSettings, Reader, SecretText};
use crate::settings::{Origin, Setting};

/// The variables about pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// `DOCKGATE_PUBLIC_URL`: where people and GitHub reach this server, without a `/` at its end.
    pub public_url: Setting<Option<String>>,
    /// `DOCKGATE_REPORT_DAYS`: how long the address of a report holds.
    pub report_days: Setting<u16>,
    /// `DOCKGATE_CLIENT_ID`: who the app is for sign-in.
    pub client_id: Setting<Option<String>>,
    /// `DOCKGATE_CLIENT_SECRET` or the content of `DOCKGATE_CLIENT_SECRET_FILE`.
    pub client_secret: Setting<Option<SecretText>>,
    /// `DOCKGATE_CREDENTIALS_FILE`: what the set-up writes; beside the SQLite database when not set.
    pub credentials_file: Setting<String>,
}

/// What the set-up made, as its file holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCredentials {
    /// The app's number.
    pub app_id: u64,
    /// The app's key, PEM.
    #[serde(serialize_with = "bare", deserialize_with = "secret")]
    pub private_key: SecretText,
    /// What deliveries are signed with.
    #[serde(serialize_with = "bare", deserialize_with = "secret")]
    pub webhook_secret: SecretText,
    /// Who the app is for sign-in.
    pub client_id: String,
    /// The secret of sign-in.
    #[serde(serialize_with = "bare", deserialize_with = "secret")]
    pub client_secret: SecretText,
    /// Where people and GitHub reach this server.
    pub public_url: String,
}

/// The one place where secrets are written as they are: the file that keeps them.
fn bare<S: Serializer>(secret: &SecretText, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
    String::deserialize(deserializer).map(SecretText::new)
}

/// The names that are known.
pub const NAMES: [&str; 6] = [
    "DOCKGATE_PUBLIC_URL",
    "DOCKGATE_REPORT_DAYS",
    "DOCKGATE_CLIENT_ID",
    "DOCKGATE_CLIENT_SECRET",
    "DOCKGATE_CLIENT_SECRET_FILE",
    "DOCKGATE_CREDENTIALS_FILE",
];

/// The credentials' file when nobody names one.
const CREDENTIALS_FILE: &str = "dockgate-credentials.json";

impl Default for WebSettings {
    fn default() -> Self {
        Self {
            public_url: Setting::default(),
            report_days: Setting::built_in(90),
            client_id: Setting::default(),
            client_secret: Setting::default(),
            credentials_file: Setting::built_in(CREDENTIALS_FILE.to_owned()),
        }
    }
}

impl WebSettings {
    /// Every setting as name, value and origin; the secret as `(set)`.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let none = || "(not set)".to_owned();
        let text = |value: &Option<String>| value.clone().unwrap_or_else(none);
        let secret = self.client_secret.value.as_ref().map_or_else(none, SecretText::to_string);
        vec![
            ("DOCKGATE_PUBLIC_URL", text(&self.public_url.value), self.public_url.origin),
            ("DOCKGATE_REPORT_DAYS", self.report_days.value.to_string(), self.report_days.origin),
            ("DOCKGATE_CLIENT_ID", text(&self.client_id.value), self.client_id.origin),
            ("DOCKGATE_CLIENT_SECRET", secret, self.client_secret.origin),
            ("DOCKGATE_CREDENTIALS_FILE", self.credentials_file.value.clone(), self.credentials_file.origin),
        ]
    }

    /// The id and secret of sign-in, when both are set.
    pub fn sign_in(&self) -> Option<(&str, &SecretText)> {
        self.client_id.value.as_deref().zip(self.client_secret.value.as_ref())
    }
}

impl StoredCredentials {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it, without its content.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("line {}, column {}", error.line(), error.column()))
    }
}

impl ProcessSettings {
    /// Whether nobody says which app this is, so that one may be set up.
    pub fn names_no_app(&self) -> bool {
        self.app_id.value.is_none() && self.private_key.value.is_none() && self.webhook_secret.value.is_none()
    }

    /// Takes what the set-up made, all of it or nothing: settings that name an app stand over it.
    pub fn complete(&mut self, stored: StoredCredentials) {
        if !self.names_no_app() {
            return;
        }
        let origin = Origin::Credentials;
        self.app_id.set(Some(Some(stored.app_id)), origin);
        self.private_key.set(Some(Some(stored.private_key)), origin);
        self.webhook_secret.set(Some(Some(stored.webhook_secret)), origin);
        let web = &mut self.web;
        if web.client_id.value.is_none() && web.client_secret.value.is_none() {
            web.client_id.set(Some(Some(stored.client_id)), origin);
            web.client_secret.set(Some(Some(stored.client_secret)), origin);
        }
        if web.public_url.value.is_none() {
            web.public_url.set(Some(Some(stored.public_url)), origin);
        }
    }
}

impl<F: Fn(&str) -> Result<String, String>> Reader<'_, F> {
    /// `database_url` says where the credentials' file is when nobody does.
    pub(super) fn web(&mut self, database_url: &str) -> WebSettings {
        let mut settings = WebSettings::default();
        self.parse(&mut settings.public_url, "DOCKGATE_PUBLIC_URL", "an http:// or https:// address", |text| {
            super::base_url(text).map(Some)
        });
        self.parse(&mut settings.report_days, "DOCKGATE_REPORT_DAYS", "days from 1 to 400", |text| {
            super::number(text, 1, 400).and_then(|days| u16::try_from(days).ok())
        });
        self.parse(&mut settings.client_id, "DOCKGATE_CLIENT_ID", "a client id", |text| Some(Some(text.to_owned())));
        self.secret(&mut settings.client_secret, "DOCKGATE_CLIENT_SECRET", "DOCKGATE_CLIENT_SECRET_FILE");
        settings.credentials_file.value = beside(database_url);
        self.parse(&mut settings.credentials_file, "DOCKGATE_CREDENTIALS_FILE", "a path", |text| Some(text.to_owned()));
        if settings.client_id.value.is_some() != settings.client_secret.value.is_some() {
            self.wrong("DOCKGATE_CLIENT_ID", "sign-in takes it together with DOCKGATE_CLIENT_SECRET".to_owned());
        }
        if settings.sign_in().is_some() && settings.public_url.value.as_deref().is_some_and(|url| !keeps_cookies(url)) {
            let message = "sign-in takes an https:// address, as browsers keep its cookies for no other";
            self.wrong("DOCKGATE_PUBLIC_URL", message.to_owned());
        }
        settings
    }
}

/// The credentials' file in the folder of an SQLite database.
fn beside(database_url: &str) -> String {
    let path = database_url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    let path = path.map(|path| path.split('?').next().unwrap_or(path));
    match path.and_then(|path| path.rsplit_once('/')) {
        Some((folder, _)) => format!("{folder}/{CREDENTIALS_FILE}"),
        None => CREDENTIALS_FILE.to_owned(),
    }
}

/// Whether browsers keep secure cookies for `url`: those of https, and of this machine.
pub fn keeps_cookies(url: &str) -> bool {
    let host = url.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or(rest));
    host.is_none_or(|host| host == "localhost" || host.starts_with("127."))
}
