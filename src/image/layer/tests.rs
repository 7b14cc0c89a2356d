use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// Writes tar archives, hostile ones too.
#[derive(Default)]
pub struct Tar(pub Vec<u8>);

impl Tar {
    /// Adds an entry as the header says, whatever `content` is.
    pub fn raw(mut self, path: &str, kind: u8, mode: u32, size: usize, link: &str, content: &[u8]) -> Self {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &path.as_bytes()[..path.len().min(100)]);
        put(100, format!("{mode:07o}\0").as_bytes());
        put(124, format!("{size:011o}\0").as_bytes());
        put(148, b"        ");
        put(156, &[kind]);
        put(157, link.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&header);
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        self.raw(path, b'0', 0o644, content.len(), "", content)
    }

    pub fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}

pub fn diff_id(tar: &[u8]) -> String {
    crate::registry::Digest::of(tar).to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// The facts of a plain archive.
pub fn facts(tar: &[u8]) -> LayerFacts {
    read_layer(tar, &diff_id(tar), LayerLimits::default()).unwrap()
}

fn refused(packed: &[u8], unpacked: &[u8], limits: LayerLimits) -> LayerError {
    read_layer(packed, &diff_id(unpacked), limits).unwrap_err()
}

const STATUS: &str = "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nSource: glibc\n\n";

#[test]
fn every_packing_gives_the_same_facts() {
    let tar = Tar::default().file("./var/lib/dpkg/status", STATUS).end();
    let expected = facts(&tar);
    assert_eq!(expected.files["var/lib/dpkg/status"].packages[0].source_name(), "glibc");
    let (left, right) = tar.split_at(700);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3], zstd(left).as_slice(), &zstd(right)].concat();
    for packed in [gzip(&tar), [gzip(left), gzip(right)].concat(), zstd(&tar), skippable] {
        assert_eq!(read_layer(&packed[..], &diff_id(&tar), LayerLimits::default()).unwrap(), expected);
    }
}

#[test]
fn another_content_is_refused() {
    let tar = Tar::default().file("a", "b").end();
    let error = read_layer(&tar[..], &diff_id(b""), LayerLimits::default()).unwrap_err();
    assert!(matches!(error, LayerError::DiffId { .. }));
    // What follows the end of the archive is part of the layer.
    let longer = [&tar[..], b"more"].concat();
    assert!(matches!(refused(&longer, &tar, LayerLimits::default()), LayerError::DiffId { .. }));
    assert!(read_layer(&longer[..], &diff_id(&longer), LayerLimits::default()).is_ok());
}

#[test]
fn long_names_of_both_kinds() {
    let long = format!("{}/node_modules/x/package.json", "d".repeat(200));
    let json = r#"{"name": "x", "version": "1.0.0"}"#;
    let record = format!("path={long}\n");
    let record = format!("{} {record}", record.len() + 4);
    let gnu = Tar::default().raw("././@LongLink", b'L', 0, long.len(), "", long.as_bytes()).file("short", json).end();
    let pax = Tar::default().raw("x", b'x', 0, record.len(), "", record.as_bytes()).file("short", json).end();
    for tar in [gnu, pax] {
        assert_eq!(facts(&tar).files.keys().collect::<Vec<_>>(), [&long]);
    }
}

