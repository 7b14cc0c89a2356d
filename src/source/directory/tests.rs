use crate::settings::repository::SettingsFile;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (path, bytes) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    root
}

/// Reads `paths` of the tree and tells each file with its kind of content.
fn check(root: &Path, paths: &[&str], expected: &[&str]) {
    let limits = Limits { max_file_bytes: 10, ..Limits::default() };
    let source = DirectorySource::new(root, paths.iter().map(PathBuf::from).collect(), limits);
    let change = source.read_now().unwrap();
    let told: Vec<String> = change
        .snapshot
        .files
        .iter()
        .map(|file| match &file.head {
            Content::Text(text) => format!("{} {}", file.path, text.len()),
            Content::Unjudged(cause) => format!("{} {:?}", file.path, cause.cause()),
            Content::Absent | Content::Unread => format!("{} absent", file.path),
        })
        .collect();
    assert_eq!(told, expected, "{paths:?}");
    assert!(change.snapshot.whole_tree);
}

#[test]
fn a_listed_file_is_read_only_when_it_is_judged() {
    let root = tree(&[("a.txt", b"one"), ("b/c.txt", b"two")]);
    for paths in [vec![], vec![PathBuf::from(".")], vec![PathBuf::from("b"), PathBuf::from("a.txt")]] {
        let source = DirectorySource::new(root.path(), paths.clone(), Limits::default());
        let files = source.list().unwrap().snapshot.files;
        assert_eq!(files.len(), 2, "{paths:?}");
        assert!(files.iter().all(|file| file.head == Content::Unread), "{paths:?}: {files:?}");
    }
}

#[test]
fn a_directory_is_read_without_what_git_ignores() {
    let root = tree(&[
        (".git/config", b"x"),
        (".gitignore", b"*.log\n"),
        (".github/a.yml", b"x"),
        ("b/c.txt", b"12"),
        ("b/d.log", b"x"),
        ("bin", b"\0"),
        ("large", b"12345678901"),
    ]);
    symlink("/etc", root.path().join("link")).unwrap();
    let all = [".github/a.yml 1", ".gitignore 6", "b/c.txt 2", "bin Binary", "large Limit", "link Symlink"];
    check(root.path(), &[], &all);
    check(root.path(), &["."], &all);
    check(root.path(), &["b", "b/c.txt"], &["b/c.txt 2"]);
    check(root.path(), &["b/d.log"], &["b/d.log 1"]);
    check(root.path(), &["./b/../bin"], &["b/../bin Binary"]);
}

#[test]
fn names_that_are_not_utf_8_are_escaped() {
    let root = TempDir::new().unwrap();
    std::fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"a\xffb")), "x").unwrap();
    check(root.path(), &[], &["a\\xffb 1"]);
}

#[test]
fn what_is_not_there_is_an_error() {
    let root = TempDir::new().unwrap();
    let outcome = DirectorySource::new(root.path(), vec!["gone".into()], Limits::default()).read_now();
    assert!(matches!(outcome, Err(SourceError::Path { .. })));
}

#[test]
fn settings_of_the_root_are_read_whatever_is_scanned() {
    let root = tree(&[
        (".github/dockgate.yml", b"a: 1\n"),
        (".github/dockgate/x/y.yaml", b"b: 1\n"),
        (".github/dockgate/README.md", b"x"),
        ("f", b"x"),
    ]);
    let source = DirectorySource::new(root.path(), vec!["f".into()], Limits::default());
    let team = source.read_now().unwrap().team;
    assert_eq!(team.settings, SettingsFile::Text("a: 1\n".into()));
    let paths: Vec<&str> = team.policies.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, [".github/dockgate/x/y.yaml"]);
}

#[test]
fn a_large_file_is_told_by_its_beginning_and_read_to_its_end() {
    let text = "line of text\n".repeat(20_000);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let late = [text.as_bytes(), &[0]].concat();
    let early = [b"\x7fELF\0", text.as_bytes()].concat();
    let root = tree(&[("text", text.as_bytes()), ("wide", &wide), ("late", &late), ("early", &early)]);
    let source = DirectorySource::new(root.path(), vec![], Limits::default());
    for name in ["text", "wide"] {
        assert_eq!(source.read_file(name).text().map(|read| read.len()), Some(text.len()), "{name}");
    }
    for name in ["late", "early"] {
        assert_eq!(source.read_file(name), Content::Unjudged(Unjudged::Binary), "{name}");
    }
}

#[test]
fn what_is_no_regular_file_is_named_without_waiting_for_it() {
    let folder = tree(&[("a", b"x")]);
    let path = |name: &str| folder.path().join(name);
    symlink("a", path("link")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RUSR).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    let content = |name: &str| super::content(&path(name), FileMode::Regular, &Limits::default());
    assert_eq!(content("link"), Content::Unjudged(Unjudged::Symlink));
    for name in ["pipe", "socket", "."] {
        assert_eq!(content(name), Content::Unjudged(unavailable("not a regular file")), "{name}");
    }
    assert!(
        matches!(content("none"), Content::Unjudged(Unjudged::Unavailable { why }) if why.contains("No such file"))
    );
}
