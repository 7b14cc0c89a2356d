//! What an operator sets about images: whether registries are asked, and who knows of vulnerabilities.

use std::time::Duration;

use super::Reader;
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
    /// `DOCKGATE_OSV_URL`: where OSV answers; names and versions of packages are sent there.
    pub osv_url: Setting<String>,
    /// `DOCKGATE_OSV_DIR`: a folder of OSV's exports, in its place.
    pub osv_folder: Setting<Option<String>>,
}

impl Default for ImageSettings {
    fn default() -> Self {
        Self {
            work: Setting::default(),
            platform: Setting::built_in("linux/amd64".to_owned()),
            deadline: Setting::built_in(Duration::from_mins(4)),
            osv_url: Setting::built_in("https://api.osv.dev".to_owned()),
            osv_folder: Setting::default(),
        }
    }
}

/// The names that are known.
pub const NAMES: [&str; 5] =
    ["DOCKGATE_IMAGES", "DOCKGATE_IMAGE_PLATFORM", "DOCKGATE_IMAGE_SECONDS", "DOCKGATE_OSV_URL", "DOCKGATE_OSV_DIR"];

impl ImageSettings {
    /// Every setting as name, value and origin.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let folder = self.osv_folder.value.clone().unwrap_or_else(|| "(not set)".to_owned());
        vec![
            ("DOCKGATE_IMAGES", self.work.value.name().to_owned(), self.work.origin),
            ("DOCKGATE_IMAGE_PLATFORM", self.platform.value.clone(), self.platform.origin),
            ("DOCKGATE_IMAGE_SECONDS", self.deadline.value.as_secs().to_string(), self.deadline.origin),
            ("DOCKGATE_OSV_URL", self.osv_url.value.clone(), self.osv_url.origin),
            ("DOCKGATE_OSV_DIR", folder, self.osv_folder.origin),
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
        self.parse(&mut settings.osv_url, "DOCKGATE_OSV_URL", "an http:// or https:// address", super::base_url);
        self.parse(&mut settings.osv_folder, "DOCKGATE_OSV_DIR", "a folder", |text| Some(Some(text.to_owned())));
        settings
    }
}
