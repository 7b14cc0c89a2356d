//! Images that mean harm: refused by name, within time and memory.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The most that a scan may take, in KiB.
const MAX_KIB: u64 = 100_000;

fn digest(bytes: &[u8]) -> String {
    dockgate::registry::Digest::of(bytes).to_string()
}

/// Writes a layout with one image of these layers, each with its diff id.
fn layout(folder: &Path, layers: &[(Vec<u8>, String)]) {
    let blobs = folder.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).expect("a folder");
    let put = |bytes: &[u8]| {
        let name = digest(bytes);
        std::fs::write(blobs.join(name.trim_start_matches("sha256:")), bytes).expect("a blob");
        json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": name, "size": bytes.len()})
    };
    let diff_ids: Vec<&String> = layers.iter().map(|(_, diff_id)| diff_id).collect();
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = put(config.to_string().as_bytes());
    let layers: Vec<_> = layers.iter().map(|(packed, _)| put(packed)).collect();
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
    let entry = put(manifest.to_string().as_bytes());
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    std::fs::write(folder.join("index.json"), index.to_string()).expect("an index");
}

/// A header of a tar entry.
fn header(path: &str, kind: u8, mode: u32, size: u64) -> [u8; 512] {
    let mut header = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, format!("{mode:07o}\0").as_bytes());
    put(124, format!("{size:011o}\0").as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// Packs what `write` gives; the diff id is that of all of it.
fn packed(level: Compression, write: impl FnOnce(&mut dyn FnMut(&[u8]))) -> (Vec<u8>, String) {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    let mut hash = Sha256::new();
    write(&mut |bytes| {
        hash.update(bytes);
        encoder.write_all(bytes).expect("packed bytes");
    });
    let hex = hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    (encoder.finish().expect("a packed layer"), format!("sha256:{hex}"))
}

/// Scans a layout with the program itself; gives its output and the most memory it took, in KiB.
fn scan(folder: &Path) -> (Output, u64) {
    const MEASURE: &str = "import resource, subprocess, sys\n\
        code = subprocess.call(sys.argv[2:])\n\
        open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\n\
        sys.exit(code)";
    let peak = folder.join("peak");
    let output = Command::new("python3")
        .args(["-c", MEASURE])
        .arg(&peak)
        .arg(env!("CARGO_BIN_EXE_dockgate"))
        .arg("image")
        .arg(format!("oci:{}", folder.display()))
        .args(["--format", "json", "--osv-dir"])
        .arg(folder)
        .output()
        .expect("python");
    let peak = std::fs::read_to_string(peak).expect("the peak").parse().expect("a number");
    (output, peak)
}

/// The image is refused with this word, and the scan stays small.
fn check_refused(layers: &[(Vec<u8>, String)], word: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    layout(folder.path(), layers);
    let (output, kib) = scan(folder.path());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(word), "{error}");
    assert!(kib < MAX_KIB, "{kib} KiB");
}

#[test]
fn a_bomb_is_refused_by_its_ratio() {
    let bomb = packed(Compression::best(), |put| {
        put(&header("big", b'0', 0o644, 1 << 30));
        for _ in 0..1024 {
            put(&vec![0; 1 << 20]);
        }
    });
    check_refused(&[bomb], "more than 200 times");
}

#[test]
fn names_without_end_are_refused() {
    let names = packed(Compression::fast(), |put| {
        put(&header("x", b'x', 0, 40 << 20));
        let noise: Vec<u8> = (0..1_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for _ in 0..40 {
            put(&noise);
        }
    });
    check_refused(&[names], "extended header");
}

#[test]
fn more_entries_than_any_image_has_are_refused() {
    let entries = packed(Compression::fast(), |put| {
        for number in 0..500_001 {
            put(&header(&format!("d{number}/{}", number * 7), b'0', 0o644, 0));
        }
    });
    check_refused(&[entries], "500000 entries");
}

/// A database of the full size, many packages and many programs together stay within memory.
#[test]
fn the_largest_files_stay_within_memory() {
    let status = packed(Compression::fast(), |put| {
        let size = 47_u64 << 20;
        put(&header("var/lib/dpkg/status", b'0', 0o644, size));
        let mut written = 0;
        let mut number = 0_u64;
        while written < size {
            let mut text = format!(
                "Package: p{number}\nVersion: 1.{number}\nDescription: {}\n\n",
                number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
            )
            .into_bytes();
            text.truncate(usize::try_from(size - written).expect("a size"));
            written += text.len() as u64;
            number += 1;
            put(&text);
        }
    });
    let program = packed(Compression::fast(), |put| {
        put(&header("bin/x", b'0', 0o755, 47 << 20));
        put(b"\x7fELF\x02\x01");
        let noise: Vec<u8> = (0..1_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for _ in 0..46 {
            put(&noise);
        }
        put(&vec![1; (1 << 20) - 6]);
    });
    let folder = tempfile::tempdir().expect("a folder");
    layout(folder.path(), &[status, program]);
    let (output, kib) = scan(folder.path());
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("more than 10000 packages"));
    assert!(kib < MAX_KIB, "{kib} KiB");
}

/// A zip archive whose entries, all archives by their names, are one and the same packed content.
fn sharing(entries: usize, content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("packed bytes");
    let packed = encoder.finish().expect("packed bytes");
    let half = |value: usize| u16::try_from(value).expect("a short number").to_le_bytes();
    let word = |value: usize| u32::try_from(value).expect("a number").to_le_bytes();
    let sizes = [[0; 4], word(packed.len()), word(content.len())].concat();
    let start = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0";
    let mut archive = [&start[..], &sizes, &half(5), &half(0), b"a.war", &packed].concat();
    let offset = archive.len();
    for number in 0..entries {
        let name = format!("{number:06}.war");
        let start = b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0";
        archive.extend([&start[..], &sizes, &half(name.len()), &[0; 16], name.as_bytes()].concat());
    }
    let directory = word(archive.len() - offset);
    archive.extend([&b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff"[..], &directory, &word(offset), &[0; 2]].concat());
    archive
}

/// Unpacked one by one they would be 30 GB.
#[test]
fn archives_that_share_what_they_are_packed_in_end() {
    let archive = sharing(2_000, &vec![0; 15 << 20]);
    let layer = packed(Compression::fast(), |put| {
        put(&header("app/all.ear", b'0', 0o644, archive.len() as u64));
        put(&archive);
        put(&vec![0; archive.len().next_multiple_of(512) - archive.len() + 1024]);
    });
    let folder = tempfile::tempdir().expect("a folder");
    layout(folder.path(), &[layer]);
    let begun = Instant::now();
    let (output, kib) = scan(folder.path());
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("archives in it were not read"), "{told}");
    assert!(kib < MAX_KIB, "{kib} KiB");
}

#[test]
fn a_layer_that_is_not_its_digest_is_refused() {
    let (layer, diff_id) = packed(Compression::fast(), |put| put(&header("a", b'0', 0o644, 0)));
    check_refused(&[(layer.clone(), digest(b"another"))], "content is sha256:");
    let folder = tempfile::tempdir().expect("a folder");
    layout(folder.path(), &[(layer.clone(), diff_id)]);
    let blob = folder.path().join("blobs/sha256").join(digest(&layer).trim_start_matches("sha256:"));
    let mut changed = layer;
    let last = changed.len() - 12;
    changed[last] ^= 1;
    std::fs::write(blob, changed).expect("a blob");
    let (output, _) = scan(folder.path());
    assert_eq!(output.status.code(), Some(2));
}
