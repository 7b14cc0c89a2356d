use crate::settings::repository::SettingsFile;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A repository on disk, and the git to make it with.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(TempDir::new().unwrap());
        repository.git(&["init", "-q", "-b", "main"]);
        repository
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn git<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    async fn read(&self, range: GitRange) -> Result<Change, SourceError> {
        GitDiffSource::new(self.root(), range, Limits::default()).read().await
    }

    async fn between(&self, base: &str, head: &str) -> Change {
        self.read(GitRange::Commits { base: base.into(), head: head.into() }).await.unwrap()
    }
}

/// Each file as `status path < previous: base -> head`.
fn told(change: &Change) -> Vec<String> {
    let side = |content: &Content| match content {
        Content::Absent | Content::Unread => "-".to_owned(),
        Content::Text(text) => format!("{:?}", &**text),
        Content::Unjudged(cause) => format!("{:?}", cause.cause()),
    };
    let files = change.snapshot.files.iter().map(|file| {
        let previous = file.previous_path.as_ref().map(|path| format!(" < {path}")).unwrap_or_default();
        format!("{:?} {}{previous}: {} -> {}", file.status, file.path, side(&file.base), side(&file.head))
    });
    files.collect()
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let inner = Repository::new();
    inner.commit();
    let repository = Repository::new();
    let long = "a line that is long enough to be recognised\n".repeat(5);
    for (path, text) in [("changed", "1\n"), ("gone", "2\n"), ("mode", "3\n"), ("old", long.as_str())] {
        repository.write(path, text);
    }
    let base = repository.commit();
    repository.write("changed", "1\n2\n");
    repository.write("new/file", "x\n");
    std::fs::remove_file(repository.root().join("gone")).unwrap();
    std::fs::set_permissions(repository.root().join("mode"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(repository.root().join("old"), repository.root().join("renamed")).unwrap();
    symlink("/etc/passwd", repository.root().join("link")).unwrap();
    std::fs::write(repository.root().join("binary"), b"a\0b").unwrap();
    std::fs::write(repository.root().join("latin"), b"caf\xe9").unwrap();
    repository.git(&["submodule", "--quiet", "add", inner.root().to_str().unwrap(), "inner"]);
    let head = repository.commit();
    let change = repository.between(&base, &head).await;
    let told = told(&change);
    let find = |part: &str| told.iter().find(|line| line.contains(part)).cloned().unwrap_or_default();
    assert_eq!(find(" changed:"), r#"Modified changed: "1\n" -> "1\n2\n""#);
    assert_eq!(find(" gone:"), r#"Deleted gone: "2\n" -> -"#);
    assert_eq!(find(" mode:"), r#"ModeChanged mode: "3\n" -> "3\n""#);
    assert_eq!(find(" new/file:"), r#"Added new/file: - -> "x\n""#);
    assert!(find(" renamed ").starts_with("Renamed renamed < old: "), "{told:?}");
    assert_eq!(find(" link:"), "Added link: - -> Symlink");
    assert_eq!(find(" inner:"), "Added inner: - -> Submodule");
    assert_eq!(find(" binary:"), "Added binary: - -> Binary");
    assert_eq!(find(" latin:"), r#"Added latin: - -> "café""#);
    assert_eq!(told.len(), 10, "{told:?}");
    let changed = change.snapshot.files.iter().find(|file| file.path == "changed").unwrap();
    assert_eq!(changed.touched.iter().collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn the_change_is_measured_from_the_common_commit() {
    let repository = Repository::new();
    repository.write("a", "1\n");
    repository.commit();
    repository.git(&["checkout", "-q", "-b", "topic"]);
    repository.write("mine", "1\n");
    repository.commit();
    repository.git(&["checkout", "-q", "main"]);
    repository.write("theirs", "1\n");
    repository.write(".github/dockgate.yml", "fail-on: low\n");
    repository.write(".github/dockgate/own.yaml", "title: x\n");
    repository.commit();
    let change = repository.between("main", "topic").await;
    assert_eq!(told(&change), [r#"Added mine: - -> "1\n""#]);
    // Settings come from the base as it stands now.
    assert_eq!(change.team.settings, SettingsFile::Text("fail-on: low\n".into()));
    assert_eq!(change.team.policies[0].path, ".github/dockgate/own.yaml");
}

#[tokio::test]
async fn the_working_tree_and_the_index_are_told_apart() {
    let repository = Repository::new();
    repository.write("a", "1\n");
    repository.write("same", "1\n");
    repository.write(".gitignore", "ignored\n");
    repository.commit();
    repository.write("a", "staged\n");
    repository.git(&["add", "a"]);
    repository.write("a", "standing\n");
    repository.write("ignored", "x\n");
    repository.write("untracked", "x\n");
    repository.write("same", "1\n");
    let standing = repository.read(GitRange::WorkingTree { base: "HEAD".into() }).await.unwrap();
    let expected = [r#"Modified a: "1\n" -> "standing\n""#, r#"Added untracked: - -> "x\n""#];
    assert_eq!(told(&standing), expected);
    let staged = repository.read(GitRange::Staged { base: None }).await.unwrap();
    assert_eq!(told(&staged), [r#"Modified a: "1\n" -> "staged\n""#]);
}

#[tokio::test]
async fn before_the_first_commit_everything_staged_is_new() {
    let repository = Repository::new();
    repository.write("a", "1\n");
    repository.git(&["add", "a"]);
    let staged = repository.read(GitRange::Staged { base: None }).await.unwrap();
    assert_eq!(told(&staged), [r#"Added a: - -> "1\n""#]);
}

#[tokio::test]
async fn hostile_names_are_names() {
    let repository = Repository::new();
    let base = repository.commit();
    let names: [&[u8]; 6] = [b"--upload-pack=x", b"a\nb", b"\"q\"", b"-", b":(top)x", b"bad\xff.yaml"];
    for name in names {
        std::fs::write(repository.root().join(OsStr::from_bytes(name)), "x\n").unwrap();
    }
    let head = repository.commit();
    let change = repository.between(&base, &head).await;
    let paths: Vec<&str> = change.snapshot.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["\"q\"", "-", "--upload-pack=x", ":(top)x", "a\nb", "bad\\xff.yaml"]);
    assert!(change.snapshot.files.iter().all(|file| file.head.text().is_some()));
}

#[tokio::test]
async fn hostile_revisions_are_refused() {
    let repository = Repository::new();
    repository.commit();
    for revision in ["--output=x", "-", "", "no-such", "HEAD\0", "HEAD --exec=x"] {
        let outcome = repository.read(GitRange::WorkingTree { base: revision.into() }).await;
        assert!(matches!(outcome, Err(SourceError::Revision { .. })), "{revision:?}: {outcome:?}");
    }
    assert!(!repository.root().join("x").exists());
}

#[tokio::test]
async fn nothing_of_the_repository_runs() {
    let repository = Repository::new();
    repository.write(".gitattributes", "* filter=evil diff=evil\n");
    repository.write("a", "1\n");
    repository.commit();
    let mark = repository.root().join("ran");
    let evil = format!("touch {}; cat", mark.display());
    for key in ["diff.evil.textconv", "diff.evil.command", "core.fsmonitor", "filter.evil.smudge"] {
        repository.git(&["config", key, &evil]);
    }
    repository.write("a", "2\n");
    let change = repository.read(GitRange::WorkingTree { base: "HEAD".into() }).await.unwrap();
    assert_eq!(told(&change).len(), 1);
    assert!(!mark.exists());
}

#[tokio::test]
async fn large_files_are_not_read() {
    let repository = Repository::new();
    let base = repository.commit();
    repository.write("large", &"x".repeat(101));
    let head = repository.commit();
    let limits = Limits { max_file_bytes: 100, ..Limits::default() };
    let range = GitRange::Commits { base, head };
    let change = GitDiffSource::new(repository.root(), range, limits).read().await.unwrap();
    assert_eq!(told(&change), ["Added large: - -> Limit"]);
}

#[tokio::test]
async fn a_command_that_does_not_end_is_ended() {
    let repository = Repository::new();
    let mut git = Git::here(repository.root());
    git.limit = std::time::Duration::from_millis(50);
    let outcome = git.run("cat-file", &["--batch"]).await;
    // Closed input ends it at once; a clock that stops it is only for what waits.
    assert!(outcome.is_ok(), "{outcome:?}");
    repository.git(&["config", "alias.wait", "!sleep 60"]);
    let outcome = git.run::<&str>("wait", &[]).await;
    assert!(matches!(outcome, Err(SourceError::Slow { .. })), "{outcome:?}");
}

#[tokio::test]
async fn an_older_git_gives_the_same() {
    let repository = Repository::new();
    repository.write("a", "1\n");
    repository.write(".github/dockgate/deep/own.yaml", "title: x\n");
    let commit = repository.commit();
    let script = "case \"$*\" in *--batch-command*|*--merge-base*) echo usage >&2; exit 129;; esac; exec git \"$@\"";
    // Another process writes it: one that writes a program can keep it from being started.
    let write = format!("printf '%s\\n' '#!/bin/sh' '{script}' > .git/old; chmod 755 .git/old");
    assert!(Command::new("sh").args(["-c", &write]).current_dir(repository.root()).status().unwrap().success());
    let new = Git::here(repository.root());
    for git in [new.clone(), new.with_program(repository.root().join(".git/old"))] {
        let mut reader = ObjectReader::new(&git);
        assert_eq!(reader.commit("HEAD").await.unwrap(), commit);
        let team = team_objects(&mut reader, &commit).await.unwrap();
        assert_eq!(team[0].0, ".github/dockgate/deep/own.yaml");
        let wanted = [team[0].1.oid.clone(), "1".repeat(40)];
        assert_eq!(reader.missing(&wanted.clone().into()).await.unwrap(), [wanted[1].clone()].into());
        let objects = reader.read(wanted.clone().into(), &Limits::default()).await.unwrap();
        assert_eq!(objects.bytes(&wanted[0]), Ok(b"title: x\n".to_vec()));
        assert!(objects.bytes(&wanted[1]).is_err());
    }
}

#[tokio::test]
async fn histories_that_meet_twice_or_never_are_told() {
    let repository = Repository::new();
    let git = |arguments: &[&str]| repository.git(arguments);
    repository.write("a", "1\n");
    repository.commit();
    for branch in ["one", "two"] {
        git(&["checkout", "-q", "-b", branch, "main"]);
        repository.write(branch, "1\n");
        repository.commit();
        git(&["branch", &format!("{branch}-before")]);
    }
    // Each takes the other in: both commits before are common ones.
    for (branch, other) in [("one", "two-before"), ("two", "one-before")] {
        git(&["checkout", "-q", branch]);
        git(&["merge", "-q", "--no-edit", other]);
    }
    repository.write("b", "1\n");
    repository.commit();
    let change = repository.between("one", "two").await;
    assert_eq!(told(&change)[0], r#"Added b: - -> "1\n""#);
    git(&["checkout", "-q", "--orphan", "alone"]);
    repository.commit();
    for range in
        [GitRange::Commits { base: "main".into(), head: "alone".into() }, GitRange::WorkingTree { base: "main".into() }]
    {
        let outcome = repository.read(range).await;
        assert!(matches!(outcome, Err(SourceError::Unrelated { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn the_top_of_the_working_tree_is_found_as_git_finds_it() {
    let repository = Repository::new();
    repository.write("sub/a", "1\n");
    repository.commit();
    let top = repository.root().canonicalize().unwrap();
    assert_eq!(plain_root(&top.join("sub")), Some(top.clone()));
    assert_eq!(plain_root(&top.join(".git")), None);
    repository.git(&["worktree", "add", "-q", "other"]);
    for folder in ["sub", ".", "other"] {
        let asked = Git::here(&top.join(folder)).run("rev-parse", &["--show-toplevel"]).await.unwrap();
        let found = root(&top.join(folder)).await.unwrap();
        assert_eq!(found.to_str().unwrap(), String::from_utf8(asked).unwrap().trim());
    }
    let empty = TempDir::new().unwrap();
    std::fs::create_dir(empty.path().join(".git")).unwrap();
    let outcome = root(empty.path()).await;
    assert!(matches!(outcome, Err(SourceError::Git { .. })), "{outcome:?}");
}
