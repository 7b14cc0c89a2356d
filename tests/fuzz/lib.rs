//! What is fuzzed, one function per target: each takes any text and panics when a promise of the engine is broken.
//!
//! `.ci/fuzz 3600 secret` fuzzes one target for an hour, guided by coverage; `tests/fuzz_corpus.rs` replays the seeds
//! and random splices of them as ordinary tests.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dockgate::scan::admission::AdmissionSet;
use dockgate::scan::document::dockerfile::source::Source;
use dockgate::scan::document::shell::{ShellScript, ShellWord};
use dockgate::scan::document::yaml::Templating;
use dockgate::scan::document::{self, yaml};
use dockgate::scan::finding::Finding;
use dockgate::scan::image_reference::ImageReference;
use dockgate::scan::limits::Limits;
use dockgate::scan::policy::condition::{Condition, Role};
use dockgate::scan::policy::target::Target;
use dockgate::scan::policy::{Policy, PolicyId, PolicySet};
use dockgate::scan::secret::fake;
use dockgate::scan::snapshot::{ChangedFile, Content, FileStatus, Snapshot};
use dockgate::scan::span::{LineIndex, Span};
use dockgate::scan::{ScanOptions, document::node::Node, document::node::Value};
use dockgate::settings::repository::{RepositorySettings, SettingsFile};

/// Reads a text as one part of dockgate does; it must neither panic nor take long.
pub type FuzzTarget = fn(&str);

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, FuzzTarget)] = &[
    ("admission", admission),
    #[cfg(feature = "io")]
    ("challenge", challenge),
    ("condition", condition),
    ("decode", decode),
    ("dockerfile", dockerfile),
    #[cfg(feature = "io")]
    ("history", history),
    ("image_reference", image_reference),
    #[cfg(feature = "io")]
    ("inventory", inventory),
    ("jwt", jwt),
    #[cfg(feature = "io")]
    ("manifest", manifest),
    ("pair", pair),
    ("policy", policy),
    #[cfg(feature = "io")]
    ("results", results),
    ("scan", scan),
    ("secret", secret),
    ("settings", settings),
    ("shell", shell),
    ("suppression", suppression),
    ("vex", vex),
    #[cfg(feature = "io")]
    ("webhook", webhook),
    ("yaml", yaml),
];

/// Bounds that a hostile text reaches soon.
fn limits() -> Limits {
    Limits { max_file_bytes: 200_000, max_documents: 50, max_nodes: 20_000, ..Limits::default() }
}

fn assert_fits(text: &str, span: Span) {
    assert!(text.get(span.start..span.end).is_some(), "{span:?} does not fit the text");
}

/// YAML and JSON, plain and as a template.
pub fn yaml(text: &str) {
    for templating in [Templating::Possible, Templating::Certain] {
        let file = yaml::parse(text, &limits(), templating);
        for document in &file.documents {
            assert_fits(text, document.root.span());
        }
        for comment in &file.comments {
            assert_fits(text, comment.span);
        }
    }
}

/// Dockerfiles, with the shell words inside.
pub fn dockerfile(text: &str) {
    let parsed = document::parse("Dockerfile", text, &limits());
    for comment in &parsed.comments {
        assert_fits(text, comment.span);
    }
    for subject in Target::ALL.iter().flat_map(|target| target.subjects(&parsed, text)) {
        assert_fits(text, subject.span);
    }
}

/// Shell text on its own, with what the rules ask of its commands.
pub fn shell(text: &str) {
    let script = ShellScript::parse(&Source::of(text, Span::new(0, text.len())));
    for comment in &script.comments {
        assert_fits(text, *comment);
    }
    for (pipeline, position) in script.commands() {
        assert_fits(text, pipeline.span);
        let Some(command) = pipeline.commands.get(position) else { panic!("no command {position}: {pipeline:?}") };
        let redirected = command.redirects.iter().map(|redirect| &redirect.target);
        command.words.iter().chain(redirected).for_each(|word: &ShellWord| assert_fits(text, word.span));
        assert_eq!(pipeline.runs_download().len(), pipeline.commands.len());
        if let Some(program) = command.program() {
            drop((program.split(), program.is_shell(), program.runs_input(), program.downloads()));
        }
    }
}

