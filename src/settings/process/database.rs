//! What an operator sets about the database.
//!
//! Invariant: a password in the address can't be printed.

use std::fmt;
use std::time::Duration;

use super::{Reader, number};
use crate::settings::{Origin, Setting};

/// The address of a database: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// The variables about the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// `DOCKGATE_DATABASE_URL`, or the content of `DOCKGATE_DATABASE_URL_FILE`.
    pub url: Setting<DatabaseUrl>,
    /// `DOCKGATE_RETENTION_DAYS`: how long decision records and dead jobs stay. The audit log stays for ever.
    pub retention: Setting<Duration>,
    /// `DOCKGATE_JOBS_PER_INSTALLATION`: how many jobs of one installation run at once, in all replicas together. When
    /// it is not set, see [`DatabaseSettings::jobs_per_installation`].
    pub per_installation: Setting<Option<u32>>,
}

/// The names that are known.
pub const NAMES: [&str; 4] = [URL, URL_FILE, RETENTION, PER_INSTALLATION];

const URL: &str = "DOCKGATE_DATABASE_URL";
const URL_FILE: &str = "DOCKGATE_DATABASE_URL_FILE";
const RETENTION: &str = "DOCKGATE_RETENTION_DAYS";
const PER_INSTALLATION: &str = "DOCKGATE_JOBS_PER_INSTALLATION";

/// With several replicas, as many of them as one installation may occupy unless the operator says otherwise.
const REPLICAS: usize = 4;

const SHAPES: &str = "sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME";

/// What may follow the `?` of a PostgreSQL address. The driver would write any other, with its value, into the log.
const PARAMETERS: [&str; 10] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];

impl DatabaseUrl {
    /// Takes an address in; `None` when it is none of the two.
    pub fn new(text: &str) -> Option<Self> {
        let is_sqlite = text.strip_prefix("sqlite:").is_some_and(|path| !path.trim_matches('/').is_empty());
        (is_sqlite || is_postgres(text)).then(|| Self(text.to_owned()))
    }

    /// The address with its password, for the one place that connects.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The name of what answers there, for people.
    pub fn kind(&self) -> &'static str {
        if self.0.starts_with("sqlite:") { "SQLite" } else { "PostgreSQL" }
    }

    /// Whether several processes may use it at once.
    pub fn is_shared(&self) -> bool {
        !self.0.starts_with("sqlite:")
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: Setting::built_in(DatabaseUrl("sqlite://dockgate.db".to_owned())),
            retention: Setting::built_in(Duration::from_hours(90 * 24)),
            per_installation: Setting::default(),
        }
    }
}

impl DatabaseSettings {
    /// How many jobs of one installation run at once: of one process all workers but one, so that another installation
    /// need not wait; of several replicas that share the database, the workers of four.
    pub fn jobs_per_installation(&self, workers: usize) -> u32 {
        let most =
            if self.url.value.is_shared() { workers.saturating_mul(REPLICAS) } else { workers.saturating_sub(1) };
        self.per_installation.value.unwrap_or_else(|| u32::try_from(most.max(1)).unwrap_or(u32::MAX))
    }

    /// Every setting as name, value and origin.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let per_installation =
            self.per_installation.value.map_or_else(|| "(by workers)".to_owned(), |jobs| jobs.to_string());
        let days = self.retention.value.as_secs() / (24 * 60 * 60);
        vec![
            (URL, self.url.value.to_string(), self.url.origin),
            (RETENTION, days.to_string(), self.retention.origin),
            (PER_INSTALLATION, per_installation, self.per_installation.origin),
        ]
    }
}

impl<F: Fn(&str) -> Result<String, String>> Reader<'_, F> {
    pub(super) fn database(&mut self) -> DatabaseSettings {
        let mut settings = DatabaseSettings::default();
        let mut file = Setting::default();
        self.secret(&mut file, URL, URL_FILE);
        if let Setting { value: Some(text), origin } = file {
            match DatabaseUrl::new(text.expose()) {
                Some(url) => settings.url = Setting { value: url, origin },
                None => self.unexpected(URL, text.expose(), SHAPES),
            }
        }
        self.parse(&mut settings.retention, RETENTION, "days from 1 to 3650", |text| {
            number(text, 1, 3_650).map(|days| Duration::from_hours(days as u64 * 24))
        });
        self.parse(&mut settings.per_installation, PER_INSTALLATION, "a whole number from 1 to 10000", |text| {
            number(text, 1, 10_000).and_then(|jobs| u32::try_from(jobs).ok()).map(Some)
        });
        settings
    }
}

fn is_postgres(text: &str) -> bool {
    let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    let Some(rest) = rest else { return false };
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or(pair));
    !rest.is_empty() && names.into_iter().all(|name| PARAMETERS.contains(&name))
}

/// `url` with what stands between `//` and `@` hidden, and all that follows a `?`.
pub(super) fn without_password(url: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
    match url.split_once("//").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}//…@{rest}{query}"),
        None => format!("{url}{query}"),
    }
}
