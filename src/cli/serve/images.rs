//! What the server does about images, as its settings say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, anyhow};

use crate::github::client::Client;
use crate::github::oidc::WorkflowTokens;
use crate::image::kept::KeptImages;
use crate::image::scans::Scans;
use crate::registry::{ManifestCache, RegistryClient};
use crate::settings::process::ProcessSettings;
use crate::settings::process::images::ImageWork;
use crate::store::Store;
use crate::worker::judge::Judge;
use crate::worker::watch::Watch;

/// What is done about images.
pub struct Images {
    /// Asks for digests.
    pub registry: Option<RegistryClient>,
    /// Scans.
    pub scans: Option<Scans>,
}

impl Images {
    /// As the settings say.
    ///
    /// # Errors
    /// One of them is wrong.
    pub fn new(
        settings: &ProcessSettings,
        environment: &BTreeMap<String, String>,
        kept: Arc<KeptImages>,
    ) -> anyhow::Result<Self> {
        let images = &settings.images;
        if images.work.value == ImageWork::Off {
            return Ok(Self { registry: None, scans: None });
        }
        let manifests: Arc<dyn ManifestCache> = Arc::<KeptImages>::clone(&kept);
        let registry = super::super::registry::client_of(&settings.registry, environment, manifests)?;
        if images.work.value == ImageWork::Pin {
            return Ok(Self { registry: Some(registry), scans: None });
        }
        let scanner = super::super::scanner::scanner(images, environment, &kept)?;
        let platform = images.platform.value.parse().context("DOCKGATE_IMAGE_PLATFORM")?;
        let scans = Scans::new(registry.clone(), scanner, kept, platform, images.deadline.value);
        Ok(Self { registry: Some(registry), scans: Some(scans) })
    }
}

/// Whose uploads of scan results are taken.
///
/// # Errors
/// The client of the issuer can't be set up.
pub fn uploads(settings: &ProcessSettings) -> anyhow::Result<Option<Arc<WorkflowTokens>>> {
    let Some(audience) = &settings.images.upload_audience.value else { return Ok(None) };
    let issuer = match (&settings.images.upload_issuer.value, settings.github_url.value.as_str()) {
        (Some(issuer), _) => issuer.clone(),
        (None, "https://github.com") => "https://token.actions.githubusercontent.com".to_owned(),
        (None, server) => format!("{server}/_services/token"),
    };
    let tokens = WorkflowTokens::new(&issuer, audience).map_err(|why| anyhow!(why))?;
    Ok(Some(Arc::new(tokens)))
}

/// Who watches the images of default branches, when anybody does.
pub fn watch(
    settings: &ProcessSettings,
    client: &Client,
    store: &Arc<dyn Store>,
    judge: &Arc<Judge>,
    scans: Option<Scans>,
) -> Option<Watch> {
    let interval = settings.images.watch.value;
    let scans = scans.filter(|_| !interval.is_zero())?;
    Some(Watch {
        client: client.clone(),
        store: Arc::clone(store),
        judge: Arc::clone(judge),
        scans: scans.no_older_than(interval / 2),
        interval,
        share: settings.recovery.share.value as u64,
        lease: settings.lease.value,
        clock: Arc::new(|| SystemTime::now().into()),
    })
}
