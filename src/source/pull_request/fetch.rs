//! A change by git: a bare, shallow fetch of its commits without blobs, then one fetch of the blobs that differ.
//!
//! Invariant: two conversations with the server however many files there are (a third for versions of files that only
//! stand in between); the token is in git's environment only,
//! bound to the server's address, and is not taken along by a redirect.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use super::super::git::command::Git;
use super::super::git::objects::{ObjectReader, lines};
use super::super::git::{admission_objects, team_files, team_objects, wanted};
use super::super::raw_diff::{Entry, Object, parse_diff, path_text};
use super::super::team_files::content_of;
use super::super::{Change, SourceError};
use super::{Commits, PullRequestSource};
use crate::scan::snapshot::{ChangedFile, Content, Snapshot};

const FETCH: [&str; 4] = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc"];

impl PullRequestSource {
    /// Reads the change with git.
    pub(super) async fn fetch(&self, commits: &Commits) -> Result<Change, SourceError> {
        let directory = self.directory()?;
        let (git, refused) = self.repository(Git::bare(directory.path()), commits).await?;
        let (fork, head) = (commits.fork.as_str(), commits.head.as_str());
        let entries = diff(&git, fork, head, "--no-renames").await?;
        if self.target.changed_files.is_some_and(|count| entries.len() < count) {
            return Err(SourceError::Output { command: "diff-tree".into() });
        }
        let mut reader = ObjectReader::new(&git);
        // Whatever a reference held, it is this commit that is judged.
        reader.commit(commits.head.as_str()).await?;
        let mut team = team_objects(&mut reader, commits.base.as_str()).await?;
        let mut oids: BTreeSet<String> =
            wanted(&entries).chain(team.iter().map(|(_, object)| object.oid.clone())).collect();
        fetch_missing(&git, &mut reader, &oids).await?;
        // Now that the settings are there, they may want more.
        let mut reader = ObjectReader::new(&git);
        let more = admission_objects(&mut reader, commits.base.as_str(), &team, &self.limits).await?;
        oids.extend(more.iter().map(|(_, object)| object.oid.clone()));
        fetch_missing(&git, &mut reader, &oids).await?;
        team.extend(more);
        // Now that the blobs are there, similar files can be told to be renamed ones.
        let mut entries = diff(&git, fork, head, "-M").await.unwrap_or(entries);
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let objects = ObjectReader::new(&git).read(oids, &self.limits).await?;
        let side = |object: &Option<Object>| match object {
            None => Content::Absent,
            Some(object) => content_of(object.mode, &self.limits, || objects.bytes(&object.oid)),
        };
        let files = entries.iter().map(|entry| {
            let previous_path = entry.previous_path.as_deref().map(path_text);
            ChangedFile::new(path_text(&entry.path), previous_path, entry.status, side(&entry.base), side(&entry.head))
        });
        let snapshot = Snapshot { files: files.collect(), whole_tree: false };
        let team = team_files(&team, &objects, &self.limits);
        let history = match refused {
            None => self.history_by_git(&git, commits).await,
            Some(error) => Err(error),
        };
        let history = match history {
            Ok(history) => history,
            Err(error) => {
                self.warn(commits, &error, "git could not fetch the single commits, the API is used for them");
                self.history_by_api(commits).await?
            }
        };
        Ok(Change { snapshot, team, history })
    }

    /// A folder for a short-lived repository.
    pub(super) fn directory(&self) -> Result<TempDir, SourceError> {
        let made = tempfile::Builder::new().prefix(super::REPOSITORY_PREFIX).tempdir_in(&self.options.directory);
        made.map_err(|source| SourceError::Path { path: self.options.directory.clone(), source })
    }

    /// A bare repository that has the commits and their trees; with it comes why it lacks those in between, if it does.
    pub(super) async fn repository(
        &self,
        git: Git,
        commits: &Commits,
    ) -> Result<(Git, Option<SourceError>), SourceError> {
        let format = if commits.head.as_str().len() == 64 { "--object-format=sha256" } else { "--object-format=sha1" };
        git.run("init", &["--quiet", "--bare", "--template=", format]).await?;
        let root = self.client.web_root();
        let token = self.client.token().await?.secret;
        let basic = STANDARD.encode(format!("x-access-token:{}", token.expose_secret()));
        let plain = |text: String| SecretString::from(text);
        let git = git
            .with_setting("remote.origin.url", plain(format!("{root}/{}.git", self.client.name())))
            .with_setting("remote.origin.promisor", plain("true".into()))
            .with_setting("remote.origin.partialCloneFilter", plain("blob:none".into()))
            .with_setting("http.followRedirects", plain("false".into()))
            .with_setting("credential.helper", plain(String::new()))
            .with_setting(format!("http.{root}/.extraHeader"), plain(format!("Authorization: Basic {basic}")));
        let arguments = [&FETCH[..], &["--depth=1", "--filter=blob:none", "--stdin", "origin"]].concat();
        let fetch = async |head: &str, between: &BTreeSet<String>| {
            let ends = [head, commits.fork.as_str(), commits.base.as_str()].map(ToOwned::to_owned);
            git.run_with_input("fetch", &arguments, lines(ends.iter().chain(between))).await
        };
        let head = commits.head.as_str();
        let (between, none) = (between(commits), BTreeSet::new());
        let Err(mut refused) = fetch(head, &between).await else { return Ok((git, None)) };
        if !between.is_empty() {
            let Err(error) = fetch(head, &none).await else { return Ok((git, Some(refused))) };
            refused = error;
        }
        // A server may refuse a commit by its id and still give the reference that holds it.
        let Some(number) = self.target.pull_request else { return Err(refused) };
        fetch(&format!("refs/pull/{number}/head"), &none).await?;
        Ok((git, (!between.is_empty()).then_some(refused)))
    }
}

/// The commits that are judged one by one, and those they were made on.
fn between(commits: &Commits) -> BTreeSet<String> {
    let all = commits.own.iter().flat_map(|own| own.parents.iter().chain([&own.sha]));
    all.map(ToString::to_string).collect()
}

/// Fetches those of `oids` that are not there yet, in one conversation.
pub(super) async fn fetch_missing(
    git: &Git,
    reader: &mut ObjectReader<'_>,
    oids: &BTreeSet<String>,
) -> Result<(), SourceError> {
    let absent = reader.missing(oids).await?;
    if !absent.is_empty() {
        let arguments = [&FETCH[..], &["--filter=blob:none", "--stdin", "origin"]].concat();
        git.run_with_input("fetch", &arguments, lines(absent.iter())).await?;
    }
    Ok(())
}

/// What differs between two commits or trees.
pub(super) async fn diff(git: &Git, fork: &str, head: &str, renames: &str) -> Result<Vec<Entry>, SourceError> {
    let arguments = ["-r", "--raw", "-z", "--no-abbrev", "--no-ext-diff", "--no-textconv", renames, fork, head, "--"];
    let output = git.run("diff-tree", &arguments).await?;
    parse_diff(&output).ok_or_else(|| SourceError::Output { command: "diff-tree".into() })
}
