//! Settings of the server process, from flags and a map of the environment.
//!
//! Invariant: pure, the caller hands over the environment and reads the files; every mistake is told at once; a secret
//! can't be printed.

pub mod database;
pub mod images;
pub mod recovery;
pub mod registry;
#[cfg(test)]
mod tests;
pub mod web;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Origin, Setting, SettingsError};
use database::{DatabaseSettings, without_password};
use images::ImageSettings;
use recovery::RecoverySettings;
use registry::RegistrySettings;
use web::WebSettings;

/// A value that must not be printed: a key, a webhook secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

/// The settings of `dockgate serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSettings {
    /// `DOCKGATE_LISTEN`: the address to listen on.
    pub listen: Setting<SocketAddr>,
    /// `DOCKGATE_GITHUB_API_URL`: the REST API, without a `/` at its end.
    pub github_api_url: Setting<String>,
    /// `DOCKGATE_GITHUB_URL`: where git and people go, without a `/` at its end; derived from the API's when not set.
    pub github_url: Setting<String>,
    /// `DOCKGATE_APP_ID`: the number of the GitHub App.
    pub app_id: Setting<Option<u64>>,
    /// `DOCKGATE_PRIVATE_KEY` or the content of `DOCKGATE_PRIVATE_KEY_FILE`: the app's key, PEM.
    pub private_key: Setting<Option<SecretText>>,
    /// `DOCKGATE_WEBHOOK_SECRET` or the content of `DOCKGATE_WEBHOOK_SECRET_FILE`.
    pub webhook_secret: Setting<Option<SecretText>>,
    /// `DOCKGATE_RULES_URL`: where people reach the pages of the rules, without a `/` at its end; the server has them
    /// under `/rules`.
    pub rules_url: Setting<Option<String>>,
    /// `DOCKGATE_WORKERS`: how many jobs run at the same time.
    pub workers: Setting<usize>,
    /// `DOCKGATE_LOG`: what is logged, such as `info` or `dockgate=debug`.
    pub log: Setting<String>,
    /// `DOCKGATE_LOG_FORMAT`: `text` or `json`.
    pub log_format: Setting<LogFormat>,
    /// `DOCKGATE_RESOLVE_THREADS`: whether review threads of fixed findings are resolved, for which GitHub wants
    /// `contents: write`.
    pub resolve_threads: Setting<bool>,
    /// `DOCKGATE_FIX`: whether check runs have a button that commits the verified edits, for which GitHub wants
    /// `contents: write`.
    pub fix: Setting<bool>,
    /// `DOCKGATE_LEASE_SECONDS`: how long a job is held without a sign of life.
    pub lease: Setting<Duration>,
    /// `DOCKGATE_RUN_SECONDS`: how long one job may take.
    pub run: Setting<Duration>,
    /// What is set about the database.
    pub database: DatabaseSettings,
    /// What is set about images.
    pub images: ImageSettings,
    /// What is set about recovering.
    pub recovery: RecoverySettings,
    /// What is set about registries.
    pub registry: RegistrySettings,
    /// What is set about pages.
    pub web: WebSettings,
    /// Variables that begin with `DOCKGATE_` and mean nothing, with the nearest that does.
    pub unknown: Vec<String>,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object each line.
    Json,
}

/// What is wrong with the process settings: every mistake, and never a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ProcessErrors(pub Vec<SettingsError>);

/// The names that are known, for the nearest one to a mistyped one.
const NAMES: [&str; 16] = [
    "DOCKGATE_LISTEN",
    "DOCKGATE_GITHUB_API_URL",
    "DOCKGATE_GITHUB_URL",
    "DOCKGATE_APP_ID",
    "DOCKGATE_PRIVATE_KEY",
    "DOCKGATE_PRIVATE_KEY_FILE",
    "DOCKGATE_WEBHOOK_SECRET",
    "DOCKGATE_WEBHOOK_SECRET_FILE",
    "DOCKGATE_RULES_URL",
    "DOCKGATE_WORKERS",
    "DOCKGATE_LOG",
    "DOCKGATE_LOG_FORMAT",
    "DOCKGATE_RESOLVE_THREADS",
    "DOCKGATE_FIX",
    "DOCKGATE_LEASE_SECONDS",
    "DOCKGATE_RUN_SECONDS",
];

