//! `dockgate scan --fix`: writes the verified edits into the files.
//!
//! Invariant: a file is written only when it still holds the text that was judged.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::pipeline::Judgement;
use crate::scan::edit::Edit;
use crate::scan::policy::fix::apply_together;
use crate::verdict::Standing;

/// Edits may uncover others, such as a second finding at the same place; after this many rounds we stop.
const MAX_ROUNDS: usize = 10;

/// What was written.
#[derive(Debug, Default)]
pub struct Fixed {
    edits: usize,
    files: std::collections::BTreeSet<String>,
    changed_meanwhile: Vec<String>,
}

impl fmt::Display for Fixed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "fixed {} findings in {} files", self.edits, self.files.len())?;
        for path in &self.changed_meanwhile {
            write!(formatter, "\n{}: changed while it was judged; left alone", path.escape_debug())?;
        }
        Ok(())
    }
}

/// Applies the edits of what the change introduces, below `root`, and judges again until none is left.
///
/// # Errors
/// A file can't be read or written, or `judge_again` fails.
pub fn apply(
    judgement: &mut Judgement,
    root: &Path,
    judge_again: impl Fn() -> anyhow::Result<Judgement>,
) -> anyhow::Result<Fixed> {
    let mut fixed = Fixed::default();
    for _ in 0..MAX_ROUNDS {
        let edits = edits_by_file(judgement);
        let before = fixed.edits;
        for (path, edits) in &edits {
            write_file(judgement, root, path, edits, &mut fixed)?;
        }
        if fixed.edits == before {
            break;
        }
        *judgement = judge_again()?;
    }
    Ok(fixed)
}

fn edits_by_file(judgement: &Judgement) -> BTreeMap<String, Vec<Edit>> {
    let mut edits: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    for judged in &judgement.verdict.findings {
        if let (Standing::Blocks | Standing::Introduced, Some(edit)) = (&judged.standing, &judged.finding.edit) {
            edits.entry(judged.finding.path.clone()).or_default().push(edit.clone());
        }
    }
    edits
}

fn write_file(judgement: &Judgement, root: &Path, path: &str, edits: &[Edit], fixed: &mut Fixed) -> anyhow::Result<()> {
    let judged = judgement.snapshot.files.iter().find(|file| file.path == path).and_then(|file| file.head.text());
    let Some(judged) = judged else { return Ok(()) };
    let file = root.join(path);
    // A text in another encoding has other bytes than what was judged.
    let present = fs::read(&file).with_context(|| format!("read {}", file.display()))?;
    if present != judged.as_bytes() {
        fixed.changed_meanwhile.push(path.to_owned());
        return Ok(());
    }
    let (text, count) = apply_together(path, judged, edits);
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    fixed.edits += count;
    fixed.files.insert(path.to_owned());
    Ok(())
}
