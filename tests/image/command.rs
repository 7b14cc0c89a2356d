//! `dockgate image` as a person uses it: what it says when there is nothing to read.

use std::net::TcpListener;
use std::process::Command;

/// The command ends with 2, and says these.
fn check_said(image: &str, private: &str, parts: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_dockgate"))
        .args(["image", image, "--osv-dir"])
        .arg(folder.path())
        .env_clear()
        .envs((!private.is_empty()).then_some(("DOCKGATE_REGISTRY_PRIVATE", private)))
        .output()
        .expect("dockgate");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in parts {
        assert_eq!(said.matches(part).count(), 1, "{part} in {said}");
    }
}

#[test]
fn every_error_says_what_to_do() {
    let unlisted = ["host registry.corp is not on the list", "DOCKGATE_REGISTRY_ALLOW=registry.corp adds it"];
    check_said("registry.corp/web:1", "", &unlisted);
    check_said("oci:/nowhere", "", &["/nowhere is no OCI image layout", "skopeo copy"]);
    check_said("bad name", "", &["characters that are not allowed"]);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("an address").port();
    let (image, private) = (format!("127.0.0.1:{port}/web:1"), format!("127.0.0.1:{port}=127.0.0.1/32;http"));
    check_said(&image, &private, &["could not be reached", "DOCKGATE_REGISTRY_PROXY"]);
}