impl SecretText {
    /// Takes a secret in.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(…)")
    }
}

impl fmt::Display for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("(set)")
    }
}

impl Default for ProcessSettings {
    fn default() -> Self {
        Self {
            listen: Setting::built_in(SocketAddr::from(([0, 0, 0, 0], 8080))),
            github_api_url: Setting::built_in("https://api.github.com".to_owned()),
            github_url: Setting::built_in("https://github.com".to_owned()),
            app_id: Setting::default(),
            private_key: Setting::default(),
            webhook_secret: Setting::default(),
            rules_url: Setting::default(),
            workers: Setting::built_in(4),
            log: Setting::built_in("info".to_owned()),
            log_format: Setting::default(),
            resolve_threads: Setting::built_in(false),
            fix: Setting::built_in(false),
            lease: Setting::built_in(Duration::from_mins(1)),
            run: Setting::built_in(Duration::from_mins(5)),
            database: DatabaseSettings::default(),
            images: ImageSettings::default(),
            recovery: RecoverySettings::default(),
            registry: RegistrySettings::default(),
            web: WebSettings::default(),
            unknown: Vec::new(),
        }
    }
}

impl ProcessSettings {
    /// Reads the variables of `environment` whose names begin with `DOCKGATE_`; those of `flags` stand over them and
    /// have the same names. `read_file` reads a file that a `…_FILE` variable names, or says why it can't.
    ///
    /// # Errors
    /// [`ProcessErrors`] with every mistake.
    pub fn read(
        flags: &BTreeMap<String, String>,
        environment: &BTreeMap<String, String>,
        read_file: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, ProcessErrors> {
        let mut reader = Reader { flags, environment, read_file, errors: Vec::new() };
        let settings = Self { unknown: reader.unknown(), ..reader.settings() };
        if reader.errors.is_empty() { Ok(settings) } else { Err(ProcessErrors(reader.errors)) }
    }

    /// What `dockgate serve` needs and does not have, by name.
    pub fn missing(&self) -> Vec<&'static str> {
        let needed = [
            ("DOCKGATE_APP_ID", self.app_id.value.is_some()),
            ("DOCKGATE_PRIVATE_KEY or DOCKGATE_PRIVATE_KEY_FILE", self.private_key.value.is_some()),
            ("DOCKGATE_WEBHOOK_SECRET or DOCKGATE_WEBHOOK_SECRET_FILE", self.webhook_secret.value.is_some()),
        ];
        needed.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect()
    }