/// A cluster's own policies, and after the line `# object` what they judge.
pub fn admission(text: &str) {
    let (policies, object) = text.split_once("# object\n").unwrap_or((text, "a: 1\n"));
    let (set, _) = AdmissionSet::load(&[("cluster/policies.yaml", policies)], &limits());
    let options = ScanOptions { admission: set, limits: limits(), ..ScanOptions::default() };
    let snapshot = standing("web.yaml", object);
    let scan = dockgate::scan::scan(&snapshot, &PolicySet::default(), &options);
    scan.head.findings.iter().for_each(|finding| assert_in_place(object, finding));
}

/// Image references.
pub fn image_reference(text: &str) {
    let Ok(reference) = ImageReference::parse(text) else { return };
    assert!(text.get(reference.name_range()).is_some());
    assert!(reference.tag_range().is_none_or(|range| text.get(range) == reference.tag()));
    assert_eq!(ImageReference::parse(reference.raw()).as_ref(), Ok(&reference));
}

/// Policy files; one that loads is run on its own examples.
pub fn policy(text: &str) {
    let Ok(policy) = Policy::load(PolicyId::new("team/fuzzed"), "fuzzed.yaml", text) else { return };
    let set = PolicySet::of([policy.clone()]);
    let examples = policy.examples().into_iter().take(3);
    for example in examples {
        judge(&standing(&example.path, &example.rendered().0), &set);
    }
}

/// Conditions of every target, on facts that are all absent.
pub fn condition(text: &str) {
    let nothing = Node::computed(Value::Null);
    for target in Target::ALL {
        if let Ok(condition) = Condition::compile(text, Role::Condition, target.facts(), &[]) {
            drop(condition.judge(&nothing, &nothing, 1_000));
        }
    }
}

/// Text with secrets: `{fake:…}` is expanded first, so that the seeds hold none.
pub fn secret(text: &str) {
    let text = fake::expand(text);
    judge(&standing("file.txt", &text), PolicySet::builtin());
}

/// Pairs of name and value, read as each format writes them.
pub fn pair(text: &str) {
    let text = fake::expand(text);
    let paths = [
        ".env",
        "a.xml",
        "main.tf",
        "deploy.sh",
        "app.py",
        "README.md",
        "Dockerfile",
        "values.yaml",
        "a.json",
        ".pgpass",
        ".htpasswd",
    ];
    for path in paths {
        judge(&standing(path, &text), secrets());
    }
}

/// Text in every encoding that is decoded, once and twice, and cut short; `{fake:…}` is expanded first.
pub fn decode(text: &str) {
    let text = fake::expand(text);
    let text = text.get(..text.floor_char_boundary(4_000)).unwrap_or(&text);
    let base64 = STANDARD.encode(text);
    let each = |write: fn(u8) -> String| text.bytes().map(write).collect::<String>();
    let encoded = [
        STANDARD.encode(&base64),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("\\x{byte:02x}")),
        each(|byte| format!("\\u{byte:04x}")),
        base64,
    ];
    for encoded in &encoded {
        let cut = encoded.get(..encoded.len() / 2).unwrap_or_default();
        judge(&standing("a.yaml", &format!("key: \"{encoded}\"\nlast: {cut}\n")), secrets());
    }
    for (mark, is_little) in [(true, true), (true, false), (false, true), (false, false)] {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        let bytes: Vec<u8> =
            units.flat_map(|unit: u16| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect();
        let content = Content::from_bytes(bytes, &limits());
        if mark && !text.contains('\0') {
            assert_eq!(content.text().map(|text| &**text), Some(text), "UTF-16 is read back");
        }
        let file = ChangedFile::standing("a.env", content);
        judge(&Snapshot { files: vec![file], whole_tree: true }, secrets());
    }
    drop(Content::from_bytes([b"\xff\xfe", text.as_bytes()].concat(), &limits()));
}

