//! The test images, built once for a run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use dockgate::image::layout::OciLayout;
use dockgate::image::read::{NoCache, ReadImage, read_image};

/// The folder of the images.
pub fn images() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/image/build.sh");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images");
        let is_newer = |built: &Path| {
            let changed = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
            changed(built) > changed(&script)
        };
        if !is_newer(&folder.join("built")) {
            let built = Command::new("bash").arg(&script).arg(&folder).output().expect("bash");
            assert!(built.status.success(), "build the images: {}", String::from_utf8_lossy(&built.stderr));
        }
        folder
    })
}

/// The scanner that is compared with.
pub fn trivy() -> PathBuf {
    std::env::var_os("DOCKGATE_TRIVY").map_or_else(|| images().join("trivy/bin/trivy"), PathBuf::from)
}

/// Reads a layout.
pub fn read(layout: &Path) -> ReadImage {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let source = OciLayout::new(layout);
    let digest = source.resolve(None).expect("one image");
    let platform = "linux/amd64".parse().expect("a platform");
    runtime.block_on(read_image(&source, &digest, &platform, &NoCache)).expect("a readable image")
}
