//! `dockgate image`: what an image holds, and what is known to be wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Exit, Surroundings, registry};
use crate::image::ImageError;
use crate::image::layout::OciLayout;
use crate::image::osv::AdvisorySource;
use crate::image::osv::api::{AdvisoryCache, MemoryCache, OsvApi, PUBLIC_URL};
use crate::image::osv::folder::OsvFolder;
use crate::image::osv::order::Exploits;
use crate::image::output::{OutputFormat, OutputInput, render};
use crate::image::rating::Rating;
use crate::image::read::NoCache;
use crate::image::remote::RemoteImage;
use crate::image::report::ImageReport;
use crate::image::scanner::{EmbeddedScanner, ImageScanner, ScanRequest};
use crate::image::source::ImageSource;
use crate::registry::{Digest, Platform, RegistryError};
use crate::report::words::describe;
use crate::scan::image_reference::ImageReference;

/// What names a folder in the OCI image layout.
const LAYOUT: &str = "oci:";

/// Arguments of `dockgate image`.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// A reference such as debian:12, or oci:FOLDER or oci:FOLDER:TAG for an OCI image layout
    image: String,
    /// The image that it replaces: only what it does not have blocks
    #[arg(long, value_name = "IMAGE")]
    replaces: Option<String>,
    /// Which platform of an image for several
    #[arg(long, default_value = "linux/amd64")]
    platform: Platform,
    /// How to print
    #[arg(long, default_value = "table", value_parser = format_parser())]
    format: OutputFormat,
    /// Introduced vulnerabilities that have a fix block from this severity on: low, medium, high, critical or never
    #[arg(long, default_value = "high", value_name = "SEVERITY")]
    fail_on: FailOn,
    /// Where OSV answers; names and versions of packages are sent there
    #[arg(long, value_name = "URL", default_value = PUBLIC_URL)]
    osv_url: String,
    /// A folder of OSV's exports (ECOSYSTEM/all.zip); nothing is sent anywhere
    #[arg(long, value_name = "FOLDER", conflicts_with = "osv_url")]
    osv_dir: Option<PathBuf>,
    /// CISA's catalogue of exploited vulnerabilities (JSON), for the order
    #[arg(long, value_name = "FILE")]
    kev: Option<PathBuf>,
    /// EPSS scores (CSV), for the order
    #[arg(long, value_name = "FILE")]
    epss: Option<PathBuf>,
    /// List vulnerabilities that have no fix too
    #[arg(long)]
    unfixed: bool,
}

#[derive(Clone, Copy, Debug)]
struct FailOn(Option<Rating>);

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" {
            return Ok(Self(None));
        }
        text.parse().map(|rating| Self(Some(rating))).map_err(|error| format!("{error}, or never"))
    }
}

fn format_parser() -> impl TypedValueParser<Value = OutputFormat> {
    PossibleValuesParser::new(OutputFormat::ALL.map(|(name, _)| name))
        .map(|name| OutputFormat::from_name(&name).unwrap_or(OutputFormat::Table))
}

/// Scans and prints.
///
/// # Errors
/// Nothing is known of the image.
pub fn run(args: &ImageArgs, surroundings: &mut Surroundings<'_>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let scanner = scanner(args)?;
    let report = runtime.block_on(scan(&args.image, args, &scanner, &surroundings.environment)).map_err(advised)?;
    let old = args.replaces.as_ref().map(|old| runtime.block_on(scan(old, args, &scanner, &surroundings.environment)));
    let old = old.transpose().map_err(advised)?;
    let FailOn(threshold) = args.fail_on;
    let input = OutputInput { report: &report, old: old.as_ref(), threshold, lists_unfixed: args.unfixed };
    surroundings.out.write_all(render(args.format, &input).as_bytes())?;
    Ok(match (input.blocking(), report.is_judged()) {
        (0, true) => Exit::Clean,
        (0, false) => Exit::Unjudged,
        _ => Exit::Blocked,
    })
}

/// The error with what can be done about it.
fn advised(error: anyhow::Error) -> anyhow::Error {
    let registry = error.chain().find_map(|cause| match cause.downcast_ref::<ImageError>() {
        Some(ImageError::Registry(error)) => Some(error),
        _ => cause.downcast_ref::<RegistryError>(),
    });
    match registry.and_then(RegistryError::advice) {
        Some(advice) => anyhow!("{}\n{advice}", describe(&*error)),
        None => error,
    }
}

/// Who knows of vulnerabilities: the exports in `folder`, else OSV at `url`, whose advisories `cache` keeps.
///
/// # Errors
/// The folder is none, or the address is none.
pub fn advisories(
    url: &str,
    folder: Option<&Path>,
    cache: Arc<dyn AdvisoryCache>,
) -> anyhow::Result<Arc<dyn AdvisorySource>> {
    Ok(match folder {
        Some(folder) if folder.is_dir() => Arc::new(OsvFolder::new(folder)),
        Some(folder) => bail!("{} is no folder", folder.display()),
        None => Arc::new(OsvApi::new(url, cache).map_err(|why| anyhow!(why))?),
    })
}

fn scanner(args: &ImageArgs) -> anyhow::Result<EmbeddedScanner> {
    let advisories = advisories(&args.osv_url, args.osv_dir.as_deref(), Arc::new(MemoryCache::default()))?;
    let mut exploits = Exploits::default();
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("read {}", path.display()));
    if let Some(path) = &args.kev {
        exploits.add_catalogue(&read(path)?).map_err(|why| anyhow!("{}: {why}", path.display()))?;
    }
    if let Some(path) = &args.epss {
        let text = String::from_utf8_lossy(&read(path)?).into_owned();
        exploits.add_probabilities(&text).map_err(|why| anyhow!("{}: {why}", path.display()))?;
    }
    Ok(EmbeddedScanner { advisories, layers: Arc::new(NoCache), exploits: Arc::new(exploits) })
}

async fn scan(
    image: &str,
    args: &ImageArgs,
    scanner: &EmbeddedScanner,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<ImageReport> {
    let (source, digest) = match image.strip_prefix(LAYOUT) {
        Some(place) => layout(place)?,
        None => remote(image, environment).await.with_context(|| format!("read {image}"))?,
    };
    let request = ScanRequest { image, source: source.as_ref(), digest: &digest, platform: &args.platform };
    scanner.scan(request).await.with_context(|| format!("read {image}"))
}

/// `FOLDER` or `FOLDER:TAG`; a folder that has a colon in its name is taken as it is.
fn layout(place: &str) -> anyhow::Result<(Box<dyn ImageSource>, Digest)> {
    let (folder, tag) = match place.rsplit_once(':') {
        Some((folder, tag)) if !Path::new(place).is_dir() => (folder, Some(tag)),
        _ => (place, None),
    };
    if !Path::new(folder).join("index.json").is_file() {
        bail!(
            "{folder} is no OCI image layout: it has no index.json; `skopeo copy docker-daemon:IMAGE oci:FOLDER` makes one"
        );
    }
    let layout = OciLayout::new(folder);
    let digest = layout.resolve(tag)?;
    Ok((Box::new(layout), digest))
}

async fn remote(image: &str, environment: &BTreeMap<String, String>) -> anyhow::Result<(Box<dyn ImageSource>, Digest)> {
    let reference = ImageReference::parse(image)?;
    let client = registry::client(environment)?;
    let digest = client.resolve(&reference).await?;
    Ok((Box::new(RemoteImage { client, reference }), digest))
}
