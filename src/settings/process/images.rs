//! What an operator sets about images: whether registries are asked, and who knows of vulnerabilities.

use std::time::Duration;

use super::{Reader, SecretText};
use crate::settings::{Origin, Setting};

/// What is done about images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageWork {
    /// They are judged by their names; no registry is asked.
    Off,
    /// Registries are asked for digests, so that suggestions pin.
    #[default]
    Pin,
    /// That, and what a change brings in is scanned.
    Scan,
}

impl ImageWork {
    const ALL: [(&str, Self); 3] = [("off", Self::Off), ("pin", Self::Pin), ("scan", Self::Scan)];

    /// Its word in the settings.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, work)| *work == self).map_or("", |(name, _)| name)
    }
}

/// The variables about images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSettings {
    /// `DOCKGATE_IMAGES`: `off`, `pin` or `scan`.
    pub work: Setting<ImageWork>,
    /// `DOCKGATE_IMAGE_PLATFORM`: the platform of images whose file names none, `os/architecture[/variant]`.
    pub platform: Setting<String>,
    /// `DOCKGATE_IMAGE_SECONDS`: how long the images of one change may take.
    pub deadline: Setting<Duration>,
    /// `DOCKGATE_IMAGE_WATCH_SECONDS`: how often the images of default branches are scanned again; never when zero.
    pub watch: Setting<Duration>,
    /// `DOCKGATE_OSV_URL`: where OSV answers; names and versions of packages are sent there.
    pub osv_url: Setting<String>,
    /// `DOCKGATE_OSV_DIR`: a folder of OSV's exports, in its place.
    pub osv_folder: Setting<Option<String>>,
    /// `DOCKGATE_IMAGE_SCANNER`: `embedded`, `trivy`, `trivy-server` or `harbor`.
    pub scanner: Setting<ScannerKind>,
    /// `DOCKGATE_IMAGE_SCANNER_URL`: where the Trivy server or the adapter of Harbor's interface answers.
    pub scanner_url: Setting<Option<String>>,
    /// `DOCKGATE_IMAGE_SCANNER_TOKEN` or the content of `DOCKGATE_IMAGE_SCANNER_TOKEN_FILE`: what it asks for.
    pub scanner_token: Setting<Option<SecretText>>,
    /// `DOCKGATE_TRIVY`: Trivy's program.
    pub trivy: Setting<String>,
    /// `DOCKGATE_UPLOAD_AUDIENCE`: for whom workflows make out the tokens of their uploads; none are taken without it.
    pub upload_audience: Setting<Option<String>>,
    /// `DOCKGATE_UPLOAD_ISSUER`: who signs them; derived from GitHub's address when not set.
    pub upload_issuer: Setting<Option<String>>,
}

/// Who scans images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScannerKind {
    /// dockgate itself.
    #[default]
    Embedded,
    /// The Trivy command line.
    Trivy,
    /// It, as the client of a Trivy server.
    TrivyServer,
    /// An adapter of Harbor's interface.
    Harbor,
}

impl ScannerKind {
    const ALL: [(&str, Self); 4] = [
        ("embedded", Self::Embedded),
        ("trivy", Self::Trivy),
        ("trivy-server", Self::TrivyServer),
        ("harbor", Self::Harbor),
    ];

    /// Its word in the settings.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl Default for ImageSettings {
    fn default() -> Self {
        Self {
            work: Setting::default(),
            platform: Setting::built_in("linux/amd64".to_owned()),
            deadline: Setting::built_in(Duration::from_mins(4)),
            watch: Setting::built_in(Duration::ZERO),
            osv_url: Setting::built_in("https://api.osv.dev".to_owned()),
            osv_folder: Setting::default(),
            scanner: Setting::default(),
            scanner_url: Setting::default(),
            scanner_token: Setting::default(),
            trivy: Setting::built_in("trivy".to_owned()),
            upload_audience: Setting::default(),
            upload_issuer: Setting::default(),
        }
    }
}

/// 30 days.
const MOST_WATCH_SECONDS: usize = 2_592_000;

/// The names that are known.
pub const NAMES: [&str; 13] = [
    "DOCKGATE_IMAGES",
    "DOCKGATE_IMAGE_PLATFORM",
    "DOCKGATE_IMAGE_SECONDS",
    "DOCKGATE_IMAGE_WATCH_SECONDS",
    "DOCKGATE_OSV_URL",
    "DOCKGATE_OSV_DIR",
    "DOCKGATE_IMAGE_SCANNER",
    "DOCKGATE_IMAGE_SCANNER_URL",
    "DOCKGATE_IMAGE_SCANNER_TOKEN",
    "DOCKGATE_IMAGE_SCANNER_TOKEN_FILE",
    "DOCKGATE_TRIVY",
    "DOCKGATE_UPLOAD_AUDIENCE",
    "DOCKGATE_UPLOAD_ISSUER",
];