    /// Every setting in force as name, value and origin; secrets as `(set)`.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let secret =
            |value: &Option<SecretText>| value.as_ref().map_or_else(|| "(not set)".into(), SecretText::to_string);
        let format = match self.log_format.value {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        let app_id = self.app_id.value.map_or_else(|| "(not set)".to_owned(), |id| id.to_string());
        let own = vec![
            ("DOCKGATE_LISTEN", self.listen.value.to_string(), self.listen.origin),
            ("DOCKGATE_GITHUB_API_URL", self.github_api_url.value.clone(), self.github_api_url.origin),
            ("DOCKGATE_GITHUB_URL", self.github_url.value.clone(), self.github_url.origin),
            ("DOCKGATE_APP_ID", app_id, self.app_id.origin),
            ("DOCKGATE_PRIVATE_KEY", secret(&self.private_key.value), self.private_key.origin),
            ("DOCKGATE_WEBHOOK_SECRET", secret(&self.webhook_secret.value), self.webhook_secret.origin),
            (
                "DOCKGATE_RULES_URL",
                self.rules_url.value.clone().unwrap_or_else(|| "(not set)".to_owned()),
                self.rules_url.origin,
            ),
            ("DOCKGATE_WORKERS", self.workers.value.to_string(), self.workers.origin),
            ("DOCKGATE_LOG", self.log.value.clone(), self.log.origin),
            ("DOCKGATE_LOG_FORMAT", format.to_owned(), self.log_format.origin),
            ("DOCKGATE_RESOLVE_THREADS", self.resolve_threads.value.to_string(), self.resolve_threads.origin),
            ("DOCKGATE_FIX", self.fix.value.to_string(), self.fix.origin),
            ("DOCKGATE_LEASE_SECONDS", self.lease.value.as_secs().to_string(), self.lease.origin),
            ("DOCKGATE_RUN_SECONDS", self.run.value.as_secs().to_string(), self.run.origin),
        ];
        own.into_iter()
            .chain(self.database.effective())
            .chain(self.images.effective())
            .chain(self.recovery.effective())
            .chain(self.registry.effective())
            .chain(self.web.effective())
            .collect()
    }
}

struct Reader<'a, F> {
    flags: &'a BTreeMap<String, String>,
    environment: &'a BTreeMap<String, String>,
    read_file: F,
    errors: Vec<SettingsError>,
}