#[test]
fn a_size_beside_the_header() {
    let record = b"12 size=158\n";
    let json = format!("{:158}", r#"{"name": "x", "version": "1.0.0"}"#);
    let tar = Tar::default()
        .raw("x", b'x', 0, record.len(), "", record)
        .raw("node_modules/x/package.json", b'0', 0o644, 0, "", json.as_bytes())
        .file("node_modules/y/package.json", json.replace('x', "y"))
        .end();
    assert_eq!(facts(&tar).files.len(), 2);
}

#[test]
fn names_are_bytes() {
    let mut tar = Tar::default().raw("node_modules/X/package.json", b'0', 0o644, 2, "", b"{}");
    tar.0[13] = 0xff;
    let sum: u32 = tar.0[..512]
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    tar.0[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let facts = facts(&tar.end());
    assert!(facts.marks.contains(Mark::File, b"node_modules/\xff/package.json"));
}

#[test]
fn whiteouts_are_marks() {
    let tar = Tar::default().file("a/.wh.b", "").file("c/.wh..wh..opq", "").file(".wh.d", "").file("e/.wh.", "").end();
    let marks = facts(&tar).marks;
    assert!(marks.contains(Mark::Removed, b"a/b") && marks.contains(Mark::Removed, b"d"));
    assert!(marks.contains(Mark::Emptied, b"c"));
    assert_eq!(marks.len(), 3);
}

#[test]
fn links_to_databases() {
    let tar = Tar::default()
        .file("opt/status", STATUS)
        .raw("var/lib/dpkg/status", b'1', 0o644, 0, "opt/status", b"")
        .raw("lib/apk/db/installed", b'2', 0o777, 0, "../elsewhere", b"")
        .end();
    let facts = facts(&tar);
    assert_eq!(facts.files["var/lib/dpkg/status"].link.as_deref(), Some("/opt/status"));
    assert_eq!(facts.files["lib/apk/db/installed"].link.as_deref(), Some("../elsewhere"));
    let tar = Tar::default().file("var/lib/rpm/Packages", "x").raw(
        "usr/lib/sysimage/rpm/Packages",
        b'1',
        0,
        0,
        "/var/lib/rpm/Packages",
        b"",
    );
    let facts = super::tests::facts(&tar.end());
    assert!(facts.files["usr/lib/sysimage/rpm/Packages"].problem.is_some());
}

#[test]
fn what_is_owned_by_root_and_run_by_all() {
    let tar = Tar::default().raw("bin/su", b'0', 0o4755, 1, "", b"x").raw("bin/x", b'0', 0o4644, 1, "", b"x").end();
    let facts = facts(&tar);
    assert_eq!(facts.files.len(), 1);
    assert_eq!(facts.files["bin/su"].set_id_mode, Some(0o4755));
}

#[test]
fn bombs_are_refused_by_what_they_unpack_to() {
    let zeros = vec![0_u8; 70 << 20];
    let tar = Tar::default().raw("big", b'0', 0o644, zeros.len(), "", &zeros).end();
    let limits = LayerLimits::default();
    for packed in [gzip(&tar), zstd(&tar)] {
        assert!(matches!(refused(&packed, &tar, limits), LayerError::Ratio { ratio: 200 }), "{}", packed.len());
    }
    let limits = LayerLimits { unpacked_bytes: 1 << 20, ..limits };
    assert!(matches!(refused(&gzip(&tar), &tar, limits), LayerError::TooLarge { .. }));
}

#[test]
fn a_window_that_is_too_large_is_refused() {
    // Magic, no single segment, a window of 128 MiB.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00];
    assert!(matches!(refused(&frame, b"", LayerLimits::default()), LayerError::Read(_)));
}

#[test]
fn limits_of_entries_facts_and_headers() {
    let mut tar = Tar::default();
    for number in 0..20 {
        tar =
            tar.file(&format!("node_modules/{number}/package.json"), format!(r#"{{"name":"{number}","version":"1"}}"#));
    }
    let tar = tar.end();
    let limits = LayerLimits { entries: 19, ..LayerLimits::default() };
    assert!(matches!(refused(&tar, &tar, limits), LayerError::Entries { entries: 19 }));
    let limits = LayerLimits { facts_bytes: 2000, ..LayerLimits::default() };
    assert!(matches!(refused(&tar, &tar, limits), LayerError::Facts { .. }));
    let tar = Tar::default().raw("x", b'x', 0, 2 << 20, "", b"").end();
    assert!(matches!(refused(&tar, &tar, LayerLimits::default()), LayerError::Header { .. }));
}

#[test]
fn a_database_that_is_too_large_is_named() {
    let tar = Tar::default().file("var/lib/dpkg/status", STATUS.repeat(10)).end();
    let limits = LayerLimits { file_bytes: 100, ..LayerLimits::default() };
    let facts = read_layer(&tar[..], &diff_id(&tar), limits).unwrap();
    assert!(facts.files["var/lib/dpkg/status"].problem.as_ref().unwrap().leaves_unjudged);
}

#[test]
fn damaged_archives_are_errors() {
    let tar = Tar::default().file("var/lib/dpkg/status", STATUS).end();
    for length in [1, 300, 511, 513, 580] {
        let cut = &tar[..length];
        assert!(matches!(refused(cut, cut, LayerLimits::default()), LayerError::Read(_)), "{length}");
    }
    let mut wrong_sum = tar.clone();
    wrong_sum[0] ^= 1;
    assert!(matches!(refused(&wrong_sum, &wrong_sum, LayerLimits::default()), LayerError::Damaged));
    let climbing = Tar::default().file("a/../../etc/passwd", "x").end();
    assert!(matches!(refused(&climbing, &climbing, LayerLimits::default()), LayerError::Path));
    assert_eq!(clean(b"./a//b/../c/").unwrap(), b"a/c");
}

#[test]
fn facts_survive_being_kept() {
    let tar = Tar::default().file("var/lib/dpkg/status", STATUS).file("a/.wh.b", "").end();
    let facts = facts(&tar);
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<LayerFacts>(&text).unwrap(), facts);
}

/// A layer with these files.
fn layer_of(files: &[(&str, String)]) -> LayerFacts {
    facts(&files.iter().fold(Tar::default(), |tar, (path, text)| tar.file(path, text)).end())
}

#[test]
fn secrets_of_small_text_files_are_found_where_somebody_put_them() {
    let token = crate::scan::secret::fake::expand("{fake:github-token}");
    let line = format!("debug=1\nGITHUB_TOKEN={token}\n");
    let long = format!("{line}{}", "#".repeat(64 << 10));
    let read = layer_of(&[
        ("app/.env", line.clone()),
        ("usr/share/doc/x/.env", line.clone()),
        ("usr/lib/python3/dist-packages/x/.env", line.clone()),
        ("app/node_modules/x/.env", line.clone()),
        ("app/long.env", long),
        ("app/binary.env", format!("\0{line}")),
        ("etc/plain.conf", "listen = 80\n".to_owned()),
    ]);
    let found: Vec<(&str, usize)> = read.secrets.iter().map(|one| (one.path.as_str(), one.line)).collect();
    assert_eq!(found, [("app/.env", 2)], "{:?}", read.secrets);
    assert!(read.secrets[0].rule.starts_with("secret/"), "{:?}", read.secrets);
    assert!(!serde_json::to_string(&read).unwrap().contains(token.as_ref()), "the value is not kept");
    assert_eq!(read.texts_left_out, 0);
}

#[test]
fn a_layer_of_many_texts_is_looked_through_up_to_a_bound_and_says_so() {
    let token = crate::scan::secret::fake::expand("{fake:github-token}");
    let mut tar = Tar::default();
    for number in 0..4_100 {
        tar = tar.file(&format!("app/{number:05}"), "x");
    }
    let read = facts(&tar.file("app/zzzz.env", format!("TOKEN={token}")).end());
    assert_eq!((read.secrets.len(), read.texts_left_out), (0, 101));
}
