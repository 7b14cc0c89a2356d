//! What an image holds: its layers' facts laid over each other, the lowest first.
//!
//! Invariant: what an upper layer replaces, removes or hides is gone, and every package is attributed to the lowest
//! layer that brought it in and kept it.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::layer::{FileFacts, LayerError, LayerFacts, Mark, PathSet, clean};
use super::package::Package;
use super::secrets::FileSecret;

/// The most that is remembered of an image, in bytes.
const MAX_BYTES: usize = 12 << 20;

/// Secrets that are remembered of an image.
const MOST_SECRETS: usize = 500;

/// A package in an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Installed {
    /// The package.
    #[serde(flatten)]
    pub package: Package,
    /// The database or the file that names it, from the root, without a leading slash.
    pub path: String,
    /// The layer that brought it in, from 0.
    pub layer: usize,
}

/// A program that runs as its owner or group, whoever starts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetIdFile {
    /// From the root, without a leading slash.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// The layer that brought it in, from 0.
    pub layer: usize,
}

/// A secret in a file of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSecret {
    /// What and where.
    #[serde(flatten)]
    pub secret: FileSecret,
    /// The layer with the file, from 0.
    pub layer: usize,
    /// Whether a later layer replaces or removes the file; whoever pulls the image can read it all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hidden: bool,
}

/// What could not be read or judged of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageProblem {
    /// The file, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What happened, in words.
    pub message: String,
    /// Whether the image can't be called judged because of it.
    pub leaves_unjudged: bool,
}

impl ImageProblem {
    /// A problem of the image as a whole that leaves it unjudged.
    pub fn unjudged(message: impl Into<String>) -> Self {
        Self { path: None, message: message.into(), leaves_unjudged: true }
    }

    /// A remark about the image as a whole.
    pub fn note(message: impl Into<String>) -> Self {
        Self { path: None, message: message.into(), leaves_unjudged: false }
    }
}

/// What an image holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The distribution, when the image says.
    pub distribution: Option<Distribution>,
    /// The packages, sorted.
    pub packages: Vec<Installed>,
    /// Programs that run as their owner or group, by path.
    pub set_id_files: Vec<SetIdFile>,
    /// Secrets in files of its layers.
    pub secrets: Vec<ImageSecret>,
    /// What could not be read.
    pub problems: Vec<ImageProblem>,
}

/// Layers laid over each other.
#[derive(Debug, Default)]
pub struct Stack {
    files: BTreeMap<String, Live>,
    secrets: Vec<ImageSecret>,
    texts_left_out: usize,
    layers: usize,
    bytes: usize,
}

/// A file that the layers so far leave in sight.
#[derive(Debug)]
struct Live {
    facts: FileFacts,
    layer: usize,
    /// The layer of each package.
    package_layers: Vec<usize>,
}

impl Stack {
    /// Lays `layer` over those before.
    ///
    /// # Errors
    /// [`LayerError::Facts`] when the image holds more than is remembered.
    pub fn push(&mut self, layer: LayerFacts) -> Result<(), LayerError> {
        let number = self.layers;
        self.layers += 1;
        let LayerFacts { files, marks, secrets, texts_left_out, .. } = layer;
        let added: Vec<(String, Live)> = files
            .into_iter()
            .map(|(path, facts)| {
                let package_layers = self.package_layers(&path, &facts, number);
                (path, Live { facts, layer: number, package_layers })
            })
            .collect();
        self.hide(&marks);
        let room = MOST_SECRETS.saturating_sub(self.secrets.len());
        let own = secrets.into_iter().map(|secret| ImageSecret { secret, layer: number, is_hidden: false });
        self.secrets.extend(own.take(room));
        self.texts_left_out += texts_left_out;
        for (path, live) in added {
            self.bytes += live.bytes(&path);
            self.files.insert(path, live);
        }
        if self.bytes > MAX_BYTES { Err(LayerError::Facts { bytes: MAX_BYTES }) } else { Ok(()) }
    }

    /// A package that a database had before its layer replaced the database is of the layer that brought it in.
    fn package_layers(&self, path: &str, facts: &FileFacts, layer: usize) -> Vec<usize> {
        let known: HashMap<&Package, usize> = match self.files.get(path) {
            Some(old) => old.facts.packages.iter().zip(old.package_layers.iter().copied()).collect(),
            None => HashMap::new(),
        };
        facts.packages.iter().map(|package| known.get(package).copied().unwrap_or(layer)).collect()
    }

    fn hide(&mut self, marks: &PathSet) {
        if marks.is_empty() {
            return;
        }
        for one in &mut self.secrets {
            one.is_hidden = one.is_hidden || is_hidden(&one.secret.path, marks, &mut HashMap::new());
        }
        let mut folders = HashMap::new();
        let mut hidden = Vec::new();
        for path in self.files.keys() {
            if is_hidden(path, marks, &mut folders) {
                hidden.push(path.clone());
            }
        }
        for path in hidden {
            let live = self.files.remove(&path);
            self.bytes = self.bytes.saturating_sub(live.map_or(0, |live| live.bytes(&path)));
        }
    }