/// JSON web tokens: the first line is the header, the second the claims, the third the signature.
pub fn jwt(text: &str) {
    let mut lines = text.lines();
    let mut part = || URL_SAFE_NO_PAD.encode(lines.next().unwrap_or_default());
    let token = [part(), part(), part()].join(".");
    judge(&standing(".env", &format!("TOKEN={token}\nURL=https://x.io/?jwt={token}\n")), secrets());
    judge(&standing(".env", &format!("TOKEN={text}\n")), secrets());
}

/// What git prints of the commits of a change.
#[cfg(feature = "io")]
pub fn history(text: &str) {
    let output = text.replace("<commit>", "\0commit ");
    for added in dockgate::source::git::added_lines(output.as_bytes()) {
        let breaks = added.text.matches('\n').count();
        assert!((breaks..=breaks + 1).contains(&added.lines.len()), "{added:?}");
    }
}

/// The secret policies alone.
fn secrets() -> &'static PolicySet {
    static SET: std::sync::OnceLock<PolicySet> = std::sync::OnceLock::new();
    SET.get_or_init(|| PolicySet::builtin().without(|id| !id.as_str().starts_with("secret/")))
}

/// Suppressions in every kind of comment.
pub fn suppression(text: &str) {
    for path in ["a.yaml", "Dockerfile", "a.go", "a.md", "a.ini", "templates/a.yaml", "a.json"] {
        judge(&standing(path, text), PolicySet::builtin());
    }
}

/// Settings files.
pub fn settings(text: &str) {
    let file = SettingsFile::Text(text.to_owned());
    let settings = RepositorySettings::resolve(&SettingsFile::Absent, &file, &["kubernetes/privileged-container"]);
    assert!(!settings.effective().is_empty());
}

/// Deliveries of GitHub: the first line is the name of the event.
#[cfg(feature = "io")]
pub fn webhook(text: &str) {
    let (name, body) = text.split_once('\n').unwrap_or((text, ""));
    drop(dockgate::github::event::Event::parse(name, body.as_bytes()));
}

/// A change: the first line is the path, the base is the first half of the rest, the head all of it.
pub fn scan(text: &str) {
    let (path, text) = text.split_once('\n').unwrap_or(("a.yaml", text));
    let text = fake::expand(text);
    let base = text.get(..text.floor_char_boundary(text.len() / 2)).unwrap_or_default();
    let content = |text: &str| Content::Text(text.into());
    let file = ChangedFile::new(path, None, FileStatus::Modified, content(base), content(&text));
    judge(&Snapshot { files: vec![file], whole_tree: false }, PolicySet::builtin());
}

fn standing(path: &str, text: &str) -> Snapshot {
    let file = ChangedFile::standing(path, Content::Text(text.into()));
    Snapshot { files: vec![file], whole_tree: true }
}

/// Scans a snapshot of one file and checks what must hold of every result.
fn judge(snapshot: &Snapshot, policies: &PolicySet) {
    let options = ScanOptions { limits: limits(), ..ScanOptions::default() };
    let scan = dockgate::scan::scan(snapshot, policies, &options);
    let text = snapshot.files.first().and_then(|file| file.head.text()).map_or("", |text| &**text);
    let suppressed = scan.head.suppressed.iter().map(|suppressed| &suppressed.finding);
    for finding in scan.head.findings.iter().chain(suppressed) {
        assert_in_place(text, finding);
    }
    if scan.head.secrets.is_empty() {
        return;
    }
    // The name of a file may hold anything, and is shown.
    let paths = snapshot.files.iter().map(|file| format!("{:?}", file.path));
    let shown = paths.fold(format!("{scan:?}"), |shown, path| shown.replace(path.trim_matches('"'), ""));
    for place in scan.head.secrets.values().flatten() {
        assert_kept(text, *place, &shown);
    }
}

