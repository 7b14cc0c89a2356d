//! What the edit of every policy makes of its examples, letter by letter.

#![allow(clippy::indexing_slicing, clippy::format_push_string, reason = "the lines were counted before")]

use std::collections::BTreeMap;

use dockgate::scan::policy::PolicySet;

/// The lines that differ, as a patch shows them.
fn difference(before: &str, after: &str) -> String {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (old, new) = (&before[same..], &after[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let gone = old[..old.len() - tail].iter().map(|line| format!("-{line}"));
    let come = new[..new.len() - tail].iter().map(|line| format!("+{line}"));
    let context = same.checked_sub(1).map(|at| format!(" {}", before[at]));
    context.into_iter().chain(gone).chain(come).collect::<Vec<_>>().join("\n")
}

#[test]
fn edits() {
    let mut by_folder: BTreeMap<String, String> = BTreeMap::new();
    for policy in PolicySet::builtin().iter().filter(|policy| policy.edit().is_some()) {
        let folder = policy.id.as_str().split('/').next().unwrap_or_default().to_owned();
        let shown = by_folder.entry(folder).or_default();
        // A made-up secret is shown nowhere.
        for example in policy.examples().iter().filter(|one| one.is_denied() && !one.text.contains("{fake:")) {
            for (before, after) in example.edited(policy).unwrap() {
                shown.push_str(&format!("## {}: {}\n{}\n\n", policy.id, example.name, difference(&before, &after)));
            }
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots/edits");
    settings.bind(|| {
        for (folder, shown) in &by_folder {
            insta::assert_snapshot!(folder.as_str(), shown);
        }
    });
}
