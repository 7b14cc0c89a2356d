//! A folder of OSV's exports, so that no name of a package leaves the house.
//!
//! For each ecosystem there is `ECOSYSTEM/all.zip` as OSV publishes it, or `ECOSYSTEM/*.json`. The release behind the
//! colon is not part of the folder's name: `Debian/all.zip` is for `Debian:12`.
//!
//! Invariant: an ecosystem without a folder is a problem, never an empty answer.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::advisory::Advisory;
use super::ecosystem::Query;
use super::{AdvisorySource, Answers};
use crate::image::contents::ImageProblem;
use crate::image::zip_file;

/// The largest record.
const MAX_RECORD_BYTES: u64 = 32 << 20;

/// A folder of exports.
#[derive(Clone, Debug)]
pub struct OsvFolder {
    folder: PathBuf,
}

impl OsvFolder {
    /// The exports in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn ask_now(&self, queries: &[Query]) -> Answers {
        let mut by_ecosystem: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, query) in queries.iter().enumerate() {
            let name = query.ecosystem.split(':').next().unwrap_or_default();
            by_ecosystem.entry(name).or_default().push(number);
        }
        let mut answers = Answers { matches: vec![Vec::new(); queries.len()], ..Answers::default() };
        for (ecosystem, numbers) in by_ecosystem {
            let mut matching = Matching::new(queries, &numbers, &mut answers);
            if let Err(cause) = self.records(ecosystem, &mut |json| matching.take(json)) {
                let message = format!("{} packages of {ecosystem} could not be looked up: {cause}", numbers.len());
                answers.problems.push(ImageProblem::unjudged(message));
            }
        }
        answers
    }

    fn records(&self, ecosystem: &str, take: &mut dyn FnMut(&[u8]) -> Result<(), String>) -> Result<(), String> {
        let folder = self.folder.join(ecosystem);
        if !folder.is_dir() {
            return Err(format!("{} is not there", folder.display()));
        }
        let archive = folder.join("all.zip");
        if archive.is_file() {
            return zip_file::for_each(&archive, ".json", MAX_RECORD_BYTES, take);
        }
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut records = 0;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                records += 1;
                take(&read(&path)?)?;
            }
        }
        if records == 0 { Err(format!("{} has no records", folder.display())) } else { Ok(()) }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_RECORD_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    if bytes.len() as u64 > MAX_RECORD_BYTES { Err(format!("{} is too large", path.display())) } else { Ok(bytes) }
}

/// Matches records against the queries of one ecosystem.
struct Matching<'a> {
    queries: &'a [Query],
    by_name: HashMap<&'a str, Vec<usize>>,
    answers: &'a mut Answers,
}

impl<'a> Matching<'a> {
    fn new(queries: &'a [Query], numbers: &[usize], answers: &'a mut Answers) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for number in numbers {
            if let Some(query) = queries.get(*number) {
                by_name.entry(&query.name).or_default().push(*number);
            }
        }
        Self { queries, by_name, answers }
    }

    fn take(&mut self, json: &[u8]) -> Result<(), String> {
        let advisory = Advisory::parse(json).map_err(|place| format!("a record is damaged at {place}"))?;
        if advisory.withdrawn.is_some() {
            return Ok(());
        }
        let numbers: Vec<usize> =
            advisory.package_names().filter_map(|name| self.by_name.get(name)).flatten().copied().collect();
        let advisory = Arc::new(advisory);
        for number in numbers {
            let Some(query) = self.queries.get(number) else { continue };
            let is_affected = advisory.statement(query).is_some_and(|statement| statement.is_affected);
            let ids = self.answers.matches.get_mut(number).filter(|ids| is_affected && !ids.contains(&advisory.id));
            if let Some(ids) = ids {
                ids.push(advisory.id.clone());
                self.answers.advisories.insert(advisory.id.clone(), Arc::clone(&advisory));
            }
        }
        Ok(())
    }
}

#[async_trait]
impl AdvisorySource for OsvFolder {
    async fn ask(&self, queries: &[Query]) -> Answers {
        let (folder, queries) = (self.clone(), queries.to_vec());
        let count = queries.len();
        let answers = tokio::task::spawn_blocking(move || folder.ask_now(&queries)).await;
        answers.unwrap_or_else(|_| Answers {
            matches: vec![Vec::new(); count],
            problems: vec![ImageProblem::unjudged("reading the advisories was interrupted")],
            ..Answers::default()
        })
    }
}
