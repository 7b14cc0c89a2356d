//! Debian's `docker-registry` with images of a few files each.
//!
//! Invariant: the process never outlives its test.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dockgate::registry::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A running registry.
pub struct Registry {
    pub host: String,
    process: Child,
    _folder: TempDir,
}

impl Registry {
    /// An empty registry.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \
             127.0.0.1:{port}}}\n",
            folder.path().join("storage").display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("docker-registry, which .ci/run installs");
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(started.elapsed() < Duration::from_mins(1), "docker-registry does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { host: format!("127.0.0.1:{port}"), process, _folder: folder }
    }

    /// What lets dockgate reach it.
    pub fn setting(&self) -> String {
        format!("{}=127.0.0.1/32;http", self.host)
    }

    /// Pushes a Debian 12 with these packages, each a name and a version; returns the manifest's digest.
    pub async fn push(&self, name: &str, tag: &str, packages: &[(&str, &str)]) -> String {
        self.push_on(name, tag, &[packages], &[]).await
    }

    /// Pushes an image of several layers, each with all packages that are there by then, and with annotations.
    pub async fn push_on(
        &self,
        name: &str,
        tag: &str,
        layers: &[&[(&str, &str)]],
        annotations: &[(&str, &str)],
    ) -> String {
        self.push_layers(name, tag, layers.iter().map(|packages| layer(packages)).collect(), annotations).await
    }

    /// Pushes an image of these packages with a layer above them that has one file, and one that removes it again.
    pub async fn push_with_file(&self, name: &str, tag: &str, packages: &[(&str, &str)], path: &str, text: &str) {
        let (folder, file) = path.rsplit_once('/').unwrap();
        let end = [0; 1024];
        let above = [&member(path, text.as_bytes())[..], &end].concat();
        let removed = [&member(&format!("{folder}/.wh.{file}"), b"")[..], &end].concat();
        self.push_layers(name, tag, vec![layer(packages), above, removed], &[]).await;
    }

    async fn push_layers(&self, name: &str, tag: &str, layers: Vec<Vec<u8>>, annotations: &[(&str, &str)]) -> String {
        let diff_ids: Vec<String> = layers.iter().map(|layer| Digest::of(layer).to_string()).collect();
        let annotations: std::collections::BTreeMap<_, _> = annotations.iter().copied().collect();
        let config = json!({
            "os": "linux", "architecture": "amd64", "config": {"User": "app"},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = config.to_string().into_bytes();
        let blob = |kind: &str, content: &[u8]| -> Value {
            json!({"mediaType": kind, "digest": Digest::of(content).to_string(), "size": content.len()})
        };
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": blob(CONFIG, &config), "annotations": annotations,
            "layers": layers.iter().map(|layer| blob(LAYER, layer)).collect::<Vec<_>>(),
        });
        for content in layers.into_iter().chain([config]) {
            self.upload(name, content).await;
        }
        let manifest = manifest.to_string();
        let digest = Digest::of(manifest.as_bytes()).to_string();
        let url = format!("http://{}/v2/{name}/manifests/{tag}", self.host);
        let answer = reqwest::Client::new().put(url).header("content-type", MANIFEST).body(manifest).send().await;
        assert!(answer.unwrap().status().is_success());
        digest
    }

    /// Pushes an index of images that are there, each a digest with its size and architecture.
    pub async fn push_index(&self, name: &str, tag: &str, images: &[(&str, &str)]) -> String {
        let client = reqwest::Client::new();
        let mut entries = Vec::new();
        for (digest, architecture) in images {
            let url = format!("http://{}/v2/{name}/manifests/{digest}", self.host);
            let size = client.get(url).header("accept", MANIFEST).send().await.unwrap().bytes().await.unwrap().len();
            let platform = json!({"os": "linux", "architecture": architecture});
            entries.push(json!({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform}));
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string();
        let digest = Digest::of(index.as_bytes()).to_string();
        let url = format!("http://{}/v2/{name}/manifests/{tag}", self.host);
        let answer = client.put(url).header("content-type", INDEX).body(index).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        digest
    }

    async fn upload(&self, name: &str, content: Vec<u8>) {
        let client = reqwest::Client::new();
        let begun = client.post(format!("http://{}/v2/{name}/blobs/uploads/", self.host)).send().await.unwrap();
        let place = begun.headers()["location"].to_str().unwrap().to_owned();
        let sign = if place.contains('?') { '&' } else { '?' };
        let url = format!("{place}{sign}digest={}", Digest::of(&content));
        let kind = ("content-type", "application/octet-stream");
        let answer = client.put(url).header(kind.0, kind.1).body(content).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn layer(packages: &[(&str, &str)]) -> Vec<u8> {
    let entry = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n")
    };
    let status: String = packages.iter().map(entry).collect();
    let release = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
    let files = [("etc/os-release", release), ("var/lib/dpkg/status", &status)];
    files.iter().flat_map(|(path, text)| member(path, text.as_bytes())).chain([0; 1024]).collect()
}

/// One file of a ustar archive.
fn member(path: &str, content: &[u8]) -> Vec<u8> {
    let mut header = vec![0_u8; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let padding = content.len().next_multiple_of(512) - content.len();
    header.into_iter().chain(content.iter().copied()).chain(vec![0; padding]).collect()
}