impl ImageSettings {
    /// Every setting as name, value and origin.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let text = |setting: &Setting<Option<String>>| setting.value.clone().unwrap_or_else(|| "(not set)".to_owned());
        let folder = text(&self.osv_folder);
        let token = self.scanner_token.value.as_ref().map_or_else(|| "(not set)".to_owned(), SecretText::to_string);
        vec![
            ("DOCKGATE_IMAGES", self.work.value.name().to_owned(), self.work.origin),
            ("DOCKGATE_IMAGE_PLATFORM", self.platform.value.clone(), self.platform.origin),
            ("DOCKGATE_IMAGE_SECONDS", self.deadline.value.as_secs().to_string(), self.deadline.origin),
            ("DOCKGATE_IMAGE_WATCH_SECONDS", self.watch.value.as_secs().to_string(), self.watch.origin),
            ("DOCKGATE_OSV_URL", self.osv_url.value.clone(), self.osv_url.origin),
            ("DOCKGATE_OSV_DIR", folder, self.osv_folder.origin),
            ("DOCKGATE_IMAGE_SCANNER", self.scanner.value.name().to_owned(), self.scanner.origin),
            ("DOCKGATE_IMAGE_SCANNER_URL", text(&self.scanner_url), self.scanner_url.origin),
            ("DOCKGATE_IMAGE_SCANNER_TOKEN", token, self.scanner_token.origin),
            ("DOCKGATE_TRIVY", self.trivy.value.clone(), self.trivy.origin),
            ("DOCKGATE_UPLOAD_AUDIENCE", text(&self.upload_audience), self.upload_audience.origin),
            ("DOCKGATE_UPLOAD_ISSUER", text(&self.upload_issuer), self.upload_issuer.origin),
        ]
    }
}

impl<F: Fn(&str) -> Result<String, String>> Reader<'_, F> {
    pub(super) fn images(&mut self) -> ImageSettings {
        let mut settings = ImageSettings::default();
        self.parse(&mut settings.work, "DOCKGATE_IMAGES", "off, pin or scan", |text| {
            ImageWork::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, work)| work)
        });
        let platform = "a platform such as linux/amd64";
        self.parse(&mut settings.platform, "DOCKGATE_IMAGE_PLATFORM", platform, |text| {
            let parts: Vec<&str> = text.split('/').collect();
            let fits = matches!(parts.len(), 2 | 3) && parts.iter().all(|part| !part.is_empty());
            fits.then(|| text.to_owned())
        });
        self.parse(&mut settings.deadline, "DOCKGATE_IMAGE_SECONDS", "seconds from 10 to 3600", |text| {
            super::seconds(text, 10)
        });
        let often = "seconds from 1 to 2592000, or 0 for never";
        self.parse(&mut settings.watch, "DOCKGATE_IMAGE_WATCH_SECONDS", often, |text| {
            super::number(text, 0, MOST_WATCH_SECONDS).map(|seconds| Duration::from_secs(seconds as u64))
        });
        if !settings.watch.value.is_zero() && settings.work.value != ImageWork::Scan {
            let message = "set, but images are scanned only with DOCKGATE_IMAGES=scan".to_owned();
            self.wrong("DOCKGATE_IMAGE_WATCH_SECONDS", message);
        }
        self.parse(&mut settings.osv_url, "DOCKGATE_OSV_URL", "an http:// or https:// address", super::base_url);
        self.parse(&mut settings.osv_folder, "DOCKGATE_OSV_DIR", "a folder", |text| Some(Some(text.to_owned())));
        self.scanner(&mut settings);
        let url = "an http:// or https:// address";
        self.parse(&mut settings.upload_audience, "DOCKGATE_UPLOAD_AUDIENCE", "a text", |text| {
            Some(Some(text.to_owned()))
        });
        self.parse(&mut settings.upload_issuer, "DOCKGATE_UPLOAD_ISSUER", url, |text| super::base_url(text).map(Some));
        settings
    }

    fn scanner(&mut self, settings: &mut ImageSettings) {
        let words = "embedded, trivy, trivy-server or harbor";
        self.parse(&mut settings.scanner, "DOCKGATE_IMAGE_SCANNER", words, |text| {
            ScannerKind::ALL.into_iter().find(|(name, _)| *name == text).map(|(_, kind)| kind)
        });
        let url = "an http:// or https:// address";
        self.parse(&mut settings.scanner_url, "DOCKGATE_IMAGE_SCANNER_URL", url, |text| {
            super::base_url(text).map(Some)
        });
        let (name, file) = ("DOCKGATE_IMAGE_SCANNER_TOKEN", "DOCKGATE_IMAGE_SCANNER_TOKEN_FILE");
        self.secret(&mut settings.scanner_token, name, file);
        self.parse(&mut settings.trivy, "DOCKGATE_TRIVY", "a program", |text| Some(text.to_owned()));
        let needs_url = matches!(settings.scanner.value, ScannerKind::TrivyServer | ScannerKind::Harbor);
        if needs_url && settings.scanner_url.value.is_none() {
            let message = format!("not set; DOCKGATE_IMAGE_SCANNER={} needs it", settings.scanner.value.name());
            self.wrong("DOCKGATE_IMAGE_SCANNER_URL", message);
        }
    }
}
