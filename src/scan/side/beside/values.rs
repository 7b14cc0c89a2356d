//! The values of a chart, as far as they are at hand: its own, and what else gives it some.
//!
//! Invariant: what gives a chart values in the same change counts, so that nothing is switched off in one file and on
//! in another one unseen.

use std::rc::Rc;

use super::{Of, Surroundings};
use crate::scan::document::node::Node;
use crate::scan::document::{self, ParsedFile, yaml};
use crate::scan::policy::target::helm;
use crate::scan::snapshot::Content;
use crate::scan::span::Span;

/// Most files that are looked at for values of one chart.
const MAX_FILES: usize = 100;

/// What is known of a chart's values.
#[derive(Debug, Default)]
pub(super) struct ChartValues {
    /// Its own; `None` where they are not at hand.
    own: Option<Node>,
    /// Those that others give it; `None` when there are too many to look at.
    others: Option<Vec<Node>>,
}

impl Surroundings<'_> {
    /// Where a template stands only when somebody changes the values of its chart; nowhere when these are not known.
    pub(super) fn off_by_default(&self, path: &str, text: &str, of: Of) -> Vec<Span> {
        let chart = path.rfind("templates/").and_then(|at| path.get(..at));
        let Some(chart) = chart.filter(|chart| chart.is_empty() || chart.ends_with('/')) else { return Vec::new() };
        let values = self.values(chart, of);
        match (&values.own, &values.others) {
            (Some(own), Some(others)) => yaml::off_by_default(text, yaml::Values { own, others }),
            _ => Vec::new(),
        }
    }

    /// The values of the chart in a folder, read once.
    fn values(&self, chart: &str, of: Of) -> Rc<ChartValues> {
        let key = (chart.to_owned(), of);
        if let Some(known) = self.values.borrow().get(&key) {
            return Rc::clone(known);
        }
        let own = format!("{chart}values.yaml");
        let values = match self.tree(&own, of).and_then(|(file, _)| file.documents.first()?.tree().cloned()) {
            Some(root) => ChartValues { own: Some(root), others: self.given(chart, &own, of) },
            None => ChartValues::default(),
        };
        let values = Rc::new(values);
        self.values.borrow_mut().insert(key, Rc::clone(&values));
        values
    }

    /// What other files give the chart: those of the change, whatever they are called; of a whole tree those that its
    /// folder has for it.
    fn given(&self, chart: &str, own: &str, of: Of) -> Option<Vec<Node>> {
        let templates = format!("{chart}templates/");
        let may_give = |path: &&str| {
            let is_tree = matches!(path.rsplit('.').next(), Some("yaml" | "yml" | "json"));
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_near = !self.whole_tree || path.starts_with(chart) && name.contains("values");
            is_tree && is_near && *path != own && !path.starts_with(&templates)
        };
        let paths: Vec<&str> = match of {
            Of::Base => self.bases.keys().copied().filter(may_give).collect(),
            Of::Head => self.heads.iter().map(|file| file.path.as_str()).filter(may_give).collect(),
        };
        if paths.len() > MAX_FILES {
            return None;
        }
        let name = chart.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let mut given = Vec::new();
        for trees in paths.into_iter().map(|path| self.trees_of(path, of)) {
            // The chart above gives values by the name of the one below.
            given.extend(trees.iter().filter_map(|tree| tree.get(name).cloned()));
            given.extend(trees.iter().cloned());
        }
        Some(given)
    }

    /// The trees of values in a file; those of a change are read once, as each chart in it asks for all of them.
    fn trees_of(&self, path: &str, of: Of) -> Rc<[Node]> {
        let key = (path.to_owned(), of);
        if let Some(known) = self.given.borrow().get(&key) {
            return Rc::clone(known);
        }
        let trees: Rc<[Node]> =
            self.tree(path, of).map(|(file, text)| helm::values_of(&file, &text)).unwrap_or_default().into();
        if !self.whole_tree {
            self.given.borrow_mut().insert(key, Rc::clone(&trees));
        }
        trees
    }

    /// A file of either side, read, with its text.
    fn tree(&self, path: &str, of: Of) -> Option<(ParsedFile, String)> {
        let content = self.content(path, of)?;
        let Content::Text(text) = &*content else { return None };
        let is_short = text.len() <= self.limits.max_file_bytes;
        is_short.then(|| (document::parse(path, text, self.limits), text.to_string()))
    }
}
