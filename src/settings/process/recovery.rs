//! What an operator sets about recovering: how often it is looked for what was lost, and how patiently GitHub is asked.

use std::time::Duration;

use super::Reader;
use crate::settings::{Origin, Setting};

/// The variables about recovering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoverySettings {
    /// `DOCKGATE_RECOVER_SECONDS`: how often deliveries that never arrived are asked for again; never when zero.
    pub recover: Setting<Duration>,
    /// `DOCKGATE_RECONCILE_SECONDS`: how often open pull requests are looked through; never when zero.
    pub reconcile: Setting<Duration>,
    /// `DOCKGATE_RECONCILE_SHARE`: the percentage of GitHub's rate limit that looking through may use up.
    pub share: Setting<usize>,
    /// `DOCKGATE_CHECK_SECONDS`: how long a check may be in progress.
    pub check: Setting<Duration>,
    /// `DOCKGATE_HEAL_SECONDS`: how long after a job was given up it is tried again; never when zero.
    pub heal: Setting<Duration>,
    /// `DOCKGATE_RETRY_SECONDS`: the longest wait after the first failure of a job; it doubles with each further one.
    pub retry: Setting<Duration>,
    /// `DOCKGATE_GITHUB_SECONDS`: how long one request to GitHub may take.
    pub request: Setting<Duration>,
    /// `DOCKGATE_WRITE_MILLISECONDS`: least time between two writes of one installation.
    pub write: Setting<Duration>,
    /// `DOCKGATE_COMMENTS_PER_HOUR`: comments and reviews that one installation makes in an hour at most.
    pub comments: Setting<usize>,
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self {
            recover: Setting::built_in(Duration::from_mins(5)),
            reconcile: Setting::built_in(Duration::from_hours(1)),
            share: Setting::built_in(25),
            check: Setting::built_in(Duration::from_hours(1)),
            heal: Setting::built_in(Duration::from_mins(15)),
            retry: Setting::built_in(Duration::from_secs(5)),
            request: Setting::built_in(Duration::from_secs(30)),
            write: Setting::built_in(Duration::from_secs(1)),
            comments: Setting::built_in(450),
        }
    }
}

/// The names that are known.
pub const NAMES: [&str; 9] = [
    "DOCKGATE_RECOVER_SECONDS",
    "DOCKGATE_RECONCILE_SECONDS",
    "DOCKGATE_RECONCILE_SHARE",
    "DOCKGATE_CHECK_SECONDS",
    "DOCKGATE_HEAL_SECONDS",
    "DOCKGATE_RETRY_SECONDS",
    "DOCKGATE_GITHUB_SECONDS",
    "DOCKGATE_WRITE_MILLISECONDS",
    "DOCKGATE_COMMENTS_PER_HOUR",
];

/// A day.
const MOST_SECONDS: usize = 86_400;

impl RecoverySettings {
    /// Every setting as name, value and origin.
    pub fn effective(&self) -> Vec<(&'static str, String, Origin)> {
        let seconds = |setting: &Setting<Duration>| (setting.value.as_secs().to_string(), setting.origin);
        let (recover, reconcile, check) = (seconds(&self.recover), seconds(&self.reconcile), seconds(&self.check));
        let (heal, retry, request) = (seconds(&self.heal), seconds(&self.retry), seconds(&self.request));
        let share = (self.share.value.to_string(), self.share.origin);
        let write = (self.write.value.as_millis().to_string(), self.write.origin);
        let comments = (self.comments.value.to_string(), self.comments.origin);
        let values = [recover, reconcile, share, check, heal, retry, request, write, comments];
        NAMES.into_iter().zip(values).map(|(name, (value, origin))| (name, value, origin)).collect()
    }
}

impl<F: Fn(&str) -> Result<String, String>> Reader<'_, F> {
    pub(super) fn recovery(&mut self) -> RecoverySettings {
        let mut settings = RecoverySettings::default();
        let [recover, reconcile, share, check, heal, retry, request, write, comments] = NAMES;
        let often = "seconds from 1 to 86400, or 0 for never";
        for (setting, name) in
            [(&mut settings.recover, recover), (&mut settings.reconcile, reconcile), (&mut settings.heal, heal)]
        {
            self.parse(setting, name, often, |text| seconds(text, 0, MOST_SECONDS));
        }
        self.parse(&mut settings.share, share, "a percentage from 1 to 100", |text| super::number(text, 1, 100));
        self.parse(&mut settings.check, check, "seconds from 5 to 86400", |text| seconds(text, 5, MOST_SECONDS));
        self.parse(&mut settings.retry, retry, "seconds from 1 to 600", |text| seconds(text, 1, 600));
        self.parse(&mut settings.request, request, "seconds from 1 to 120", |text| seconds(text, 1, 120));
        self.parse(&mut settings.write, write, "milliseconds from 0 to 60000", |text| {
            super::number(text, 0, 60_000).map(|millis| Duration::from_millis(millis as u64))
        });
        self.parse(&mut settings.comments, comments, "a whole number from 1 to 1000000", |text| {
            super::number(text, 1, 1_000_000)
        });
        settings
    }
}

fn seconds(text: &str, least: usize, most: usize) -> Option<Duration> {
    super::number(text, least, most).map(|seconds| Duration::from_secs(seconds as u64))
}
