//! Reading a case.

use std::collections::BTreeMap;
use std::path::Path;

use dockgate::scan::secret::fake;
use dockgate::scan::snapshot::{ChangedFile, Content, FileStatus, Snapshot};

/// A change to judge.
pub struct Case {
    /// The change.
    pub snapshot: Snapshot,
    /// The settings of the base branch.
    pub settings: Option<String>,
    /// Files with the cluster's own policies, each with its path and text.
    pub cluster: Vec<(String, String)>,
    /// What was put in place of placeholders: it must be in no output.
    pub secrets: Vec<String>,
}

#[derive(Default)]
struct Sides {
    base: Option<String>,
    head: Option<String>,
    was: Option<String>,
}

impl Case {
    /// Reads `tests/golden/cases/NAME.case`.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/cases/{name}.case"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut case = Self { snapshot: Snapshot::default(), settings: None, cluster: Vec::new(), secrets: Vec::new() };
        let mut files = BTreeMap::<String, Sides>::new();
        for (title, body) in parts(&text) {
            let body = case.expand(&body);
            match title.split_once(' ') {
                None if title == "settings" => case.settings = Some(body),
                Some(("cluster", path)) => case.cluster.push((path.to_owned(), body)),
                Some((side, path)) => put(&mut files, side, path, body),
                None => panic!("{name}: unknown part {title:?}"),
            }
        }
        case.snapshot.files = files.into_iter().map(|(path, sides)| file(path, sides)).collect();
        case
    }

    /// Puts made-up secrets in place of placeholders, and remembers them.
    fn expand(&mut self, text: &str) -> String {
        for line in text.lines() {
            for part in line.split('{').filter_map(|part| part.split_once('}')) {
                if part.0.starts_with("fake:") {
                    let (_, kind) = part.0.split_once(':').unwrap();
                    self.secrets.push(fake::expand(&format!("{{fake:{kind}}}")).into_owned());
                }
            }
        }
        fake::expand(text).into_owned()
    }
}

fn parts(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("-- ").and_then(|line| line.strip_suffix(" --")) {
            Some(title) => parts.push((title.to_owned(), String::new())),
            None => parts.last_mut().expect("a part begins with its title").1.push_str(line),
        }
    }
    parts
}

fn put(files: &mut BTreeMap<String, Sides>, side: &str, path: &str, body: String) {
    // Names that no file system of a developer would take are written with escapes.
    let path = path.replace("\\n", "\n").replace("\\e", "\u{1b}").replace("\\rlo", "\u{202e}");
    let (path, was) = match path.split_once(" was ") {
        Some((path, was)) => (path.to_owned(), Some(was.to_owned())),
        None => (path, None),
    };
    let base = was.as_ref().and_then(|was| files.remove(was)).and_then(|sides| sides.base);
    let sides = files.entry(path).or_default();
    match side {
        "base" => sides.base = Some(body),
        "head" => sides.head = Some(body),
        "both" => (sides.base, sides.head) = (Some(body.clone()), Some(body)),
        other => panic!("unknown side {other:?}"),
    }
    sides.base = base.or(sides.base.take());
    sides.was = was;
}

fn file(path: String, sides: Sides) -> ChangedFile {
    let status = match (&sides.base, &sides.head, &sides.was) {
        (_, _, Some(_)) => FileStatus::Renamed,
        (None, _, _) => FileStatus::Added,
        (_, None, _) => FileStatus::Deleted,
        _ => FileStatus::Modified,
    };
    let content = |text: Option<String>| text.map_or(Content::Absent, |text| Content::Text(text.into()));
    ChangedFile::new(path, sides.was, status, content(sides.base), content(sides.head))
}
