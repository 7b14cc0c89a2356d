//! What is to know of an image that comes in, and blocks nothing.

use crate::image::report::{Attribution, ImageReport, Part};
use crate::settings::date::Date;

/// The most remarks on one image.
const MAX_REMARKS: usize = 10;
/// Files that one remark names.
const MAX_NAMED: usize = 3;
/// After how many days an image is called old.
const OLD_DAYS: i64 = 365;

/// Whether its distribution is still mended, how old it is, how it runs when `before` did not, and what its scanner
/// remarks.
pub(super) fn of(
    report: &ImageReport,
    before: Option<&ImageReport>,
    attribution: &Attribution,
    today: Date,
) -> Vec<String> {
    let notes = report.problems.iter().filter(|problem| !problem.leaves_unjudged && problem.path.is_none());
    let all = support(report, today).into_iter().chain(age(report, today)).chain(configuration(report, before));
    let all = all.chain(set_id(report, before, attribution)).chain(notes.map(|problem| problem.message.clone()));
    all.take(MAX_REMARKS).collect()
}

fn support(report: &ImageReport, today: Date) -> Option<String> {
    let one = report.distribution.as_ref()?;
    let is_over = one.support_end.parse::<Date>().is_ok_and(|end| end < today);
    is_over.then(|| format!("{} has not been mended by its makers since {}", one.title, one.support_end))
}

fn age(report: &ImageReport, today: Date) -> Option<String> {
    // Reproducible builds give the beginning of the epoch, which says nothing.
    let built: Date = report
        .created
        .as_deref()?
        .get(..10)?
        .parse()
        .ok()
        .filter(|built: &Date| built.days_since_epoch() > OLD_DAYS)?;
    let days = today.days_since_epoch() - built.days_since_epoch();
    (days > OLD_DAYS).then(|| format!("it was built on {built}, more than a year ago"))
}

/// Secrets are judged on their own.
fn configuration(report: &ImageReport, before: Option<&ImageReport>) -> Vec<String> {
    let was = |id: &str| before.is_some_and(|before| before.configuration.iter().any(|remark| remark.id == id));
    let new = report.configuration.iter().filter(|remark| remark.secret.is_none() && !was(&remark.id));
    new.map(|remark| remark.message.clone()).collect()
}

/// Programs that run as their owner, of the image's own layers.
fn set_id(report: &ImageReport, before: Option<&ImageReport>, attribution: &Attribution) -> Option<String> {
    let was = |path: &str| before.is_some_and(|before| before.set_id_files.iter().any(|file| file.path == path));
    let is_new = |layer, path: &str| attribution.part_of_layer(layer) == Part::Own && !was(path);
    let new = report.set_id_files.iter().filter(|file| is_new(file.layer, &file.path));
    let paths: Vec<&str> = new.map(|file| file.path.as_str()).collect();
    let (named, rest) = paths.split_at(paths.len().min(MAX_NAMED));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    (!paths.is_empty()).then(|| format!("programs of its own run as their owner: {}{more}", named.join(", ")))
}
