//! An OCI layout with an index of two platforms, written file by file.

use std::fs;
use std::path::Path;

use dockgate::registry::Digest;

/// What the layout holds.
pub struct Layout {
    /// The index that the tag names.
    pub index: Digest,
    /// The layer of the image for amd64.
    pub layer: Vec<u8>,
}

/// Writes the layout of `app:1` into `folder`.
pub fn write(folder: &Path) -> Layout {
    fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder");
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("a file");
    let blob = |content: &[u8]| {
        let digest = Digest::of(content);
        fs::write(folder.join("blobs/sha256").join(digest.hex()), content).expect("a blob");
        digest
    };
    let entries: Vec<String> = ["amd64", "arm64"]
        .map(|architecture| {
            let layer = tar_of(architecture);
            let diff_id = blob(&layer);
            let config = format!(
                r#"{{"architecture":"{architecture}","os":"linux","config":{{}},"rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}}}}"#
            );
            let manifest = format!(
                r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{diff_id}","size":{}}}]}}"#,
                blob(config.as_bytes()),
                config.len(),
                layer.len()
            );
            format!(
                r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":{},"platform":{{"os":"linux","architecture":"{architecture}"}}}}"#,
                blob(manifest.as_bytes()),
                manifest.len()
            )
        })
        .into();
    let kind = "application/vnd.oci.image.index.v1+json";
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[{}]}}"#, entries.join(","));
    let digest = blob(index.as_bytes());
    let root = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{kind}","digest":"{digest}","size":{},"annotations":{{"org.opencontainers.image.ref.name":"1"}}}}]}}"#,
        index.len()
    );
    fs::write(folder.join("index.json"), root).expect("the index");
    Layout { index: digest, layer: tar_of("amd64") }
}

/// An archive of one file of 3 MiB.
fn tar_of(content: &str) -> Vec<u8> {
    let size = 3 * 1024 * 1024;
    let mut header = vec![0_u8; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, b"data");
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let data = content.bytes().cycle().take(size);
    header.into_iter().chain(data).chain([0; 1024]).collect()
}