fn assert_in_place(text: &str, finding: &Finding) {
    assert_fits(text, finding.span);
    let lines = LineIndex::new(text);
    assert_eq!(finding.start, lines.position(text, finding.span.start), "{finding:?}");
    assert_eq!(finding.end, lines.position(text, finding.span.end), "{finding:?}");
    assert!(finding.edit.as_ref().is_none_or(|edit| edit.apply(text).is_some()), "{finding:?}");
}

/// A secret stands in nothing that is put out.
fn assert_kept(text: &str, place: Span, shown: &str) {
    let value = place.of(text);
    assert!(value.len() < 12 || !shown.contains(value), "a value of {} bytes is shown", value.len());
}

/// `WWW-Authenticate` of a registry; what is read is read the same from its own printed form.
#[cfg(feature = "io")]
pub fn challenge(text: &str) {
    use dockgate::registry::Challenge;
    let read = Challenge::parse_all(text);
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"");
    let print = |challenge: &Challenge| {
        let parameters = challenge.parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value)));
        format!("{} {}", challenge.scheme, parameters.collect::<Vec<_>>().join(","))
    };
    let printed: Vec<String> = read.iter().map(print).collect();
    let printed = printed.join(", ");
    if printed.len() <= 8 * 1024 {
        assert_eq!(Challenge::parse_all(&printed), read, "{printed}");
    }
}

/// Manifests and indexes of a registry, which hold no more than is allowed.
#[cfg(feature = "io")]
pub fn manifest(text: &str) {
    use dockgate::registry::Manifest;
    use dockgate::registry::limits::{MAX_ANNOTATIONS, MAX_INDEX_ENTRIES, MAX_LAYERS};
    match Manifest::read(text.as_bytes(), "registry.example/app:1") {
        Ok(Manifest::Index(index)) => {
            assert!(index.manifests.len() <= MAX_INDEX_ENTRIES && index.annotations.len() <= MAX_ANNOTATIONS);
        }
        Ok(Manifest::Image(image)) => {
            assert!(image.layers.len() <= MAX_LAYERS && image.annotations.len() <= MAX_ANNOTATIONS);
        }
        Err(error) => assert!(error.to_string().len() < 300, "{error}"),
    }
}

/// Files of an image, through every reader: the first line is the path, the rest is the content or its base64.
#[cfg(feature = "io")]
pub fn inventory(text: &str) {
    let (path, text) = text.split_once('\n').unwrap_or(("var/lib/dpkg/status", text));
    let decoded = STANDARD.decode(text.trim()).ok();
    for content in [Some(text.as_bytes().to_vec()), decoded].into_iter().flatten() {
        for reader in dockgate::image::inventory::READERS {
            let mut rest = content.as_slice();
            let mut source = |buffer: &mut [u8]| std::io::Read::read(&mut rest, buffer);
            let streamed = dockgate::image::inventory::read_large(&[reader], content.len() as u64, &mut source);
            let whole = (reader.read)(path, &content).unwrap_or_default();
            for package in whole.packages.iter().chain(streamed.iter().flat_map(|facts| &facts.packages)) {
                assert!(!package.name.is_empty() && !package.version.contains('\n'), "{package:?}");
            }
        }
    }
}

/// Documents of other scanners; what is read keeps no control characters.
#[cfg(feature = "io")]
pub fn results(text: &str) {
    drop(dockgate::image::results::harbor::read(text.as_bytes()));
    let Ok(results) = dockgate::image::results::Results::read(text.as_bytes()) else { return };
    for one in &results.vulnerabilities {
        assert!(!one.id.is_empty() && !one.summary.contains(char::is_control), "{one:?}");
    }
}

/// `OpenVEX` documents; what clears a vulnerability says of which product.
pub fn vex(text: &str) {
    let mut documents = dockgate::settings::vex::VexDocuments::default();
    documents.add("a.json", text);
    documents.add("b.json", text);
    let (statements, _) = documents.finish();
    assert!(statements.iter().all(|one| !one.products.is_empty() && !one.vulnerability.is_empty()));
}
