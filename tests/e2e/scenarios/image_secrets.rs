//! Secrets in files of images: in the check of the images and on the command line.
//!
//! Invariant: a value is nowhere to be seen, and a later layer that removes a file hides nothing.

use dockgate::scan::secret::fake;

use crate::fake_github::FakeGitHub;
use crate::fake_github::git::Edit;
use crate::harness::{Gate, REPOSITORY};
use crate::osv_server::{Behaviour, OsvServer};
use crate::registry::Registry;

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_layer_of_a_built_image_blocks_though_a_later_layer_removes_it() {
    let (registry, osv) = (Registry::start().await, OsvServer::start(Behaviour::default()).await);
    let token = fake::expand("{fake:github-token}");
    let text = format!("PORT=80\nGITHUB_TOKEN={token}\n");
    let github = FakeGitHub::start().await;
    let host = &registry.host;
    let settings = format!("images:\n  built: [\"{host}/{{owner}}/{{repo}}:{{sha}}\"]\n");
    github.create_repository(REPOSITORY, &[(".github/dockgate.yml", &settings)]);
    let private = registry.setting();
    let environment = [
        ("DOCKGATE_REGISTRY_PRIVATE", private.as_str()),
        ("DOCKGATE_IMAGES", "scan"),
        ("DOCKGATE_OSV_URL", osv.url.as_str()),
    ];
    let gate = Gate::start_for(github, &environment).await;
    let head = gate.github.push(REPOSITORY, "feature", &[Edit::write("a.txt", "a\n")]);
    registry.push_with_file(REPOSITORY, &head, &[("zlib", "1")], "app/config/.env", &text).await;
    let number = gate.github.open_pull(REPOSITORY, REPOSITORY, "feature");
    gate.deliver(&gate.github.pull_request_event(REPOSITORY, number, "opened")).await;
    gate.idle().await;
    let run = gate.runs(&head).into_iter().find(|run| run.name == "dockgate/images").unwrap();
    assert_eq!(run.conclusion.as_deref(), Some("failure"), "{run:#?}");
    assert_eq!(run.title.as_deref(), Some("1 secret comes in and blocks this merge"));
    let summary = run.summary.clone().unwrap_or_default();
    assert!(summary.contains("| `app/config/.env` line 2 | 1, removed later |"), "{summary}");
    // The same image that a file names is somebody else's: it is told, and blocks nothing.
    let image = format!("{host}/{REPOSITORY}:{head}");
    let compose = format!("services:\n  web:\n    image: {image}\n    read_only: true\n");
    let (_, other) = gate.open("other", &[Edit::write("compose.yaml", &compose)]).await;
    registry.push(REPOSITORY, &other, &[("zlib", "1")]).await;
    gate.deliver(&gate.github.registry_package_event(REPOSITORY, &other)).await;
    gate.idle().await;
    let named = gate.runs(&other).into_iter().find(|run| run.name == "dockgate/images").unwrap();
    assert_eq!(named.conclusion.as_deref(), Some("success"), "{named:#?}");
    let named = named.summary.unwrap_or_default();
    assert!(named.contains("Secrets, not blocking: 1"), "{named}");
    for format in ["table", "json", "sarif"] {
        let output = gate.run(&["image", &image, "--format", format]).await;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(told.contains("app/config/.env") && told.contains("GitHub"), "{format}: {told}");
        assert!(!told.contains(token.as_ref()), "{format} shows no value");
    }
    let shown = [summary, named, gate.output()].concat();
    assert!(!shown.contains(token.as_ref()), "no value is shown");
    for file in gate.database_files() {
        let bytes = std::fs::read(&file).unwrap();
        let is_there = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!is_there, "no value is kept in {}", file.display());
    }
    gate.assert_sound();
}
