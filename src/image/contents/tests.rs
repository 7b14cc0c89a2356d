use super::*;
use crate::image::layer::tests::{Tar, facts};

fn status(packages: &[(&str, &str)]) -> String {
    let paragraph = |(name, version): &(&str, &str)| format!("Package: {name}\nVersion: {version}\n");
    packages.iter().map(paragraph).collect::<Vec<_>>().join("\n")
}

fn contents(layers: Vec<Tar>) -> Contents {
    let mut stack = Stack::default();
    for layer in layers {
        stack.push(facts(&layer.end())).unwrap();
    }
    stack.contents()
}

/// `name@layer` of every package.
fn names(contents: &Contents) -> Vec<String> {
    contents.packages.iter().map(|one| format!("{}@{}", one.package.name, one.layer)).collect()
}

const RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian 12'\n";

fn base() -> Tar {
    let node = r#"{"name": "left-pad", "version": "1.3.0"}"#;
    Tar::default()
        .file("usr/lib/os-release", RELEASE)
        .file("var/lib/dpkg/status", status(&[("a", "1"), ("b", "1")]))
        .file("app/node_modules/left-pad/package.json", node)
}

#[test]
fn a_package_is_of_the_layer_that_brought_it() {
    let upper = Tar::default().file("var/lib/dpkg/status", status(&[("a", "1"), ("b", "2"), ("c", "1")]));
    let contents = contents(vec![base(), upper]);
    assert_eq!(names(&contents), ["a@0", "b@1", "c@1", "left-pad@0"]);
    assert_eq!(contents.distribution.unwrap().title, "Debian 12");
    assert_eq!(contents.problems, []);
}

#[test]
fn what_upper_layers_take_away_is_gone() {
    let gone: [Tar; 6] = [
        Tar::default().file("app/node_modules/.wh.left-pad", ""),
        Tar::default().file("app/.wh..wh..opq", ""),
        Tar::default().file(".wh.app", ""),
        Tar::default().file("app/node_modules", "a file where a folder was"),
        Tar::default().raw("app", b'2', 0o777, 0, "elsewhere", b""),
        Tar::default().file("app/node_modules/left-pad/package.json", "{}"),
    ];
    for upper in gone {
        assert_eq!(names(&contents(vec![base(), upper])), ["a@0", "b@0"]);
    }
    let stays = Tar::default().raw("app/node_modules/", b'5', 0o755, 0, "", b"").file("app/node_modules/.wh.left", "");
    assert_eq!(names(&contents(vec![base(), stays])).len(), 3);
}

#[test]
fn what_a_layer_adds_below_its_own_whiteout_stays() {
    let upper = Tar::default()
        .file("app/.wh..wh..opq", "")
        .file("app/node_modules/new/package.json", r#"{"name": "new", "version": "1"}"#);
    assert_eq!(names(&contents(vec![base(), upper])), ["a@0", "b@0", "new@1"]);
}

#[test]
fn merged_folders_are_one() {
    let lower = Tar::default()
        .file("usr/lib/apk/db/installed", "P:a\nV:1\n\n")
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n");
    let link = Tar::default().raw("lib", b'2', 0o777, 0, "usr/lib", b"");
    assert_eq!(names(&contents(vec![lower, link])), ["a@0"]);
    let lower = Tar::default()
        .file("lib/apk/db/installed", "P:a\nV:1\n\n")
        .file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.1\n");
    let upper = Tar::default().file("usr/lib/apk/db/installed", "P:b\nV:1\n\n");
    assert_eq!(names(&contents(vec![lower, upper])), ["b@1"]);
}

#[test]
fn what_a_distribution_package_owns_is_its() {
    let metadata = "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\n\nVersion: 9\n";
    let layer = |list: &str| {
        base()
            .file("var/lib/dpkg/info/python3-six.list", list)
            .file("usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO", metadata)
    };
    let owned = layer("/.\n/usr\n/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO\n");
    assert!(!names(&contents(vec![owned])).contains(&"six@0".to_owned()));
    assert!(names(&contents(vec![layer("/usr\n")])).contains(&"six@0".to_owned()));
}

#[test]
fn an_image_that_says_nothing_is_not_judged() {
    let unjudged = |layers| {
        let contents = contents(layers);
        contents
            .problems
            .into_iter()
            .filter(|problem| problem.leaves_unjudged)
            .map(|problem| problem.message)
            .collect::<Vec<_>>()
    };
    let nothing = Tar::default().file("hello", "x");
    assert_eq!(unjudged(vec![nothing]), ["nothing in the image says which packages it holds"]);
    let no_database = Tar::default().file("etc/os-release", RELEASE);
    assert_eq!(unjudged(vec![no_database]), ["the image is Debian 12, but no package database was found in it"]);
    let no_release = Tar::default().file("var/lib/dpkg/status", status(&[("a", "1")]));
    assert_eq!(unjudged(vec![no_release]).len(), 1);
    let hidden = base().raw("var/lib/rpm/rpmdb.sqlite", b'2', 0o777, 0, "../hidden.db", b"");
    assert_eq!(unjudged(vec![hidden]), ["it is a link to `../hidden.db`, which was not read"]);
    let old = base().file("var/lib/rpm/Packages", "x");
    assert_eq!(unjudged(vec![old]).len(), 1);
    let link = base().raw("lib/apk/db/installed", b'2', 0o777, 0, "/var/lib/dpkg/status", b"");
    assert_eq!(unjudged(vec![link]).len(), 0);
}

#[test]
fn a_secret_that_a_later_layer_removes_is_still_in_the_image() {
    let token = crate::scan::secret::fake::expand("{fake:github-token}");
    let text = format!("TOKEN={token}\n");
    let mut stack = Stack::default();
    for tar in [
        Tar::default().file("app/a.env", &text).file("app/b.env", &text),
        Tar::default().file("app/.wh.a.env", "").file("app/c.env", &text),
    ] {
        stack.push(facts(&tar.end())).unwrap();
    }
    let secrets = stack.contents().secrets;
    let found: Vec<_> = secrets.iter().map(|one| (one.secret.path.as_str(), one.layer, one.is_hidden)).collect();
    assert_eq!(found, [("app/a.env", 0, true), ("app/b.env", 0, false), ("app/c.env", 1, false)]);
}
