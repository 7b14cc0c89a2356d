//! A certificate authority of the tests' own, and certificates of it, made by openssl.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The names that the certificate is for.
const NAMES: &str = "subjectAltName=DNS:registry.test,DNS:token.test,DNS:storage.test,DNS:auth.registry.test,\
    DNS:elsewhere.test,DNS:localhost,IP:127.0.0.1";

/// One authority for all tests of a run.
pub static PKI: LazyLock<Pki> = LazyLock::new(Pki::make);

pub struct Pki {
    folder: tempfile::TempDir,
}

impl Pki {
    fn make() -> Self {
        let pki = Self { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder") };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let authority =
            ["req", "-x509", "-days", "30", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"];
        pki.openssl(&[&authority[..], &key[..]].concat());
        let request =
            ["req", "-subj", "/CN=registry.test", "-addext", NAMES, "-keyout", "server.key", "-out", "server.csr"];
        pki.openssl(&[&request[..], &key[..]].concat());
        let sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        pki.openssl(&[&sign[..], &["-days", "30", "-copy_extensions", "copy", "-out", "server.pem"][..]].concat());
        pki
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        let output = command.args(arguments).current_dir(&self.folder).stdin(Stdio::null()).output();
        let output = output.expect("openssl, which .ci/run installs");
        assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The file `name`: `ca.pem`, `ca.key`, `server.pem`, `server.key`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect(name)
    }

    /// What speaks TLS for a server of ours.
    pub fn acceptor(&self) -> TlsAcceptor {
        let certificate = certificate(&self.path("server.pem"));
        let key = PrivateKeyDer::from_pem_file(self.path("server.key")).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a certificate with its key");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// The first certificate of a file.
pub fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).expect("a certificate")
}
