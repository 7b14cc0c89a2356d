//! The scanner that the server's settings name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use secrecy::SecretString;

use crate::image::backend::harbor::HarborScanner;
use crate::image::backend::trivy::TrivyScanner;
use crate::image::kept::KeptImages;
use crate::image::osv::api::AdvisoryCache;
use crate::image::read::LayerCache;
use crate::image::scanner::{EmbeddedScanner, ImageScanner};
use crate::settings::process::images::{ImageSettings, ScannerKind};

/// Makes it. What the embedded one reads is kept in `kept`.
///
/// # Errors
/// A folder or an address is none.
pub fn scanner(
    images: &ImageSettings,
    environment: &BTreeMap<String, String>,
    kept: &Arc<KeptImages>,
) -> anyhow::Result<Arc<dyn ImageScanner>> {
    let token = images.scanner_token.value.as_ref().map(|token| SecretString::from(token.expose().to_owned()));
    let url = images.scanner_url.value.clone();
    Ok(match images.scanner.value {
        ScannerKind::Embedded => {
            let folder = images.osv_folder.value.as_ref().map(Path::new);
            let cache: Arc<dyn AdvisoryCache> = Arc::<KeptImages>::clone(kept);
            let advisories = super::image::advisories(&images.osv_url.value, folder, cache)?;
            let layers: Arc<dyn LayerCache> = Arc::<KeptImages>::clone(kept);
            Arc::new(EmbeddedScanner { advisories, layers, exploits: Arc::default() })
        }
        kind @ (ScannerKind::Trivy | ScannerKind::TrivyServer) => Arc::new(TrivyScanner {
            program: PathBuf::from(&images.trivy.value),
            server: url.filter(|_| kind == ScannerKind::TrivyServer),
            token,
            arguments: Vec::new(),
            environment: trivy_variables(environment),
            folder: std::env::temp_dir(),
        }),
        ScannerKind::Harbor => {
            Arc::new(HarborScanner::new(&url.unwrap_or_default(), token).map_err(|why| anyhow!(why))?)
        }
    })
}

/// What Trivy may know of our environment: its own variables, a proxy, where programs and its home are.
fn trivy_variables(environment: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    const SHARED: [&str; 10] = [
        "PATH",
        "HOME",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "XDG_CACHE_HOME",
    ];
    let is_for_trivy = |name: &str| name.starts_with("TRIVY_") || SHARED.contains(&name);
    environment
        .iter()
        .filter(|(name, _)| is_for_trivy(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
