//! Harbor's vulnerability report.
//!
//! # Source
//! Harbor pluggable scanner API 1.1, `application/vnd.security.vulnerability.report; version=1.1`.

use serde_json::Value;

use super::{Found, Results, items, short, text};
use crate::image::package::PackageKind;
use crate::image::rating::Rating;

/// Reads the document.
///
/// # Errors
/// It is no such report.
pub fn read(bytes: &[u8]) -> Result<Results, String> {
    let document: Value = serde_json::from_slice(bytes).map_err(|_| "the report is no JSON".to_owned())?;
    let is_report = document.get("vulnerabilities").is_some() && document["scanner"].is_object();
    if !is_report {
        return Err("the report has no vulnerabilities and no scanner".to_owned());
    }
    let mut results = Results { scanner: short(text(&document["scanner"], "name")), ..Results::default() };
    for one in items(&document, "vulnerabilities") {
        results.add(&Found {
            id: text(one, "id"),
            kind: PackageKind::Other,
            package: text(one, "package"),
            version: text(one, "version"),
            fixed: text(one, "fix_version"),
            rating: Rating::of_word(text(one, "severity")).unwrap_or_default(),
            summary: text(one, "description"),
            path: "",
            layer: 0,
        });
    }
    Ok(results)
}