impl<F: Fn(&str) -> Result<String, String>> Reader<'_, F> {
    fn settings(&mut self) -> ProcessSettings {
        let mut settings = ProcessSettings::default();
        self.parse(&mut settings.listen, "DOCKGATE_LISTEN", "an address such as 0.0.0.0:8080", |text| {
            text.parse().ok()
        });
        self.parse(&mut settings.github_api_url, "DOCKGATE_GITHUB_API_URL", "an http:// or https:// address", base_url);
        if let Some(url) = web_url(&settings.github_api_url.value) {
            settings.github_url = Setting { value: url, origin: settings.github_api_url.origin };
        }
        self.parse(&mut settings.github_url, "DOCKGATE_GITHUB_URL", "an http:// or https:// address", base_url);
        self.parse(&mut settings.app_id, "DOCKGATE_APP_ID", "the App ID, a number", |text| text.parse().ok().map(Some));
        self.secret(&mut settings.private_key, "DOCKGATE_PRIVATE_KEY", "DOCKGATE_PRIVATE_KEY_FILE");
        self.secret(&mut settings.webhook_secret, "DOCKGATE_WEBHOOK_SECRET", "DOCKGATE_WEBHOOK_SECRET_FILE");
        self.parse(&mut settings.rules_url, "DOCKGATE_RULES_URL", "an http:// or https:// address", |text| {
            base_url(text).map(Some)
        });
        self.parse(&mut settings.workers, "DOCKGATE_WORKERS", "a whole number from 1 to 64", |text| {
            number(text, 1, 64)
        });
        self.parse(&mut settings.log, "DOCKGATE_LOG", "a filter such as info", |text| Some(text.to_owned()));
        self.parse(&mut settings.log_format, "DOCKGATE_LOG_FORMAT", "text or json", log_format);
        self.parse(&mut settings.resolve_threads, "DOCKGATE_RESOLVE_THREADS", "true or false", |text| {
            text.parse().ok()
        });
        self.parse(&mut settings.fix, "DOCKGATE_FIX", "true or false", |text| text.parse().ok());
        self.parse(&mut settings.lease, "DOCKGATE_LEASE_SECONDS", "seconds from 5 to 3600", |text| seconds(text, 5));
        self.parse(&mut settings.run, "DOCKGATE_RUN_SECONDS", "seconds from 10 to 3600", |text| seconds(text, 10));
        settings.database = self.database();
        settings.images = self.images();
        settings.recovery = self.recovery();
        settings.registry = self.registry();
        settings.web = self.web(settings.database.url.value.expose());
        settings
    }

    /// The value of `name` with its origin; an empty one counts as not set.
    fn value(&self, name: &str) -> Option<(String, Origin)> {
        let flag = self.flags.get(name).map(|value| (value, Origin::Flag));
        let (value, origin) = flag.or_else(|| self.environment.get(name).map(|value| (value, Origin::Environment)))?;
        let value = value.trim();
        (!value.is_empty()).then(|| (value.to_owned(), origin))
    }

    fn parse<T>(&mut self, setting: &mut Setting<T>, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) {
        let Some((text, origin)) = self.value(name) else { return };
        if let Some(value) = read(&text) {
            *setting = Setting { value, origin };
        } else {
            self.unexpected(name, &text, expected);
        }
    }

    fn unexpected(&mut self, name: &str, text: &str, expected: &str) {
        let found: String = without_password(text).chars().take(60).filter(|c| !c.is_control()).collect();
        self.wrong(name, format!("found \"{found}\", expected {expected}"));
    }

    fn secret(&mut self, setting: &mut Setting<Option<SecretText>>, name: &str, file_name: &str) {
        match (self.value(name), self.value(file_name)) {
            (Some(_), Some(_)) => self.wrong(name, format!("set together with {file_name}; set one of them")),
            // A key in one line carries its line breaks as `\n`.
            (Some((text, origin)), None) => {
                *setting = Setting { value: Some(SecretText(text.replace("\\n", "\n"))), origin };
            }
            (None, Some((path, origin))) => match (self.read_file)(&path) {
                Ok(text) if text.trim().is_empty() => self.wrong(file_name, format!("{path} is empty")),
                Ok(text) => *setting = Setting { value: Some(SecretText(text.trim().to_owned())), origin },
                Err(why) => self.wrong(file_name, format!("{path} could not be read: {why}")),
            },
            (None, None) => {}
        }
    }

    /// What else begins with `DOCKGATE_`. Not an error: a cluster that has a service called `dockgate` sets such names.
    fn unknown(&self) -> Vec<String> {
        let is_unknown = |name: &&String| name.starts_with("DOCKGATE_") && !names().any(|known| known == *name);
        let note = |name: &String| {
            let near = names().map(|known| (strsim::jaro_winkler(name, known), known));
            match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
                Some((likeness, known)) if likeness > 0.93 => format!("{name}; did you mean {known}?"),
                _ => name.clone(),
            }
        };
        self.environment.keys().filter(is_unknown).map(note).collect()
    }

    fn wrong(&mut self, name: &str, message: String) {
        self.errors.push(SettingsError::Variable { name: name.to_owned(), message });
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    let own = NAMES.into_iter().chain(database::NAMES).chain(images::NAMES);
    own.chain(recovery::NAMES).chain(registry::NAMES).chain(web::NAMES)
}

/// `text` without a `/` at its end, when it is an `http://` or `https://` address.
pub fn base_url(text: &str) -> Option<String> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let fits = !host.is_empty() && !host.starts_with('/') && !host.contains(['@', '?', '#', ' ']);
    fits.then(|| url.to_owned())
}

/// Where people and git go, for the API at `api_url`: `https://api.github.com` → `https://github.com`,
/// `https://api.NAME.ghe.com` → `https://NAME.ghe.com`, `https://HOST/api/v3` → `https://HOST`, else the same origin.
fn web_url(api_url: &str) -> Option<String> {
    let (scheme, rest) = api_url.split_once("://")?;
    let host = rest.split('/').next()?;
    let is_cloud = host == "api.github.com" || host.ends_with(".ghe.com");
    let host = host.strip_prefix("api.").filter(|_| is_cloud).unwrap_or(host);
    Some(format!("{scheme}://{host}"))
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

fn number(text: &str, least: usize, most: usize) -> Option<usize> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn seconds(text: &str, least: usize) -> Option<Duration> {
    number(text, least, 3_600).map(|seconds| Duration::from_secs(seconds as u64))
}
