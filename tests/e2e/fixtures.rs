//! Texts that the scenarios share.
//!
//! Invariant: [`pod`] has no finding at any severity that blocks, unless it is asked for.

/// An image nobody can move.
pub const IMAGE: &str =
    "registry.example.com/shop/web:1.4.2@sha256:4b825dc642cb6eb9a060e54bf8d69288fbee4904d3a5a1d0c1f6b5b3f3d8a7e1";

/// A Pod as it should be.
pub fn pod(name: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  automountServiceAccountToken: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: {name}
      image: {IMAGE}
      resources:
        requests:
          cpu: 10m
          memory: 32Mi
        limits:
          cpu: 100m
          memory: 64Mi
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop:
            - ALL
"
    )
}

/// The same Pod in privileged mode.
pub fn privileged_pod(name: &str) -> String {
    let line = "        allowPrivilegeEscalation: false\n";
    pod(name).replace(line, &format!("        privileged: true\n{line}"))
}

/// The number of the first line that holds `needle`, from 1.
pub fn line_of(text: &str, needle: &str) -> u64 {
    let index = text.lines().position(|line| line.contains(needle)).unwrap();
    index as u64 + 1
}