    /// What is in sight in the end.
    pub fn contents(self) -> Contents {
        let mut contents = Contents { distribution: self.distribution(), ..Contents::default() };
        let has_database = self.files.values().any(|live| live.facts.is_database);
        self.links(&mut contents.problems);
        for (path, live) in &self.files {
            if let Some(problem) = &live.facts.problem {
                let message = problem.text.clone();
                let leaves_unjudged = problem.leaves_unjudged;
                contents.problems.push(ImageProblem { path: Some(path.clone()), message, leaves_unjudged });
            }
            if let Some(mode) = live.facts.set_id_mode {
                contents.set_id_files.push(SetIdFile { path: path.clone(), mode, layer: live.layer });
            }
        }
        if self.texts_left_out > 0 {
            let left_out = self.texts_left_out;
            let message =
                format!("{left_out} more small files were not looked through for secrets: there are too many");
            contents.problems.push(ImageProblem::note(message));
        }
        contents.secrets.clone_from(&self.secrets);
        contents.packages = self.packages();
        contents.problems.extend(nothing_to_judge(&contents, has_database));
        contents
    }

    fn distribution(&self) -> Option<Distribution> {
        let of = |path: &str| self.files.get(path).and_then(|live| live.facts.distribution.clone());
        of("etc/os-release").or_else(|| of("usr/lib/os-release"))
    }

    /// The packages, without those of languages whose files belong to a package of the distribution: its maintainers
    /// mend them under the version they have.
    fn packages(self) -> Vec<Installed> {
        let owned: Vec<PathSet> =
            self.files.values().map(|live| &live.facts.owned).filter(|set| !set.is_empty()).cloned().collect();
        let is_owned = |path: &str| owned.iter().any(|set| set.contains(Mark::Owned, path.as_bytes()));
        let mut packages: Vec<Installed> = Vec::new();
        for (path, live) in self.files {
            let of_language = live.facts.packages.iter().any(|package| !package.kind.is_of_distribution());
            if of_language && is_owned(&path) {
                continue;
            }
            let found = live.facts.packages.into_iter().zip(live.package_layers);
            packages.extend(found.map(|(package, layer)| Installed { package, path: path.clone(), layer }));
        }
        packages.sort_unstable();
        packages.dedup();
        packages
    }

    /// A database that is a link must lead to one that was read.
    fn links(&self, problems: &mut Vec<ImageProblem>) {
        for (path, live) in &self.files {
            let Some(link) = &live.facts.link else { continue };
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let target = if link.starts_with('/') { link.clone() } else { format!("{folder}/{link}") };
            let target = clean(target.as_bytes()).and_then(|target| String::from_utf8(target).ok());
            let leads_to_database = target.is_some_and(|target| {
                let merged = format!("usr/{target}");
                let unmerged = target.strip_prefix("usr/").unwrap_or(&target);
                let places = [target.as_str(), &merged, unmerged];
                places.iter().any(|place| self.files.get(*place).is_some_and(|live| live.facts.is_database))
            });
            if !leads_to_database {
                let message = format!("it is a link to `{link}`, which was not read");
                problems.push(ImageProblem { path: Some(path.clone()), message, leaves_unjudged: true });
            }
        }
    }
}

impl Live {
    fn bytes(&self, path: &str) -> usize {
        self.facts.bytes() + path.len() + self.package_layers.len() * size_of::<usize>()
    }
}

fn is_hidden<'a>(path: &'a str, marks: &PathSet, folders: &mut HashMap<&'a str, bool>) -> bool {
    let is_marked = |mark| marks.contains(mark, path.as_bytes());
    let is_marked = [Mark::File, Mark::Folder, Mark::Removed].into_iter().any(is_marked);
    is_marked || is_in_hidden_folder(path, marks, folders)
}

fn is_in_hidden_folder<'a>(path: &'a str, marks: &PathSet, known: &mut HashMap<&'a str, bool>) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if let Some(hidden) = known.get(folder) {
        return *hidden;
    }
    let marked = |mark| marks.contains(mark, folder.as_bytes());
    let is_hidden = marked(Mark::Emptied)
        || (!folder.is_empty()
            && (marked(Mark::File) || marked(Mark::Removed) || is_in_hidden_folder(folder, marks, known)));
    known.insert(folder, is_hidden);
    is_hidden
}

/// An image is not clean because nothing was found in it that could be looked up.
fn nothing_to_judge(contents: &Contents, has_database: bool) -> Option<ImageProblem> {
    let was_unread = contents.problems.iter().any(|problem| problem.leaves_unjudged);
    match &contents.distribution {
        Some(distribution) if !has_database && !was_unread => Some(ImageProblem::unjudged(format!(
            "the image is {}, but no package database was found in it",
            distribution.title
        ))),
        None if has_database => {
            Some(ImageProblem::unjudged("the image doesn't say which distribution its packages are of (no os-release)"))
        }
        None if contents.packages.is_empty() && !was_unread => {
            Some(ImageProblem::unjudged("nothing in the image says which packages it holds"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
