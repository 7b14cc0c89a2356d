//! Vulnerabilities that a team accepted or cleared: by a waiver until a day, or by a statement in `OpenVEX`.
//!
//! Invariant: only what was decided at the base counts, a waiver that is over counts for nothing and is named, and the
//! newest statement that means a vulnerability of a package decides.

use std::collections::{BTreeSet, HashMap};

use super::contents::Installed;
use super::package_url::{ImageIdentity, PackageUrl, package_url};
use super::report::{ImageReport, Vulnerability};
use crate::job::{ImageSubject, ImagesSubject};
use crate::scan::glob::PathGlobs;
use crate::scan::image_reference::ImageReference;
use crate::settings::date::Date;
use crate::settings::repository::images::ImageWaiver;
use crate::settings::vex::{VexProduct, VexStatement, VexStatus};

/// By what a vulnerability is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted<'a> {
    /// Somebody answers for it until a day.
    Waiver(&'a ImageWaiver),
    /// It is stated not to matter, or to be mended.
    Vex(&'a VexStatement),
}

/// What was accepted, found by vulnerability.
#[derive(Debug)]
pub struct Acceptances<'a> {
    waivers: HashMap<&'a str, Vec<&'a ImageWaiver>>,
    statements: HashMap<&'a str, Vec<(usize, &'a VexStatement)>>,
    today: Date,
}

/// An image beside what was accepted of it.
#[derive(Debug)]
pub struct AcceptedOf<'a, 'b> {
    all: &'b Acceptances<'a>,
    path: &'b str,
    reference: Option<ImageReference>,
    digests: Vec<&'b str>,
    report: &'b ImageReport,
}

impl<'a> Acceptances<'a> {
    /// What `subject` brings along, on `today`.
    pub fn new(subject: &'a ImagesSubject, today: Date) -> Self {
        let mut all = Self { waivers: HashMap::new(), statements: HashMap::new(), today };
        for waiver in &subject.waivers {
            all.waivers.entry(&waiver.vulnerability).or_default().push(waiver);
        }
        for (number, statement) in subject.vex.iter().enumerate() {
            let ids: BTreeSet<&str> = statement.vulnerability.iter().map(String::as_str).collect();
            for id in ids {
                all.statements.entry(id).or_default().push((number, statement));
            }
        }
        all
    }

    /// The day.
    pub fn today(&self) -> Date {
        self.today
    }

    /// What was accepted of an image that `subject` names.
    pub fn of<'b>(&'b self, subject: &'b ImageSubject, report: &'b ImageReport) -> AcceptedOf<'a, 'b> {
        let reference = ImageReference::parse(&subject.after).ok();
        // What stands in the file may be the digest of the index.
        let written = subject.after.rsplit_once('@').map(|(_, digest)| digest);
        let digests = [Some(report.digest.as_str()), written].into_iter().flatten().collect();
        AcceptedOf { all: self, path: &subject.path, reference, digests, report }
    }
}

impl<'a> AcceptedOf<'a, '_> {
    /// By what `one` is accepted.
    pub fn accepted(&self, one: &Vulnerability) -> Option<Accepted<'a>> {
        let standing = self.waivers(one).find(|waiver| !waiver.is_expired(self.all.today));
        standing.map(Accepted::Waiver).or_else(|| self.cleared(one).map(Accepted::Vex))
    }

    /// The waiver that accepts a secret: one of its rule's id, for the file in the image that it is in.
    pub fn accepted_secret(&self, rule: &str, file: &str) -> Option<&'a ImageWaiver> {
        let any = |globs: &PathGlobs, path: &str| globs.patterns().is_empty() || globs.matches(path);
        let covers = |waiver: &&'a ImageWaiver| {
            waiver.package.is_none() && any(&waiver.paths, self.path) && any(&waiver.within, file)
        };
        let mut waivers = self.all.waivers.get(rule).into_iter().flatten().copied().filter(covers);
        waivers.find(|waiver| !waiver.is_expired(self.all.today))
    }

    /// The waiver that would accept `one` if it were not over.
    pub fn expired(&self, one: &Vulnerability) -> Option<&'a ImageWaiver> {
        self.waivers(one).find(|waiver| waiver.is_expired(self.all.today))
    }

    fn waivers(&self, one: &Vulnerability) -> impl Iterator<Item = &'a ImageWaiver> {
        let Installed { package, path, .. } = &one.installed;
        let covers = move |waiver: &&'a ImageWaiver| {
            let any = |globs: &PathGlobs, path: &str| globs.patterns().is_empty() || globs.matches(path);
            let is_package =
                |name: &String| *name == package.name || package.source.as_ref().is_some_and(|it| it.name == *name);
            waiver.package.as_ref().is_none_or(is_package) && any(&waiver.paths, self.path) && any(&waiver.within, path)
        };
        ids(one).filter_map(|id| self.all.waivers.get(id)).flatten().copied().filter(covers)
    }

    /// The newest statement about `one`, when it clears it.
    fn cleared(&self, one: &Vulnerability) -> Option<&'a VexStatement> {
        let mut known: Vec<&(usize, &VexStatement)> =
            ids(one).filter_map(|id| self.all.statements.get(id)).flatten().collect();
        if known.is_empty() {
            return None;
        }
        known.sort_by_key(|(number, _)| *number);
        let package = PackageUrl::parse(&package_url(&one.installed, self.report.distribution.as_ref()))?;
        let means = |statement: &VexStatement| {
            let mut products = statement.products.iter();
            products.any(|product| self.means(product, &statement.parts, &package))
        };
        let newest = known.into_iter().find(|(_, statement)| means(statement)).map(|(_, statement)| *statement)?;
        matches!(newest.status, VexStatus::NotAffected | VexStatus::Fixed).then_some(newest)
    }

    /// Whether a product is this image and the part that is meant this package, or the product is the package itself.
    fn means(&self, product: &VexProduct, shared: &[String], package: &PackageUrl) -> bool {
        let urls = |ids: &[String]| ids.iter().filter_map(|id| PackageUrl::parse(id)).collect::<Vec<_>>();
        let parts = if product.parts.is_empty() { shared } else { &product.parts };
        let named = urls(&product.ids);
        let by_hash = product.sha256.as_ref().is_some_and(|hash| {
            self.digests.iter().any(|digest| digest.strip_prefix("sha256:") == Some(hash.as_str()))
        });
        let by_name = || {
            let reference = self.reference.as_ref()?;
            let image = ImageIdentity { reference, digests: self.digests.clone() };
            Some(named.iter().any(|url| url.means_image(&image)))
        };
        if by_hash || by_name().unwrap_or_default() {
            return parts.is_empty() || urls(parts).iter().any(|part| part.means(package));
        }
        parts.is_empty() && named.iter().any(|url| url.means(package))
    }
}

fn ids(one: &Vulnerability) -> impl Iterator<Item = &str> {
    std::iter::once(&one.id).chain(&one.aliases).map(String::as_str)
}

#[cfg(test)]
mod tests;
