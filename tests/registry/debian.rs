//! Debian's `docker-registry`, started with the images of a layout that skopeo has pushed.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::fixture::PASSWORD;
use crate::layout::{self, Layout};
use crate::pki::PKI;

/// A folder with the images, which every registry of a test serves.
pub struct Images {
    folder: tempfile::TempDir,
    pub layout: Layout,
}

/// How a registry knows who asks.
pub enum Access {
    Open,
    /// htpasswd over TLS.
    Password,
    /// Tokens of the server at this address, over TLS.
    Token(String),
}

/// A running registry, which ends with its value.
pub struct Debian {
    pub port: u16,
    process: Child,
}

impl Drop for Debian {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Images {
    /// The images, pushed as `acme/app:1`.
    pub fn push() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let layout = layout::write(&folder.path().join("layout"));
        let images = Self { folder, layout };
        let registry = images.serve(&Access::Open);
        let mut command = Command::new("skopeo");
        command.args(["--insecure-policy", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false"]);
        command.arg(format!("oci:{}:1", images.folder.path().join("layout").display()));
        command.arg(format!("docker://127.0.0.1:{}/acme/app:1", registry.port));
        let output = command.output().expect("skopeo, which .ci/run installs");
        assert!(output.status.success(), "skopeo: {}", String::from_utf8_lossy(&output.stderr));
        images
    }

    /// A registry of these images.
    pub fn serve(&self, access: &Access) -> Debian {
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
        let config = self.folder.path().join(format!("{port}.yml"));
        fs::write(&config, self.config(port, access)).expect("a file");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Debian { port, process: command.spawn().expect("docker-registry, which .ci/run installs") };
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < Duration::from_mins(1), "docker-registry does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        registry
    }

    fn config(&self, port: u16, access: &Access) -> String {
        let root = self.folder.path().join("storage");
        let tls = format!("  tls: {{certificate: {}, key: {}}}\n", show("server.pem"), show("server.key"));
        let (tls, auth) = match access {
            Access::Open => (String::new(), String::new()),
            Access::Password => {
                (tls, format!("auth: {{htpasswd: {{realm: registry, path: {}}}}}\n", self.htpasswd().display()))
            }
            Access::Token(realm) => (
                tls,
                format!(
                    "auth: {{token: {{realm: \"{realm}\", service: debian, issuer: tests, rootcertbundle: {}}}}}\n",
                    show("ca.pem")
                ),
            ),
        };
        format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp:\n  addr: 127.0.0.1:{port}\n{tls}{auth}",
            root.display()
        )
    }

    fn htpasswd(&self) -> std::path::PathBuf {
        let path = self.folder.path().join("htpasswd");
        let output = Command::new("htpasswd").args(["-Bbn", "robot", PASSWORD]).output();
        let output = output.expect("htpasswd, which .ci/run installs");
        fs::write(&path, output.stdout).expect("a file");
        path
    }
}

fn show(name: &str) -> String {
    let path = PKI.path(name);
    <_ as AsRef<Path>>::as_ref(&path).display().to_string()
}
